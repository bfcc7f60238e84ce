//! What is in the store: its blobs, and what stands there that is none.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;

use super::staging::Staging;
use super::store::{BlobError, BlobStore, Stored};
use crate::base::digest::Sha256;

/// A file that is no blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    /// Whether it is known that nobody goes on with it: the process that wrote it had a lock.
    pub(crate) is_abandoned: bool,
    pub(crate) modified: SystemTime,
    pub(crate) path: PathBuf,
    /// In bytes.
    pub(crate) size: u64,
}

/// What is in the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    /// In the order of their names.
    pub(crate) blobs: Vec<Stored>,
    /// Files among the blobs whose names are none of a blob, or of another place.
    pub(crate) strangers: Vec<Leftover>,
    /// What processes that are no more have left half-written.
    pub(crate) unfinished: Vec<Leftover>,
}

impl BlobStore {
    /// Returns the folder of the store, in which all of it is.
    pub(crate) fn folder(&self) -> &Path {
        self.objects.parent().unwrap_or(&self.objects)
    }

    /// Returns all that is here. Files that come or go meanwhile may be missing.
    pub(crate) fn inventory(&self) -> Result<Inventory, BlobError> {
        let mut inventory = Inventory::default();
        each_file(&self.objects, &mut |path, metadata| {
            let size = metadata.len();
            let modified = modified(metadata);
            match self.blob_at(&path) {
                Some(sha256) => inventory.blobs.push(Stored {
                    modified,
                    sha256,
                    size,
                }),
                None => inventory.strangers.push(Leftover {
                    is_abandoned: false,
                    modified,
                    path,
                    size,
                }),
            }
        })?;
        inventory.blobs.sort_by_key(|blob| blob.sha256);
        inventory.unfinished = self.unfinished()?;
        Ok(inventory)
    }

    /// Returns the blob whose place this is.
    fn blob_at(&self, path: &Path) -> Option<Sha256> {
        let sha256 = path.file_name()?.to_str()?.parse().ok()?;
        (self.path(sha256) == path).then_some(sha256)
    }

    /// Returns what is half-written and whose writer is gone; of git-lfs's, which has no locks, everything.
    fn unfinished(&self) -> Result<Vec<Leftover>, BlobError> {
        let mut unfinished = Vec::new();
        for folder in [&self.temporary, &self.incomplete] {
            each_file(folder, &mut |path, metadata| {
                let is_ours = Staging::has(folder, &path);
                if !is_ours || !Staging::is_in_use(folder, &path) {
                    unfinished.push(Leftover {
                        is_abandoned: is_ours,
                        modified: modified(metadata),
                        path,
                        size: metadata.len(),
                    });
                }
            })?;
        }
        unfinished.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(unfinished)
    }

    /// Returns when the blob came, or was last found to be wanted; nothing when it is not here.
    pub(crate) fn modified(&self, sha256: Sha256) -> Option<SystemTime> {
        let metadata = fs::symlink_metadata(self.path(sha256)).ok()?;
        Some(modified(&metadata))
    }

    /// Moves what is at the blob's place aside, where git-lfs moves what is damaged (git-lfs-fsck(1)); returns where it is now.
    pub(crate) fn set_aside(&self, sha256: Sha256) -> Result<PathBuf, BlobError> {
        let folder = self.folder().join("bad");
        let aside = folder.join(sha256.to_string());
        let moved =
            fs::create_dir_all(&folder).and_then(|()| fs::rename(self.path(sha256), &aside));
        let path = aside.clone();
        moved.map_err(|source| BlobError::Write { path, source })?;
        Ok(aside)
    }

    /// Moves it back.
    pub(crate) fn put_back(&self, sha256: Sha256, aside: &Path) -> Result<(), BlobError> {
        let path = self.path(sha256);
        fs::rename(aside, &path).map_err(|source| BlobError::Write { path, source })
    }

    /// Removes the blob; one that is not here is removed already.
    pub(crate) fn remove(&self, sha256: Sha256) -> Result<(), BlobError> {
        remove_file(&self.path(sha256))
    }

    /// Removes something that is no blob.
    pub(crate) fn remove_leftover(&self, leftover: &Leftover) -> Result<(), BlobError> {
        remove_file(&leftover.path)
    }
}

fn remove_file(path: &Path) -> Result<(), BlobError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            let path = path.to_owned();
            Err(BlobError::Write { path, source })
        }
        _ => Ok(()),
    }
}

/// Where a system does not tell, a file is as young as can be.
fn modified(metadata: &Metadata) -> SystemTime {
    metadata.modified().unwrap_or_else(|_| SystemTime::now())
}

/// Calls `visit` for every file below `folder`; links are files. A folder that is not there has none.
fn each_file(folder: &Path, visit: &mut dyn FnMut(PathBuf, &Metadata)) -> Result<(), BlobError> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let failed = |source| BlobError::List {
            path: folder.clone(),
            source,
        };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if is_gone(&error) => continue,
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_dir() => folders.push(path),
                Ok(metadata) => visit(path, &metadata),
                Err(error) if is_gone(&error) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
    Ok(())
}

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotFound
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(leftovers: &[Leftover]) -> Vec<String> {
        let name = |leftover: &Leftover| leftover.path.file_name().map(ToOwned::to_owned);
        let names = leftovers.iter().filter_map(name);
        names
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    fn put(path: &Path) {
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, "bytes").expect("writable");
    }

    #[test]
    fn blobs_are_told_from_what_only_looks_like_them() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        assert_eq!(store.inventory().expect("readable"), Inventory::default());
        let sha256 = Sha256::of(b"x");
        put(&store.path(sha256));
        // Where `ab` should be, there is `cd`.
        let oid = sha256.to_string();
        put(&folder.path().join("objects/cd/ab").join(&oid));
        put(&folder.path().join("objects/ab/cd/note.txt"));
        put(&folder
            .path()
            .join("objects")
            .join(&oid[..2])
            .join(oid.to_uppercase()));
        let inventory = store.inventory().expect("readable");
        let blobs: Vec<_> = inventory
            .blobs
            .iter()
            .map(|blob| (blob.sha256, blob.size))
            .collect();
        assert_eq!(blobs, [(sha256, 5)]);
        assert_eq!(inventory.strangers.len(), 3, "{:?}", inventory.strangers);
    }

    #[test]
    fn what_a_living_process_writes_is_not_left_over() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = BlobStore::new(folder.path());
        let incoming = store.incoming().expect("writable");
        let dead = folder.path().join("tmp/spkrepo-dead");
        put(&dead.join("blob"));
        let hour_ago = SystemTime::now() - std::time::Duration::from_secs(3600);
        let dead = std::fs::File::open(dead).expect("readable");
        dead.set_modified(hour_ago).expect("its owner's");
        put(&folder.path().join("tmp/of-git-lfs"));
        put(&folder.path().join("incomplete/abc.part"));
        let found = names(&store.inventory().expect("readable").unfinished);
        assert_eq!(found, ["abc.part", "of-git-lfs", "blob"]);
        drop(incoming);
    }
}
