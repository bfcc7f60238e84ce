//! The folder of an export: written beside, swapped in, and never anybody else's.
//!
//! ```text
//! site/                         the export
//! .site.spkrepo-export/lock     held by whoever writes
//! .site.spkrepo-export/new      what is being written; after the swap, what was there before
//! .site.spkrepo-export/old      what was there before, on systems that cannot swap two folders at once
//! ```
//!
//! Killed at any instant, `site` is the old export or the new one; where folders cannot be swapped, it may be missing until
//! the next export puts it back. What a killed one left is removed by the next.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use rustix::fs::{FlockOperation, flock};

use crate::site::{MANIFEST, Manifest};

/// A folder to export to, and the one beside it.
pub(super) struct Place {
    beside: PathBuf,
    fresh: PathBuf,
    lock: fs::File,
    target: PathBuf,
}

/// Says why a folder cannot be exported to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("another export to `{path}` is running")]
    Busy { path: PathBuf },
    #[error("`{path}` has `{foreign}`, which no export wrote")]
    Foreign { foreign: String, path: PathBuf },
    #[error("`{path}` is not a folder")]
    NotAFolder { path: PathBuf },
    #[error("`{path}` is not empty, and no export made it")]
    NotAnExport { path: PathBuf },
    #[error("`{path}` cannot be replaced as a whole")]
    Swap {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not prepare `{path}`")]
    Unready {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

const FRESH: &str = "new";
const LOCK: &str = "lock";
const OLD: &str = "old";

impl Place {
    /// Checks that `output` is free or an export, and makes an empty folder beside it.
    pub(super) fn prepare(output: &Path) -> Result<Self, PlaceError> {
        let unready = |source| PlaceError::Unready {
            path: output.to_owned(),
            source,
        };
        let target = resolved(output).map_err(unready)?;
        let beside = beside(&target);
        let lock = lock(&beside).map_err(unready)?;
        let lock = lock.ok_or_else(|| PlaceError::Busy {
            path: output.to_owned(),
        })?;
        let place = Self {
            fresh: beside.join(FRESH),
            beside,
            lock,
            target,
        };
        place.recover().map_err(unready)?;
        if let Err(error) = check(&place.target) {
            place.clear().map_err(unready)?;
            return Err(error);
        }
        fs::create_dir(&place.fresh).map_err(unready)?;
        Ok(place)
    }

    /// Returns the folder that becomes the export.
    pub(super) fn fresh(&self) -> &Path {
        &self.fresh
    }

    /// Puts the new folder in the place of the old one, and removes that.
    pub(super) fn swap(self) -> Result<(), PlaceError> {
        let failed = |source| PlaceError::Swap {
            path: self.target.clone(),
            source,
        };
        // What came into the folder meanwhile is not ours to remove.
        check(&self.target)?;
        sync(&self.fresh).map_err(failed)?;
        if self.target.symlink_metadata().is_err() {
            fs::rename(&self.fresh, &self.target).map_err(failed)?;
        } else if exchange(&self.fresh, &self.target).is_err() {
            // Not every file system can.
            let old = self.beside.join(OLD);
            fs::rename(&self.target, &old).map_err(failed)?;
            if let Err(source) = fs::rename(&self.fresh, &self.target) {
                fs::rename(&old, &self.target).map_err(failed)?;
                return Err(failed(source));
            }
        }
        self.clear().map_err(failed)
    }

    /// Puts back what a killed export had in its hands, and removes what it left.
    fn recover(&self) -> io::Result<()> {
        let old = self.beside.join(OLD);
        if old.is_dir() && self.target.symlink_metadata().is_err() {
            fs::rename(&old, &self.target)?;
        }
        remove(&old)?;
        remove(&self.fresh)
    }

    /// Removes the folder beside.
    fn clear(&self) -> io::Result<()> {
        remove(&self.fresh)?;
        remove(&self.beside.join(OLD))?;
        // Whoever waits for the lock notices that the file has no name any more.
        fs::remove_file(self.beside.join(LOCK))?;
        fs::remove_dir(&self.beside)
    }
}

impl Drop for Place {
    /// After an error nothing is left beside; after a swap there is nothing.
    fn drop(&mut self) {
        if is_at(&self.lock, &self.beside.join(LOCK)) {
            self.clear().ok();
        }
    }
}

/// Follows links, so that what they lead to is replaced.
fn resolved(output: &Path) -> io::Result<PathBuf> {
    if let Ok(known) = fs::canonicalize(output) {
        return Ok(known);
    }
    let absolute = std::path::absolute(output)?;
    let no_name = || io::Error::new(io::ErrorKind::InvalidInput, "the path has no name");
    let name = absolute.file_name().ok_or_else(no_name)?;
    let parent = absolute.parent().ok_or_else(no_name)?;
    fs::create_dir_all(parent)?;
    Ok(fs::canonicalize(parent)?.join(name))
}

fn beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".spkrepo-export");
    target.with_file_name(name)
}

/// Returns the lock, unless somebody has it.
fn lock(beside: &Path) -> io::Result<Option<fs::File>> {
    loop {
        match fs::create_dir(beside) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let path = beside.join(LOCK);
        let file = match fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
        {
            // Who had it removed the folder since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            other => other?,
        }
        if is_at(&file, &path) {
            return Ok(Some(file));
        }
    }
}

/// Says whether `path` still names this file.
fn is_at(file: &fs::File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(file), Ok(named)) => id(file) == id(named),
        _ => false,
    }
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Demands that there is nothing, an empty folder, or an export and nothing else.
fn check(target: &Path) -> Result<(), PlaceError> {
    let path = || target.to_owned();
    let unready = |source| PlaceError::Unready {
        path: path(),
        source,
    };
    match target.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => {
            if !metadata.map_err(unready)?.is_dir() {
                return Err(PlaceError::NotAFolder { path: path() });
            }
        }
    }
    if fs::read_dir(target).map_err(unready)?.next().is_none() {
        return Ok(());
    }
    let manifest = fs::read(target.join(MANIFEST)).ok();
    let Some(manifest) = manifest.and_then(|bytes| Manifest::read(&bytes)) else {
        return Err(PlaceError::NotAnExport { path: path() });
    };
    match foreign(target, &manifest).map_err(unready)? {
        Some(foreign) => Err(PlaceError::Foreign {
            foreign,
            path: path(),
        }),
        None => Ok(()),
    }
}

/// Returns the first path, in no order that matters, that the manifest does not name.
fn foreign(target: &Path, manifest: &Manifest) -> io::Result<Option<String>> {
    let mut folders: BTreeSet<&str> = BTreeSet::from([""]);
    for path in manifest.files.keys() {
        let mut rest = path.as_str();
        while let Some((folder, _)) = rest.rsplit_once('/') {
            folders.insert(folder);
            rest = folder;
        }
    }
    for folder in &folders {
        let entries = match fs::read_dir(target.join(folder)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = match *folder {
                "" => name,
                folder => format!("{folder}/{name}"),
            };
            let is_ours = if entry.file_type()?.is_dir() {
                folders.contains(path.as_str())
            } else {
                path == MANIFEST || manifest.files.contains_key(&path)
            };
            if !is_ours {
                return Ok(Some(path));
            }
        }
    }
    Ok(None)
}

/// Has the file system write what it has in memory, so that a power cut leaves no empty files in a folder with the new name.
fn sync(folder: &Path) -> io::Result<()> {
    let folder = fs::File::open(folder)?;
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(&folder)?;
    #[cfg(not(target_os = "linux"))]
    drop(folder);
    Ok(())
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
