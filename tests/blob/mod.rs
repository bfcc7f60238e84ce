//! `spkrepo blob`: SPKs go to remotes and come back, compared with their digests.

mod folder;
mod lfs;
mod push;
mod s3;
mod s3_interrupted;
mod server;

use fs_err as fs;

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// A folder as a remote, which is not there yet.
pub(crate) const DISK: &str = "[[blobs.remote]]\nname = \"disk\"\nurl = \"file://ROOT/disk\"\n";

/// A repository with two SPKs whose spkrepo.toml has `remotes`; each `ROOT` stands for the folder of the test.
pub(crate) fn with_remotes(remotes: &str) -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("x.spk", &Spk::new("demo", "1.0-1").arch("x86_64"))
        .spk("o.spk", &Spk::new("other", "2").payload_size(1 << 20));
    add_remotes(&sandbox, remotes);
    sandbox.run("add ../x.spk ../o.spk").success();
    sandbox
}

/// Adds `remotes` to spkrepo.toml.
pub(crate) fn add_remotes(sandbox: &Sandbox, remotes: &str) {
    let root = sandbox.root().display().to_string();
    let settings = sandbox.read("spkrepo.toml") + "\n" + &remotes.replace("ROOT", &root);
    sandbox.write("spkrepo.toml", &settings);
    sandbox.git("commit --quiet -am remotes");
}

/// Removes what is in the store of the repository.
pub(crate) fn empty_store(sandbox: &Sandbox) {
    fs::remove_dir_all(sandbox.path("repo/.git/lfs/objects")).expect("the store was filled");
}

/// Returns the names of the blobs in the store.
pub(crate) fn store(sandbox: &Sandbox) -> Vec<String> {
    let files = sandbox.files("repo/.git/lfs/objects").into_iter();
    let mut names: Vec<String> = files
        .map(|(path, _)| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
