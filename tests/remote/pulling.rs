//! `spkrepo push` and `spkrepo pull`.

use super::{Shared, build};

/// Adds a package in a clone without pushing it.
fn add(shared: &Shared, clone: &str, package: &str) {
    let spk = shared.spk(package, &build(package));
    shared.run(clone, &format!("add {spk}")).success();
}

fn diverged() -> Shared {
    let shared = Shared::new();
    shared.clone_as("other");
    add(&shared, "other", "theirs");
    shared
        .run("other", "push")
        .success()
        .stderr("pushed to origin/main, with one commit that was here before\n");
    add(&shared, "repo", "mine");
    shared
}

#[test]
fn what_is_committed_is_pushed_with_its_spks() {
    let shared = Shared::new();
    shared
        .run("repo", "push")
        .success()
        .stderr("origin/main has everything already\n");
    add(&shared, "repo", "alpha");
    add(&shared, "repo", "beta");
    let report = shared.run("repo", "push --json").success().json();
    assert_eq!(report["commits"], 2);
    shared.check_clone("repo");
    shared.check_remote();
}

#[test]
fn a_clone_that_is_behind_pulls_forward() {
    let shared = diverged();
    shared.clone_as("third");
    shared.git("third", "reset --quiet --hard HEAD~1");
    shared
        .run("third", "push")
        .failure(2)
        .stderr_has("has commits (1) that are not in `main`, which has 0");
    let said = shared.run("third", "pull").success().err().to_owned();
    assert_eq!(said, "1 commit from origin/main\n");
    shared.check_clone("third");
    shared
        .run("third", "pull")
        .success()
        .stderr("origin/main has nothing new\n");
}

#[test]
fn commits_of_both_sides_end_up_in_one_line() {
    let shared = diverged();
    shared.git("repo", "config user.name 'Somebody Else'");
    shared.sandbox.write("notes.txt", "not committed\n");
    let said = shared.run("repo", "pull").success().err().to_owned();
    assert_eq!(
        said,
        "1 commit from origin/main; 1 commit of here made again on top\n"
    );
    assert_eq!(
        shared.git("repo", "log -1 --format=%an/%cn"),
        "Tess Tester/Somebody Else"
    );
    assert_eq!(shared.sandbox.status(), "?? notes.txt");
    shared.run("repo", "push").success();
    assert_eq!(shared.head("repo"), shared.head("remote.git"));
    assert_eq!(shared.subjects().len(), 3);
    shared.check_remote();
    // Where it was before is in the reflog.
    assert!(
        shared
            .git("repo", "reflog main")
            .contains("spkrepo pull: origin/main")
    );
}

#[test]
fn what_the_other_side_did_as_well_is_dropped() {
    let shared = diverged();
    add(&shared, "repo", "theirs");
    let said = shared.run("repo", "pull").success().err().to_owned();
    assert!(said.contains("1 commit of here dropped"), "{said}");
    shared.run("repo", "push").success();
    assert_eq!(shared.subjects().len(), 3);
    shared.check_clone("repo");
}

#[test]
fn a_conflict_changes_nothing_and_names_both_commits() {
    let shared = Shared::new();
    shared.clone_as("other");
    for clone in ["repo", "other"] {
        let spk = shared.spk(clone, &build("alpha").payload(clone));
        shared.run(clone, &format!("add {spk}")).success();
    }
    shared.run("other", "push").success();
    let before = shared.head("repo");
    let said = shared.run("repo", "pull").failure(2).err().to_owned();
    for part in [
        "error: both sides changed `packages/alpha/1.0-1/",
        "(add alpha 1.0-1 (noarch, DSM 7.0)) does not fit origin/main\n",
        "add alpha 1.0-1 (noarch, DSM 7.0) (Tess Tester): `packages/alpha",
        "hint: nothing was changed; `git pull --rebase`",
    ] {
        assert!(said.contains(part), "{part}\n---\n{said}");
    }
    assert_eq!(shared.head("repo"), before);
    assert_eq!(shared.sandbox.status(), "");
}

#[test]
fn an_edited_file_in_the_way_stops_the_pull() {
    let shared = diverged();
    shared
        .sandbox
        .write("packages/theirs/package.toml", "# not committed\n");
    let before = shared.head("repo");
    shared
        .run("repo", "pull")
        .failure(2)
        .stderr_has("`packages/theirs/package.toml` has changes that are not committed");
    assert_eq!(shared.head("repo"), before);
    assert_eq!(
        shared.sandbox.read("packages/theirs/package.toml"),
        "# not committed\n"
    );
}

#[test]
fn a_merge_of_here_is_left_to_git() {
    let shared = diverged();
    shared.git("repo", "fetch --quiet");
    shared.git("repo", "switch --quiet --create side HEAD~1");
    shared.git("repo", "commit --quiet --allow-empty -m side");
    shared.git("repo", "switch --quiet main");
    shared.git("repo", "merge --quiet --no-edit side");
    shared
        .run("repo", "pull")
        .failure(2)
        .stderr_has("is a merge, which cannot be made again");
    shared.git("repo", "pull --quiet --rebase");
    shared.run("repo", "push").success();
    shared.check_clone("repo");
}

#[test]
fn lines_that_merge_but_mean_nothing_together_are_refused() {
    let shared = Shared::new();
    shared.clone_as("other");
    let settings = shared.sandbox.read("spkrepo.toml");
    for (clone, text) in [
        ("repo", format!("# mine\n[serve]\nport = 1\n{settings}")),
        ("other", format!("{settings}\n[serve]\nport = 2\n")),
    ] {
        std::fs::write(shared.sandbox.path(clone).join("spkrepo.toml"), text).expect("writable");
        shared.git(clone, "commit --quiet --all -m settings");
    }
    shared.git("other", "push --quiet");
    let before = shared.head("repo");
    shared
        .run("repo", "pull")
        .failure(2)
        .stderr_has("spkrepo.toml");
    assert_eq!(shared.head("repo"), before);
}

#[test]
fn who_publishes_elsewhere_than_where_others_do_pulls_from_them() {
    let shared = diverged();
    shared.git("repo", "init --quiet --bare ../fork.git");
    shared.git("repo", "remote add fork ../fork.git");
    shared.git("repo", "config remote.pushDefault fork");
    shared
        .run("repo", "push")
        .success()
        .stderr_has("pushed to fork/main");
    shared
        .run("repo", "pull")
        .success()
        .stderr_has("1 commit from origin/main; 1 commit of here made again on top");
    assert_eq!(shared.subjects().len(), 2);
}
