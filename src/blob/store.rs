//! The local object store, laid out as Git LFS does: `objects/ab/cd/<oid>`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::SystemTime;

use fs_err as fs;

use super::incoming::Incoming;
use super::partial::Partial;
use super::staging::Staging;
use crate::base::digest::Sha256;

/// Says what could not be done with a blob.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobError {
    #[error("could not list the blobs in `{path}`")]
    List {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the blob {sha256} is not here: it should be `{path}`")]
    Missing { path: PathBuf, sha256: Sha256 },
    #[error("could not read the blob {sha256}")]
    Read {
        sha256: Sha256,
        #[source]
        source: io::Error,
    },
    #[error("the blob `{path}` has {found} bytes instead of {expected}")]
    Size {
        expected: u64,
        found: u64,
        path: PathBuf,
    },
    #[error("could not write to the blob store `{path}`")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// The blobs of a repository on this machine.
#[derive(Clone, Debug)]
pub(crate) struct BlobStore {
    /// Where downloads are that may go on later.
    pub(super) incomplete: PathBuf,
    pub(super) objects: PathBuf,
    /// Where blobs are written that have no name yet, as long as there are any.
    staging: Arc<Mutex<Weak<Staging>>>,
    pub(super) temporary: PathBuf,
}

/// A blob that is here.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stored {
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
}

/// Collects the blobs below `folder`, whose folders have `depth` folders below them.
fn collect(folder: &Path, depth: usize, all: &mut Vec<Stored>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type()?;
        if depth > 0 && kind.is_dir() && name.len() == 2 {
            collect(&entry.path(), depth - 1, all)?;
        }
        let sha256 = name.parse().ok().filter(|_| depth == 0 && kind.is_file());
        if let Some(sha256) = sha256 {
            // It may have been removed since.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            all.push(Stored {
                sha256,
                size: metadata.len(),
                modified: metadata.modified()?,
            });
        }
    }
    Ok(())
}

impl BlobStore {
    /// Removes what killed processes have left half-written.
    pub(crate) fn tidy(&self) {
        Staging::tidy(&self.temporary);
    }

    /// Returns the store in Git LFS's storage folder (`.git/lfs`, or what `lfs.storage` says).
    pub(crate) fn new(storage: &Path) -> Self {
        Self {
            incomplete: storage.join("incomplete"),
            objects: storage.join("objects"),
            staging: Arc::default(),
            temporary: storage.join("tmp"),
        }
    }

    /// Returns where the blob is or would be.
    pub(crate) fn path(&self, sha256: Sha256) -> PathBuf {
        let oid = sha256.to_string();
        self.objects.join(&oid[..2]).join(&oid[2..4]).join(oid)
    }

    /// Returns whether the blob is here with `size` bytes.
    pub(crate) fn contains(&self, sha256: Sha256, size: u64) -> bool {
        fs::metadata(self.path(sha256))
            .is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
    }

    /// Returns how many bytes there are of the blob, if it is here.
    pub(crate) fn size(&self, sha256: Sha256) -> Option<u64> {
        let metadata = fs::metadata(self.path(sha256)).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Returns every blob, in the order of names; files with other names are none.
    pub(crate) fn list(&self) -> Result<Vec<Stored>, BlobError> {
        let mut all = Vec::new();
        collect(&self.objects, 2, &mut all).map_err(|source| BlobError::List {
            path: self.objects.clone(),
            source,
        })?;
        all.sort();
        Ok(all)
    }

    /// Notes that the blob is about to be named, so that whoever removes old ones that nobody names leaves it.
    pub(crate) fn freshen(&self, sha256: Sha256) -> Result<(), BlobError> {
        let path = self.path(sha256);
        // Its owner may do that, whether or not the file may be written to.
        let file = File::open(&path);
        file.and_then(|file| file.set_modified(SystemTime::now()))
            .map_err(|source| BlobError::Write { path, source })
    }

    /// Opens the blob for reading; one of another size is damaged and not opened.
    pub(crate) fn open(&self, sha256: Sha256, size: u64) -> Result<File, BlobError> {
        let path = self.path(sha256);
        let read = |source| BlobError::Read { sha256, source };
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BlobError::Missing { path, sha256 });
            }
            Err(error) => return Err(read(error)),
        };
        let found = file.metadata().map_err(read)?.len();
        if found != size {
            let expected = size;
            return Err(BlobError::Size {
                expected,
                found,
                path,
            });
        }
        Ok(file)
    }

    /// Begins or goes on with the download of a blob; nothing when it has come meanwhile.
    ///
    /// Whoever else downloads it is waited for.
    pub(crate) fn partial(&self, sha256: Sha256, size: u64) -> Result<Option<Partial>, BlobError> {
        let path = self.partial_path(sha256);
        let partial = Partial::open(self.clone(), &path, sha256, size);
        partial.map_err(|source| BlobError::Write { path, source })
    }

    /// Returns where what has come of a download is, for whoever reads it while more comes.
    pub(crate) fn partial_path(&self, sha256: Sha256) -> PathBuf {
        self.incomplete.join(format!("{sha256}.spkrepo"))
    }

    /// Begins to take a blob in.
    pub(crate) fn incoming(&self) -> Result<Incoming, BlobError> {
        self.staging()
            .and_then(|staging| Incoming::new(self.clone(), staging))
            .map_err(|source| BlobError::Write {
                path: self.temporary.clone(),
                source,
            })
    }

    fn staging(&self) -> io::Result<Arc<Staging>> {
        // A panic while the lock is held leaves no folder or a whole one.
        let mut known = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(staging) = known.upgrade() {
            return Ok(staging);
        }
        let staging = Arc::new(Staging::new(&self.temporary)?);
        *known = Arc::downgrade(&staging);
        Ok(staging)
    }
}
