//! The folder where one process writes blobs that have no name yet.
//!
//! The folder's lock tells it from one that a killed process left, and costs one descriptor for any number of blobs.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;
use tempfile::TempDir;

/// A folder that goes with its last blob.
#[derive(Debug)]
pub(super) struct Staging {
    folder: TempDir,
    _lock: File,
}

const PREFIX: &str = "spkrepo-";
const LOCK: &str = "lock";
/// Where folders cannot be locked, a younger one may belong to a process that has made it and not yet locked it.
const LEFTOVER_AGE: Duration = Duration::from_secs(60);

impl Staging {
    /// Makes the folder in `temporary`, where what killed processes left is removed.
    pub(super) fn new(temporary: &Path) -> io::Result<Self> {
        fs::create_dir_all(temporary)?;
        let _turn = Self::tidy(temporary);
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(temporary)?;
        let lock = File::create(folder.path().join(LOCK))?;
        lock.lock()?;
        Ok(Self {
            folder,
            _lock: lock,
        })
    }

    /// Removes what killed processes have left in `temporary`. While the lock on it is held that is returned, where the
    /// system has one for folders, nobody else makes a folder there.
    pub(super) fn tidy(temporary: &Path) -> Option<File> {
        let turn = File::open(temporary).ok();
        let turn = turn.filter(|turn| turn.lock().is_ok());
        remove_leftovers(temporary, turn.is_some());
        turn
    }

    /// Returns whether the file is in a folder of this kind in `temporary`.
    pub(super) fn has(temporary: &Path, file: &Path) -> bool {
        folder_of(temporary, file).is_some()
    }

    /// Returns whether a living process may be writing the file, which is in such a folder.
    pub(super) fn is_in_use(temporary: &Path, file: &Path) -> bool {
        folder_of(temporary, file).is_some_and(|folder| !is_abandoned(&folder, false))
    }

    /// Returns where the blobs are written.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Returns the folder of a process in `temporary` that the file is in.
fn folder_of(temporary: &Path, file: &Path) -> Option<PathBuf> {
    let below = file.strip_prefix(temporary).ok()?;
    let folder = below.components().next()?.as_os_str();
    let is_such = folder.to_string_lossy().starts_with(PREFIX);
    is_such.then(|| temporary.join(folder))
}

fn remove_leftovers(temporary: &Path, is_locked: bool) {
    let Ok(entries) = fs::read_dir(temporary) else {
        return;
    };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if is_ours && is_abandoned(&entry.path(), is_locked) {
            // What cannot be removed now is tried again by the next process.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(folder: &Path, none_is_being_made: bool) -> bool {
    let age = fs::metadata(folder)
        .and_then(|metadata| metadata.modified())
        .map(|modified| modified.elapsed().unwrap_or_default());
    let is_locked = File::open(folder.join(LOCK)).is_ok_and(|lock| lock.try_lock().is_err());
    let is_finished = none_is_being_made || age.is_ok_and(|age| age > LEFTOVER_AGE);
    is_finished && !is_locked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(temporary: &Path) -> usize {
        fs::read_dir(temporary)
            .expect("the folder is there")
            .count()
    }

    fn make_old(folder: &Path) {
        let hour_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        let folder = File::open(folder).expect("a folder");
        folder.set_modified(hour_ago).expect("our own folder");
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_writes_stays() {
        let temporary = tempfile::tempdir().expect("a temporary folder");
        let temporary = temporary.path();
        let living = Staging::new(temporary).expect("writable");
        make_old(living.path());
        let dead = temporary.join("spkrepo-dead");
        // As young as what the server before this one left.
        fs::create_dir(&dead).expect("writable");
        fs::write(dead.join("half"), b"half").expect("writable");
        fs::create_dir(temporary.join("of-git-lfs")).expect("writable");
        let own = Staging::new(temporary).expect("writable");
        assert!(!dead.exists());
        assert_eq!(folders(temporary), 3, "ours, the living one and git-lfs's");
        drop((living, own));
        assert_eq!(folders(temporary), 1);
    }
}
