//! Git's lock on the index, taken so that a killed holder can be told from a living one.
//!
//! Git makes `index.lock` exclusively and anyone who finds it waits. Here the lock is a hard link to a file of
//! spkrepo's own, so when it is found later, its inode says whether it was ours.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::GitError;

/// The lock on an index; dropping it gives it back.
#[must_use]
pub(crate) struct IndexLock {
    path: PathBuf,
}

const PATIENCE: Duration = Duration::from_secs(5);
const POLL: Duration = Duration::from_millis(20);

impl IndexLock {
    /// Takes the lock of the index in `git_dir`, waiting a few seconds for another process; the token is in `folder`.
    pub(super) fn take(git_dir: &Path, folder: &Path) -> Result<Self, GitError> {
        Self::take_within(git_dir, folder, PATIENCE)
    }

    pub(super) fn take_within(
        git_dir: &Path,
        folder: &Path,
        patience: Duration,
    ) -> Result<Self, GitError> {
        let (path, token) = (git_dir.join("index.lock"), token(folder));
        fs::write(&token, b"").map_err(GitError::file("write", &token))?;
        let deadline = Instant::now() + patience;
        loop {
            match fs::hard_link(&token, &path) {
                Ok(()) => return Ok(Self { path }),
                Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                    return Err(GitError::file("lock", &path)(error));
                }
                Err(_) if Instant::now() > deadline => return Err(GitError::Locked { path }),
                Err(_) => std::thread::sleep(POLL),
            }
        }
    }

    /// Removes the lock that a killed process of ours left; anybody else's stays.
    pub(super) fn remove_stale(git_dir: &Path, folder: &Path) -> Result<(), GitError> {
        match Self::stale(git_dir, folder) {
            Some(lock) => fs::remove_file(&lock).map_err(GitError::file("remove", &lock)),
            None => Ok(()),
        }
    }

    /// Returns the lock that a process of ours has made.
    pub(super) fn stale(git_dir: &Path, folder: &Path) -> Option<PathBuf> {
        let lock = git_dir.join("index.lock");
        is_same_file(&lock, &token(folder)).then_some(lock)
    }
}

fn token(folder: &Path) -> PathBuf {
    folder.join("index-lock")
}

#[cfg(unix)]
fn is_same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id =
        |path: &Path| fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()));
    matches!((id(a), id(b)), (Ok(a), Ok(b)) if a == b)
}

#[cfg(not(unix))]
fn is_same_file(a: &Path, b: &Path) -> bool {
    let content = |path: &Path| fs::read(path);
    matches!((content(a), content(b)), (Ok(a), Ok(b)) if a == b)
}

impl Drop for IndexLock {
    fn drop(&mut self) {
        // A lock that cannot be removed is found, and told to be ours, by the next command.
        let _ = fs::remove_file(&self.path);
    }
}
