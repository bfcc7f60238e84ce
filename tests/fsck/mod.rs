//! What `fsck` finds, and what it puts in order.

mod damage;

use fs_err as fs;

use crate::support::digest::sha256;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// A package source whose SPKs are at two remotes, too.
pub(crate) struct Ground {
    pub(crate) sandbox: Sandbox,
}

/// The SPKs, in the order of their releases; the last is the only one of its package.
pub(crate) fn spks() -> [Spk; 3] {
    let spk = |package: &str, version: &str| Spk::new(package, version).icon(72).payload_size(5000);
    [
        spk("demo", "1.0-1"),
        spk("demo", "1.0-2"),
        spk("other", "1.0-1"),
    ]
}

impl Ground {
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::initialized();
        let mut settings = sandbox.read("spkrepo.toml");
        for name in ["disk", "second"] {
            let folder = sandbox.path(name);
            fs::create_dir(&folder).expect("a new folder");
            let url = format!("file://{}", folder.display());
            settings.push_str(&format!(
                "\n[[blobs.remote]]\nname = \"{name}\"\nurl = \"{url}\"\n"
            ));
        }
        sandbox.write("spkrepo.toml", &settings);
        sandbox.git("commit --quiet -am remotes");
        for (number, spk) in spks().iter().enumerate() {
            sandbox.spk(&format!("in/{number}.spk"), spk);
        }
        sandbox
            .run("add --channel stable --commit-each ../in")
            .success();
        sandbox.run("blob push").success();
        Self { sandbox }
    }

    /// Returns the name of an SPK's blob.
    pub(crate) fn oid(&self, number: usize) -> String {
        sha256(&spks()[number].bytes())
    }

    /// Returns where a blob is at `local`, `disk` or `second`.
    pub(crate) fn blob(&self, place: &str, oid: &str) -> std::path::PathBuf {
        let storage = match place {
            "local" => self.sandbox.path("repo/.git/lfs"),
            remote => self.sandbox.path(remote),
        };
        storage
            .join("objects")
            .join(&oid[..2])
            .join(&oid[2..4])
            .join(oid)
    }
}

#[test]
fn what_is_whole_is_told_in_a_line() {
    let ground = Ground::new();
    let said = ground
        .sandbox
        .run("fsck --sample 100%")
        .success()
        .stderr("");
    let said = said.out();
    assert!(
        said.starts_with("0 faults; 0 notes, 3 named, 3 here ("),
        "{said}"
    );
    assert!(
        said.ends_with(", 3 at disk (3 read), 3 at second (3 read)\n"),
        "{said}"
    );
    let said = ground.sandbox.run("fsck --no-remotes").success().out();
    assert!(!said.contains("disk"), "{said}");
    let report = ground
        .sandbox
        .run("fsck --json --remote disk --sample 0% --seed x")
        .success()
        .json();
    assert_eq!(report["summary"]["remotes"][0]["blobs"], 3);
    assert_eq!(report["summary"]["remotes"][0]["read"], 0);
    assert_eq!(report["summary"]["seed"], "x");
    ground
        .sandbox
        .run("fsck --remote nowhere")
        .failure(2)
        .stderr_has("`nowhere`");
    ground
        .sandbox
        .run("fsck --sample 5")
        .failure(2)
        .stderr_has("`5` is not a part such as `5%`");
}

#[test]
fn a_clone_without_spks_is_no_damage_and_stays_so() {
    let ground = Ground::new();
    let repo = ground.sandbox.path("repo");
    let line = format!("clone --quiet --no-checkout file://{} bare", repo.display());
    ground.sandbox.git_in("", &line);
    let report = ground.sandbox.run_in("bare", "fsck --json --repair");
    let report = report.success().json();
    assert_eq!(report["summary"]["faults"], 0);
    assert_eq!(report["summary"]["notes"], 3);
    assert_eq!(report["findings"][0]["kind"], "local-missing");
    assert!(!ground.sandbox.path("bare/.git/lfs/objects").exists());
    // Where nobody is asked, nobody knows whether anything is lost.
    ground
        .sandbox
        .run_in("bare", "fsck --no-remotes")
        .failure(1);
}

#[test]
fn what_was_never_pushed_is_not_missed_at_a_remote() {
    let ground = Ground::new();
    ground.sandbox.git_in("", "init --quiet --bare shared.git");
    ground.sandbox.git("remote add origin ../shared.git");
    ground.sandbox.git("push --quiet origin main");
    ground.sandbox.git("fetch --quiet");
    let new = Spk::new("new", "1.0-1").icon(72);
    ground.sandbox.spk("new.spk", &new);
    ground.sandbox.run("add ../new.spk").success();
    ground.sandbox.run("fsck").success();
    ground.sandbox.git("push --quiet origin main");
    ground
        .sandbox
        .run("fsck")
        .failure(1)
        .stdout_has("error[remote-missing]: the blob is not there")
        .stderr_has("hint: `spkrepo fsck --repair`");
    ground
        .sandbox
        .run("fsck --repair")
        .success()
        .stdout_has("  repaired: uploaded again\n")
        .stdout_has("2 repaired");
    assert!(ground.blob("second", &sha256(&new.bytes())).exists());
}
