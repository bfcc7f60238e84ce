//! Has the user's git-lfs bring objects: it knows the remotes, their credentials and their protocols.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{GitError, Store};

impl Store {
    /// Refuses to go on when there is no git-lfs.
    pub(crate) fn check_lfs(&self) -> Result<(), GitError> {
        self.lfs("lfs version", &["version"], b"")
    }

    /// Brings the object that `pointer` names into the local store, unless it is there.
    ///
    /// `git lfs smudge` takes exactly one pointer and needs no path; `git lfs fetch --include` takes patterns, which the
    /// brackets and commas in names of SPKs would be.
    pub(crate) fn fetch_lfs_object(&self, pointer: &str) -> Result<(), GitError> {
        self.lfs("lfs smudge", &["smudge"], pointer.as_bytes())
    }

    fn lfs(&self, command: &'static str, arguments: &[&str], input: &[u8]) -> Result<(), GitError> {
        let failed = |message: String| GitError::Program { command, message };
        let mut child = Command::new("git")
            .arg("lfs")
            .args(arguments)
            .current_dir(self.shown_path())
            // Set where a checkout is to leave pointers alone, which is what brought us here.
            .env_remove("GIT_LFS_SKIP_SMUDGE")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| failed(error.to_string()))?;
        let mut stdin = child.stdin.take().expect("standard input is piped");
        // One that ends without reading says why on standard error.
        let _ = stdin.write_all(input);
        drop(stdin);
        let output = child
            .wait_with_output()
            .map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr);
        Err(failed(
            message.lines().next().unwrap_or_default().to_owned(),
        ))
    }
}
