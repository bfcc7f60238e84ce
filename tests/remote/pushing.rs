//! `--push`: the commit is on the remote's line of history, or nothing has happened.

use fs_err as fs;

use super::{Shared, build};
use crate::support::spk::Spk;

#[test]
fn a_change_is_pushed_with_its_spk() {
    let shared = Shared::new();
    let spk = shared.spk("a", &build("alpha"));
    let said = shared
        .run("repo", &format!("add {spk} --push"))
        .success()
        .err()
        .to_owned();
    assert!(said.contains("pushed to origin/main"), "{said}");
    shared.check_remote();
    shared.check_clone("repo");
    for line in [
        "promote alpha --push",
        "yank alpha --reason bad --push=origin",
        "unyank alpha --push=../remote.git",
    ] {
        shared.run("repo", line).success();
        shared.check_clone("repo");
    }
    let names = "maintainer add alice --name Alice --role admin --push";
    shared.run("repo", names).success();
    shared
        .run("repo", "token new alice --label ci --push")
        .success();
    shared.run("repo", "token revoke alice ci --push").success();
    shared
        .run("repo", "maintainer remove alice --push")
        .success();
    shared.check_clone("repo");
    assert_eq!(shared.subjects().len(), 9);
    shared.check_remote();
}

#[test]
fn a_change_is_made_again_on_top_of_what_others_pushed() {
    let shared = Shared::new();
    shared.clone_as("other");
    for number in 0..3 {
        let (mine, theirs) = (format!("mine{number}"), format!("theirs{number}"));
        let spk = shared.spk(&theirs, &build(&theirs));
        shared.run("other", &format!("add {spk} --push")).success();
        let spk = shared.spk(&mine, &build(&mine));
        shared.run("repo", &format!("add {spk} --push")).success();
    }
    shared.check_clone("repo");
    shared.check_remote();
    assert_eq!(shared.subjects().len(), 7);
    // What the other did can be worked on without a pull.
    shared.run("repo", "promote theirs2 --push").success();
    shared
        .run("other", "promote mine2 --to stable --push")
        .success();
    shared.check_clone("other");
}

#[test]
fn the_same_change_twice_is_one_commit() {
    let shared = Shared::new();
    shared.clone_as("other");
    let spk = shared.spk("a", &build("alpha"));
    shared.run("other", &format!("add {spk} --push")).success();
    shared
        .run("repo", &format!("add {spk} --push"))
        .success()
        .stdout_has("already there");
    shared.check_clone("repo");
    assert_eq!(shared.subjects().len(), 2);
}

#[test]
fn a_real_conflict_is_named_with_the_commit_of_the_other_side() {
    let shared = Shared::new();
    shared.clone_as("other");
    let theirs = shared.spk("theirs", &build("alpha").payload("theirs"));
    let mine = shared.spk("mine", &build("alpha").payload("mine"));
    shared
        .run("other", &format!("add {theirs} --push"))
        .success();
    let before = shared.head("repo");
    let said = shared
        .run("repo", &format!("add {mine} --push"))
        .failure(2)
        .err()
        .to_owned();
    for part in [
        "error: origin/main has commits that are not here yet, and the change does not fit them\n",
        "add alpha 1.0-1 (noarch, DSM 7.0) (Tess Tester): `packages/alpha/1.0-1/dsm7.0-40000-noarch.toml`",
        "caused by: `../in/mine.spk` has other bytes than alpha 1.0-1",
        "hint: nothing was changed; `spkrepo pull`",
    ] {
        assert!(said.contains(part), "{part}\n---\n{said}");
    }
    assert_eq!(shared.head("repo"), before);
    assert_eq!(shared.git("repo", "status --porcelain"), "");
    assert_eq!(shared.subjects().len(), 2);
}

#[test]
fn commits_that_were_here_before_go_along() {
    let shared = Shared::new();
    for package in ["alpha", "beta"] {
        let spk = shared.spk(package, &build(package));
        shared.run("repo", &format!("add {spk}")).success();
    }
    shared
        .run("repo", "promote alpha --push")
        .success()
        .stderr_has("pushed to origin/main, with 2 commits that were here before");
    shared.check_clone("repo");
    shared.check_remote();
}

#[test]
fn a_branch_that_went_apart_is_refused_with_the_way_out() {
    let shared = Shared::new();
    shared.clone_as("other");
    let theirs = shared.spk("theirs", &build("theirs"));
    shared
        .run("other", &format!("add {theirs} --push"))
        .success();
    let mine = shared.spk("mine", &build("mine"));
    shared.run("repo", &format!("add {mine}")).success();
    let before = shared.head("repo");
    shared
        .run("repo", "promote mine --push")
        .failure(2)
        .stderr_has(
            "error: origin/main has commits (1) that are not in `main`, which has 1 of its own",
        )
        .stderr_has("hint: `spkrepo pull`");
    assert_eq!(shared.head("repo"), before);
}

#[test]
fn edits_of_the_users_are_not_overwritten_and_stop_the_command_before_the_push() {
    let shared = Shared::new();
    shared.clone_as("other");
    let spk = shared.spk("a", &build("alpha"));
    shared.run("repo", &format!("add {spk} --push")).success();
    shared.run("other", &format!("add {spk} --push")).success();
    // The other side changes a file that is edited here.
    shared.run("other", "promote alpha --push").success();
    let path = "packages/alpha/1.0-1/dsm7.0-40000-noarch.toml";
    let edited = format!("# mine\n{}", shared.sandbox.read(path));
    shared
        .sandbox
        .write(path, &edited)
        .write("notes.txt", "untracked\n");
    let beta = shared.spk("b", &build("beta"));
    let remote = shared.head("remote.git");
    shared
        .run("repo", &format!("add {beta} --push"))
        .failure(2)
        .stderr_has("has changes that are not committed");
    assert_eq!(shared.head("remote.git"), remote);
    assert_eq!(shared.sandbox.read(path), edited);
    shared.git("repo", &format!("checkout --quiet {path}"));
    shared.run("repo", &format!("add {beta} --push")).success();
    assert_eq!(shared.head("repo"), shared.head("remote.git"));
    assert_eq!(shared.sandbox.status(), "?? notes.txt");
}

#[test]
fn files_of_every_kind_come_along() {
    let shared = Shared::new();
    shared.clone_as("other");
    let root = shared.sandbox.path("other");
    fs::create_dir_all(root.join("tools")).expect("a new folder");
    fs::write(root.join("tools/run"), "#!/bin/sh\n").expect("writable");
    fs::write(root.join("gone"), "soon a folder\n").expect("writable");
    shared.git("other", "add .");
    shared.git("other", "update-index --chmod=+x tools/run");
    shared.git("other", "commit --quiet -m tools");
    shared.git("other", "push --quiet");
    let spk = shared.spk("a", &build("alpha"));
    shared.run("repo", &format!("add {spk} --push")).success();
    shared.check_clone("repo");
    shared.git("other", "pull --quiet");
    shared.git("other", "rm --quiet gone");
    fs::create_dir(root.join("gone")).expect("a new folder");
    fs::write(root.join("gone/file"), "in it\n").expect("writable");
    #[cfg(unix)]
    fs::os::unix::fs::symlink("run", root.join("tools/link")).expect("a new link");
    shared.git("other", "update-index --chmod=-x tools/run");
    shared.git("other", "add gone tools/link");
    shared.git("other", "commit --quiet -m more");
    shared.git("other", "push --quiet");
    shared.git("repo", "rm --quiet gone");
    shared.git("repo", "commit --quiet -m 'away with it'");
    shared.git("repo", "pull --quiet --rebase");
    shared.git("repo", "push --quiet");
    shared.run("repo", "promote alpha --push").success();
    shared.check_clone("repo");
    shared.git("other", "reset --quiet --hard HEAD~1");
    shared.run("other", "promote alpha --push").success();
    shared.check_clone("other");
}

#[test]
fn a_push_that_a_hook_refuses_leaves_everything_as_it_was() {
    let shared = Shared::new();
    let hook = shared.sandbox.path("remote.git/hooks/pre-receive");
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(
        &hook,
        "#!/bin/sh\necho 'main is protected: open a pull request' >&2\nexit 1\n",
    )
    .expect("writable");
    make_executable(&hook);
    let before = shared.head("repo");
    let spk = shared.spk("a", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --push"))
        .failure(2)
        .stderr_has("error: could not push to `origin`")
        .stderr_has("main is protected: open a pull request")
        .stderr_has("hint: nothing was changed here; where a branch takes pull requests only");
    assert_eq!(shared.head("repo"), before);
    assert_eq!(shared.sandbox.status(), "");
    fs::remove_file(&hook).expect("the hook");
    shared.run("repo", &format!("add {spk} --push")).success();
    shared.check_clone("repo");
}

pub(super) fn make_executable(path: &std::path::Path) {
    let mut command = std::process::Command::new("chmod");
    assert!(
        command
            .arg("+x")
            .arg(path)
            .status()
            .expect("a POSIX system")
            .success()
    );
}

#[test]
fn a_remote_that_is_gone_is_told_in_the_words_of_git() {
    let shared = Shared::new();
    fs::rename(
        shared.sandbox.path("remote.git"),
        shared.sandbox.path("moved.git"),
    )
    .expect("a folder");
    let before = shared.head("repo");
    let spk = shared.spk("a", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --push"))
        .failure(2)
        .stderr_has("error: could not ask `origin`\n")
        .stderr_has("does not appear to be a git repository");
    assert_eq!(shared.head("repo"), before);
}

#[test]
fn an_upload_that_fails_stops_before_the_branch_is_pushed() {
    let shared = Shared::new();
    let before = shared.head("remote.git");
    // A file where the store's folder should be.
    fs::write(shared.sandbox.path("remote.git/lfs"), "in the way").expect("writable");
    let spk = shared.spk("a", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --push"))
        .failure(2)
        .stderr_has("could not upload SPKs to `origin`")
        .stderr_has("--no-blobs");
    assert_eq!(shared.head("remote.git"), before);
    assert_eq!(shared.head("repo"), before);
    shared
        .run("repo", &format!("add {spk} --push --no-blobs"))
        .success();
    assert_eq!(shared.head("remote.git"), shared.head("repo"));
}

#[test]
fn without_git_lfs_the_way_out_is_named() {
    let shared = Shared::new();
    let spk = shared.spk("a", &build("alpha"));
    let folder = shared.sandbox.path("bin");
    fs::create_dir(&folder).expect("a new folder");
    // Git finds the program beside itself and in PATH; this one says that there is none.
    fs::write(folder.join("git-lfs"), "#!/bin/sh\nexit 1\n").expect("writable");
    make_executable(&folder.join("git-lfs"));
    let mut command = shared.sandbox.spkrepo(&format!("add {spk} --push"));
    let path = std::env::var_os("PATH").expect("a path");
    let folders = std::iter::once(folder).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).expect("a path"));
    let output = command.output().expect("the program");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("git-lfs is not installed") && said.contains("--no-blobs"),
        "{said}"
    );
    assert_eq!(shared.subjects().len(), 1);
}

#[test]
fn a_password_in_an_address_is_neither_used_nor_shown() {
    let shared = Shared::new();
    let spk = shared.spk("a", &build("alpha"));
    let said = shared
        .run(
            "repo",
            &format!("add {spk} --push=https://joe:s3cret@127.0.0.1:1/a.git"),
        )
        .failure(2)
        .err()
        .to_owned();
    assert!(
        said.contains("https://***@127.0.0.1:") && said.contains("credential helper"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
    // One that is in git's own configuration is git's business, but is not shown either.
    shared.git(
        "repo",
        "remote set-url origin https://joe:s3cret@127.0.0.1:1/a.git",
    );
    let said = shared
        .run("repo", &format!("add {spk} --push"))
        .failure(2)
        .err()
        .to_owned();
    assert!(
        said.contains("error: could not ask `origin`") && !said.contains("s3cret"),
        "{said}"
    );
}

#[test]
fn a_new_remote_gets_the_branch_with_all_of_its_spks() {
    let shared = Shared::new();
    for package in ["alpha", "beta"] {
        let spk = shared.spk(package, &Spk::new(package, "1.0-1"));
        shared.run("repo", &format!("add {spk}")).success();
    }
    shared.git("repo", "remote remove origin");
    shared
        .run("repo", "promote alpha --push")
        .failure(2)
        .stderr_has("`main` has no remote to push to");
    fs::remove_dir_all(shared.sandbox.path("remote.git")).expect("a folder");
    shared.git("repo", "init --quiet --bare ../remote.git");
    shared.git("repo", "remote add elsewhere ../remote.git");
    shared
        .run("repo", "promote alpha --push")
        .success()
        .stderr_has("pushed to elsewhere/main");
    shared.check_clone("repo");
    shared.check_remote();
}

#[test]
fn a_bare_clone_pushes_as_well() {
    let shared = Shared::new();
    shared.git("repo", "clone --quiet --bare ../remote.git ../bare");
    let spk = shared.spk("a", &build("alpha"));
    shared.run("bare", &format!("add {spk} --push")).success();
    assert_eq!(shared.head("bare"), shared.head("remote.git"));
    shared.check_remote();
}

/// Has the remote run a script when something is pushed.
fn hook(shared: &Shared, name: &str, script: &str) {
    let hook = shared.sandbox.path("remote.git/hooks").join(name);
    fs::create_dir_all(hook.parent().expect("a folder")).expect("a folder");
    fs::write(&hook, format!("#!/bin/sh\n{script}\n")).expect("writable");
    make_executable(&hook);
}

#[test]
fn a_push_whose_answer_is_lost_has_happened() {
    let shared = Shared::new();
    // The hook runs when the branch has moved, and takes the server with it.
    hook(&shared, "post-receive", "kill -9 $PPID");
    let spk = shared.spk("a", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --push"))
        .success()
        .stderr_has("pushed to origin/main");
    shared.check_clone("repo");
    shared.check_remote();
}

#[test]
fn a_remote_that_dies_in_the_middle_has_nothing_and_the_next_push_brings_it() {
    let shared = Shared::new();
    hook(&shared, "pre-receive", "kill -9 $PPID");
    let before = shared.head("repo");
    let spk = shared.spk("a", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --push"))
        .failure(2)
        .stderr_has("error: could not push to `origin`");
    assert_eq!(
        (shared.head("repo"), shared.head("remote.git")),
        (before.clone(), before)
    );
    hook(&shared, "pre-receive", "exit 0");
    shared.run("repo", &format!("add {spk} --push")).success();
    shared.check_clone("repo");
    shared.check_remote();
}

#[test]
fn a_branch_that_the_remote_protects_is_told_in_its_words() {
    let shared = Shared::new();
    // A branch that somebody has checked out there is protected by git itself.
    shared.git("repo", "clone --quiet ../remote.git ../work");
    let spk = shared.spk("a", &build("alpha"));
    let before = shared.head("work");
    shared
        .run("repo", &format!("add {spk} --push=../work"))
        .failure(2)
        .stderr_has("refusing to update checked out branch");
    assert_eq!(
        (shared.head("work"), shared.head("repo")),
        (before.clone(), before)
    );
}
