//! `spkrepo rollback`: to a release and to a commit.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const WARNING: &str = "warning: a NAS does not install an older version by itself: who has the newer one keeps it until a version above it is offered\n";

fn add(sandbox: &Sandbox, channel: &str, version: &str, platforms: &[&str]) {
    let _ = fs_err::remove_dir_all(sandbox.path("in"));
    for arch in platforms {
        sandbox.spk(
            &format!("in/{arch}.spk"),
            &Spk::new("demo", version).arch(arch),
        );
    }
    sandbox
        .run(&format!("add --channel {channel} ../in"))
        .success();
}

/// demo 1.0-1 for two platforms; 2.0-2 for these and a third; 2.1-3 as a beta for one.
fn three_releases() -> Sandbox {
    let sandbox = Sandbox::initialized();
    add(&sandbox, "stable", "1.0-1", &["x86_64", "armv8"]);
    add(&sandbox, "stable", "2.0-2", &["x86_64", "armv8", "armv7"]);
    add(&sandbox, "beta", "2.1-3", &["x86_64"]);
    sandbox
}

/// Returns the version that a DS918+ is offered.
fn offered(sandbox: &Sandbox) -> String {
    let catalog = sandbox
        .run("query --model DS918+ --dsm 7.2")
        .success()
        .json();
    catalog["packages"][0]["version"]
        .as_str()
        .unwrap_or("nothing")
        .to_owned()
}

#[track_caller]
fn unchanged(sandbox: &Sandbox, call: &str, stderr: &str) {
    let before = (sandbox.head(), sandbox.status());
    sandbox.run(call).failure(2).stdout("").stderr(stderr);
    assert_eq!((sandbox.head(), sandbox.status()), before);
}

#[test]
fn a_release_is_offered_again_by_yanking_what_is_newer_for_the_same_devices() {
    let sandbox = three_releases();
    let checked = sandbox
        .run("rollback demo@1.0-1 --reason 'loses its settings'")
        .success()
        .stdout(
            "demo 2.0-2  dsm7.0-40000-armv8   yanked\n\
         demo 2.0-2  dsm7.0-40000-x86_64  yanked\n\
         demo 2.1-3  dsm7.0-40000-x86_64  yanked\n\
         demo on armv8, DSM 7.0 and later (stable and beta): 2.0-2 → 1.0-1\n\
         demo on x86_64, DSM 7.0 and later (stable): 2.0-2 → 1.0-1\n\
         demo on x86_64, DSM 7.0 and later (beta): 2.1-3 → 1.0-1\n",
        );
    checked.stderr(&format!("{WARNING}committed {}\n", &sandbox.head()[..10]));
    assert_eq!(offered(&sandbox), "1.0-1");
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        "rollback demo to 1.0-1\n\nloses its settings\n\
         - 2.0-2 dsm7.0-40000-armv8: yanked\n- 2.0-2 dsm7.0-40000-x86_64: yanked\n- 2.1-3 dsm7.0-40000-x86_64: yanked\n\n\
         Spkrepo-Action: rollback\nSpkrepo-Package: demo\nSpkrepo-Version: 1.0-1\nSpkrepo-Reason: loses its settings\n\
         Spkrepo-Build: 2.0-2 dsm7.0-40000-armv8\nSpkrepo-Build: 2.0-2 dsm7.0-40000-x86_64\nSpkrepo-Build: 2.1-3 dsm7.0-40000-x86_64"
    );
    let other = sandbox.read("packages/demo/2.0-2/dsm7.0-40000-armv7.toml");
    assert!(
        !other.contains("yanked"),
        "nobody is left without a version: {other}"
    );
    sandbox.fsck();
    let head = sandbox.head();
    sandbox
        .run("rollback demo@1.0-1")
        .success()
        .stdout("demo@1.0-1: nothing has to change\n")
        .stderr("");
    assert_eq!(sandbox.head(), head);
    sandbox.run("rollback demo@2.0-2").success().stdout(
        "demo 2.0-2  dsm7.0-40000-armv8   offered again\n\
         demo 2.0-2  dsm7.0-40000-x86_64  offered again\n\
         demo on armv8, x86_64, DSM 7.0 and later (stable and beta): 1.0-1 → 2.0-2\n",
    );
    assert_eq!(offered(&sandbox), "2.0-2");
}

#[test]
fn a_commit_gives_packages_the_files_that_they_had() {
    let sandbox = three_releases();
    let then = sandbox.head();
    sandbox.run("yank demo@2.0-2 --reason broken").success();
    sandbox.run("promote demo@2.1-3").success();
    sandbox.write(
        "packages/demo/package.toml",
        "# A remark.\nmaintainers = []\n",
    );
    sandbox.write(
        "spkrepo.toml",
        &format!("# Settings stay.\n{}", sandbox.read("spkrepo.toml")),
    );
    sandbox.git("commit --quiet -am 'By hand'");
    sandbox.spk("other.spk", &Spk::new("other", "1-1").icon(72));
    sandbox.run("add --channel stable ../other.spk").success();
    let last = sandbox.head();
    sandbox
        .run(&format!("rollback {then} --package demo"))
        .success()
        .stdout(
            "demo 2.0-2  dsm7.0-40000-armv7   as it was\n\
         demo 2.0-2  dsm7.0-40000-armv8   as it was\n\
         demo 2.0-2  dsm7.0-40000-x86_64  as it was\n\
         demo 2.1-3  dsm7.0-40000-x86_64  as it was\n\
         demo on x86_64, DSM 7.0 and later (stable): 2.1-3 → 2.0-2\n\
         demo on armv7, DSM 7.0 and later (stable and beta): nothing → 2.0-2\n\
         demo on armv8, DSM 7.0 and later (stable and beta): 1.0-1 → 2.0-2\n",
        );
    assert_eq!(
        sandbox.git(&format!("diff --name-only {then} HEAD -- packages/demo")),
        ""
    );
    assert!(sandbox.exists("packages/other/1-1/icon_72.png"));
    let subject = format!("rollback demo to {}", &then[..10]);
    assert_eq!(sandbox.git("log -1 --format=%s"), subject);
    assert_eq!(
        sandbox
            .git("log -1 --format='%(trailers:key=Spkrepo-Commit,valueonly)'")
            .trim(),
        then
    );

    sandbox
        .run(&format!("rollback {then}"))
        .success()
        .stdout_has("other 1-1  dsm7.0-40000-noarch  removed\n");
    assert_eq!(
        sandbox.git(&format!("diff --name-only {then} HEAD")),
        "spkrepo.toml"
    );
    assert!(!sandbox.exists("packages/other"));
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
    sandbox
        .run(&format!("rollback {then}"))
        .success()
        .stdout("[COMMIT]: nothing has to change\n")
        .stderr("");

    sandbox.run(&format!("rollback {last}")).success();
    assert_eq!(sandbox.git(&format!("diff --name-only {last} HEAD")), "");
    assert_eq!(sandbox.status(), "");
    sandbox.run("rollback 'HEAD@{1}'").success();
    assert!(!sandbox.exists("packages/other"));
}

#[test]
fn builds_without_their_spks_are_not_offered_again() {
    let sandbox = three_releases();
    sandbox.run("yank demo@1.0-1 --reason broken").success();
    let then = sandbox.git("rev-parse HEAD~1");
    fs_err::remove_dir_all(sandbox.path("repo/.git/lfs")).expect("blobs");
    let hint = "hint: `git lfs fetch --all` brings SPKs that the remote has; with those that nobody has any more, `spkrepo rollback --allow-missing PACKAGE@VERSION` would offer what no NAS can download\n";
    let error = "error: 2 of the builds that would be offered again are not here: demo 1.0-1 (dsm7.0-40000-armv8), demo 1.0-1 (dsm7.0-40000-x86_64)\n";
    unchanged(&sandbox, "rollback demo@1.0-1", &format!("{error}{hint}"));
    unchanged(
        &sandbox,
        &format!("rollback {then}"),
        &format!("{error}{hint}"),
    );
    sandbox.run("rollback demo@1.0-1 --allow-missing").success();
    assert_eq!(offered(&sandbox), "1.0-1");
}

#[test]
fn what_cannot_be_rolled_back_to_is_refused() {
    let sandbox = three_releases();
    add(&sandbox, "staged", "3.0-4", &["x86_64"]);
    unchanged(
        &sandbox,
        "rollback demo@3.0-4",
        "error: demo 3.0-4 was never offered: its builds are staged\nhint: `spkrepo promote PACKAGE@VERSION` offers it on the next channel\n",
    );
    unchanged(
        &sandbox,
        "rollback demo@9",
        "error: demo has no release 9; it has 3.0-4, 2.1-3, 2.0-2, 1.0-1\n",
    );
    unchanged(
        &sandbox,
        "rollback dem@1.0-1",
        "error: there is no package `dem` here\nhint: did you mean `demo`?\n",
    );
    unchanged(
        &sandbox,
        "rollback nowhere",
        "error: `nowhere` names no commit here\n",
    );
    unchanged(
        &sandbox,
        "rollback HEAD~1 --package dem",
        "error: there is no package `dem` here\nhint: did you mean `demo`?\n",
    );
    unchanged(
        &sandbox,
        "rollback demo@1.0-1 --package demo",
        "error: `--package` narrows a commit; `demo@1.0-1` names a package already\n",
    );
    sandbox.write(
        "spkrepo.toml",
        "format = 1
[signing]
required = [\"stable\"]
",
    );
    sandbox.git("commit --quiet -am 'Signed only'");
    unchanged(
        &sandbox,
        "rollback demo@1.0-1",
        "error: demo 1.0-1 (dsm7.0-40000-armv8) has no signature that is known here, which `signing.required` asks for on stable\nhint: `spkrepo sign PACKAGE@VERSION --key FILE` signs it; an SPK signed elsewhere needs its certificate under keys/ before it is added\n",
    );
}

#[test]
fn a_dry_run_prints_the_diff_and_writes_nothing() {
    let sandbox = three_releases();
    let before = (sandbox.head(), sandbox.status());
    let diff = sandbox
        .run("rollback demo@1.0-1 --dry-run")
        .success()
        .stderr(WARNING)
        .out();
    assert_eq!(
        diff.matches("+reason = \"rolled back to 1.0-1\"\n").count(),
        3,
        "{diff}"
    );
    let diff = sandbox.run("rollback HEAD~1 --dry-run").success().out();
    assert!(diff.contains("deleted file mode 100644\n"), "{diff}");
    let json = sandbox
        .run("rollback HEAD~1 --dry-run --json")
        .success()
        .json();
    assert_eq!(json["packages"][0]["builds"][0]["outcome"], "removed");
    assert_eq!(json["commit"], serde_json::Value::Null);
    assert_eq!((sandbox.head(), sandbox.status()), before);
}

#[test]
fn what_the_user_edits_stays_and_stops_it() {
    let sandbox = three_releases();
    let path = "packages/demo/2.1-3/release.toml";
    sandbox.write(path, &format!("# mine\n{}", sandbox.read(path)));
    unchanged(
        &sandbox,
        "rollback HEAD~1",
        "error: `packages/demo/2.1-3/release.toml` has changes that are not committed\n\
         hint: commit, stash or undo that change first (`git status` shows it); nothing was written\n",
    );
}

#[test]
fn spks_that_git_lfs_laid_out_go_with_their_builds() {
    let sandbox = three_releases();
    let spk = "packages/demo/2.1-3/demo_2.1-3_dsm7.0-40000-x86_64.spk";
    let pointer = sandbox.read(spk);
    let oid = pointer.split("sha256:").nth(1).expect("a pointer");
    let bytes = sandbox.blob(&oid[..64]);
    // As `git lfs checkout` leaves it: the SPK is there, and the index takes it for the pointer.
    fs_err::write(sandbox.path("repo").join(spk), bytes).expect("a file");
    sandbox.git(&format!(
        "config filter.lfs.clean 'cat >/dev/null; git cat-file blob HEAD:{spk}'"
    ));
    sandbox.git("config filter.lfs.smudge cat");
    sandbox.git(&format!("add {spk}"));
    let status = || sandbox.git("status --porcelain --untracked-files=all packages/demo/2.1-3");
    assert_eq!(status(), "");
    let checked = sandbox.run("rollback HEAD~1").success();
    checked.stderr(&format!("{WARNING}committed {}\n", &sandbox.head()[..10]));
    assert!(!sandbox.exists("packages/demo/2.1-3"));
    assert_eq!(status(), "");
}

#[test]
fn a_bare_repository_is_rolled_back_too() {
    let sandbox = three_releases();
    sandbox.git("clone --quiet --bare . ../bare.git");
    let copy = ["-c".to_owned(), "cp -r .git/lfs ../bare.git/lfs".to_owned()];
    assert!(sandbox.command("sh", &copy).status().expect("sh").success());
    sandbox
        .run_in("bare.git", "rollback HEAD~1")
        .success()
        .stdout_has("demo 2.1-3  dsm7.0-40000-x86_64  removed\n");
    assert_eq!(
        sandbox.git_in("bare.git", "diff --name-only HEAD HEAD~2"),
        ""
    );
}
