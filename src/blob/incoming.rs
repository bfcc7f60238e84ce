//! Takes a blob in: written to a temporary file while it is hashed, then synced and renamed to its name.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use tempfile::{NamedTempFile, TempPath};

use super::staging::Staging;
use super::store::{BlobError, BlobStore};
use crate::base::atomic_file::{make_readable, sync_folder};
use crate::base::digest::{Digests, ParallelHasher, Sha256Hasher};

/// A blob that is being written. Dropped before [`Incoming::finish`], nothing of it stays.
pub(crate) struct Incoming {
    /// Bytes that the disk was told to take.
    begun: u64,
    buffer: Vec<u8>,
    file: NamedTempFile,
    hasher: ParallelHasher,
    staging: Arc<Staging>,
    store: BlobStore,
    /// Bytes in the file.
    written: u64,
}

/// A blob that is written and hashed but has no name yet. Dropped, nothing of it stays.
pub(crate) struct StagedBlob {
    digests: Digests,
    /// Closed: a call may take in more files than a process may have open.
    file: TempPath,
    _staging: Arc<Staging>,
    store: BlobStore,
}

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;
/// Bytes after which the disk is told to take what was written.
const WRITEBACK: u64 = 32 << 20;

/// Has the disk write what is in `file` from `offset` while the rest is still hashed: less is left for the sync at the end.
///
/// Linux begins to write when it is told that pages are not needed, and drops only those that are written already
/// (posix_fadvise(2)).
fn begin_writeback(file: &File, offset: u64) {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Advice, fadvise};
        // It is advice: where it is not taken, the sync takes longer.
        let _ = fadvise(file, offset, None, Advice::DontNeed);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (file, offset);
}

impl Incoming {
    /// Begins a file in `staging`, for `store`.
    pub(super) fn new(store: BlobStore, staging: Arc<Staging>) -> io::Result<Self> {
        Ok(Self {
            begun: 0,
            buffer: Vec::with_capacity(BUFFER),
            file: NamedTempFile::new_in(staging.path())?,
            hasher: ParallelHasher::new(),
            staging,
            store,
            written: 0,
        })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        if self.buffer.len() + bytes.len() > BUFFER {
            self.write_buffer()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    fn write_buffer(&mut self) -> io::Result<()> {
        self.file.as_file_mut().write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        if self.written - self.begun >= WRITEBACK {
            begin_writeback(self.file.as_file(), self.begun);
            self.begun = self.written;
        }
        Ok(())
    }

    /// Returns a hasher that has had the stream so far, and may be given another end.
    pub(crate) fn fork_sha256(&mut self) -> Sha256Hasher {
        self.hasher.fork_sha256()
    }

    /// Ends the stream; the blob has its digests now, and still no name.
    pub(crate) fn finish(mut self) -> Result<StagedBlob, BlobError> {
        self.write_buffer().map_err(|source| BlobError::Write {
            path: self.file.path().to_owned(),
            source,
        })?;
        Ok(StagedBlob {
            digests: self.hasher.finish(),
            file: self.file.into_temp_path(),
            _staging: self.staging,
            store: self.store,
        })
    }
}

impl Write for Incoming {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes)?;
        Ok(bytes.len())
    }

    /// What is left is written when the blob is finished.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl StagedBlob {
    /// Returns the size and digests of the blob.
    pub(crate) fn digests(&self) -> Digests {
        self.digests
    }

    /// Opens the bytes for reading.
    pub(crate) fn open(&self) -> Result<File, BlobError> {
        File::open(&self.file).map_err(|source| BlobError::Read {
            sha256: self.digests.sha256,
            source,
        })
    }

    /// Gives the blob its name, durably; one that is already there stays as it is, and counts as new.
    pub(crate) fn keep(self) -> Result<(), BlobError> {
        let Digests { sha256, size, .. } = self.digests;
        let path = self.store.path(sha256);
        // One that cannot be made young, since it is somebody else's, is replaced.
        if self.store.contains(sha256, size) && self.store.freshen(sha256).is_ok() {
            return Ok(());
        }
        self.rename_to(&path)
            .map_err(|source| BlobError::Write { path, source })
    }

    fn rename_to(self, path: &Path) -> io::Result<()> {
        let folder = path.parent().expect("a blob's path has folders");
        fs::create_dir_all(folder)?;
        let file = File::options().write(true).open(&self.file)?;
        make_readable(&file)?;
        file.sync_all()?;
        drop(file);
        self.file.persist(path).map_err(|error| error.error)?;
        // The folders above may be new too.
        folder.ancestors().take(3).try_for_each(sync_folder)
    }
}

/// A reader that passes on what it reads to a blob that is being written.
pub(crate) struct Tee<'a, R> {
    error: Option<(PathBuf, io::Error)>,
    incoming: &'a mut Incoming,
    source: R,
}

impl<'a, R: Read> Tee<'a, R> {
    /// Reads from `source` and writes to `incoming`.
    pub(crate) fn new(source: R, incoming: &'a mut Incoming) -> Self {
        Self {
            error: None,
            incoming,
            source,
        }
    }

    /// Returns the error of writing, which the reader above could only report as one of reading.
    pub(crate) fn into_write_error(self) -> Option<BlobError> {
        self.error
            .map(|(path, source)| BlobError::Write { path, source })
    }
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        if let Err(error) = self.incoming.put(&buffer[..length]) {
            let kind = error.kind();
            self.error = Some((self.incoming.file.path().to_owned(), error));
            return Err(kind.into());
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Sha256;

    fn take_in(store: &BlobStore, bytes: &[u8]) -> StagedBlob {
        let mut incoming = store.incoming().expect("the store is writable");
        io::copy(&mut Tee::new(bytes, &mut incoming), &mut io::sink()).expect("memory can be read");
        incoming.finish().expect("the store is writable")
    }

    fn leftovers(folder: &Path) -> usize {
        fs::read_dir(folder.join("tmp"))
            .expect("the folder is there")
            .count()
    }

    #[test]
    fn a_blob_has_git_lfs_layout_once_it_is_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        let bytes = vec![7; 3 << 20];
        let sha256 = Sha256::of(&bytes);
        let staged = take_in(&store, &bytes);
        assert_eq!(staged.digests().sha256, sha256);
        assert!(!store.contains(sha256, bytes.len() as u64));
        staged.keep().expect("the store is writable");
        let oid = sha256.to_string();
        let path = folder
            .path()
            .join("objects")
            .join(&oid[..2])
            .join(&oid[2..4])
            .join(&oid);
        assert_eq!(fs::read(path).expect("the blob is there"), bytes);
        assert_eq!(leftovers(folder.path()), 0);
    }

    #[test]
    fn a_blob_that_is_not_kept_leaves_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        drop(take_in(&store, b"x"));
        assert_eq!(leftovers(folder.path()), 0);
        assert!(matches!(
            store.open(Sha256::of(b"x"), 1),
            Err(BlobError::Missing { .. })
        ));
    }

    #[test]
    fn a_blob_that_is_kept_again_is_as_young_as_a_new_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        take_in(&store, b"x").keep().expect("writable");
        let path = store.path(Sha256::of(b"x"));
        let modified = || fs::metadata(&path).and_then(|metadata| metadata.modified());
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(1000);
        let file = File::options().append(true).open(&path).expect("writable");
        file.set_modified(old).expect("writable");
        take_in(&store, b"x").keep().expect("writable");
        assert!(modified().expect("it is there") > old + std::time::Duration::from_secs(900));
    }

    #[test]
    fn a_damaged_blob_is_not_opened_and_replaced_by_a_whole_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        take_in(&store, b"whole").keep().expect("writable");
        let sha256 = Sha256::of(b"whole");
        fs::write(store.path(sha256), b"who").expect("writable");
        assert!(matches!(
            store.open(sha256, 5),
            Err(BlobError::Size { found: 3, .. })
        ));
        take_in(&store, b"whole").keep().expect("writable");
        assert!(store.open(sha256, 5).is_ok());
    }
}
