//! Releases that newer ones have replaced are proposed to go, on a branch of its own.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// A package with five releases, of which an old one is all that one platform has.
fn releases() -> Sandbox {
    let sandbox = Sandbox::initialized();
    for number in 1..=5 {
        let spk = Spk::new("demo", &format!("1.0-{number}")).arch("avoton");
        sandbox.spk(&format!("in/{number}.spk"), &spk.icon(72));
    }
    let armv7 = Spk::new("demo", "1.0-2").arch("armv7").icon(72);
    sandbox.spk("in/armv7.spk", &armv7);
    sandbox
        .run("add --channel stable --commit-each ../in")
        .success();
    sandbox
}

#[test]
fn without_commit_it_only_says_what_would_go_and_why() {
    let sandbox = releases();
    let before = sandbox.git("for-each-ref");
    let said = sandbox
        .run("prune-releases --keep 2")
        .success()
        .stderr_has("hint: `spkrepo prune-releases --commit`");
    let said = said.out();
    assert!(said.contains("demo 1.0-1"), "{said}");
    assert!(said.contains("yanked  DSM 7.0 has 1.0-5, 1.0-4"), "{said}");
    assert!(said.contains("stays   armv7"), "{said}");
    assert!(
        said.ends_with("3 builds would go; 1 build stays although newer releases replace it\n"),
        "{said}"
    );
    let diff = sandbox
        .run("prune-releases --keep 2 --dry-run")
        .success()
        .out();
    assert_eq!(diff.matches("+[yanked]").count(), 3, "{diff}");
    assert_eq!(sandbox.git("for-each-ref"), before);
    let report = sandbox
        .run("prune-releases --keep 4 --json")
        .success()
        .json();
    assert_eq!(report["builds"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["builds"][0]["outcome"], "yanked");
    sandbox
        .run("prune-releases --keep 9")
        .success()
        .stdout("0 builds would go; 0 builds stay although newer releases replace them\n")
        .stderr("");
}

#[test]
fn the_proposal_is_one_commit_on_a_branch_of_its_own() {
    let sandbox = releases();
    let before = sandbox.head();
    sandbox
        .run("prune-releases --keep 2 --commit")
        .success()
        .stderr_has("the proposal is the branch prune-releases-2026-01-02\n");
    assert_eq!((sandbox.head(), sandbox.status()), (before, String::new()));
    let branch = "prune-releases-2026-01-02";
    assert_eq!(
        sandbox.git(&format!("log --format=%s HEAD..{branch}")),
        "yank 3 builds of demo that newer releases replace"
    );
    sandbox
        .run(&format!("diff HEAD {branch}"))
        .success()
        .stdout_has("No device sees a difference");
    // What it says of these SPKs, it said before: all that is yanked is well-formed.
    let check = |at: &str| sandbox.run(&format!("check --at {at} --format json"));
    let errors = |at: &str| check(at).failure(1).json()["summary"]["errors"].clone();
    assert!(errors(branch).as_u64() < errors("HEAD").as_u64());
    sandbox
        .run("prune-releases --keep 2 --commit")
        .failure(2)
        .stderr_has("error: there is a branch `prune-releases-2026-01-02` already")
        .stderr_has("hint: delete it");
    sandbox
        .run("prune-releases --keep 2 --commit --branch other --reason old")
        .success();
    let yanks = sandbox.git("diff HEAD other");
    assert_eq!(yanks.matches("+reason = \"old\"").count(), 3, "{yanks}");
    sandbox
        .run("prune-releases --commit --branch 'a..b' --keep 1")
        .failure(2)
        .stderr_has("`a..b` is no name of a branch");
    sandbox
        .run("prune-releases --keep 0")
        .failure(2)
        .stderr_has("keep one at least");
}

#[test]
fn what_is_removed_takes_its_release_along_and_gc_its_blobs_once_nothing_names_them() {
    let sandbox = releases();
    sandbox
        .run("prune-releases --keep 2 --remove --commit --branch gone")
        .success()
        .stderr_has("the proposal is the branch gone");
    let tree = sandbox.git("ls-tree -r --name-only gone packages/demo");
    for version in ["1.0-1", "1.0-3"] {
        assert!(!tree.contains(&format!("demo/{version}/")), "{tree}");
    }
    assert!(tree.contains("demo/1.0-2/release.toml"), "{tree}");
    assert_eq!(tree.matches("1.0-2/demo").count(), 1, "{tree}");
    sandbox
        .run("gc --older-than 0s")
        .success()
        .stdout_has("0 blobs (0 B) would go; 6 are named");
    // As somebody does who is tired of the history.
    sandbox.git("checkout --quiet --orphan fresh gone");
    sandbox.git("commit --quiet -m fresh");
    for branch in ["main", "gone"] {
        sandbox.git(&format!("branch --quiet -D {branch}"));
    }
    sandbox.git("reflog expire --expire=all --all");
    sandbox
        .run("gc --older-than 0s --delete")
        .success()
        .stdout_has("3 blobs")
        .stdout_has("3 are named");
    sandbox.fsck();
}

#[test]
fn the_branch_is_pushed_for_review() {
    let sandbox = releases();
    sandbox.git_in("", "init --quiet --bare remote.git");
    sandbox.git("remote add origin ../remote.git");
    sandbox.run("push").success();
    sandbox
        .run("prune-releases --keep 2 --push")
        .success()
        .stderr_has("pushed to origin/prune-releases-2026-01-02");
    assert_eq!(
        sandbox.git_in(
            "remote.git",
            "log --format=%s main..prune-releases-2026-01-02"
        ),
        "yank 3 builds of demo that newer releases replace"
    );
}
