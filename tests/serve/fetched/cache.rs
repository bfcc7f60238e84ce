//! `--downloads cache`: what a client sees, and what the remote does.

use std::time::{Duration, Instant};

use super::{
    Away, Manner, away, cached, download, download_with, samples, state, trickle, wait_until,
};
use crate::support::blob_host::BlobHost;
use crate::support::digest::sha256;

const MEBIBYTE: u64 = 1 << 20;

#[test]
fn an_spk_that_is_not_here_is_fetched_once_and_then_kept() {
    let away = away(1, MEBIBYTE);
    let server = away.serve("");
    for _ in 0..3 {
        let answer = server.get(&away.path(0)).status(200);
        assert!(answer.body == away.spks[0]);
        let tag = format!("\"{}\"", away.oid(0));
        for (name, value) in [
            ("content-type", Some("application/octet-stream")),
            ("etag", Some(tag.as_str())),
            ("accept-ranges", Some("bytes")),
            ("last-modified", None),
        ] {
            assert_eq!(answer.header(name), value);
        }
    }
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
    let samples = samples(&server);
    let size = away.spks[0].len() as f64;
    for (name, value) in [
        ("download_cache_hits_total", 2.0),
        ("download_cache_misses_total", 1.0),
        ("fetched_bytes_total", size),
        ("fetch_failures_total", 0.0),
        ("download_cache_bytes", size),
        ("download_cache_limit_bytes", 10.0 * f64::from(1 << 30)),
    ] {
        assert_eq!(samples.get(&format!("spkrepo_{name}")), value, "{name}");
    }
    assert_eq!(away.cached(), away.spks[0].len() as u64);
    let oid = away.oid(0);
    assert!(
        !away.sandbox.blob_path(&oid).exists(),
        "the store is not the cache"
    );
}

#[test]
fn an_spk_that_is_here_is_served_from_here() {
    let away = away(1, MEBIBYTE);
    let path = away.sandbox.blob_path(&away.oid(0));
    fs_err::write(path, &away.spks[0]).expect("a writable store");
    let server = away.serve("");
    let answer = server.get(&away.path(0)).status(200);
    assert!(answer.body == away.spks[0]);
    assert_eq!(away.host.reads(&away.oid(0)), [0; 0]);
}

#[test]
fn a_hundred_clients_at_once_cause_one_download_and_the_first_byte_comes_before_the_last() {
    let away = away(1, 3 * MEBIBYTE);
    away.host.manner(trickle());
    let server = away.serve("");
    let (path, start) = (away.path(0), Instant::now());
    let all = std::thread::scope(|threads| {
        let clients: Vec<_> = (0..100)
            .map(|_| {
                threads.spawn(|| {
                    let mut first = None;
                    let came = download_with(server.host(), &path, "", |body| {
                        if !body.is_empty() {
                            first = first.or_else(|| Some(start.elapsed()));
                        }
                    });
                    (came, first.expect("something came"), start.elapsed())
                })
            })
            .collect();
        let joined = clients
            .into_iter()
            .map(|client| client.join().expect("no panic"));
        joined.collect::<Vec<_>>()
    });
    for (came, first, last) in all {
        assert!(came.status == 200 && came.body == away.spks[0]);
        assert!(
            first < last / 2,
            "first byte after {first:?}, last after {last:?}"
        );
    }
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
}

#[test]
fn head_and_what_is_not_modified_fetch_nothing() {
    let away = away(1, MEBIBYTE);
    let server = away.serve("");
    let (path, tag) = (away.path(0), format!("\"{}\"", away.oid(0)));
    let head = server.request("HEAD", &path, &[], b"").status(200);
    let length = away.spks[0].len().to_string();
    assert_eq!(head.header("content-length"), Some(length.as_str()));
    assert_eq!(head.header("etag"), Some(tag.as_str()));
    for (headers, status) in [
        (&[("If-None-Match", tag.as_str())], 304),
        (&[("If-Match", "\"other\"")], 412),
        (&[("Range", "bytes=99999999-")], 416),
    ] {
        server.request("GET", &path, headers, b"").status(status);
    }
    assert_eq!(away.host.reads(&away.oid(0)), [0; 0]);
    assert_eq!(away.cached(), 0);
}

#[test]
fn parts_are_right_while_the_whole_comes_and_after_that() {
    let away = away(1, 2 * MEBIBYTE);
    away.host.manner(trickle());
    let server = away.serve("");
    let (path, bytes) = (away.path(0), &away.spks[0]);
    let length = bytes.len();
    for _ in 0..2 {
        std::thread::scope(|threads| {
            for (range, first, end) in [
                ("0-0", 0, 1),
                ("100-999", 100, 1000),
                ("1000000-1999999", 1_000_000, 2_000_000),
                ("-5", length - 5, length),
                ("7-", 7, length),
            ] {
                let (server, path) = (&server, &path);
                threads.spawn(move || {
                    let headers = [("Range", format!("bytes={range}"))];
                    let headers = headers
                        .each_ref()
                        .map(|(name, value)| (*name, value.as_str()));
                    let part = server.request("GET", path, &headers, b"").status(206);
                    assert!(part.body == bytes[first..end], "{range}");
                });
            }
            threads.spawn(|| {
                let headers = [("Range", "bytes=0-1,100-200,-3")];
                let parts = server.request("GET", &path, &headers, b"").status(206);
                let text = |range: std::ops::Range<usize>| &bytes[range];
                for part in [text(0..2), text(100..201), text(length - 3..length)] {
                    let mut windows = parts.body.windows(part.len());
                    assert!(windows.any(|window| window == part));
                }
            });
        });
    }
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
}

#[test]
fn a_client_that_goes_away_ends_the_download_for_nobody() {
    let away = away(1, 2 * MEBIBYTE);
    away.host.manner(trickle());
    let server = away.serve("");
    let path = away.path(0);
    let mut leaving = server.connect();
    leaving.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    wait_until("the first bytes", || away.cached() > 0);
    let came = std::thread::scope(|threads| {
        let staying = threads.spawn(|| download(server.host(), &path));
        std::thread::sleep(Duration::from_millis(100));
        drop(leaving);
        staying.join().expect("no panic")
    });
    assert!(came.body == away.spks[0]);
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
    // Nobody is left at all.
    let alone = super::away(1, 2 * MEBIBYTE);
    alone.host.manner(trickle());
    let server = alone.serve("");
    let mut leaving = server.connect();
    leaving.send(format!("GET {} HTTP/1.1\r\nHost: x\r\n\r\n", alone.path(0)).as_bytes());
    wait_until("the first bytes", || alone.cached() > 0);
    drop(leaving);
    wait_until("the end", || alone.cached() == alone.spks[0].len() as u64);
    let came = download(server.host(), &alone.path(0));
    assert!(came.body == alone.spks[0]);
    assert_eq!(alone.host.reads(&alone.oid(0)), [0]);
}

#[test]
fn a_restart_takes_the_cache_up_and_goes_on_with_what_was_begun() {
    let away = away(2, 2 * MEBIBYTE);
    let mut server = away.serve("");
    assert!(download(server.host(), &away.path(0)).body == away.spks[0]);
    away.host.manner(trickle());
    let path = away.path(1);
    let mut leaving = server.connect();
    leaving.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    let before = away.spks[0].len() as u64;
    wait_until("a part", || away.cached() > before + 500_000);
    server.stop("KILL");
    let begun = usize::try_from(away.cached() - before).expect("a small number");
    away.host.manner(Manner::default());
    let server = away.serve("");
    assert!(download(server.host(), &away.path(0)).body == away.spks[0]);
    assert!(download(server.host(), &path).body == away.spks[1]);
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
    assert_eq!(away.host.reads(&away.oid(1)), [0, begun]);
    let fetched = samples(&server).get("spkrepo_fetched_bytes_total");
    assert_eq!(fetched, (away.spks[1].len() - begun) as f64);
}

#[test]
fn the_remotes_are_those_of_the_commit_that_is_served() {
    let away = away(1, MEBIBYTE);
    let server = away.serve("");
    let other = BlobHost::start();
    state(&away.sandbox, &[&other.template()]);
    super::super::wait_for_head(&away.sandbox, &server);
    server.get(&away.path(0)).status(503);
    other.put(away.spks[0].clone());
    // What is nowhere is not looked for again at once.
    std::thread::sleep(Duration::from_secs(6));
    assert!(server.get(&away.path(0)).status(200).body == away.spks[0]);
    assert_eq!(away.host.reads(&away.oid(0)), [0; 0]);
    assert_eq!(other.reads(&away.oid(0)), [0]);
}

#[test]
fn two_servers_share_a_folder() {
    let away = away(1, 2 * MEBIBYTE);
    away.host.manner(trickle());
    let folder = away.sandbox.path("shared").display().to_string();
    let options = format!("--cache-dir {folder} --cache-size 4MiB");
    let servers = [away.serve(&options), away.serve(&options)];
    std::thread::scope(|threads| {
        for server in servers.iter().cycle().take(10) {
            threads.spawn(|| {
                let came = download(server.host(), &away.path(0));
                assert!(came.status == 200 && came.body == away.spks[0]);
            });
        }
    });
    assert_eq!(away.host.reads(&away.oid(0)), [0], "one of them downloads");
    assert_eq!(cached(&away.sandbox, "shared"), away.spks[0].len() as u64);
}

#[test]
fn addresses_of_other_servers_are_fetched_too_and_nobody_waits_for_them() {
    let away = away(1, 2 * MEBIBYTE);
    away.host.manner(trickle());
    let server = away.serve("--max-requests-in-flight 2");
    let file = away.path(0);
    let file = file.rsplit('/').next().expect("a last part");
    let path = format!("/download/{file}");
    std::thread::scope(|threads| {
        let clients: Vec<_> = (0..8)
            .map(|_| threads.spawn(|| download(server.host(), &path)))
            .collect();
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        server.get("/readyz").status(200);
        assert!(start.elapsed() < Duration::from_millis(500));
        for client in clients {
            let came = client.join().expect("no panic");
            assert_eq!(came.status, 200);
            assert_eq!(sha256(&came.body), away.oid(0));
        }
    });
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
}

/// Says how large all SPKs are together.
fn total(away: &Away) -> u64 {
    away.spks.iter().map(|spk| spk.len() as u64).sum()
}

#[test]
fn the_cache_is_bounded_and_the_least_recently_used_goes_first() {
    let away = away(4, MEBIBYTE);
    let most = total(&away) * 3 / 4;
    let server = away.serve(&format!("--cache-size {most}"));
    for number in [0, 1, 2, 0, 3, 0, 2, 1] {
        assert!(download(server.host(), &away.path(number)).body == away.spks[number]);
        assert!(away.cached() <= most);
    }
    let reads = [0, 1, 2, 3].map(|number| away.host.reads(&away.oid(number)).len());
    assert_eq!(
        reads,
        [1, 2, 1, 1],
        "3 took the place of 1, then 1 that of 3"
    );
}
