//! Downloads, whole or not, that are in no commit yet: in `spkrepo/import` of the git directory.
//!
//! ```text
//! <key>.json   where it comes from, and how to know that it is still the same there
//! <key>.part   what has come so far
//! <key>.spk    all of it
//! ```

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::super::error::ImportError;
use super::super::offered::{Offered, Place};
use crate::base::atomic_file;
use crate::base::digest::Sha256;

/// The folder; dropping it gives it back to other imports.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    _lock: File,
}

/// Names one download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key(String);

/// What is known of a download.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    /// As the server writes it.
    pub(super) last_modified: Option<String>,
    pub(super) link: String,
    /// All of its bytes, when the server says how many there are.
    pub(super) size: Option<u64>,
    /// A strong one.
    pub(super) tag: Option<String>,
}

impl Key {
    /// Bytes that are known by their digest are the same at every link: spkrepo's differ from device to device.
    pub(super) fn of(offered: &Offered) -> Self {
        let text = match (&offered.place, offered.md5) {
            (_, Some(md5)) => format!("{md5} {:?}", offered.size),
            (Place::Link(link), None) => link.clone(),
            (Place::File(path), None) => path.display().to_string(),
        };
        let name = Sha256::of(text.as_bytes()).to_string();
        Self(name[..32].to_owned())
    }
}

impl Shelf {
    /// Takes the folder for this process alone.
    pub(crate) fn open(folder: &Path) -> Result<Self, ImportError> {
        let failed = |source| ImportError::Shelf {
            path: folder.to_owned(),
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(false);
        let lock = options.open(&path).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ImportError::Busy { path }),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        atomic_file::remove_leftovers(folder).map_err(failed)?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    pub(super) fn whole(&self, key: &Key) -> PathBuf {
        self.file(key, "spk")
    }

    pub(super) fn part(&self, key: &Key) -> PathBuf {
        self.file(key, "part")
    }

    fn file(&self, key: &Key, kind: &str) -> PathBuf {
        self.folder.join(format!("{}.{kind}", key.0))
    }

    /// Returns what is known of a download that has begun; one that cannot be read has not begun.
    pub(super) fn label(&self, key: &Key) -> Option<Label> {
        let bytes = fs::read(self.file(key, "json")).ok()?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Begins a download: nothing has come yet.
    pub(super) fn begin(&self, key: &Key, label: &Label) -> Result<(), ImportError> {
        self.remove(key)?;
        let path = self.file(key, "json");
        let bytes = serde_json::to_vec(label).expect("it has text keys");
        atomic_file::write(&path, &bytes).map_err(|error| self.failed(error))
    }

    /// Says that all of it has come.
    pub(super) fn finish(&self, key: &Key) -> Result<(), ImportError> {
        let renamed = fs::rename(self.part(key), self.whole(key));
        renamed.map_err(|error| self.failed(error))
    }

    /// Forgets a download.
    pub(super) fn remove(&self, key: &Key) -> Result<(), ImportError> {
        for kind in ["part", "spk", "json"] {
            match fs::remove_file(self.file(key, kind)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(self.failed(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Forgets all downloads but those that are still offered and not there.
    pub(super) fn tidy(&self, wanted: &[Key]) -> Result<(), ImportError> {
        let wanted: BTreeSet<&str> = wanted.iter().map(|key| key.0.as_str()).collect();
        for entry in fs::read_dir(&self.folder).map_err(|error| self.failed(error))? {
            let path = entry.map_err(|error| self.failed(error))?.path();
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let is_download = stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_download && !wanted.contains(&*stem) {
                fs::remove_file(&path).map_err(|error| self.failed(error))?;
            }
        }
        Ok(())
    }

    pub(super) fn failed(&self, source: io::Error) -> ImportError {
        let path = self.folder.clone();
        ImportError::Shelf { path, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::channel::Channel;

    fn key(md5: Option<&str>, link: &str) -> Key {
        Key::of(&Offered {
            channel: Channel::Beta,
            md5: md5.map(|md5| md5.parse().expect("a digest")),
            package: "a".parse().expect("a name"),
            place: Place::Link(link.to_owned()),
            sha256: None,
            size: Some(7),
            version: "1".parse().expect("a version"),
        })
    }

    #[test]
    fn known_bytes_have_one_key_whatever_their_link() {
        let md5 = Some("d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(key(md5, "http://x/?1"), key(md5, "http://x/?2"));
        assert_ne!(key(None, "http://x/?1"), key(None, "http://x/?2"));
    }

    #[test]
    fn a_download_begins_ends_and_is_forgotten() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let shelf = Shelf::open(folder.path()).expect("writable");
        let (a, b) = (key(None, "http://x/a"), key(None, "http://x/b"));
        let label = Label {
            link: "http://x/a".to_owned(),
            size: Some(2),
            ..Label::default()
        };
        for key in [&a, &b] {
            shelf.begin(key, &label).expect("writable");
            fs::write(shelf.part(key), "ab").expect("writable");
            shelf.finish(key).expect("writable");
        }
        assert_eq!(shelf.label(&a), Some(label));
        shelf.tidy(std::slice::from_ref(&b)).expect("writable");
        assert!(!shelf.whole(&a).exists() && shelf.label(&a).is_none());
        assert!(shelf.whole(&b).exists());
        shelf.remove(&b).expect("writable");
        shelf.remove(&b).expect("it is gone already");
        let left = fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(left, 1, "the lock");
    }

    #[test]
    fn one_import_at_a_time_has_the_folder() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = Shelf::open(folder.path()).expect("writable");
        assert!(matches!(
            Shelf::open(folder.path()),
            Err(ImportError::Busy { .. })
        ));
        drop(first);
        assert!(Shelf::open(folder.path()).is_ok());
    }
}
