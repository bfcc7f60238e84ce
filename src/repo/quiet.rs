//! Moments in which nobody changes what the repository names: neither spkrepo's writers nor those of git that go through
//! an index.
//!
//! `git add` holds the lock of its index from before it has git-lfs write a blob until the index names it
//! (git's `builtin/add.c`), and spkrepo's writers hold theirs from before a blob has its name until a branch leads to it.

use std::time::{Duration, Instant};

use super::lock::Lock;
use super::repository::Repository;
use super::write_error::WriteError;
use crate::git::{GitError, IndexLock};

/// Such a moment, which ends when it is dropped. It must be short.
pub(crate) struct Quiet {
    _indexes: Vec<IndexLock>,
    _lock: Lock,
}

/// How long others may go on before the indexes are tried again.
const PAUSE: Duration = Duration::from_millis(100);

impl Repository {
    /// Waits for such a moment.
    pub(crate) fn quiet(&self) -> Result<Quiet, WriteError> {
        let folder = self.store.common_dir().join("spkrepo");
        let deadline = Instant::now() + self.manner.lock_timeout;
        loop {
            let lock = Lock::take(&folder, &self.manner)?;
            self.store.remove_stale_index_locks(&folder)?;
            if let Some(indexes) = self.store.lock_indexes(&folder)? {
                return Ok(Quiet {
                    _indexes: indexes,
                    _lock: lock,
                });
            }
            // Whoever writes a commit's message in an editor has the index locked all the while.
            drop(lock);
            if Instant::now() > deadline {
                let path = self.store.common_dir().join("index.lock");
                return Err(GitError::Locked { path }.into());
            }
            std::thread::sleep(PAUSE);
        }
    }
}
