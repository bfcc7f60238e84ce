//! What interrupted commands have left in the repository's own folder, and what is damaged there.

use std::path::PathBuf;

use fs_err as fs;

use super::branch::Onto;
use super::cache::Cache;
use super::journal::Journal;
use super::lock::Lock;
use super::repository::Repository;
use super::write_error::WriteError;

/// What is there and should not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Remains {
    /// The cache, when parts of it cannot be read.
    pub(crate) cache: Option<PathBuf>,
    /// Locks on indexes whose holder is gone.
    pub(crate) index_locks: Vec<PathBuf>,
    /// The journal of a change that was not finished.
    pub(crate) journal: Option<PathBuf>,
}

impl Repository {
    /// Looks for it, while nobody writes.
    pub(crate) fn remains(&self) -> Result<Remains, WriteError> {
        let folder = self.store.common_dir().join("spkrepo");
        let _lock = Lock::take(&folder, &self.manner)?;
        let cache = Cache::of(&self.store);
        Ok(Remains {
            cache: cache.is_damaged().then(|| cache.path().to_owned()),
            index_locks: self.store.stale_index_locks(&folder)?,
            journal: Some(Journal::path(&folder)).filter(|path| path.exists()),
        })
    }

    /// Finishes what was begun and removes the rest; says nothing of what was edited meanwhile and left.
    pub(crate) fn clear_remains(&self, remains: &Remains) -> Result<(), WriteError> {
        // A writer begins with that.
        drop(self.writer_onto(Onto::Head)?);
        if let Some(path) = &remains.cache {
            // Servers read from git what it does not have.
            fs::remove_file(path).map_err(|source| WriteError::Journal {
                path: path.clone(),
                source,
            })?;
        }
        Ok(())
    }
}
