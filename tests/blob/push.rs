//! `--push` and `push` upload to the remotes of spkrepo.toml before any commit is pushed that names the SPKs.

use fs_err as fs;

use super::{DISK, store, with_remotes};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

fn with_origin(remotes: &str) -> Sandbox {
    let sandbox = with_remotes(remotes);
    sandbox.git("lfs install --local");
    sandbox.git("init --quiet --bare ../origin.git");
    sandbox.git(&format!(
        "remote add origin 'file://{}'",
        sandbox.path("origin.git").display()
    ));
    sandbox
}

fn at(sandbox: &Sandbox, folder: &str) -> usize {
    match sandbox.path(folder).is_dir() {
        true => sandbox.files(folder).len(),
        false => 0,
    }
}

#[test]
fn the_remotes_get_the_blobs_and_the_lfs_server_of_the_git_remote_does_not() {
    let sandbox = with_origin(DISK);
    fs::create_dir(sandbox.path("disk")).expect("a new folder");
    sandbox.run("push").success();
    assert_eq!(at(&sandbox, "disk/objects"), 2);
    sandbox.spk("new.spk", &Spk::new("new", "1"));
    sandbox.run("add ../new.spk --push").success();
    assert_eq!(at(&sandbox, "disk/objects"), 3);
    assert_eq!(at(&sandbox, "origin.git/lfs/objects"), 0);
    assert_eq!(sandbox.git("rev-parse origin/main"), sandbox.head());
}

#[test]
fn what_cannot_be_uploaded_is_not_pushed() {
    let sandbox = with_origin(DISK);
    let head = sandbox.head();
    sandbox.spk("new.spk", &Spk::new("new", "1"));
    sandbox
        .run("add ../new.spk --push")
        .failure(2)
        .stderr_has("error: the SPKs could not be uploaded, so nothing was pushed")
        .stderr_has("could not find the folder")
        .stderr_has("`spkrepo blob push` shows what each remote");
    assert_eq!(sandbox.head(), head);
    assert_eq!(
        sandbox.try_git("rev-parse origin/main").failure(128).out(),
        "origin/main\n"
    );
    // Nobody else is needed once the disk is there.
    fs::create_dir(sandbox.path("disk")).expect("a new folder");
    sandbox.run("add ../new.spk --push").success();
    assert_eq!(at(&sandbox, "disk/objects"), 3);
}

#[test]
fn remotes_that_can_only_be_read_leave_the_upload_to_git_lfs() {
    let sandbox = with_origin(
        "[[blobs.remote]]\nname = \"cdn\"\nurl = \"https://cdn.example.org/{sha256}\"\n",
    );
    sandbox.run("push").success();
    assert_eq!(
        at(&sandbox, "origin.git/lfs/objects"),
        store(&sandbox).len()
    );
}
