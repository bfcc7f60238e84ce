//! A folder with Git LFS's layout: a disk that is mounted, or another clone's.

use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;

use super::error::TransferError;
use super::remote::{BlobRemote, Found, Listed, Put, Reading, Wanted};
use crate::base::digest::Sha256;
use crate::blob::BlobStore;
use crate::model::download_url::DownloadUrl;

/// A folder where blobs are as in `lfs/objects`.
pub(super) struct Folder {
    folder: PathBuf,
    is_writable: bool,
    name: String,
    public_url: Option<DownloadUrl>,
    store: BlobStore,
}

impl Folder {
    pub(super) fn new(
        name: String,
        folder: PathBuf,
        is_writable: bool,
        public_url: Option<DownloadUrl>,
    ) -> Self {
        Self {
            store: BlobStore::new(&folder),
            folder,
            is_writable,
            name,
            public_url,
        }
    }

    fn failed<'a>(
        &'a self,
        action: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> TransferError + 'a {
        move |source| TransferError::Io {
            action,
            path: path.to_owned(),
            remote: self.name.clone(),
            source,
        }
    }

    /// A disk that is not mounted must not look like one without blobs.
    fn check(&self) -> Result<(), TransferError> {
        let found =
            fs::metadata(&self.folder).map_err(self.failed("find the folder", &self.folder))?;
        match found.is_dir() {
            true => Ok(()),
            false => Err(self.failed("use as a folder", &self.folder)(
                io::ErrorKind::NotADirectory.into(),
            )),
        }
    }
}

impl BlobRemote for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    fn shown(&self) -> String {
        format!("file://{}", self.folder.display())
    }

    fn is_writable(&self) -> bool {
        self.is_writable
    }

    fn stat(&self, blob: &Wanted) -> Result<Option<Found>, TransferError> {
        self.check()?;
        let path = self.store.path(blob.sha256);
        match fs::metadata(&path) {
            Ok(found) => Ok(Some(Found {
                modified: found.modified().ok().and_then(|time| time.try_into().ok()),
                size: found.len(),
            })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("look at", &path)(error)),
        }
    }

    fn read(&self, blob: &Wanted, from: u64) -> Result<Reading, TransferError> {
        self.check()?;
        let path = self.store.path(blob.sha256);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => TransferError::Absent {
                remote: self.name.clone(),
                sha256: blob.sha256,
            },
            _ => self.failed("read", &path)(error),
        };
        let mut file = std::fs::File::open(&path).map_err(failed)?;
        file.seek(SeekFrom::Start(from)).map_err(failed)?;
        let source = Box::new(file);
        Ok(Reading { from, source })
    }

    fn put(&self, blob: &Wanted, source: &mut (dyn Read + Send)) -> Result<Put, TransferError> {
        self.check()?;
        if self.store.contains(blob.sha256, blob.size) {
            self.store.freshen(blob.sha256)?;
            return Ok(Put::AlreadyThere);
        }
        let mut incoming = self.store.incoming()?;
        io::copy(source, &mut incoming).map_err(self.failed("write to", &self.folder))?;
        incoming.finish()?.keep()?;
        Ok(Put::Done)
    }

    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError> {
        self.check()?;
        let listed = self.store.list()?.into_iter().map(Listed::from);
        Ok(Some(listed.collect()))
    }

    fn delete(&self, sha256: Sha256) -> Result<(), TransferError> {
        let path = self.store.path(sha256);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    fn address(&self, blob: &Wanted, _valid: Duration) -> Result<Option<String>, TransferError> {
        let url = self.public_url.as_ref();
        Ok(url.and_then(|url| blob.address(url)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::{Fetched, fetch, send};

    struct Place {
        folder: tempfile::TempDir,
        here: BlobStore,
        remote: Folder,
    }

    fn place() -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let there = folder.path().join("there");
        fs::create_dir(&there).expect("writable");
        Place {
            here: BlobStore::new(&folder.path().join("here")),
            remote: Folder::new("disk".to_owned(), there, true, None),
            folder,
        }
    }

    fn blob(store: &BlobStore, bytes: &[u8]) -> Wanted {
        let mut incoming = store.incoming().expect("writable");
        io::copy(&mut &bytes[..], &mut incoming).expect("writable");
        incoming
            .finish()
            .and_then(crate::blob::StagedBlob::keep)
            .expect("writable");
        Wanted::new(Sha256::of(bytes), bytes.len() as u64)
    }

    #[test]
    fn what_is_sent_is_listed_and_comes_back() {
        let place = place();
        let bytes = vec![7; 3 << 20];
        let wanted = blob(&place.here, &bytes);
        let told = std::sync::atomic::AtomicU64::new(0);
        let told_of = |sent| told.store(sent, std::sync::atomic::Ordering::Relaxed);
        let put = send(&place.remote, &wanted, &place.here, &told_of);
        assert_eq!(put.expect("writable"), Put::Done);
        assert_eq!(told.into_inner(), wanted.size);
        let put = send(&place.remote, &wanted, &place.here, &|_| {});
        assert_eq!(put.expect("writable"), Put::AlreadyThere);
        let listed = place
            .remote
            .list()
            .expect("readable")
            .expect("a folder can be listed");
        assert_eq!((listed.len(), listed[0].sha256), (1, wanted.sha256));
        let elsewhere = BlobStore::new(&place.folder.path().join("elsewhere"));
        let fetched = fetch(&[&place.remote], &wanted, &elsewhere, &|_| {}).expect("it is there");
        assert_eq!(
            fetched,
            Fetched::From {
                remote: "disk".to_owned()
            }
        );
        assert!(elsewhere.contains(wanted.sha256, wanted.size));
        place.remote.delete(wanted.sha256).expect("writable");
        place
            .remote
            .delete(wanted.sha256)
            .expect("it is removed already");
        assert_eq!(place.remote.stat(&wanted).expect("readable"), None);
    }

    #[test]
    fn a_blob_that_is_damaged_here_is_not_sent() {
        let place = place();
        let wanted = blob(&place.here, b"whole");
        fs::write(place.here.path(wanted.sha256), b"other").expect("writable");
        let error = send(&place.remote, &wanted, &place.here, &|_| {}).expect_err("it is damaged");
        assert!(
            matches!(error, TransferError::LocalDamage { .. }),
            "{error}"
        );
        assert_eq!(place.remote.stat(&wanted).expect("readable"), None);
    }

    #[test]
    fn a_damaged_remote_is_passed_over_and_named() {
        let place = place();
        let wanted = blob(&place.here, b"whole");
        let other = place.folder.path().join("other");
        fs::create_dir(&other).expect("writable");
        let other = Folder::new("other".to_owned(), other, true, None);
        for remote in [&place.remote, &other] {
            send(remote, &wanted, &place.here, &|_| {}).expect("writable");
        }
        let elsewhere = BlobStore::new(&place.folder.path().join("elsewhere"));
        for damage in [&b"other"[..], b"who", b"whole and more"] {
            fs::write(place.remote.store.path(wanted.sha256), damage).expect("writable");
            let failures =
                fetch(&[&place.remote], &wanted, &elsewhere, &|_| {}).expect_err("damaged");
            let [failure] = &failures[..] else {
                unreachable!("one remote was asked");
            };
            assert!(failure.to_string().contains("`disk`"), "{failure}");
            assert!(!elsewhere.contains(wanted.sha256, wanted.size));
        }
        let fetched = fetch(&[&place.remote, &other], &wanted, &elsewhere, &|_| {});
        let from_other = Fetched::From {
            remote: "other".to_owned(),
        };
        assert_eq!(fetched.expect("the other has it"), from_other);
    }

    #[test]
    fn a_disk_that_is_not_there_is_an_error_and_not_empty() {
        let place = place();
        let wanted = blob(&place.here, b"whole");
        fs::remove_dir(place.folder.path().join("there")).expect("writable");
        assert!(place.remote.stat(&wanted).is_err());
        assert!(place.remote.list().is_err());
        assert!(send(&place.remote, &wanted, &place.here, &|_| {}).is_err());
    }
}
