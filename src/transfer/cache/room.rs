//! The folder of a cache, which is never larger than it may be: room is made before it is used.
//!
//! ```text
//! lock                  held while room is counted, made and taken
//! objects/ab/cd/<oid>   whole blobs; when each was last used stands in its time of modification
//! incomplete/<oid>…     what has come of the others
//! coming/<oid>-<size>   room that is taken for one: locked as long as somebody downloads it
//! ```
//!
//! All of it is in names, sizes, times and locks of the file system: several processes can share a folder, and one that is
//! killed leaves nothing that the next does not understand.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use fs_err as fs;

use crate::base::digest::Sha256;
use crate::blob::{BlobError, BlobStore};

/// The folder.
#[derive(Debug)]
pub(super) struct Folder {
    capacity: u64,
    path: PathBuf,
    pub(super) store: BlobStore,
}

/// Room for a blob that is downloaded, alone. What has come when this is dropped keeps its room.
#[derive(Debug)]
pub(super) struct Room<'a> {
    folder: &'a Folder,
    _lock: File,
    path: PathBuf,
    sha256: Sha256,
}

/// What came of asking for room.
#[derive(Debug)]
pub(super) enum Asked<'a> {
    /// All of it is in use.
    Full,
    Given(Room<'a>),
    /// Somebody else is downloading the blob.
    Taken,
}

/// Something that takes room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Occupant {
    used: SystemTime,
    sha256: Sha256,
    bytes: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Room for something that is downloaded, or was.
    Coming,
    Whole,
}

/// Returns how many of `occupants`, the least recently used first, must go so that they and the `fixed` bytes fit; nothing
/// when that does not help.
fn victims(occupants: &[Occupant], fixed: u64, capacity: u64) -> Option<usize> {
    let movable: u64 = occupants.iter().map(|occupant| occupant.bytes).sum();
    let mut used = fixed.saturating_add(movable);
    for (count, occupant) in occupants.iter().enumerate() {
        if used <= capacity {
            return Some(count);
        }
        used -= occupant.bytes;
    }
    (used <= capacity).then_some(occupants.len())
}

impl Folder {
    /// Takes up a folder that may be there already, and makes it as small as it must be.
    pub(super) fn open(path: PathBuf, capacity: u64) -> io::Result<Self> {
        let folder = Self {
            capacity,
            store: BlobStore::new(&path),
            path,
        };
        fs::create_dir_all(folder.coming())?;
        let _turn = folder.turn()?;
        folder.forget_strays()?;
        // Where others download as much, it is they who end first.
        folder.make_room()?;
        Ok(folder)
    }

    /// Takes room for a blob, from what was least recently used.
    pub(super) fn ask(&self, sha256: Sha256, size: u64) -> io::Result<Asked<'_>> {
        let _turn = self.turn()?;
        let path = self.coming().join(format!("{sha256}-{size}"));
        let mut options = File::options();
        let lock = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)?;
        if lock.try_lock().is_err() {
            return Ok(Asked::Taken);
        }
        // It counts already, and what was begun before did so since then.
        let has_room = self.make_room();
        if matches!(has_room, Ok(true)) {
            return Ok(Asked::Given(Room {
                folder: self,
                _lock: lock,
                path,
                sha256,
            }));
        }
        self.give_up(sha256, &path);
        has_room.map(|_| Asked::Full)
    }

    /// Gives back room for which nothing is there. The caller has the turn.
    fn give_up(&self, sha256: Sha256, path: &Path) {
        if !self.store.partial_path(sha256).exists() {
            // What cannot be removed takes room until somebody needs it.
            let _ = fs::remove_file(path);
        }
    }

    /// Notes that a blob is used.
    pub(super) fn touch(&self, file: &File) {
        // Where this is not possible it goes earlier than it should.
        let _ = file.set_modified(SystemTime::now());
    }

    /// Returns how many bytes are there or are taken.
    pub(super) fn used(&self) -> io::Result<u64> {
        let _turn = self.turn()?;
        let (movable, fixed) = self.occupants()?;
        Ok(fixed + movable.iter().map(|occupant| occupant.bytes).sum::<u64>())
    }

    fn coming(&self) -> PathBuf {
        self.path.join("coming")
    }

    /// Waits until nobody else counts.
    fn turn(&self) -> io::Result<File> {
        let mut options = File::options();
        let file = options
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path.join("lock"))?;
        file.lock()?;
        Ok(file)
    }

    /// Says whether all fits, after what must go has gone.
    fn make_room(&self) -> io::Result<bool> {
        let (mut movable, fixed) = self.occupants()?;
        movable.sort();
        let Some(count) = victims(&movable, fixed, self.capacity) else {
            return Ok(false);
        };
        let mut leaving = movable[..count].iter();
        leaving.try_for_each(|occupant| self.remove(occupant))?;
        Ok(true)
    }

    fn remove(&self, occupant: &Occupant) -> io::Result<()> {
        let Occupant { sha256, bytes, .. } = *occupant;
        match occupant.kind {
            Kind::Coming => {
                gone(fs::remove_file(self.store.partial_path(sha256)))?;
                gone(fs::remove_file(
                    self.coming().join(format!("{sha256}-{bytes}")),
                ))
            }
            Kind::Whole => gone(fs::remove_file(self.store.path(sha256))),
        }
    }

    /// Returns what may go, and how many bytes may not. The caller has the turn.
    fn occupants(&self) -> io::Result<(Vec<Occupant>, u64)> {
        // In this order, what becomes whole meanwhile is seen at least once.
        let taken = self.taken()?;
        let whole = self.store.list().map_err(into_io)?;
        let (mut movable, mut fixed) = (Vec::new(), BTreeMap::new());
        for (path, sha256, bytes) in taken {
            let is_used = File::open(&path)?.try_lock().is_err();
            if is_used {
                // It is counted once, whether it is whole yet or not.
                fixed.insert(sha256, bytes);
                continue;
            }
            // Whoever was killed when it was whole has not given the room back.
            if whole.iter().any(|whole| whole.sha256 == sha256) {
                gone(fs::remove_file(&path))?;
                continue;
            }
            let partial = fs::metadata(self.store.partial_path(sha256));
            let used = partial.and_then(|partial| partial.modified());
            movable.push(Occupant {
                used: used.unwrap_or(SystemTime::UNIX_EPOCH),
                sha256,
                bytes,
                kind: Kind::Coming,
            });
        }
        let whole = whole.into_iter().map(|whole| Occupant {
            used: whole.modified,
            sha256: whole.sha256,
            bytes: whole.size,
            kind: Kind::Whole,
        });
        movable.extend(whole.filter(|whole| !fixed.contains_key(&whole.sha256)));
        Ok((movable, fixed.values().sum()))
    }

    /// Returns the room that is taken.
    fn taken(&self) -> io::Result<Vec<(PathBuf, Sha256, u64)>> {
        let mut taken = Vec::new();
        for entry in fs::read_dir(self.coming())? {
            let entry = entry?;
            let name = entry.file_name();
            let parts = name.to_str().and_then(|name| name.split_once('-'));
            let parsed =
                parts.and_then(|(sha256, size)| Some((sha256.parse().ok()?, size.parse().ok()?)));
            taken.extend(parsed.map(|(sha256, size)| (entry.path(), sha256, size)));
        }
        Ok(taken)
    }

    /// Removes what has come of blobs that no room is taken for.
    fn forget_strays(&self) -> io::Result<()> {
        let taken: Vec<PathBuf> = self
            .taken()?
            .iter()
            .map(|(_, sha256, _)| self.store.partial_path(*sha256))
            .collect();
        let folder = self.store.partial_path(Sha256::of(b""));
        let folder = folder.parent().expect("a file is in a folder");
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            if !taken.contains(&path) {
                gone(fs::remove_file(&path))?;
            }
        }
        Ok(())
    }
}

impl Drop for Room<'_> {
    /// What is whole is counted where it is now; what is not goes on later, or nothing is left of it.
    fn drop(&mut self) {
        // Without a turn the room stays taken until somebody needs it.
        if let Ok(_turn) = self.folder.turn() {
            self.folder.give_up(self.sha256, &self.path);
        }
    }
}

/// What another process has removed is gone as well.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn into_io(error: BlobError) -> io::Error {
    match error {
        BlobError::List { source, .. } => source,
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CAPACITY: u64 = 100;

    struct Place {
        folder: Folder,
        root: tempfile::TempDir,
    }

    fn place() -> Place {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::open(root.path().to_owned(), CAPACITY).expect("writable");
        Place { folder, root }
    }

    fn name(text: &str) -> Sha256 {
        Sha256::of(text.as_bytes())
    }

    impl Place {
        /// Puts a blob there that was used so many seconds ago.
        fn put(&self, text: &str, bytes: usize, ago: u64) {
            let path = self.folder.store.path(name(text));
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(&path, vec![0; bytes]).expect("writable");
            self.used(&path, ago);
        }

        /// Leaves a part of a download there.
        fn leave(&self, text: &str, size: u64, ago: u64) {
            let room = self.folder.ask(name(text), size).expect("writable");
            assert!(matches!(room, Asked::Given(_)), "{room:?}");
            let path = self.folder.store.partial_path(name(text));
            fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            fs::write(&path, "a part").expect("writable");
            drop(room);
            self.used(&path, ago);
        }

        fn used(&self, path: &Path, ago: u64) {
            let file = File::options().write(true).open(path).expect("it is there");
            let time = SystemTime::now() - Duration::from_secs(ago);
            file.set_modified(time).expect("our own file");
        }

        fn has(&self, text: &str) -> bool {
            self.folder.store.path(name(text)).exists()
                || self.folder.store.partial_path(name(text)).exists()
        }

        fn ask(&self, text: &str, size: u64) -> Asked<'_> {
            self.folder.ask(name(text), size).expect("writable")
        }
    }

    #[test]
    fn the_least_recently_used_go_until_the_rest_fits() {
        let occupant = |bytes| Occupant {
            used: SystemTime::UNIX_EPOCH,
            sha256: name("a"),
            bytes,
            kind: Kind::Whole,
        };
        let occupants = [occupant(10), occupant(20), occupant(30)];
        for (fixed, capacity, expected) in [
            (40, 100, Some(0)),
            (41, 100, Some(1)),
            (50, 100, Some(1)),
            (51, 100, Some(2)),
            (100, 100, Some(3)),
            (101, 100, None),
            (u64::MAX, 100, None),
        ] {
            assert_eq!(victims(&occupants, fixed, capacity), expected, "{fixed}");
        }
        assert_eq!(victims(&[], 0, 100), Some(0));
    }

    #[test]
    fn what_was_used_last_stays() {
        let place = place();
        place.put("old", 40, 30);
        place.put("older", 40, 60);
        place
            .folder
            .touch(&File::open(place.folder.store.path(name("older"))).expect("there"));
        let room = place.ask("new", 50);
        assert!(matches!(room, Asked::Given(_)));
        assert!(place.has("older") && !place.has("old"));
        assert_eq!(place.folder.used().expect("readable"), 90);
        drop(room);
        assert_eq!(place.folder.used().expect("readable"), 40, "nothing came");
    }

    #[test]
    fn what_is_being_downloaded_takes_room_and_is_not_taken_away() {
        let place = place();
        let first = place.ask("first", 60);
        assert!(matches!(first, Asked::Given(_)));
        assert!(matches!(place.ask("second", 50), Asked::Full));
        assert!(matches!(place.ask("first", 60), Asked::Taken));
        assert!(matches!(place.ask("third", 40), Asked::Given(_)));
        drop(first);
        assert!(matches!(place.ask("second", 100), Asked::Given(_)));
        let coming = fs::read_dir(place.root.path().join("coming")).expect("a folder");
        assert_eq!(coming.count(), 0);
    }

    #[test]
    fn what_was_begun_keeps_its_room_until_others_need_it() {
        let place = place();
        place.leave("begun", 60, 10);
        place.put("whole", 40, 5);
        assert_eq!(place.folder.used().expect("readable"), 100);
        assert!(matches!(place.ask("begun", 60), Asked::Given(_)));
        assert!(place.has("begun") && place.has("whole"));
        assert!(matches!(place.ask("new", 10), Asked::Given(_)));
        assert!(!place.has("begun") && place.has("whole"));
        assert_eq!(place.folder.used().expect("readable"), 40);
    }

    #[test]
    fn a_folder_is_taken_up_as_it_is_and_made_as_small_as_it_must_be() {
        let place = place();
        place.put("old", 60, 20);
        place.put("new", 40, 10);
        place.leave("begun", 30, 5);
        fs::write(place.folder.store.partial_path(name("stray")), "x").expect("writable");
        let smaller = Folder::open(place.root.path().to_owned(), 70).expect("writable");
        assert!(!place.has("old") && !place.has("stray"));
        assert!(place.has("new") && place.has("begun"));
        assert_eq!(smaller.used().expect("readable"), 70);
    }

    #[test]
    fn what_has_just_become_whole_is_counted_once_and_stays_until_its_room_is_given_back() {
        let place = place();
        let room = place.ask("new", 60);
        place.put("new", 60, 1000);
        place.put("old", 40, 10);
        assert_eq!(place.folder.used().expect("readable"), 100);
        assert!(matches!(place.ask("next", 50), Asked::Full));
        drop(room);
        assert!(matches!(place.ask("next", 50), Asked::Given(_)));
        assert!(!place.has("new") && place.has("old"));
    }

    #[test]
    fn two_processes_count_the_same_room() {
        let place = place();
        let other = Folder::open(place.root.path().to_owned(), CAPACITY).expect("writable");
        let ours = place.ask("first", 60);
        assert!(matches!(
            other.ask(name("second"), 50).expect("writable"),
            Asked::Full
        ));
        assert!(matches!(
            other.ask(name("first"), 60).expect("writable"),
            Asked::Taken
        ));
        drop(ours);
        assert!(matches!(
            other.ask(name("second"), 50).expect("writable"),
            Asked::Given(_)
        ));
    }
}
