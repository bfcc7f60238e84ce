//! Where a package source can be: below a folder, bare, in a linked worktree, in a clone without blobs, not at all.

use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const QUERY: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";

fn with_two_builds() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("x.spk", &Spk::new("demo", "1.0-1").arch("x86_64").icon(72))
        .spk("a.spk", &Spk::new("demo", "1.0-1").arch("armv7").icon(72));
    sandbox
        .run("add --channel stable ../x.spk ../a.spk")
        .success();
    sandbox
}

/// Demands that everything that needs no blob works in a folder of the root.
fn works_without_blobs(sandbox: &Sandbox, folder: &str) {
    sandbox.run_in(folder, "list").success().stdout(
        "PACKAGE  STABLE  BETA  STAGED  BUILDS  YANKED\ndemo     1.0-1   -     -       2\n",
    );
    let shown = sandbox.run_in(folder, "show demo").success();
    assert_eq!(
        shown
            .out()
            .matches("blob          not in this clone")
            .count(),
        2,
        "{}",
        shown.out()
    );
    let report = sandbox.run_in(folder, "show demo --json").success().json();
    assert_eq!(report["releases"][0]["builds"][0]["blob_is_here"], false);
    sandbox
        .run_in(folder, "log")
        .success()
        .stdout_has("demo 1.0-1 dsm7.0-40000-x86_64: added on stable");
    sandbox
        .run_in(folder, "yank demo --arch armv7 --reason broken")
        .success();
    sandbox.run_in(folder, "unyank demo").success();
    sandbox
        .run_in(folder, "promote demo")
        .success()
        .stdout_has("already on stable");
    assert_eq!(sandbox.git_in(folder, "status --porcelain"), "");
    let mut command = sandbox.spkrepo("serve --port 0");
    command.current_dir(sandbox.path(folder));
    let server = Server::spawn(command);
    let catalog = server.get(QUERY).status(200);
    assert!(catalog.text().contains("\"demo\""), "{}", catalog.text());
    let link = catalog.json()["packages"][0]["link"]
        .as_str()
        .expect("a link")
        .to_owned();
    let path = link.splitn(4, '/').nth(3).expect("a path").to_owned();
    let missing = server.get(&format!("/{path}"));
    missing.status(503);
}

#[test]
fn any_folder_inside_will_do_and_repo_names_any_other() {
    let sandbox = with_two_builds();
    let list = sandbox.run("list").success().out();
    for folder in ["repo/packages", "repo/packages/demo/1.0-1", "repo/.git"] {
        sandbox.run_in(folder, "list").success().stdout(&list);
    }
    sandbox
        .run_in("home", "--repo ../repo/packages list")
        .success()
        .stdout(&list);
    sandbox
        .run_in("home", "list --repo ../repo")
        .success()
        .stdout(&list);
    sandbox.spk("new.spk", &Spk::new("other", "1.0-1"));
    sandbox
        .run_in("repo/packages/demo", "add ../../../new.spk")
        .success()
        .stdout_has("added");
    sandbox
        .run_in("home", "--repo ../repo add ../new.spk")
        .success()
        .stdout_has("already there");
    assert_eq!(sandbox.status(), "");
}

#[test]
fn a_bare_repository_does_it_all() {
    let sandbox = Sandbox::new();
    sandbox.run("init --bare ../bare.git").success();
    sandbox.spk("x.spk", &Spk::new("demo", "1.0-1"));
    sandbox.run("--repo ../bare.git add ../x.spk").success();
    sandbox
        .run_in("bare.git/objects", "promote demo")
        .success()
        .stdout("demo 1.0-1  noarch  DSM 7.0-40000  staged → beta\n");
    sandbox
        .run("--repo ../bare.git yank demo --reason bad")
        .success();
    assert_eq!(sandbox.git_in("bare.git", "rev-list --count HEAD"), "4");
    sandbox.git_in("bare.git", "fsck --full --strict --no-dangling");
    let oid =
        crate::support::digest::sha256(&fs_err::read(sandbox.path("x.spk")).expect("the SPK"));
    let blob = format!("bare.git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
    assert!(sandbox.path(&blob).exists());
    assert!(!sandbox.path("bare.git/packages").exists());
}

#[test]
fn a_linked_worktree_commits_to_its_own_branch_and_shares_the_blobs() {
    let sandbox = with_two_builds();
    let main = sandbox.head();
    sandbox.git("worktree add --quiet -b side ../side");
    sandbox.spk("n.spk", &Spk::new("new", "2.0-1"));
    sandbox.run_in("side", "add ../n.spk").success();
    sandbox.run_in("side/packages/new", "promote new").success();
    sandbox
        .run_in("side", "show new")
        .success()
        .stdout_has("channel       beta");
    assert_eq!(sandbox.git_in("side", "status --porcelain"), "");
    assert_eq!(sandbox.git_in("side", "rev-list --count main..side"), "2");
    assert_eq!(sandbox.head(), main);
    assert_eq!(sandbox.status(), "");
    assert!(sandbox.path("side/packages/new/2.0-1").is_dir());
    assert!(!sandbox.exists("packages/new"));
    sandbox.git("merge --quiet --ff-only side");
    sandbox.fsck();
}

#[test]
fn a_clone_whose_blobs_git_lfs_did_not_fetch_works() {
    let sandbox = with_two_builds();
    sandbox.git("lfs install --skip-repo");
    let mut clone = sandbox.command(
        "git",
        &["clone", "--quiet", ".", "../clone"].map(str::to_owned),
    );
    let output = clone
        .env("GIT_LFS_SKIP_SMUDGE", "1")
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "{output:?}");
    works_without_blobs(&sandbox, "clone");
}

#[test]
fn a_clone_without_git_lfs_works() {
    let sandbox = with_two_builds();
    sandbox.git("clone --quiet . ../clone");
    works_without_blobs(&sandbox, "clone");
}

#[test]
fn a_missing_blob_comes_back_when_its_file_is_added_again() {
    let sandbox = with_two_builds();
    sandbox.git("clone --quiet . ../clone");
    sandbox
        .run_in("clone", "add ../x.spk")
        .success()
        .stdout_has("already there")
        .stderr("");
    let shown = sandbox.run_in("clone", "show demo").success().out();
    assert_eq!(shown.matches("not in this clone").count(), 1, "{shown}");
}

#[test]
fn a_detached_head_is_read_and_not_written() {
    let sandbox = with_two_builds();
    sandbox.git("checkout --quiet --detach");
    sandbox.run("list").success().stdout_has("demo");
    let hint = "hint: switch to a branch first: `git switch BRANCH`\n";
    sandbox
        .run("yank demo --reason x")
        .failure(2)
        .stderr_has(hint);
    sandbox.spk("n.spk", &Spk::new("new", "2.0-1"));
    let blobs = sandbox.files("repo/.git/lfs");
    sandbox.run("add ../n.spk").failure(2).stderr_has(hint);
    assert_eq!(sandbox.files("repo/.git/lfs"), blobs);
    sandbox
        .run("add --dry-run ../n.spk")
        .success()
        .stdout_has("diff --git");
    assert_eq!(sandbox.status(), "");
}

#[test]
fn what_is_no_package_source_is_told_so() {
    let sandbox = Sandbox::new();
    sandbox.spk("x.spk", &Spk::new("demo", "1.0-1"));
    let commands = [
        "list",
        "show demo",
        "log",
        "add ../x.spk",
        "promote demo",
        "yank demo --reason x",
        "unyank demo",
        "serve --port 0",
    ];
    let hint =
        "hint: make a package source here with `spkrepo init`, or name one with `--repo DIR`\n";
    for command in commands {
        sandbox.run(command).failure(2).stdout("").stderr(&format!(
            "error: there is no git repository at or above `.`\n{hint}"
        ));
    }
    sandbox.git("init --quiet");
    for command in commands {
        sandbox
            .run(command)
            .failure(2)
            .stdout("")
            .stderr_has("so it is no package source\n")
            .stderr_has(hint);
    }
    sandbox.git("commit --quiet --allow-empty -m first");
    let head = sandbox.head();
    // History is read from trees; there may be one from before or after.
    sandbox.run("log").success().stdout("");
    for command in commands.into_iter().filter(|command| *command != "log") {
        sandbox.run(command).failure(2).stdout("").stderr(&format!(
            "error: commit [COMMIT] has no `spkrepo.toml`, so it is no package source\n{hint}"
        ));
    }
    assert_eq!(sandbox.head(), head);
    assert_eq!(sandbox.status(), "");
}

#[test]
fn the_template_of_an_unborn_branch_is_its_first_commit() {
    let sandbox = Sandbox::new();
    sandbox.git("init --quiet");
    sandbox.git("symbolic-ref HEAD refs/heads/other");
    sandbox.run("init").success();
    assert_eq!(
        sandbox.git("for-each-ref --format='%(refname)'"),
        "refs/heads/other"
    );
    assert_eq!(sandbox.status(), "");
}
