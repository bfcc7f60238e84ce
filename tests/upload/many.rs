//! Many clients at once, beside other writers: each accepted build is in the history once, and each refused one is answered.
//!
//! `SPKREPO_UPLOAD_ROUNDS` says how often (see tests/upload-long).

use std::collections::BTreeMap;
use std::thread;

use super::{Source, rounds, send, spk};
use crate::support::sandbox::Sandbox;

const CLIENTS: usize = 20;
const BUILDS: usize = 10;
const PLATFORMS: [&str; 10] = [
    "apollolake",
    "armada370",
    "avoton",
    "braswell",
    "broadwell",
    "bromolow",
    "denverton",
    "kvmx64",
    "rtd1296",
    "v1000",
];
/// What git says when another has a lock or was faster; trying again helps.
const BUSY: [&str; 3] = ["index.lock", "cannot lock ref", "Unable to create"];

/// What a client sends: the package, the SPK's bytes, and whether somebody else sends other bytes for the same build.
fn builds(client: usize) -> Vec<(String, Vec<u8>)> {
    (0..BUILDS)
        .map(|number| {
            let (package, spk) = match number {
                // Everybody's, each time the same bytes.
                0 | 1 => {
                    let package = format!("same{number}");
                    let spk = spk(&package, "1.0-1");
                    (package, spk)
                }
                // Everybody's, each time other bytes.
                2 => {
                    let payload = format!("payload {client}").into_bytes();
                    let spk = spk("rival", "1.0-1").payload(payload);
                    ("rival".to_owned(), spk)
                }
                // One new release, a platform of it each.
                3 | 4 => {
                    let package = format!("shared{number}-{}", client / PLATFORMS.len());
                    let spk = spk(&package, "1.0-1").arch(PLATFORMS[client % PLATFORMS.len()]);
                    (package, spk)
                }
                _ => {
                    let package = format!("own{client}");
                    let spk = spk(&package, &format!("1.{number}-{number}"));
                    (package, spk)
                }
            };
            (package, spk.bytes())
        })
        .collect()
}

fn commit_by_hand(sandbox: &Sandbox, name: &str) {
    sandbox.write(name, "text\n");
    for line in [format!("add {name}"), format!("commit --quiet -m {name}")] {
        loop {
            let outcome = sandbox.try_git(&line);
            if outcome.output.status.success() {
                break;
            }
            let said = String::from_utf8_lossy(&outcome.output.stderr).into_owned();
            let is_busy = BUSY.iter().any(|busy| said.contains(busy));
            assert!(is_busy, "`git {line}`: {said}");
        }
    }
}

/// Sends everything at once; returns how often which package got which status.
fn storm(source: &Source) -> BTreeMap<(String, u16), usize> {
    let (host, ada, sandbox) = (source.server.host(), &source.ada, &source.sandbox);
    thread::scope(|threads| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                threads.spawn(move || {
                    let sent = builds(client).into_iter();
                    sent.map(|(package, bytes)| (package, send(host, ada, &bytes).status))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads.spawn(move || {
            for number in 0..5 {
                commit_by_hand(sandbox, &format!("notes/{number}.txt"));
            }
        });
        threads.spawn(move || {
            for channel in ["beta", "stable"] {
                sandbox
                    .run(&format!("promote there@1.0-1 --to {channel}"))
                    .success();
            }
        });
        let mut counts = BTreeMap::new();
        for client in clients {
            for answer in client.join().expect("each upload is answered") {
                *counts.entry(answer).or_insert(0) += 1;
            }
        }
        counts
    })
}

#[test]
fn many_clients_at_once_lose_and_double_nothing() {
    for _ in 0..rounds(1) {
        let source = Source::start("");
        source.publish(&spk("there", "1.0-1"));
        let counts = storm(&source);
        let count = |package: &str, status| counts.get(&(package.to_owned(), status)).copied();
        for package in ["same0", "same1"] {
            assert_eq!(count(package, 201), Some(CLIENTS), "{counts:?}");
        }
        assert_eq!(count("rival", 201), Some(1), "{counts:?}");
        assert_eq!(count("rival", 409), Some(CLIENTS - 1), "{counts:?}");
        let accepted: usize = counts
            .iter()
            .filter_map(|((_, status), count)| (*status == 201).then_some(count))
            .sum();
        assert_eq!(accepted, CLIENTS * BUILDS - (CLIENTS - 1), "{counts:?}");
        let sandbox = &source.sandbox;
        let uploads = sandbox.git("log --format=%s --grep '^Spkrepo-Uploaded-By: ada'");
        let mut subjects: Vec<&str> = uploads.lines().collect();
        // One for each of the three that everybody sent, and the one that was there before.
        let expected = CLIENTS * (BUILDS - 3) + 3 + 1;
        assert_eq!(subjects.len(), expected);
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), expected, "no build is there twice");
        assert_eq!(sandbox.git("log --diff-filter=D --name-only --format="), "");
        assert_eq!(sandbox.git("rev-list --min-parents=2 HEAD"), "");
        assert_eq!(sandbox.status(), "");
        sandbox.fsck();
        sandbox.run("verify --all").success();
    }
}
