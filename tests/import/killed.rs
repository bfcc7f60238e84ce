//! `kill -9` of an import while it downloads and while it commits: run again, it makes the same commits as one that nobody
//! interrupted.
//!
//! `SPKREPO_IMPORT_KILLS` says how often, `SPKREPO_IMPORT_SEED` repeats a run.

use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use super::live::FAST;
use crate::support::digest::md5;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;
use crate::support::tar::Content;
use crate::support::web_source::{Told, WebSource};

const KILLS: u64 = 8;
const PACKAGES: u64 = 6;

fn spk(number: u64) -> Vec<u8> {
    let spk = Spk::new(&format!("package{number}"), "1.0-1").icon(72);
    spk.payload_size(200_000 + number).bytes()
}

/// A source that takes its time, and whose downloads can be continued.
fn source() -> WebSource {
    let spks: Vec<Vec<u8>> = (0..PACKAGES).map(spk).collect();
    let entries = (0..).zip(&spks).map(|(number, bytes): (u64, _)| {
        json!({
            "package": format!("package{number}"), "version": "1.0-1", "link": format!("/{number}.spk"),
            "size": bytes.len(), "md5": md5(&Content::Bytes(bytes.clone())),
        })
    });
    let list = json!(entries.collect::<Vec<_>>()).to_string();
    WebSource::start(move |asked, _| {
        if asked.path() == "/v1/packages" {
            return Told::ok(list.clone());
        }
        let number = asked.path().trim_matches('/').strip_suffix(".spk");
        let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) else {
            return Told::status(404);
        };
        let date = format!("Sun, 0{} Nov 2020 08:49:37 GMT", number + 1);
        let whole = &spks[number];
        let from = asked.header("range").and_then(|range| {
            let from = range.strip_prefix("bytes=")?.strip_suffix('-')?;
            from.parse::<usize>().ok()
        });
        let told = match from.filter(|_| asked.header("if-range") == Some(date.as_str())) {
            None => Told::ok(whole.clone()),
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", whole.len() - 1, whole.len());
                let told = Told {
                    status: 206,
                    ..Told::ok(&whole[from..])
                };
                told.with("Content-Range", &range)
            }
        };
        let slowness = Duration::from_millis(12);
        Told { slowness, ..told }.with("Last-Modified", &date)
    })
}

/// Runs the command and kills it after `delay`; returns whether it was still running.
fn kill(sandbox: &Sandbox, line: &str, delay: Duration) -> bool {
    let mut command = sandbox.spkrepo(line);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let start = Instant::now();
    while start.elapsed() < delay {
        if child.try_wait().expect("a child of this process").is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    child.kill().expect("a child of this process");
    child.wait().expect("a child of this process");
    true
}

fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "whoever sees a failure wants to repeat it"
)]
fn a_killed_import_that_is_run_again_makes_the_same_commits() {
    let source = source();
    let line = format!("import {} {FAST}", source.url());
    let whole = Sandbox::initialized();
    let start = Instant::now();
    whole.run(&line).success();
    let took = start.elapsed();
    let expected = whole.git("log --format='%H %aI %s'");
    assert_eq!(expected.lines().count() as u64, PACKAGES + 1);
    assert!(
        expected.contains(" 2020-11-01T08:49:37Z add package0"),
        "{expected}"
    );
    let kills = number_from("SPKREPO_IMPORT_KILLS").unwrap_or(KILLS);
    let mut seed = number_from("SPKREPO_IMPORT_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.expect("it is after 1970").as_micros() as u64
    });
    eprintln!("{kills} kills within {took:?}, SPKREPO_IMPORT_SEED={seed}");
    let (mut interrupted, mut continued) = (0, 0);
    source.take_asked();
    for kill_number in 0..kills {
        let ours = Sandbox::initialized();
        // A linear congruential generator (Knuth) is random enough for instants.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let delay = took.mul_f64((seed >> 44) as f64 / f64::from(1 << 20));
        // Again and again, each time a part of the way further.
        for part in [1, 2] {
            interrupted += u64::from(kill(&ours, &line, delay / part));
        }
        source.take_asked();
        ours.run(&line).success().stdout_has("0 refused");
        let asked = source.take_asked();
        continued += asked
            .iter()
            .filter(|asked| asked.header("range").is_some())
            .count();
        let found = ours.git("log --format='%H %aI %s'");
        assert_eq!(found, expected, "kill {kill_number} after {delay:?}");
        assert_eq!(ours.status(), "", "kill {kill_number}");
        ours.fsck();
    }
    eprintln!("{interrupted} were killed before they ended, {continued} downloads were continued");
    assert!(interrupted > 0, "every import ended before it was killed");
}
