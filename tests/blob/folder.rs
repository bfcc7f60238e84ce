//! A folder, which is on a disk that may be full, read-only or not mounted.

use fs_err as fs;

use super::{DISK, empty_store, store, with_remotes};
use crate::support::sandbox::Sandbox;

fn with_disk() -> Sandbox {
    let sandbox = with_remotes(DISK);
    fs::create_dir(sandbox.path("disk")).expect("a new folder");
    sandbox
}

#[test]
fn what_is_pushed_is_at_the_remote_and_is_pulled_where_it_is_missing() {
    let sandbox = with_disk();
    let blobs = store(&sandbox);
    let pushed = sandbox.run("blob push").success();
    assert!(
        pushed.out().starts_with("disk: uploaded 2 SPKs, 1."),
        "{}",
        pushed.out()
    );
    assert!(
        pushed.out().ends_with("; 0 there already\n"),
        "{}",
        pushed.out()
    );
    sandbox
        .run("blob push")
        .success()
        .stdout("disk: uploaded nothing; 2 there already\n");
    empty_store(&sandbox);
    let pulled = sandbox.run("blob pull --dry-run").success();
    assert!(
        pulled.out().starts_with("would download 2 SPKs"),
        "{}",
        pulled.out()
    );
    assert!(!sandbox.path("repo/.git/lfs/objects").exists());
    sandbox.run("blob pull").success();
    assert_eq!(store(&sandbox), blobs);
    sandbox
        .run("blob pull")
        .success()
        .stdout("downloaded nothing; 2 here already\n");
    sandbox.run("verify --all").success();
}

#[test]
fn packages_and_releases_narrow_what_is_carried() {
    let sandbox = with_disk();
    let pushed = sandbox.run("blob push demo@1.0-1 --json").success().json();
    assert_eq!(pushed["remotes"][0]["sent"], 1);
    let error = sandbox.run("blob push dem").failure(2);
    error.stderr_has("error: there is no package `dem` here");
    let error = sandbox.run("blob push --remote dsk").failure(2);
    error
        .stderr_has("error: no remote for SPKs is called `dsk`; there are `disk`\n")
        .stderr_has("hint: `[[blobs.remote]]` in spkrepo.toml");
}

#[test]
fn with_all_the_blobs_of_history_go_too() {
    let sandbox = with_disk();
    sandbox.git("rm --quiet -r packages/other");
    sandbox.git("commit --quiet -m gone");
    let json = sandbox.run("blob push --json").success().json();
    assert_eq!(json["remotes"][0]["sent"], 1);
    let json = sandbox.run("blob push --all --json").success().json();
    assert_eq!(
        (&json["remotes"][0]["sent"], &json["remotes"][0]["there"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn status_says_where_each_is_and_fails_when_one_is_nowhere() {
    let sandbox = with_disk();
    let status = sandbox.run("blob status").success();
    let rows: Vec<Vec<String>> = status
        .out()
        .lines()
        .map(|line| {
            line.split("  ")
                .filter(|cell| !cell.is_empty())
                .map(|cell| cell.trim().to_owned())
                .collect()
        })
        .collect();
    assert_eq!(rows[0], ["SPK", "SIZE", "HERE", "DISK"]);
    assert_eq!(rows[1][2..], ["yes", "-"]);
    sandbox.run("blob push demo").success();
    empty_store(&sandbox);
    let status = sandbox.run("blob status --json").failure(1).json();
    assert_eq!(status["blobs"][0]["here"], "absent");
    assert_eq!(status["blobs"][0]["at"][0], "present");
    assert_eq!(status["blobs"][0]["package"], "demo");
    assert_eq!(status["blobs"][1]["at"][0], "absent");
    sandbox
        .run("blob status")
        .failure(1)
        .stderr_has("warning: 1 of them are nowhere");
}

#[test]
fn list_says_what_is_in_a_place_and_what_it_is() {
    let sandbox = with_disk();
    let here = sandbox.run("blob list --json").success().json();
    assert_eq!(here["blobs"].as_array().map(Vec::len), Some(2));
    let there = sandbox.run("blob list disk --json").success().json();
    assert_eq!(
        (&there["remote"], &there["blobs"]),
        (&"disk".into(), &serde_json::json!([]))
    );
    sandbox.run("blob push").success();
    let out = sandbox.run("blob list disk").success().out();
    assert!(out.contains("demo_1.0-1_dsm7.0-40000-x86_64.spk"), "{out}");
}

#[test]
fn a_damaged_blob_is_neither_sent_nor_taken() {
    let sandbox = with_disk();
    sandbox.run("blob push").success();
    let name = store(&sandbox).remove(0);
    let path = format!("objects/{}/{}/{name}", &name[..2], &name[2..4]);
    let at_disk = sandbox.path(&format!("disk/{path}"));
    let whole = fs::read(&at_disk).expect("it was pushed");
    let mut other = whole.clone();
    other[whole.len() / 2] ^= 1;
    fs::write(&at_disk, &other).expect("writable");
    empty_store(&sandbox);
    sandbox
        .run("blob pull")
        .failure(2)
        .stderr_has("what `disk` has as the blob")
        .stderr_has("error: downloaded all but 1 of the SPKs");
    assert_eq!(store(&sandbox).len(), 1, "the other one came");

    fs::remove_file(&at_disk).expect("writable");
    let here = sandbox.path(&format!("repo/.git/lfs/{path}"));
    fs::create_dir_all(here.parent().expect("a folder")).expect("writable");
    fs::write(&here, &other).expect("writable");
    sandbox
        .run("blob push")
        .failure(2)
        .stderr_has("is damaged here");
    assert!(!at_disk.exists());
    fs::write(&here, &whole).expect("writable");
    sandbox.run("blob push").success();
    assert_eq!(fs::read(&at_disk).expect("it was pushed"), whole);
}

#[test]
fn what_cannot_be_reached_or_written_is_said() {
    let sandbox = with_remotes(DISK);
    sandbox
        .run("blob push")
        .failure(2)
        .stderr_has("could not find the folder");
    sandbox
        .run("blob status")
        .failure(1)
        .stderr_has("could not find the folder");
    let sandbox = with_remotes(&format!("{DISK}read_only = true\n"));
    fs::create_dir(sandbox.path("disk")).expect("a new folder");
    sandbox
        .run("blob push")
        .success()
        .stderr_has("nothing can be uploaded: all remotes are read-only");
    sandbox
        .run("blob push --remote disk")
        .failure(2)
        .stderr_has("nothing can be uploaded to `disk`");
}

#[test]
fn the_next_remote_is_asked_for_what_the_first_does_not_have() {
    let second = DISK.replace("disk", "second");
    let sandbox = with_remotes(&format!("{DISK}\n{second}"));
    for folder in ["disk", "second"] {
        fs::create_dir(sandbox.path(folder)).expect("a new folder");
    }
    sandbox.run("blob push --remote second").success();
    sandbox.run("blob push --remote disk demo").success();
    empty_store(&sandbox);
    sandbox.run("blob pull").success();
    sandbox.run("blob pull --remote disk").success();
}

#[test]
fn check_brings_what_it_is_to_look_into() {
    let sandbox = with_disk();
    sandbox.run("blob push").success();
    let blobs = store(&sandbox);
    empty_store(&sandbox);
    let json = sandbox.run("check --blobs --format json");
    let out = json.failure(1).json();
    let missing = |out: &serde_json::Value| {
        let findings = out["findings"].as_array().expect("a list").clone();
        findings
            .iter()
            .filter(|one| one["rule"] == "blob-missing")
            .count()
    };
    assert_eq!((missing(&out), &out["summary"]["unread"]), (0, &0.into()));
    assert_eq!(store(&sandbox), blobs);
    empty_store(&sandbox);
    fs::remove_dir_all(sandbox.path("disk/objects")).expect("it was pushed");
    let out = sandbox.run("check --blobs --format json").failure(1).json();
    assert_eq!(missing(&out), 2);
    assert!(out.to_string().contains("`disk` has no blob"), "{out}");
}
