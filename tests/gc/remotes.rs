//! What `gc` deletes at remotes, and which local copies it drops.

use std::path::PathBuf;
use std::time::SystemTime;

use fs_err as fs;

use super::DAY;
use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// A package source with a remote for SPKs, a git remote, and another clone of it.
struct Ground {
    sandbox: Sandbox,
}

fn spk(version: &str) -> Spk {
    Spk::new("demo", version).icon(72)
}

impl Ground {
    fn new() -> Self {
        let sandbox = Sandbox::initialized();
        let folder = sandbox.path("disk");
        fs::create_dir(&folder).expect("a new folder");
        let url = format!("file://{}", folder.display());
        let settings = sandbox.read("spkrepo.toml");
        let more = format!(
            "{settings}\n[[blobs.remote]]\nname = \"disk\"\nurl = \"{url}\"\n\n\
             [[blobs.remote]]\nname = \"cdn\"\nurl = \"https://cdn.example.org/{{sha256}}\"\n"
        );
        sandbox.write("spkrepo.toml", &more);
        sandbox.git("commit --quiet -am remotes");
        sandbox
            .spk("1.spk", &spk("1.0-1"))
            .spk("2.spk", &spk("1.0-2"));
        sandbox.run("add ../1.spk").success();
        sandbox.run("blob push --remote disk").success();
        sandbox.git_in("", "init --quiet --bare shared.git");
        sandbox.git("remote add origin ../shared.git");
        sandbox.git("push --quiet origin main");
        let ground = Self { sandbox };
        ground.make_old(&sha256(&spk("1.0-1").bytes()));
        ground
    }

    /// Returns where the remote has a blob.
    fn at(&self, oid: &str) -> PathBuf {
        let objects = self.sandbox.path("disk/objects");
        objects.join(&oid[..2]).join(&oid[2..4]).join(oid)
    }

    /// Puts a blob there that nothing here names.
    fn stray(&self, content: &[u8]) -> String {
        let oid = sha256(content);
        let path = self.at(&oid);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, content).expect("writable");
        self.make_old(&oid);
        oid
    }

    fn make_old(&self, oid: &str) {
        let file = std::fs::File::options().append(true).open(self.at(oid));
        let file = file.expect("it is there");
        file.set_modified(SystemTime::now() - 30 * DAY)
            .expect("writable");
    }
}

#[test]
fn a_remote_loses_what_neither_this_clone_nor_any_git_remote_names() {
    let ground = Ground::new();
    let sandbox = &ground.sandbox;
    let forgotten = ground.stray(b"forgotten");
    // Somebody else has published this on a branch that was never fetched here.
    sandbox.git_in("", "clone --quiet shared.git other");
    sandbox.git_in("other", "checkout --quiet -b side");
    sandbox.run_in("other", "add ../2.spk").success();
    sandbox.git_in("other", "push --quiet origin side");
    let theirs = ground.stray(&spk("1.0-2").bytes());
    let young = ground.stray(b"young");
    fs::write(ground.at(&young), "young").expect("writable");
    let line = "gc --remote disk";
    sandbox
        .run(line)
        .success()
        .stdout_has("disk: 1 blob (9 B) would go; 2 are named, 1 younger than 14d\n");
    assert!(ground.at(&forgotten).exists());
    sandbox
        .run(&format!("{line} --delete"))
        .success()
        .stdout_has("disk: 1 blob (9 B) deleted; 2 are named, 1 younger than 14d\n");
    assert!(!ground.at(&forgotten).exists());
    assert!(ground.at(&theirs).exists() && ground.at(&young).exists());
    assert_eq!(sandbox.status(), "");
    assert_eq!(
        sandbox.files("disk/objects").len(),
        3,
        "nothing else is left there"
    );
    // Once their branch is gone, nobody names it.
    sandbox.git_in("shared.git", "branch --quiet -D side");
    sandbox
        .run("gc --all-remotes --delete")
        .success()
        .stdout_has("disk: 1 blob (");
    assert!(!ground.at(&theirs).exists());
}

#[test]
fn a_remote_is_left_alone_when_it_is_not_known_what_others_name() {
    let ground = Ground::new();
    let sandbox = &ground.sandbox;
    let forgotten = ground.stray(b"forgotten");
    sandbox
        .run("gc --remote disk --older-than 7d --delete")
        .failure(2)
        .stderr_has("younger than 8 days may be about to be named")
        .stderr_has("--older-than 14d");
    sandbox
        .run("gc --remote cdn --delete")
        .failure(2)
        .stderr_has("`cdn` cannot list its blobs");
    sandbox.git("remote set-url origin ../nowhere.git");
    sandbox
        .run("gc --remote disk --delete")
        .failure(2)
        .stderr_has("could not fetch from `origin`");
    sandbox.git("remote remove origin");
    let settings = sandbox.read("spkrepo.toml");
    let store = sandbox.path("repo/.git/lfs");
    let own = settings.replace(
        &format!("file://{}", sandbox.path("disk").display()),
        &format!("file://{}", store.display()),
    );
    sandbox.write("spkrepo.toml", &own);
    sandbox.git("commit --quiet -am own");
    sandbox
        .run("gc --remote disk --delete")
        .failure(2)
        .stderr_has("`disk` is the store of another repository");
    assert!(ground.at(&forgotten).exists());
    sandbox.git("revert --no-edit HEAD");
    sandbox
        .run("gc --remote disk --delete --older-than 0s --force-age")
        .success();
    assert!(!ground.at(&forgotten).exists());
}

#[test]
fn local_copies_go_when_a_remote_has_them_and_those_of_head_stay() {
    let ground = Ground::new();
    let sandbox = &ground.sandbox;
    sandbox.run("add ../2.spk").success();
    sandbox.git("rm --quiet -r packages/demo/1.0-1");
    sandbox.git("commit --quiet -m gone");
    let [old, new] = ["1.0-1", "1.0-2"].map(|version| sha256(&spk(version).bytes()));
    let line = "gc --local-copies --remote disk --older-than 0s";
    sandbox
        .run(line)
        .success()
        .stdout_has("is at disk\nlocal: 1 blob (");
    assert!(sandbox.blob_path(&old).exists());
    // What the remote does not have in full size is no copy.
    let whole = fs::read(ground.at(&old)).expect("it is there");
    fs::write(ground.at(&old), "cut").expect("writable");
    sandbox.run(&format!("{line} --delete")).success();
    assert!(sandbox.blob_path(&old).exists());
    fs::write(ground.at(&old), whole).expect("writable");
    sandbox.run(&format!("{line} --delete")).success();
    assert!(!sandbox.blob_path(&old).exists());
    sandbox.run(&format!("{line} --delete --all")).success();
    assert!(
        sandbox.blob_path(&new).exists(),
        "the remote does not have it"
    );
    sandbox.run("blob push --remote disk").success();
    sandbox.run(&format!("{line} --delete --all")).success();
    assert!(!sandbox.blob_path(&new).exists());
    sandbox.run("fsck --remote disk").success();
    sandbox.run("blob pull --remote disk").success();
    assert!(sandbox.blob_path(&new).exists());
}
