//! Brings the index and the working tree to a new commit: only the paths of the change, only when they are clean.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;
use git2::{Index, IndexEntry, IndexEntryExtendedFlag};
use serde::{Deserialize, Serialize};

use super::index::{Forgotten, modified};
use super::index_lock::IndexLock;
use super::{BlobId, GitError, Store};
use crate::base::atomic_file;

/// A path that a change gives another file; an absent side is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathUpdate {
    /// What it becomes.
    pub(crate) kind: Kind,
    pub(crate) new: Option<BlobId>,
    pub(crate) old: Option<BlobId>,
    pub(crate) old_kind: Kind,
    pub(crate) path: String,
}

/// What stands at a path: changes of spkrepo's own make plain files only, those that are pulled may be of any kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Executable,
    #[default]
    File,
    Link,
    /// Its commit is in the index; the working tree is left to `git submodule`.
    Submodule,
}

impl Kind {
    /// Returns the mode in git's index and trees.
    pub(super) fn mode(self) -> u32 {
        match self {
            Self::Executable => 0o100_755,
            Self::File => 0o100_644,
            Self::Link => 0o120_000,
            Self::Submodule => 0o160_000,
        }
    }
}

/// A path that somebody edited before an interrupted change could be laid out; it was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) path: String,
}

/// How long a command of git's that is under way is waited for, while others wait for us.
const MOMENT: Duration = Duration::from_millis(200);
/// The blobs of a change are TOML documents, icons and pointers.
const MAX_BLOB: u64 = 64 << 20;

impl Store {
    /// Refuses paths that the user has edited, staged or put there without committing.
    pub(crate) fn check_clean(&self, updates: &[PathUpdate]) -> Result<(), GitError> {
        let Some(root) = self.work_dir() else {
            return Ok(());
        };
        let index = self.open_index()?;
        let gone = updates.iter().filter(|update| update.new.is_none());
        let gone: BTreeSet<&Path> = gone.map(|update| Path::new(&update.path)).collect();
        // Where a file goes, a folder with others may come; the file is among the updates itself.
        let makes_room = |update: &PathUpdate| {
            let mut folders = Path::new(&update.path).ancestors().skip(1);
            update.old.is_none() && folders.any(|folder| gone.contains(folder))
        };
        for update in updates.iter().filter(|update| !makes_room(update)) {
            let staged = index.get_path(Path::new(&update.path), 0);
            let clean = staged.as_ref().map(|entry| BlobId(entry.id)) == update.old
                && !has_conflict(&index, &update.path)
                && self.is_as_committed(root, update, staged.as_ref())?;
            if !clean {
                let path = update.path.clone();
                return Err(GitError::Dirty { path });
            }
        }
        Ok(())
    }

    pub(super) fn open_index(&self) -> Result<Index, GitError> {
        let failed = |error| GitError::at("read the index of", self.repo.path().display())(error);
        let mut index = self.repo.index().map_err(failed)?;
        index.read(true).map_err(failed)?;
        Ok(index)
    }

    /// Returns whether the file is the old version, or, when it is smudged or converted, as the index remembers it.
    fn is_as_committed(
        &self,
        root: &Path,
        update: &PathUpdate,
        staged: Option<&IndexEntry>,
    ) -> Result<bool, GitError> {
        if passes_through_link(root, &update.path) {
            return Ok(false);
        }
        let file = root.join(&update.path);
        let metadata = fs::symlink_metadata(&file);
        match (update.old, metadata) {
            (Some(_), _) if update.old_kind == Kind::Submodule => Ok(true),
            (None, metadata) => Ok(metadata.is_err()),
            (Some(old), Ok(_)) if update.old_kind == Kind::Link => {
                self.is_link_to(&file, &update.path, old)
            }
            // A file that a sparse checkout leaves out has nothing to lose; a deleted one has its deletion.
            (Some(_), Err(_)) => Ok(staged.is_some_and(is_left_out)),
            (Some(old), Ok(metadata)) => {
                let remembered = staged.is_some_and(|entry| {
                    entry.mtime == modified(&metadata)
                        && metadata.len() == u64::from(entry.file_size)
                });
                Ok(metadata.is_file()
                    && (remembered || self.has_content(&file, &update.path, old)?))
            }
        }
    }

    fn has_content(&self, file: &Path, path: &str, blob: BlobId) -> Result<bool, GitError> {
        let expected = self.read(path, blob, MAX_BLOB)?;
        let size = fs::metadata(file)
            .map_err(GitError::file("read", file))?
            .len();
        if size != expected.len() as u64 {
            return Ok(false);
        }
        let found = fs::read(file).map_err(GitError::file("read", file))?;
        Ok(found == expected)
    }

    /// Takes git's lock on the index, when there is one: while it is held, nobody else commits what the index holds.
    pub(crate) fn lock_index(&self, folder: &Path) -> Result<Option<IndexLock>, GitError> {
        self.work_dir()
            .map(|_| IndexLock::take(self.repo.path(), folder))
            .transpose()
    }

    /// Lays the new version of each path out and records it in the index, whose lock the caller holds. Scratch files are
    /// made in `folder`.
    ///
    /// A path that is neither at its old nor at its new version is left alone and returned.
    pub(crate) fn lay_out(
        &self,
        updates: &[PathUpdate],
        folder: &Path,
        forgotten: &Forgotten,
        _lock: Option<&IndexLock>,
    ) -> Result<Vec<Unfinished>, GitError> {
        let Some(root) = self.work_dir() else {
            return Ok(Vec::new());
        };
        let index = self.open_index()?;
        let mut unfinished = Vec::new();
        let mut laid_out = Vec::new();
        // What goes makes room: a folder may come where a file was.
        let (gone, come): (Vec<_>, Vec<_>) = updates.iter().partition(|one| one.new.is_none());
        for update in gone.into_iter().chain(come) {
            let is_new = self.is_at(root, update)?;
            let staged = index.get_path(Path::new(&update.path), 0);
            let known = staged.as_ref().or_else(|| forgotten.entry(&update.path));
            if is_new
                || self.is_as_committed(root, update, known)?
                || self.is_begun(root, update)?
            {
                if !is_new {
                    self.replace_file(root, update, folder)?;
                }
                laid_out.push(update);
            } else {
                let path = update.path.clone();
                unfinished.push(Unfinished { path });
            }
        }
        self.record(root, &laid_out, folder)?;
        Ok(unfinished)
    }

    /// Returns whether the file is what a killed process had written of the new version, where it could not be renamed.
    fn is_begun(&self, root: &Path, update: &PathUpdate) -> Result<bool, GitError> {
        let file = root.join(&update.path);
        let metadata = fs::symlink_metadata(&file);
        let (Some(blob), Ok(metadata)) = (update.new, metadata) else {
            return Ok(false);
        };
        let expected = self.read(&update.path, blob, MAX_BLOB)?;
        if !metadata.is_file()
            || metadata.len() > expected.len() as u64
            || passes_through_link(root, &update.path)
        {
            return Ok(false);
        }
        let found = fs::read(&file).map_err(GitError::file("read", &file))?;
        Ok(expected.starts_with(&found))
    }

    fn is_at(&self, root: &Path, update: &PathUpdate) -> Result<bool, GitError> {
        let path = update.path.as_str();
        let file = root.join(path);
        match (update.new, update.kind) {
            (_, Kind::Submodule) => Ok(true),
            (None, _) => Ok(fs::symlink_metadata(&file).is_err()),
            (Some(blob), Kind::Link) => {
                Ok(!passes_through_link(root, path) && self.is_link_to(&file, path, blob)?)
            }
            (Some(blob), kind) => Ok(!passes_through_link(root, path)
                && fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file())
                && (kind == update.old_kind || is_executable(&file) == (kind == Kind::Executable))
                && self.has_content(&file, path, blob)?),
        }
    }

    fn is_link_to(&self, file: &Path, path: &str, blob: BlobId) -> Result<bool, GitError> {
        let Ok(target) = fs::read_link(file) else {
            return Ok(false);
        };
        Ok(self.read(path, blob, MAX_BLOB)? == target.to_string_lossy().as_bytes())
    }

    fn replace_file(
        &self,
        root: &Path,
        update: &PathUpdate,
        folder: &Path,
    ) -> Result<(), GitError> {
        let file = root.join(&update.path);
        match update.new {
            Some(blob) => {
                let bytes = self.read(&update.path, blob, MAX_BLOB)?;
                if let Some(folder) = file.parent() {
                    fs::create_dir_all(folder)
                        .map_err(GitError::file("make the folder", folder))?;
                }
                match update.kind {
                    Kind::Link => put_link(&file, &bytes),
                    kind => put_file(&file, &bytes, kind, &scratch(folder, "file")),
                }
            }
            None => {
                fs::remove_file(&file).map_err(GitError::file("remove", &file))?;
                remove_empty_folders(root, &file);
                Ok(())
            }
        }
    }

    /// Removes what a killed process of ours left of the index's lock.
    pub(crate) fn remove_stale_index_lock(&self, folder: &Path) -> Result<(), GitError> {
        IndexLock::remove_stale(self.repo.path(), folder)
    }

    /// Locks the index of every working tree that has one; nothing when git has one of them locked for longer than a moment.
    pub(crate) fn lock_indexes(&self, folder: &Path) -> Result<Option<Vec<IndexLock>>, GitError> {
        let mut locks = Vec::new();
        for git_dir in self.git_dirs()? {
            if !git_dir.join("index").exists() {
                continue;
            }
            match IndexLock::take_within(&git_dir, folder, MOMENT) {
                Ok(lock) => locks.push(lock),
                Err(GitError::Locked { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(locks))
    }

    /// Returns the locks on indexes that killed processes of ours left. The caller must be the only one who locks by this
    /// library.
    pub(crate) fn stale_index_locks(&self, folder: &Path) -> Result<Vec<PathBuf>, GitError> {
        let folders = self.git_dirs()?.into_iter();
        let stale = folders.filter_map(|git_dir| IndexLock::stale(&git_dir, folder));
        Ok(stale.collect())
    }

    /// Removes what a killed [`Store::lock_indexes`] of ours left. The caller must be the only one who locks by this library.
    pub(crate) fn remove_stale_index_locks(&self, folder: &Path) -> Result<(), GitError> {
        let mut folders = self.git_dirs()?.into_iter();
        folders.try_for_each(|git_dir| IndexLock::remove_stale(&git_dir, folder))
    }

    /// Opens the repository of the working tree `work_dir`, to finish a change that was begun there.
    pub(crate) fn open_work_dir(work_dir: &Path) -> Result<Self, GitError> {
        git2::Repository::open(work_dir)
            .map(Self::from)
            .map_err(GitError::at("open the working tree", work_dir.display()))
    }
}

fn has_conflict(index: &Index, path: &str) -> bool {
    (1..=3).any(|stage| index.get_path(Path::new(path), stage).is_some())
}

/// Returns whether the entry's file is not checked out on purpose (git-sparse-checkout(1)).
pub(super) fn is_left_out(entry: &IndexEntry) -> bool {
    let flags = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
    flags.contains(IndexEntryExtendedFlag::SKIP_WORKTREE)
}

/// Writing through a link would change a file outside of the working tree.
pub(super) fn passes_through_link(root: &Path, path: &str) -> bool {
    let mut folder = root.to_owned();
    let parents = Path::new(path)
        .parent()
        .into_iter()
        .flat_map(Path::components);
    for part in parents {
        folder.push(part);
        match fs::symlink_metadata(&folder) {
            Ok(metadata) if !metadata.is_dir() => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
    false
}

/// Returns the path of a scratch file, which is removed with other leftovers when the process is killed.
pub(super) fn scratch(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}{name}", atomic_file::PREFIX))
}

/// Writes beside the repository's own files and renames, so that a half-written file never stands in the working tree.
fn put_file(file: &Path, bytes: &[u8], kind: Kind, scratch: &Path) -> Result<(), GitError> {
    fs::write(scratch, bytes).map_err(GitError::file("write", scratch))?;
    if kind == Kind::Executable {
        make_executable(scratch).map_err(GitError::file("make executable", scratch))?;
    }
    match fs::rename(scratch, file) {
        // The working tree is on another file system than the repository.
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            fs::write(file, bytes).map_err(GitError::file("write", file))?;
            fs::remove_file(scratch).map_err(GitError::file("remove", scratch))
        }
        renamed => renamed.map_err(GitError::file("write", file)),
    }
}

#[cfg(unix)]
fn put_link(file: &Path, target: &[u8]) -> Result<(), GitError> {
    use std::os::unix::ffi::OsStrExt;
    let target = std::ffi::OsStr::from_bytes(target);
    if fs::symlink_metadata(file).is_ok() {
        fs::remove_file(file).map_err(GitError::file("remove", file))?;
    }
    fs::os::unix::fs::symlink(target, file).map_err(GitError::file("write", file))
}

/// As git does where there are no links: the file has the target's name.
#[cfg(not(unix))]
fn put_link(file: &Path, target: &[u8]) -> Result<(), GitError> {
    fs::write(file, target).map_err(GitError::file("write", file))
}

#[cfg(unix)]
fn make_executable(file: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|metadata| metadata.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(_file: &Path) -> bool {
    false
}

fn remove_empty_folders(root: &Path, file: &Path) {
    let folders = file
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != root);
    for folder in folders.map(PathBuf::from) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
