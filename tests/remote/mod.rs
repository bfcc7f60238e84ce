//! Working with a remote: several clones of one bare repository.

mod followed;
mod https;
mod killed;
mod pulling;
mod pushing;
mod ssh;
mod together;

use fs_err as fs;

use crate::support::digest::sha256;
use crate::support::outcome::Outcome;
use crate::support::sandbox::{Sandbox, parse_pointer};
use crate::support::spk::Spk;

/// A sandbox with a bare package source, `remote.git`, and clones of it beside it; `repo` is the first.
pub(crate) struct Shared {
    pub(crate) sandbox: Sandbox,
}

impl Shared {
    /// Makes the bare repository with one commit, and the clone `repo`.
    pub(crate) fn new() -> Self {
        let sandbox = Sandbox::new();
        sandbox.run_in("", "init --bare remote.git").success();
        fs::remove_dir(sandbox.path("repo")).expect("an empty folder");
        let shared = Self { sandbox };
        shared.clone_as("repo");
        shared
    }

    /// Clones the bare repository.
    pub(crate) fn clone_as(&self, name: &str) {
        let mut command = self.sandbox.command(
            "git",
            &["clone", "--quiet", "remote.git", name].map(str::to_owned),
        );
        command.current_dir(self.sandbox.root());
        let output = command.output().expect("git is needed");
        assert!(output.status.success(), "{output:?}");
    }

    /// Runs spkrepo in a clone.
    pub(crate) fn run(&self, clone: &str, line: &str) -> Outcome {
        self.sandbox.run_in(clone, line)
    }

    pub(crate) fn git(&self, clone: &str, line: &str) -> String {
        self.sandbox.git_in(clone, line)
    }

    /// Writes an SPK to `in/NAME.spk` and returns the argument that names it in a clone.
    pub(crate) fn spk(&self, name: &str, spk: &Spk) -> String {
        self.sandbox.spk(&format!("in/{name}.spk"), spk);
        format!("../in/{name}.spk")
    }

    pub(crate) fn head(&self, clone: &str) -> String {
        self.git(clone, "rev-parse main")
    }

    /// Returns the subjects of the remote's commits, the newest first.
    pub(crate) fn subjects(&self) -> Vec<String> {
        let log = self.git("remote.git", "log --format=%s main");
        log.lines().map(str::to_owned).collect()
    }

    /// Demands that the remote has one line of whole commits, and the SPK of each pointer.
    #[track_caller]
    pub(crate) fn check_remote(&self) {
        self.git("remote.git", "fsck --full --strict --no-dangling");
        assert_eq!(self.git("remote.git", "rev-list --min-parents=2 main"), "");
        for path in self
            .git("remote.git", "ls-tree -r --name-only main")
            .lines()
        {
            if !path.ends_with(".spk") {
                continue;
            }
            let pointer = self.git("remote.git", &format!("cat-file blob 'main:{path}'"));
            let (oid, _) = parse_pointer(&pointer).expect("a pointer");
            let object = format!("remote.git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
            let bytes = fs::read(self.sandbox.path(&object)).expect("an uploaded SPK");
            assert_eq!(sha256(&bytes), oid, "{path}");
        }
        self.run("remote.git", "verify --all").success();
    }

    /// Demands that a clone is where the remote is, with nothing left over.
    #[track_caller]
    pub(crate) fn check_clone(&self, clone: &str) {
        assert_eq!(
            self.head(clone),
            self.head("remote.git"),
            "{clone} is at the remote's commit"
        );
        assert_eq!(
            self.git(clone, "status --porcelain --untracked-files=all"),
            ""
        );
    }
}

/// A build that nobody else makes.
pub(crate) fn build(package: &str) -> Spk {
    Spk::new(package, "1.0-1").icon(72)
}
