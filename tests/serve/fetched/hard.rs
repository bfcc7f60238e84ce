//! Remotes that are wrong, slow, cut off or gone, and caches that are too small.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{Manner, away, download, samples, state, trickle, wait_until};
use crate::support::blob_host::BlobHost;
use crate::support::server::Server;

const MEBIBYTE: u64 = 1 << 20;

/// Returns bytes of the same length that are others.
fn swapped(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ 0x55).collect()
}

fn readiness(server: &Server) -> (u16, String) {
    let ready = server.get("/readyz");
    (ready.status, ready.text().to_owned())
}

#[test]
fn what_is_not_the_blob_is_cut_before_its_last_byte_and_leaves_nothing() {
    let away = away(1, MEBIBYTE);
    away.host.put_as(&away.oid(0), swapped(&away.spks[0]));
    away.host.manner(trickle());
    let server = away.serve("");
    std::thread::scope(|threads| {
        for _ in 0..5 {
            threads.spawn(|| {
                let came = download(server.host(), &away.path(0));
                assert!(came.status == 200 && came.is_cut());
            });
        }
    });
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
    assert_eq!(away.cached(), 0);
    // Nobody downloads it again only to be cut off.
    server.get(&away.path(0)).status(503);
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
    let (status, text) = readiness(&server);
    assert!(status == 200 && text.contains("something else"), "{text}");
    let log = server.log();
    assert!(
        log.contains("could not fetch") && log.contains("store0"),
        "{log}"
    );
    assert_eq!(samples(&server).get("spkrepo_fetch_failures_total"), 1.0);
}

#[test]
fn after_one_that_is_wrong_the_next_remote_is_asked() {
    let away = away(1, MEBIBYTE);
    let right = BlobHost::start();
    right.put(away.spks[0].clone());
    away.host.put_as(&away.oid(0), swapped(&away.spks[0]));
    state(&away.sandbox, &[&away.host.template(), &right.template()]);
    let server = away.serve("");
    let first = download(server.host(), &away.path(0));
    assert!(first.is_cut() || first.body == away.spks[0]);
    let second = download(server.host(), &away.path(0));
    assert!(second.body == away.spks[0]);
    assert_eq!(
        (
            away.host.reads(&away.oid(0)).len(),
            right.reads(&away.oid(0)).len()
        ),
        (1, 1)
    );
}

#[test]
fn one_that_is_shorter_or_longer_at_one_remote_arrives_whole_by_another() {
    let away = away(2, MEBIBYTE);
    let right = BlobHost::start();
    for spk in &away.spks {
        right.put(spk.clone());
    }
    let short = away.spks[0][..500_000].to_vec();
    away.host.put_as(&away.oid(0), short);
    away.host
        .put_as(&away.oid(1), [&away.spks[1][..], b"more"].concat());
    state(&away.sandbox, &[&away.host.template(), &right.template()]);
    let server = away.serve("");
    for number in [0, 1] {
        let came = download(server.host(), &away.path(number));
        let came = match came.is_cut() {
            true => download(server.host(), &away.path(number)),
            false => came,
        };
        assert!(came.body == away.spks[number], "{number}");
    }
    assert_eq!(away.cached(), sum(&away.spks));
}

fn sum(spks: &[Vec<u8>]) -> u64 {
    spks.iter().map(|spk| spk.len() as u64).sum()
}

#[test]
fn a_remote_that_breaks_off_and_comes_back_is_gone_on_with_and_no_client_notices() {
    for whole_only in [false, true] {
        let away = away(1, 2 * MEBIBYTE);
        away.host.manner(Manner {
            cut_after: Some(1_000_000),
            ..trickle()
        });
        let server = away.serve("");
        let came = std::thread::scope(|threads| {
            let client = threads.spawn(|| download(server.host(), &away.path(0)));
            wait_until("the first half", || away.cached() > 900_000);
            away.host.manner(Manner {
                is_down: true,
                ..Manner::default()
            });
            std::thread::sleep(Duration::from_millis(700));
            away.host.manner(Manner {
                whole_only,
                ..Manner::default()
            });
            client.join().expect("no panic")
        });
        assert!(came.status == 200 && came.body == away.spks[0]);
        let reads = away.host.reads(&away.oid(0));
        assert!(
            reads.len() >= 2 && reads[1..].iter().all(|from| *from > 900_000),
            "{reads:?}"
        );
    }
}

#[test]
fn a_remote_that_is_gone_costs_one_client_its_time_and_is_a_warning() {
    let away = away(3, MEBIBYTE);
    // It takes connections and says nothing, as behind some firewalls.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let gone = silent.local_addr().expect("a bound socket").to_string();
    drop(silent);
    state(
        &away.sandbox,
        &[&format!("http://{gone}/{{sha256}}"), &away.host.template()],
    );
    let server = away.serve("");
    for number in 0..3 {
        assert!(download(server.host(), &away.path(number)).body == away.spks[number]);
    }
    let (status, text) = readiness(&server);
    assert!(
        status == 200 && text.contains("`store0` could not be reached"),
        "{text}"
    );
    away.host.manner(Manner {
        is_down: true,
        ..Manner::default()
    });
    let start = Instant::now();
    state(&away.sandbox, &[&format!("http://{gone}/{{sha256}}")]);
    let cached = server.get(&away.path(0)).status(200);
    assert!(
        cached.body == away.spks[0],
        "what was fetched is there still"
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn when_no_remote_has_it_the_client_is_told_at_once_and_so_is_whoever_watches() {
    let away = away(1, MEBIBYTE);
    away.host.remove(&away.oid(0));
    let server = away.serve("");
    for _ in 0..20 {
        let answer = server.get(&away.path(0)).status(503);
        assert!(answer.header("retry-after").is_some());
        let message = answer.json()["message"]
            .as_str()
            .expect("a message")
            .to_owned();
        assert!(message.contains("cannot be fetched"), "{message}");
    }
    assert_eq!(samples(&server).get("spkrepo_fetch_failures_total"), 1.0);
    wait_until("the loss", || {
        let empty = format!("commit --quiet --allow-empty -m {}", 1);
        away.sandbox.git(&empty);
        std::thread::sleep(Duration::from_millis(600));
        readiness(&server).0 == 503
    });
    let (_, text) = readiness(&server);
    assert!(text.contains("package0 1.0-1"), "{text}");
}

#[test]
fn an_spk_that_is_larger_than_the_cache_is_refused_and_named() {
    let away = away(1, MEBIBYTE);
    let server = away.serve("--cache-size 500KiB");
    let answer = server.get(&away.path(0)).status(503).json();
    let message = answer["message"].as_str().expect("a message");
    assert!(
        message.contains("larger than what this server can fetch"),
        "{message}"
    );
    assert_eq!(away.host.reads(&away.oid(0)), [0; 0]);
    wait_until("the loss", || readiness(&server).0 == 503);
}

#[test]
fn no_more_are_fetched_at_the_same_time_than_may_be() {
    let away = away(8, 300_000);
    away.host.manner(trickle());
    let server = away.serve("--max-fetches 2");
    std::thread::scope(|threads| {
        for (number, spk) in away.spks.iter().enumerate() {
            let server = &server;
            let path = away.path(number);
            threads.spawn(move || assert!(download(server.host(), &path).body == *spk));
        }
    });
    assert!(away.host.most_at_once() <= 2);
}

#[test]
fn one_that_is_sent_stays_until_it_is_sent_though_it_has_to_go() {
    let away = away(3, 8 * MEBIBYTE);
    let most = away.spks[0].len() as u64 * 3 / 2;
    let server = away.serve(&format!("--cache-size {most} --send-timeout 20s"));
    assert!(download(server.host(), &away.path(0)).body == away.spks[0]);
    // The rest of it is still in the file when the file goes.
    let mut slow = server.connect();
    slow.send(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", away.path(0)).as_bytes());
    std::thread::sleep(Duration::from_millis(200));
    for number in [1, 2] {
        assert!(download(server.host(), &away.path(number)).body == away.spks[number]);
        assert!(away.cached() <= most);
    }
    assert!(slow.response("GET").status(200).body == away.spks[0]);
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
}

#[test]
fn a_server_that_stops_lets_what_is_fetched_end() {
    let away = away(1, MEBIBYTE);
    away.host.manner(trickle());
    let mut server = away.serve("");
    let host = server.host().to_owned();
    let path = away.path(0);
    let client = std::thread::spawn(move || download(&host, &path));
    wait_until("the first bytes", || away.cached() > 0);
    assert_eq!(server.stop("TERM"), Some(0));
    assert!(client.join().expect("no panic").body == away.spks[0]);
}
