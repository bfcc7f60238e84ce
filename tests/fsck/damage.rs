//! Each kind of damage is found where it is, and put in order where a whole copy is left.

use std::path::Path;
use std::sync::atomic::Ordering;

use fs_err as fs;
use serde_json::Value;

use super::Ground;
use crate::support::digest::sha256;

/// What becomes of a finding with `--repair`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It is put in order.
    Mended,
    /// It cannot be put in order, and says what to do.
    Failed,
    /// It is for people to put in order.
    Left,
}

use Then::{Failed, Left, Mended};

/// What is done to a fresh copy, and what must be found: the kind, where, and what becomes of it.
struct Case {
    name: &'static str,
    damage: fn(&Ground),
    found: &'static [(&'static str, &'static str, Then)],
}

/// Other bytes, as many of them.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("writable");
}

fn cut(path: &Path) {
    let bytes = fs::read(path).expect("a blob");
    fs::write(path, &bytes[..bytes.len() / 2]).expect("writable");
}

fn remove(path: &Path) {
    fs::remove_file(path).expect("it is there");
}

/// The paths of the document and the pointer of the release that is the only one of its package.
const DOCUMENT: &str = "packages/other/1.0-1/dsm7.0-40000-noarch.toml";
const POINTER: &str = "packages/other/1.0-1/other_1.0-1_dsm7.0-40000-noarch.spk";

/// Commits a file with other content.
fn change(ground: &Ground, path: &str, edit: impl Fn(&str) -> String) {
    let text = ground.sandbox.git(&format!("show HEAD:{path}"));
    let edited = edit(&(text + "\n"));
    let blob = ground.sandbox.path("edited");
    fs::write(&blob, edited).expect("writable");
    // A filter of git-lfs has no say in it.
    let id = ground.sandbox.git("hash-object -w --no-filters ../edited");
    ground
        .sandbox
        .git(&format!("update-index --cacheinfo 100644,{id},{path}"));
    ground.sandbox.git("commit --quiet -m edited");
    ground.sandbox.git("reset --quiet --hard");
}

/// The file of a loose object.
fn object(ground: &Ground, name: &str) -> std::path::PathBuf {
    let id = ground.sandbox.git(&format!("rev-parse {name}"));
    let objects = ground.sandbox.path("repo/.git/objects");
    objects.join(&id[..2]).join(&id[2..])
}

fn put(ground: &Ground, path: &str, content: &str) {
    let path = ground.sandbox.path("repo/.git").join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
    fs::write(path, content).expect("writable");
}

fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a blob is missing here",
            damage: |ground| remove(&ground.blob("local", &ground.oid(0))),
            found: &[("local-missing", "local", Mended)],
        },
        Case {
            name: "a blob is cut here",
            damage: |ground| cut(&ground.blob("local", &ground.oid(0))),
            found: &[("local-damaged", "local", Mended)],
        },
        Case {
            name: "a blob has other bytes here",
            damage: |ground| flip(&ground.blob("local", &ground.oid(0))),
            found: &[("local-damaged", "local", Mended)],
        },
        Case {
            name: "a blob is empty here",
            damage: |ground| fs::write(ground.blob("local", &ground.oid(0)), "").expect("writable"),
            found: &[("local-damaged", "local", Mended)],
        },
        Case {
            name: "a blob is longer here",
            damage: |ground| {
                let path = ground.blob("local", &ground.oid(0));
                let mut bytes = fs::read(&path).expect("a blob");
                bytes.push(0);
                fs::write(path, bytes).expect("writable");
            },
            found: &[("local-damaged", "local", Mended)],
        },
        Case {
            name: "a blob is missing at a remote",
            damage: |ground| remove(&ground.blob("disk", &ground.oid(0))),
            found: &[("remote-missing", "disk", Mended)],
        },
        Case {
            name: "a blob is cut at a remote",
            damage: |ground| cut(&ground.blob("second", &ground.oid(0))),
            found: &[("remote-damaged", "second", Mended)],
        },
        Case {
            name: "a blob has other bytes at a remote",
            damage: |ground| flip(&ground.blob("disk", &ground.oid(0))),
            found: &[("remote-damaged", "disk", Mended)],
        },
        Case {
            name: "a blob is damaged here and missing at a remote",
            damage: |ground| {
                flip(&ground.blob("local", &ground.oid(0)));
                remove(&ground.blob("disk", &ground.oid(0)));
            },
            found: &[
                ("local-damaged", "local", Mended),
                ("remote-missing", "disk", Mended),
            ],
        },
        Case {
            name: "a blob is damaged in two of three places",
            damage: |ground| {
                flip(&ground.blob("local", &ground.oid(0)));
                flip(&ground.blob("disk", &ground.oid(0)));
            },
            found: &[
                ("local-damaged", "local", Mended),
                ("remote-damaged", "disk", Mended),
            ],
        },
        Case {
            name: "a blob is nowhere",
            damage: |ground| {
                for place in ["local", "disk", "second"] {
                    remove(&ground.blob(place, &ground.oid(0)));
                }
            },
            found: &[
                ("local-missing", "local", Failed),
                ("remote-missing", "disk", Failed),
                ("remote-missing", "second", Failed),
            ],
        },
        Case {
            name: "a blob is whole nowhere",
            damage: |ground| {
                for place in ["local", "disk", "second"] {
                    flip(&ground.blob(place, &ground.oid(0)));
                }
            },
            found: &[
                ("local-damaged", "local", Failed),
                ("remote-damaged", "disk", Failed),
                ("remote-damaged", "second", Failed),
            ],
        },
        Case {
            name: "a blob without a name is damaged",
            damage: |ground| {
                let path = ground.blob("local", &sha256(b"forgotten"));
                fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
                fs::write(path, "something else").expect("writable");
            },
            found: &[("unnamed-damaged", "local", Mended)],
        },
        Case {
            name: "a file among the blobs is none",
            damage: |ground| put(ground, "lfs/objects/ab/note.txt", "text"),
            found: &[("stranger", "lfs/objects/ab/note.txt", Left)],
        },
        Case {
            name: "a remote is gone",
            damage: |ground| {
                let folder = ground.sandbox.path("second");
                fs::rename(&folder, ground.sandbox.path("elsewhere")).expect("writable");
            },
            found: &[("remote-unreadable", "second", Left)],
        },
        Case {
            name: "a document cannot be read",
            damage: |ground| change(ground, DOCUMENT, |text| format!("{text}colour = 'red'\n[")),
            found: &[("document", DOCUMENT, Left)],
        },
        Case {
            name: "a document of another branch cannot be read",
            damage: |ground| {
                ground.sandbox.git("checkout --quiet -b side");
                change(ground, DOCUMENT, |text| format!("{text}["));
                ground.sandbox.git("checkout --quiet main");
            },
            found: &[("document", DOCUMENT, Left)],
        },
        Case {
            name: "a pointer is none",
            damage: |ground| change(ground, POINTER, |_| "no pointer\n".to_owned()),
            found: &[("pointer", POINTER, Left)],
        },
        Case {
            name: "a pointer and its document disagree",
            damage: |ground| {
                let (own, other) = (ground.oid(2), ground.oid(0));
                let size = super::spks()[2].bytes().len();
                let real = super::spks()[0].bytes().len();
                change(ground, POINTER, |text| {
                    text.replace(&own, &other)
                        .replace(&format!("size {size}"), &format!("size {real}"))
                });
            },
            found: &[("pointer", POINTER, Left)],
        },
        Case {
            name: "a pointer is missing",
            damage: |ground| {
                ground.sandbox.git(&format!("rm --quiet {POINTER}"));
                ground.sandbox.git("commit --quiet -m gone");
            },
            found: &[("pointer", POINTER, Left)],
        },
        Case {
            name: "a document states another MD5",
            damage: |ground| {
                change(ground, DOCUMENT, |text| {
                    let (before, after) = text.split_once("md5 = \"").expect("it states one");
                    let digits = "0".repeat(32);
                    format!("{before}md5 = \"{digits}{}", &after[32..])
                });
            },
            found: &[("statement", POINTER, Left)],
        },
        Case {
            name: "an object of git's is missing",
            damage: |ground| remove(&object(ground, "HEAD:packages/other/1.0-1/icon_72.png")),
            found: &[("git-object", "", Left)],
        },
        Case {
            name: "an object of git's is damaged",
            damage: |ground| {
                let path = object(ground, "HEAD:packages/other/1.0-1/icon_72.png");
                let mut options = fs::metadata(&path).expect("loose").permissions();
                #[expect(clippy::permissions_set_readonly_false, reason = "a temporary file")]
                options.set_readonly(false);
                fs::set_permissions(&path, options).expect("its owner's");
                fs::write(&path, "damaged").expect("writable");
            },
            found: &[("git-object", "", Left)],
        },
        Case {
            name: "a branch names nothing",
            damage: |ground| put(ground, "refs/heads/side", "nothing\n"),
            found: &[("git-reference", "", Left)],
        },
        Case {
            name: "a log names what is not there",
            damage: |ground| {
                let path = ground.sandbox.path("repo/.git/logs/refs/heads/main");
                let log = fs::read_to_string(&path).expect("a log");
                let line = format!("{0} {0} T <t@example.org> 1 +0000\tx\n", "1".repeat(40));
                fs::write(path, format!("{line}{log}")).expect("writable");
            },
            found: &[("git-reference", "", Left)],
        },
        Case {
            name: "HEAD names what is not there",
            damage: |ground| put(ground, "HEAD", &format!("{}\n", "1".repeat(40))),
            found: &[("git-reference", "", Left)],
        },
        Case {
            name: "a change was interrupted",
            damage: |ground| {
                let journal = format!(
                    r#"{{"new":"{}","reference":"refs/heads/main","updates":[],"work_dir":null}}"#,
                    ground.sandbox.head()
                );
                put(ground, "spkrepo/journal.json", &journal);
            },
            found: &[("journal", "spkrepo/journal.json", Mended)],
        },
        Case {
            name: "the cache is damaged",
            damage: |ground| {
                let text = format!(
                    "spkrepo packages 1 {}\nrubbish\n",
                    env!("CARGO_PKG_VERSION")
                );
                put(ground, "spkrepo/cache/packages", &text);
            },
            found: &[("cache", "spkrepo/cache/packages", Mended)],
        },
        Case {
            name: "the index is locked by nobody",
            damage: |ground| {
                let git = ground.sandbox.path("repo/.git");
                let token = git.join("spkrepo/index-lock");
                fs::hard_link(token, git.join("index.lock")).expect("writable");
            },
            found: &[("stale-lock", "index.lock", Mended)],
        },
    ]
}

/// Returns the faults of a report, without notes.
fn faults(report: &Value) -> Vec<&Value> {
    let findings = report["findings"].as_array().expect("a list");
    let is_fault = |finding: &&Value| finding["is_note"] == false;
    findings.iter().filter(is_fault).collect()
}

/// Says whether a finding is of this kind, and where it should be.
fn is_as(finding: &Value, kind: &str, place: &str) -> bool {
    let text = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    text("kind") == kind && (text("place").ends_with(place) || text("path") == place)
}

fn check(case: &Case) {
    let ground = Ground::new();
    (case.damage)(&ground);
    let sandbox = &ground.sandbox;
    let name = case.name;
    let report = sandbox.run("fsck --json --sample 100%").failure(1).json();
    let found = faults(&report);
    for (kind, place, _) in case.found {
        let is_found = found.iter().any(|finding| is_as(finding, kind, place));
        assert!(is_found, "{name}: no {kind} at {place}: {report:#}");
    }
    for finding in &found {
        let is_known = |of: &&(&str, &str, Then)| is_as(finding, of.0, of.1);
        assert!(
            case.found.iter().any(|of| is_known(&of)),
            "{name}: {finding:#}"
        );
        let is_about_blob = ["local", "remote"].iter().any(|start| {
            finding["kind"]
                .as_str()
                .is_some_and(|kind| kind.starts_with(start))
        }) && finding["kind"] != "remote-unreadable";
        if is_about_blob {
            assert_eq!(finding["sha256"], ground.oid(0), "{name}");
            let path = finding["path"].as_str().unwrap_or_default();
            assert!(path.starts_with("packages/demo/1.0-1/"), "{name}: {path}");
            assert!(finding["commit"].is_string(), "{name}: {finding:#}");
        }
    }
    let are_all_mended = case.found.iter().all(|of| of.2 == Mended);
    let outcome = sandbox.run("fsck --json --sample 100% --repair");
    let report = match are_all_mended {
        true => outcome.success().json(),
        false => outcome.failure(1).json(),
    };
    for (kind, place, then) in case.found {
        let found = faults(&report);
        let finding = found.iter().find(|finding| is_as(finding, kind, place));
        let finding = finding.unwrap_or_else(|| panic!("{name}: {kind} at {place} is gone"));
        let expected = match then {
            Mended => Value::from("done"),
            Failed => Value::from("failed"),
            Left => Value::Null,
        };
        assert_eq!(
            finding["repair"]["outcome"], expected,
            "{name}: {finding:#}"
        );
    }
    if are_all_mended {
        sandbox.run("fsck --sample 100%").success();
        sandbox.fsck();
    } else {
        let left = sandbox.run("fsck --json --sample 100%").failure(1).json();
        assert_eq!(
            faults(&left).len(),
            found.len(),
            "{name}: nothing got worse"
        );
    }
}

#[test]
fn each_damage_is_found_and_repaired_where_a_whole_copy_is_left() {
    let cases = cases();
    assert!(cases.len() >= 20);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let failed = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // One that fails must not hide the others.
                    if std::panic::catch_unwind(|| check(case)).is_err() {
                        failed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(failed.into_inner(), 0, "of {} cases", cases.len());
}

#[test]
fn what_was_damaged_is_kept_beside() {
    let ground = Ground::new();
    let oid = ground.oid(0);
    flip(&ground.blob("local", &oid));
    let damaged = fs::read(ground.blob("local", &oid)).expect("a blob");
    ground.sandbox.run("fsck --repair").success();
    let aside = ground.sandbox.path("repo/.git/lfs/bad").join(&oid);
    assert_eq!(fs::read(aside).expect("it was moved"), damaged);
}
