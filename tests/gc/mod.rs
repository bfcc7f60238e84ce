//! What `gc` deletes, and above all what it does not.

mod load;
mod remotes;
mod roots;

use std::time::{Duration, SystemTime};

use fs_err as fs;

use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const DAY: Duration = Duration::from_secs(86_400);

/// Puts a blob that nothing names into the store, and returns its name.
fn stray(sandbox: &Sandbox, content: &str, age: Duration) -> String {
    let oid = sha256(content.as_bytes());
    let path = sandbox.blob_path(&oid);
    fs::create_dir_all(path.parent().expect("a path in the store")).expect("new folders");
    fs::write(&path, content).expect("a new file");
    make_old(sandbox, &oid, age);
    oid
}

/// Makes a blob as old as that.
fn make_old(sandbox: &Sandbox, oid: &str, age: Duration) {
    let file = std::fs::File::options()
        .append(true)
        .open(sandbox.blob_path(oid));
    let file = file.expect("a blob");
    file.set_modified(SystemTime::now() - age)
        .expect("writable");
}

fn oid(spk: &Spk) -> String {
    sha256(&spk.bytes())
}

#[test]
fn what_nothing_names_goes_when_it_is_old_and_only_when_that_is_asked_for() {
    let sandbox = Sandbox::initialized();
    let named = Spk::new("demo", "1.0-1");
    sandbox.spk("a.spk", &named);
    sandbox.run("add ../a.spk").success();
    make_old(&sandbox, &oid(&named), 400 * DAY);
    let old = stray(&sandbox, "old", 15 * DAY);
    let young = stray(&sandbox, "young", 13 * DAY);
    sandbox
        .run("gc")
        .success()
        .stdout_has(
            " 3 B  [SHA256]\nlocal: 1 blob (3 B) would go; 1 is named, 1 younger than 14d\n",
        )
        .stderr("hint: `spkrepo gc --delete` deletes it\n");
    assert!(sandbox.blob_path(&old).exists(), "it was only looked for");
    let report = sandbox.run("gc --json").success().json();
    assert_eq!(report["deleted"], false);
    assert_eq!(report["places"][0]["collected"][0]["sha256"], old);
    sandbox
        .run("gc --delete")
        .success()
        .stdout_has("local: 1 blob (3 B) deleted; 1 is named, 1 younger than 14d\n")
        .stderr("");
    assert!(!sandbox.blob_path(&old).exists());
    assert!(sandbox.blob_path(&young).exists());
    sandbox.run("gc --delete --older-than 12d").success();
    assert!(!sandbox.blob_path(&young).exists());
    sandbox.fsck();
    let nothing = "local: 0 blobs (0 B) deleted; 1 is named, 0 younger than 0s\n";
    sandbox
        .run("gc --delete --older-than 0s")
        .success()
        .stdout(nothing)
        .stderr("");
}

#[test]
fn a_blob_that_comes_again_is_as_young_as_a_new_one() {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("demo", "1.0-1");
    sandbox.spk("a.spk", &spk);
    sandbox.run("add ../a.spk").success();
    sandbox.git("reset --quiet --hard HEAD~1");
    sandbox.git("reflog expire --expire=all --all");
    make_old(&sandbox, &oid(&spk), 400 * DAY);
    fs::remove_file(sandbox.path("repo/.git/ORIG_HEAD")).expect("git's note of the reset");
    sandbox.run("gc").success().stdout_has("local: 1 blob (");
    // Had it stayed as old as it was, the next one that nobody commits would be lost to it.
    sandbox.run("add ../a.spk").success();
    sandbox.git("reset --quiet --hard HEAD~1");
    sandbox.git("reflog expire --expire=all --all");
    fs::remove_file(sandbox.path("repo/.git/ORIG_HEAD")).expect("git's note of the reset");
    sandbox
        .run("gc --delete")
        .success()
        .stdout_has("0 blobs (0 B) deleted; 0 are named, 1 younger than 14d");
    assert!(sandbox.blob_path(&oid(&spk)).exists());
}

#[test]
fn what_killed_processes_left_goes_and_what_living_ones_write_stays() {
    let sandbox = Sandbox::initialized();
    let storage = sandbox.path("repo/.git/lfs");
    let put = |path: &str, age: Duration| {
        let path = storage.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(&path, "half").expect("writable");
        let file = std::fs::File::options().append(true).open(&path);
        let modified = SystemTime::now() - age;
        file.expect("it is there")
            .set_modified(modified)
            .expect("writable");
        let folder = std::fs::File::open(path.parent().expect("a folder")).expect("it is there");
        folder.set_modified(modified).expect("writable");
        path
    };
    let killed = put("tmp/spkrepo-dead/blob", DAY / 2);
    let forgotten = put("incomplete/abc.part", 2 * DAY);
    let going_on = put("incomplete/def.part", DAY / 2);
    let report = sandbox.run("gc --json --older-than 0s").success().json();
    let leftovers = report["places"][0]["leftovers"].as_array().expect("a list");
    assert_eq!(leftovers.len(), 2, "{leftovers:?}");
    assert!(killed.exists());
    sandbox.run("gc --delete --older-than 0s").success();
    assert!(!killed.exists() && !forgotten.exists() && going_on.exists());
}

#[test]
fn a_store_that_others_may_use_is_only_looked_at() {
    let sandbox = Sandbox::initialized();
    sandbox.git(&format!(
        "config lfs.storage {}",
        sandbox.path("shared").display()
    ));
    let path = sandbox.path("shared/objects/2d/71");
    let oid = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
    fs::create_dir_all(&path).expect("writable");
    fs::write(path.join(oid), "x").expect("writable");
    let line = "gc --older-than 0s";
    sandbox
        .run(line)
        .success()
        .stdout_has("local: 1 blob (1 B)");
    sandbox
        .run(&format!("{line} --delete"))
        .failure(2)
        .stderr_has("`[ROOT]/shared` is outside of the repository")
        .stderr_has("hint: `spkrepo gc --delete --outside`");
    assert!(path.join(oid).exists());
    sandbox.run(&format!("{line} --delete --outside")).success();
    assert!(!path.join(oid).exists());
}

#[test]
fn a_clone_that_lacks_history_does_not_know_what_is_named() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("a.spk", &Spk::new("demo", "1.0-1"));
    sandbox.run("add ../a.spk").success();
    let address = format!("file://{}", sandbox.path("repo").display());
    sandbox.git_in("", &format!("clone --quiet --depth 1 {address} shallow"));
    sandbox
        .run_in("shallow", "gc")
        .failure(2)
        .stderr_has("error: this is a shallow clone")
        .stderr_has("git fetch --unshallow");
    sandbox.git("config uploadpack.allowFilter true");
    sandbox.git_in(
        "",
        &format!("clone --quiet --no-checkout --filter=blob:none {address} partial"),
    );
    sandbox
        .run_in("partial", "gc")
        .failure(2)
        .stderr_has("leads to, is not here")
        .stderr_has("--refetch");
}

#[test]
fn whoever_has_the_index_locked_is_waited_for_and_keeps_nobody_else_waiting() {
    let sandbox = Sandbox::initialized();
    let old = stray(&sandbox, "old", 15 * DAY);
    let lock = sandbox.path("repo/.git/index.lock");
    fs::write(&lock, "").expect("writable");
    sandbox
        .run("gc --delete --lock-timeout 300ms")
        .failure(2)
        .stderr_has("index.lock` is locked by another git process");
    assert!(sandbox.blob_path(&old).exists());
    fs::remove_file(&lock).expect("it is there");
    sandbox.run("gc --delete").success();
    assert!(!sandbox.blob_path(&old).exists() && !lock.exists());
}

#[test]
fn locks_that_a_killed_one_left_are_found_to_be_ours() {
    let sandbox = Sandbox::initialized();
    sandbox.git("worktree add --quiet -b linked ../linked");
    stray(&sandbox, "old", 15 * DAY);
    sandbox.run("gc --delete").success();
    let token = sandbox.path("repo/.git/spkrepo/index-lock");
    for folder in ["repo/.git", "repo/.git/worktrees/linked"] {
        fs::hard_link(&token, sandbox.path(folder).join("index.lock")).expect("writable");
    }
    sandbox.spk("a.spk", &Spk::new("demo", "1.0-1"));
    sandbox.run("add ../a.spk").success();
    sandbox.git_in("linked", "commit --quiet --allow-empty -m free");
}
