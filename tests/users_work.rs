//! What a user has staged, edited or left lying about survives every command byte for byte, and what is in the way
//! stops a command before it writes.

use std::path::PathBuf;
use std::time::Duration;

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const X86: &str = "packages/demo/1.0-1/dsm7.0-40000-x86_64.toml";

fn demo(arch: &str) -> Spk {
    Spk::new("demo", "1.0-1").arch(arch).icon(72)
}

fn with_demo() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("x.spk", &demo("x86_64"))
        .spk("a.spk", &demo("armv7"))
        .spk("o.spk", &Spk::new("other", "1.0-1").screenshot(1));
    sandbox.run("add ../x.spk").success();
    sandbox
}

/// Returns what git knows of the user's work.
fn work(sandbox: &Sandbox) -> [String; 5] {
    [
        "diff",
        "diff --cached",
        "status --porcelain --untracked-files=all --ignored",
        "ls-files -v",
        "stash list",
    ]
    .map(|line| sandbox.git(line))
}

/// Returns what a command could have written: the tip, git's objects and blobs.
fn written(sandbox: &Sandbox) -> (String, [Vec<(PathBuf, u64)>; 2]) {
    let folders = ["repo/.git/objects", "repo/.git/lfs"];
    (sandbox.head(), folders.map(|folder| sandbox.files(folder)))
}

#[test]
fn staged_and_unstaged_edits_and_untracked_files_survive_every_command() {
    let sandbox = with_demo();
    sandbox
        .write("docs/both.txt", "one\n")
        .write("docs/gone.txt", "here\n")
        .write("docs/moved.txt", "a file that moves\n");
    sandbox.git("add docs");
    sandbox.git("commit --quiet -m docs");
    sandbox.write(".git/info/exclude", "*.log\n");
    sandbox.write("docs/both.txt", "two\n");
    sandbox.git("add docs/both.txt");
    sandbox.write("docs/both.txt", "three\n");
    sandbox.git("rm --quiet docs/gone.txt");
    sandbox.git("mv docs/moved.txt docs/there.txt");
    sandbox
        .write("README.md", "# Unstaged\r\n")
        .write("new.txt", "staged and new\n")
        .write("intent.txt", "to be added\n")
        .write("untracked.txt", "untracked\n")
        .write("packages/demo/notes.log", "ignored\n")
        .write(
            "packages/demo/1.0-1/release.toml",
            "# unstaged, in a folder that is written to\n",
        );
    sandbox.git("add new.txt");
    sandbox.git("add --intent-to-add intent.txt");
    sandbox.git("update-index --assume-unchanged maintainers.toml");
    let before = work(&sandbox);
    for command in [
        "add --dry-run ../o.spk",
        "add ../a.spk ../o.spk",
        "add ../a.spk",
        "promote demo",
        "promote other --dry-run",
        "yank demo --reason x",
        "unyank demo",
        "list",
        "show demo",
        "log",
        "init",
    ] {
        sandbox.run(command).success();
        if command.starts_with("add ../") {
            // `ls-files` lists what was added as well.
            let now = work(&sandbox);
            assert_eq!(now[..3], before[..3], "{command}");
        }
    }
    let now = work(&sandbox);
    assert_eq!(now[..3], before[..3]);
    let kept = |line: &&str| !now[3].lines().any(|now| now == *line);
    assert_eq!(before[3].lines().filter(kept).count(), 0, "flags are lost");
    assert_eq!(sandbox.read("docs/both.txt"), "three\n");
    assert_eq!(sandbox.read("README.md"), "# Unstaged\r\n");
}

#[test]
fn an_edit_in_the_second_of_its_git_add_stays_visible() {
    let sandbox = with_demo();
    sandbox.write("own.txt", "aaa\n");
    sandbox.git("add own.txt");
    sandbox.git("commit --quiet -m own");
    // Git keeps whole seconds only: as often as not, the two writes are within one.
    for round in 0..3 {
        sandbox.write("own.txt", &format!("b{round}b\n"));
        sandbox.git("add own.txt");
        sandbox.write("own.txt", &format!("c{round}c\n"));
        std::thread::sleep(Duration::from_millis(1100));
        sandbox.run("yank demo --reason x").success();
        assert_eq!(sandbox.status(), "MM own.txt", "round {round}");
        sandbox.run("unyank demo").success();
        assert_eq!(sandbox.status(), "MM own.txt", "round {round}");
    }
}

/// Puts something in the way of `command` and demands that nothing is written.
#[track_caller]
fn is_stopped(prepare: impl FnOnce(&Sandbox), command: &str, path: &str) {
    let sandbox = with_demo();
    prepare(&sandbox);
    let before = (work(&sandbox), written(&sandbox));
    sandbox.run(command).failure(2).stdout("").stderr(&format!(
        "error: `{path}` has changes that are not committed\n\
         hint: commit, stash or undo that change first (`git status` shows it); nothing was written\n"
    ));
    assert_eq!((work(&sandbox), written(&sandbox)), before);
}

#[test]
fn an_edited_file_in_the_way_stops_the_command() {
    let edit = |sandbox: &Sandbox| {
        sandbox.write(X86, &format!("# mine\n{}", sandbox.read(X86)));
    };
    is_stopped(edit, "promote demo", X86);
    is_stopped(edit, "yank demo --reason x", X86);
    is_stopped(
        |sandbox| {
            edit(sandbox);
            sandbox.git("add .");
        },
        "promote demo",
        X86,
    );
    is_stopped(
        |sandbox| {
            let text = sandbox.read(X86);
            edit(sandbox);
            sandbox.git("add .");
            sandbox.write(X86, &text);
        },
        "promote demo",
        X86,
    );
    is_stopped(
        |sandbox| {
            sandbox.git(&format!("rm --quiet --cached {X86}"));
        },
        "promote demo",
        X86,
    );
    is_stopped(
        |sandbox| fs_err::remove_file(sandbox.path("repo").join(X86)).expect("a file"),
        "promote demo",
        X86,
    );
}

#[test]
fn an_untracked_file_in_the_way_stops_the_command() {
    let path = "packages/demo/1.0-1/dsm7.0-40000-armv7.toml";
    is_stopped(
        |sandbox| {
            sandbox.write(path, "mine\n");
        },
        "add ../a.spk",
        path,
    );
    is_stopped(
        |sandbox| {
            sandbox.write(path, "mine\n");
            sandbox.git("add .");
        },
        "add ../a.spk",
        path,
    );
    is_stopped(
        |sandbox| {
            sandbox.write(&format!("{path}/file"), "mine\n");
        },
        "add ../a.spk",
        path,
    );
    is_stopped(
        |sandbox| {
            sandbox.write("packages/other", "a file where a folder goes\n");
        },
        "add ../o.spk",
        "packages/other/1.0-1/dsm7.0-40000-noarch.toml",
    );
}

#[test]
fn a_path_in_the_way_of_a_later_release_stops_the_earlier_one_too() {
    is_stopped(
        |sandbox| {
            sandbox.write("packages/other/package.toml", "mine\n");
        },
        "add --commit-each ../a.spk ../o.spk",
        "packages/other/package.toml",
    );
}

#[cfg(unix)]
#[test]
fn a_linked_folder_in_the_way_stops_the_command() {
    is_stopped(
        |sandbox| {
            fs_err::create_dir(sandbox.path("elsewhere")).expect("a new folder");
            std::os::unix::fs::symlink(
                sandbox.path("elsewhere"),
                sandbox.path("repo/packages/other"),
            )
            .expect("a new link");
        },
        "add ../o.spk",
        "packages/other/1.0-1/dsm7.0-40000-noarch.toml",
    );
    is_stopped(
        |sandbox| {
            let folder = sandbox.path("repo/packages/demo");
            fs_err::rename(&folder, sandbox.path("demo")).expect("a folder");
            std::os::unix::fs::symlink(sandbox.path("demo"), folder).expect("a new link");
        },
        "promote demo",
        X86,
    );
}

#[test]
fn a_sparse_checkout_is_no_change() {
    let sandbox = with_demo();
    sandbox.run("add ../o.spk").success();
    sandbox.git("sparse-checkout set packages/other");
    assert!(!sandbox.exists(X86));
    sandbox.run("promote demo").success();
    assert_eq!(sandbox.status(), "");
    sandbox.git("sparse-checkout disable");
    assert_eq!(sandbox.status(), "");
    assert!(sandbox.read(X86).starts_with("channel = \"beta\""));
}

#[test]
fn an_index_that_cannot_be_read_stops_the_command() {
    let sandbox = with_demo();
    sandbox.git("update-index --split-index");
    let before = written(&sandbox);
    sandbox
        .run("promote demo")
        .failure(2)
        .stderr_has("error: could not read the index of `[ROOT]/repo/.git/`\ncaused by: ");
    assert_eq!(written(&sandbox), before);
    assert_eq!(sandbox.status(), "");
}

#[test]
fn an_index_that_another_process_holds_stops_the_command() {
    let sandbox = with_demo();
    sandbox.write(".git/index.lock", "");
    let before = sandbox.head();
    sandbox.run("promote demo").failure(2).stdout("").stderr(
        "error: `[ROOT]/repo/.git/index.lock` is locked by another git process\n\
         hint: wait for the other process; if none is running, delete that file\n",
    );
    assert_eq!(sandbox.head(), before);
    fs_err::remove_file(sandbox.path("repo/.git/index.lock")).expect("the lock");
    assert_eq!(sandbox.status(), "");
    sandbox.run("promote demo").success();
    assert_eq!(sandbox.status(), "");
}

#[test]
fn an_unfinished_merge_stops_what_it_is_about_and_nothing_else() {
    let sandbox = with_demo();
    let text = sandbox.read(X86);
    sandbox.git("switch --quiet -c side");
    sandbox.write(X86, &format!("# side\n{text}"));
    sandbox.git("commit --quiet -am side");
    sandbox.git("switch --quiet main");
    sandbox.write(X86, &format!("# main\n{text}"));
    sandbox.git("commit --quiet -am main");
    sandbox.try_git("merge --quiet side").failure(1);
    let before = sandbox.status();
    sandbox
        .run("promote demo")
        .failure(2)
        .stderr_has("has changes that are not committed");
    assert_eq!(sandbox.status(), before);
}
