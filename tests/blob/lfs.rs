//! The git remote's own Git LFS store, which is the remote when spkrepo.toml names none: what `git lfs` brings there,
//! `spkrepo blob` takes from there, and the other way round.

use super::{empty_store, store, with_remotes};
use crate::support::sandbox::Sandbox;

fn with_origin() -> Sandbox {
    let sandbox = with_remotes("");
    sandbox.git("lfs install --local");
    sandbox.git("init --quiet --bare '../my remote.git'");
    let remote = format!("file://{}", sandbox.path("my%20remote.git").display());
    sandbox.git(&format!("remote add origin '{remote}'"));
    sandbox
}

#[test]
fn without_a_remote_for_blobs_they_go_where_git_lfs_would_put_them() {
    let sandbox = with_origin();
    let pushed = sandbox.run("blob push").success();
    assert!(
        pushed.out().starts_with("lfs: uploaded 2 SPKs"),
        "{}",
        pushed.out()
    );
    // git-lfs finds them there, and has nothing to upload.
    sandbox.git("push --quiet origin main");
    sandbox.git("lfs install --skip-repo");
    let clone = format!(
        "clone --quiet '{}' ../clone",
        sandbox.git("remote get-url origin")
    );
    sandbox.git(&clone);
    assert_eq!(sandbox.git_in("clone", "lfs fsck"), "Git LFS fsck OK");
}

#[test]
fn what_git_lfs_has_pushed_is_pulled() {
    let sandbox = with_origin();
    let blobs = store(&sandbox);
    sandbox.git("push --quiet origin main");
    sandbox.git("lfs push --all origin");
    empty_store(&sandbox);
    sandbox.run("blob pull").success();
    assert_eq!(store(&sandbox), blobs);
}

#[test]
fn without_any_remote_the_way_out_is_said() {
    let sandbox = with_remotes("");
    sandbox
        .run("blob push")
        .failure(2)
        .stderr_has("could not find the Git LFS server of")
        .stderr_has("neither `lfs.url` nor .lfsconfig names a server");
}
