//! A blob that is being downloaded: what has come stays when the download ends early, and the next one goes on from there.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::store::{BlobError, BlobStore};
use crate::base::atomic_file::{make_readable, sync_folder};
use crate::base::digest::{Sha256, Sha256Hasher};

/// What has come of a blob whose name and size are known. One process has it at a time.
pub(crate) struct Partial {
    file: File,
    hasher: Sha256Hasher,
    length: u64,
    path: PathBuf,
    sha256: Sha256,
    size: u64,
    store: BlobStore,
}

/// Says why what has come is not the blob.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartialError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("{found} bytes came instead of {expected}")]
    Length { expected: u64, found: u64 },
    #[error("bytes with the SHA-256 {found} came")]
    Other { found: Sha256 },
}

/// Bytes that are read at once.
const BUFFER: usize = 1 << 18;

impl Partial {
    /// Opens what is at `path`, alone; returns nothing when the store has the blob.
    pub(super) fn open(
        store: BlobStore,
        path: &Path,
        sha256: Sha256,
        size: u64,
    ) -> io::Result<Option<Self>> {
        fs::create_dir_all(path.parent().expect("a file is in a folder"))?;
        let file = loop {
            if store.contains(sha256, size) {
                return Ok(None);
            }
            let mut options = File::options();
            let file = options
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)?;
            file.lock()?;
            // Whoever was waited for may have made a blob of it, or removed it.
            if is_at(&file, path) {
                break file;
            }
        };
        let mut partial = Self {
            file,
            hasher: Sha256Hasher::default(),
            length: 0,
            path: path.to_owned(),
            sha256,
            size,
            store,
        };
        partial.take_up()?;
        Ok(Some(partial))
    }

    /// Hashes what is there already.
    fn take_up(&mut self) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER];
        loop {
            match self.file.read(&mut buffer)? {
                0 => break,
                length => {
                    self.hasher.update(&buffer[..length]);
                    self.length += length as u64;
                }
            }
        }
        if self.length > self.size {
            self.restart()?;
        }
        Ok(())
    }

    /// Returns how many bytes have come.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns where they are, for whoever reads them while more come.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Forgets what has come.
    fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.hasher = Sha256Hasher::default();
        self.length = 0;
        Ok(())
    }

    /// Takes what comes next. What is too much is counted and not written: the file is never larger than the blob.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let room = self.size.saturating_sub(self.length);
        let fits = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
        self.file.write_all(&bytes[..fits])?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Gives the blob its name, durably, if it is what its name says; forgets it otherwise.
    pub(crate) fn keep(mut self) -> Result<(), PartialError> {
        let found = std::mem::take(&mut self.hasher).finish();
        let (expected, length) = (self.size, self.length);
        if length == expected && found == self.sha256 {
            let path = self.path.clone();
            return Ok(self
                .name()
                .map_err(|source| BlobError::Write { path, source })?);
        }
        // What cannot be removed is found out again by the next download.
        let _ = fs::remove_file(&self.path);
        match length == expected {
            true => Err(PartialError::Other { found }),
            false => Err(PartialError::Length {
                expected,
                found: length,
            }),
        }
    }

    fn name(self) -> io::Result<()> {
        make_readable(&self.file)?;
        self.file.sync_all()?;
        let path = self.store.path(self.sha256);
        let folder = path.parent().expect("a blob's path has folders");
        fs::create_dir_all(folder)?;
        fs::rename(&self.path, &path)?;
        folder.ancestors().take(3).try_for_each(sync_folder)
    }
}

/// Says whether `file` is what is at `path`.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let ours = file.metadata().map(|ours| (ours.dev(), ours.ino()));
    let there = fs::metadata(path).map(|there| (there.dev(), there.ino()));
    matches!((ours, there), (Ok(ours), Ok(there)) if ours == there)
}

/// Where a file that is open cannot be renamed, it is.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun(store: &BlobStore, bytes: &[u8]) -> Partial {
        let partial = store.partial(Sha256::of(bytes), bytes.len() as u64);
        partial
            .expect("the store is writable")
            .expect("it is not there")
    }

    #[test]
    fn a_download_goes_on_where_it_ended() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        let mut partial = begun(&store, b"whole");
        partial.write(b"who").expect("writable");
        drop(partial);
        let mut partial = begun(&store, b"whole");
        assert_eq!(partial.length(), 3);
        partial.write(b"le").expect("writable");
        partial.keep().expect("it is whole");
        assert!(store.contains(Sha256::of(b"whole"), 5));
        let again = store.partial(Sha256::of(b"whole"), 5).expect("readable");
        assert!(again.is_none());
        let left = fs::read_dir(folder.path().join("incomplete")).expect("a folder");
        assert_eq!(left.count(), 0);
    }

    #[test]
    fn what_is_not_the_blob_gets_no_name_and_is_forgotten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        for bytes in [&b"other"[..], b"who", b"whole and more"] {
            let mut partial = begun(&store, b"whole");
            assert_eq!(partial.length(), 0);
            partial.write(bytes).expect("writable");
            let written = fs::metadata(partial.path()).expect("it is there").len();
            assert!(written <= 5, "{written}");
            assert!(!matches!(
                partial.keep(),
                Ok(()) | Err(PartialError::Blob(_))
            ));
            assert!(!store.contains(Sha256::of(b"whole"), 5));
        }
    }

    #[test]
    fn two_that_download_the_same_wait_for_each_other() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        let mut first = begun(&store, b"whole");
        std::thread::scope(|threads| {
            let second = threads.spawn(|| store.partial(Sha256::of(b"whole"), 5));
            first.write(b"whole").expect("writable");
            first.keep().expect("it is whole");
            let second = second.join().expect("no panic").expect("readable");
            assert!(second.is_none(), "the first has brought it");
        });
    }
}
