//! Uploads in parts that have begun: what it takes to go on with one after this process, or the machine, has ended.
//!
//! A file is only ever believed as far as the store confirms it. Processes that upload the same blob wait for each other, so
//! that it goes once.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use crate::base::atomic_file;
use crate::base::digest::{Md5, Sha256};

/// An upload that has begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    /// What the store calls it.
    pub(super) id: String,
    /// Bucket and object: a remote's name may come to mean another place.
    pub(super) object: String,
    /// In bytes.
    pub(super) part_size: u64,
    /// By number, those that have arrived.
    pub(super) parts: BTreeMap<u16, Arrived>,
}

/// A part that has arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arrived {
    pub(super) etag: String,
    pub(super) md5: Md5,
}

/// The file of one upload.
#[derive(Debug)]
pub(super) struct Journal(PathBuf);

impl Journal {
    /// Returns the file for a blob that goes to a remote.
    pub(super) fn new(folder: &Path, remote: &str, sha256: Sha256) -> Self {
        Self(folder.join(format!("{remote}-{sha256}.json")))
    }

    /// Waits until no other process uploads the blob; says whether there was one. The lock goes with the file.
    pub(super) fn lock(&self) -> io::Result<(File, bool)> {
        let path = self.0.with_extension("lock");
        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
        let file = File::create(&path)?;
        match file.try_lock() {
            Ok(()) => Ok((file, false)),
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => {
                file.lock()?;
                Ok((file, true))
            }
        }
    }

    /// Returns what was kept, if it is of use.
    pub(super) fn read(&self) -> Option<Upload> {
        let bytes = fs::read(&self.0).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Keeps how far an upload is.
    pub(super) fn write(&self, upload: &Upload) -> io::Result<()> {
        let text = serde_json::to_vec(upload).map_err(io::Error::other)?;
        atomic_file::write(&self.0, &text)
    }

    /// Forgets the upload, whose lock is held: who waits for that one looks at the store next.
    pub(super) fn remove(&self) {
        // What stays is found to be of no use by the next upload.
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_file(self.0.with_extension("lock"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_again_until_it_is_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path().join("spkrepo/uploads");
        let sha256 = Sha256::of(b"x");
        let journal = Journal::new(&folder, "store", sha256);
        assert_eq!(journal.read(), None);
        let (_lock, has_waited) = journal.lock().expect("writable");
        assert!(!has_waited);
        let arrived = Arrived {
            etag: "\"e\"".to_owned(),
            md5: Md5::of(b"x"),
        };
        let upload = Upload {
            id: "1".to_owned(),
            object: "bucket/x".to_owned(),
            part_size: 5,
            parts: BTreeMap::from([(1, arrived)]),
        };
        journal.write(&upload).expect("writable");
        assert_eq!(journal.read(), Some(upload));
        fs::write(folder.join(format!("store-{sha256}.json")), "{").expect("writable");
        assert_eq!(journal.read(), None);
        journal.remove();
        assert_eq!(fs::read_dir(&folder).expect("readable").count(), 0);
    }
}
