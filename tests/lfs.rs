//! Git LFS finds in the repository what it would have put there, and can take over at any time.

use fs_err as fs;

use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const POINTER: &str = "packages/demo/1.0-1/demo_1.0-1_dsm7.0-40000-x86_64.spk";

fn demo() -> Spk {
    Spk::new("demo", "1.0-1").arch("x86_64").icon(72)
}

fn with_lfs() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.git("lfs install --local");
    sandbox
        .spk("x.spk", &demo())
        .spk("o.spk", &Spk::new("Other Pkg", "2"));
    sandbox
}

fn bytes(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    fs::read(sandbox.path(name)).expect("a file of the test")
}

#[track_caller]
fn is_clean(sandbox: &Sandbox) {
    assert_eq!(sandbox.git("lfs fsck"), "Git LFS fsck OK");
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
}

#[test]
fn git_lfs_is_content_after_every_command() {
    let sandbox = with_lfs();
    sandbox.run("add ../x.spk ../o.spk").success();
    is_clean(&sandbox);
    let listed = sandbox.git("lfs ls-files --long --name-only");
    assert_eq!(
        listed,
        format!("packages/Other Pkg/2/Other Pkg_2_dsm7.0-40000-noarch.spk\n{POINTER}")
    );
    let listed = sandbox.git("lfs ls-files --long");
    assert!(
        listed.contains(&sha256(&bytes(&sandbox, "x.spk"))),
        "{listed}"
    );
    // Git reads every file again, whatever the index says of them.
    sandbox.git("update-index --really-refresh");
    sandbox.git("add --renormalize .");
    is_clean(&sandbox);
    sandbox.run("promote demo").success();
    sandbox.run("yank demo --reason x").success();
    is_clean(&sandbox);
}

#[test]
fn a_clone_gets_the_real_files_with_git_lfs_and_pointers_without() {
    let sandbox = with_lfs();
    sandbox.run("add --channel stable ../x.spk").success();
    sandbox.git("init --quiet --bare ../remote.git");
    let remote = format!("file://{}", sandbox.path("remote.git").display());
    sandbox.git(&format!("remote add origin '{remote}'"));
    sandbox.git("push --quiet origin main");
    sandbox.git("lfs push --all origin");
    sandbox.git(&format!("clone --quiet '{remote}' ../without"));
    let pointer = String::from_utf8(bytes(&sandbox, &format!("without/{POINTER}")));
    assert_eq!(pointer.expect("a pointer"), sandbox.read(POINTER));

    sandbox.git("lfs install --skip-repo");
    sandbox.git(&format!("clone --quiet '{remote}' ../with"));
    assert_eq!(
        bytes(&sandbox, &format!("with/{POINTER}")),
        bytes(&sandbox, "x.spk")
    );
    assert_eq!(sandbox.git_in("with", "lfs fsck"), "Git LFS fsck OK");
    let shown = sandbox.run_in("with", "show demo").success().out();
    assert!(!shown.contains("not in this clone"), "{shown}");

    // Checked out for real, the SPKs are no changes of anybody's.
    for command in ["yank demo --reason x", "unyank demo", "add ../o.spk"] {
        sandbox.run_in("with", command).success();
        assert_eq!(
            sandbox.git_in("with", "status --porcelain"),
            "",
            "{command}"
        );
    }
    assert_eq!(
        bytes(&sandbox, &format!("with/{POINTER}")),
        bytes(&sandbox, "x.spk")
    );
    sandbox.git_in("with", "push --quiet origin main");
    sandbox.git_in("without", "pull --quiet");
    sandbox
        .run_in("without", "list")
        .success()
        .stdout_has("Other Pkg");
}

#[test]
fn a_staged_build_that_git_lfs_has_checked_out_can_be_replaced() {
    let sandbox = with_lfs();
    sandbox.run("add ../x.spk").success();
    sandbox.git("lfs checkout");
    assert_eq!(
        bytes(&sandbox, &format!("repo/{POINTER}")),
        bytes(&sandbox, "x.spk")
    );
    assert_eq!(sandbox.status(), "");
    sandbox.run("promote demo --dry-run").success();
    sandbox.spk("y.spk", &demo().payload("other"));
    sandbox.run("add --replace ../y.spk").success();
    is_clean(&sandbox);
    sandbox.git("lfs checkout");
    assert_eq!(
        bytes(&sandbox, &format!("repo/{POINTER}")),
        bytes(&sandbox, "y.spk")
    );
    is_clean(&sandbox);
}

#[test]
fn the_storage_that_git_lfs_is_configured_with_is_used() {
    let elsewhere = Sandbox::new();
    for (value, place) in [
        (
            elsewhere.path("store").display().to_string(),
            elsewhere.path("store"),
        ),
        ("../blobs".to_owned(), "repo/blobs".into()),
        ("my lfs".to_owned(), "repo/.git/my lfs".into()),
    ] {
        let sandbox = with_lfs();
        sandbox.git(&format!("config lfs.storage '{value}'"));
        sandbox.write(".git/info/exclude", "/blobs\n");
        sandbox.run("add ../x.spk").success();
        let oid = sha256(&bytes(&sandbox, "x.spk"));
        let object = format!("objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
        assert!(
            sandbox.root().join(&place).join(&object).is_file(),
            "{value}"
        );
        assert!(
            !sandbox
                .path("repo/.git/lfs/objects")
                .join(&oid[..2])
                .exists()
        );
        assert_eq!(sandbox.git("lfs fsck"), "Git LFS fsck OK", "{value}");
        sandbox.git("lfs checkout");
        assert_eq!(
            bytes(&sandbox, &format!("repo/{POINTER}")),
            bytes(&sandbox, "x.spk"),
            "{value}"
        );
        let shown = sandbox.run("show demo").success().out();
        assert!(!shown.contains("not in this clone"), "{shown}");
    }
}

#[test]
fn a_linked_worktree_has_the_same_storage_as_git_lfs() {
    let sandbox = with_lfs();
    sandbox.git("worktree add --quiet -b side ../side");
    sandbox.run_in("side", "add ../x.spk").success();
    assert_eq!(sandbox.git_in("side", "lfs fsck"), "Git LFS fsck OK");
    assert_eq!(sandbox.git_in("side", "status --porcelain"), "");
    sandbox.git("merge --quiet side");
    assert_eq!(
        bytes(&sandbox, &format!("repo/{POINTER}")),
        bytes(&sandbox, "x.spk"),
        "git-lfs found the blob in the shared store"
    );
}
