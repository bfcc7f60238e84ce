//! Brings the index and the working tree to a new commit: only the paths of the change, only when they are clean.

use std::path::{Path, PathBuf};

use fs_err as fs;
use git2::{Index, IndexEntry, IndexEntryExtendedFlag, IndexTime};

use super::index_lock::IndexLock;
use super::{BlobId, GitError, Store};
use crate::base::atomic_file;

/// A path that a change gives another file; an absent side is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathUpdate {
    pub(crate) new: Option<BlobId>,
    pub(crate) old: Option<BlobId>,
    pub(crate) path: String,
}

/// A path that somebody edited before an interrupted change could be laid out; it was left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) path: String,
}

/// The blobs of a change are TOML documents, icons and pointers.
const MAX_BLOB: u64 = 64 << 20;

impl Store {
    /// Refuses paths that the user has edited, staged or put there without committing.
    pub(crate) fn check_clean(&self, updates: &[PathUpdate]) -> Result<(), GitError> {
        let Some(root) = self.work_dir() else {
            return Ok(());
        };
        let index = self.open_index()?;
        for update in updates {
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

    fn open_index(&self) -> Result<Index, GitError> {
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
            (None, metadata) => Ok(metadata.is_err()),
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
        _lock: Option<&IndexLock>,
    ) -> Result<Vec<Unfinished>, GitError> {
        let Some(root) = self.work_dir() else {
            return Ok(Vec::new());
        };
        let index = self.open_index()?;
        let mut unfinished = Vec::new();
        let mut laid_out = Vec::new();
        for update in updates {
            let is_new = self.is_at(root, &update.path, update.new)?;
            let staged = index.get_path(Path::new(&update.path), 0);
            if is_new
                || self.is_as_committed(root, update, staged.as_ref())?
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

    fn is_at(&self, root: &Path, path: &str, version: Option<BlobId>) -> Result<bool, GitError> {
        let file = root.join(path);
        match version {
            None => Ok(fs::symlink_metadata(&file).is_err()),
            Some(blob) => Ok(!passes_through_link(root, path)
                && fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file())
                && self.has_content(&file, path, blob)?),
        }
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
                put_file(&file, &bytes, &scratch(folder, "file"))
            }
            None => {
                fs::remove_file(&file).map_err(GitError::file("remove", &file))?;
                remove_empty_folders(root, &file);
                Ok(())
            }
        }
    }

    /// Writes the index from a copy, so that it is the old one or the new one at any instant.
    fn record(&self, root: &Path, updates: &[&PathUpdate], folder: &Path) -> Result<(), GitError> {
        if updates.is_empty() {
            return Ok(());
        }
        let git_dir = self.repo.path();
        let (index_file, copy) = (git_dir.join("index"), scratch(folder, "index"));
        if index_file.exists() {
            fs::copy(&index_file, &copy).map_err(GitError::file("copy", &index_file))?;
        }
        let failed = |error| GitError::at("write the index of", git_dir.display())(error);
        let mut index = Index::open(&copy).map_err(failed)?;
        for update in updates {
            match update.new {
                Some(blob) => index
                    .add(&index_entry(root, &update.path, blob)?)
                    .map_err(failed)?,
                None => index.remove(Path::new(&update.path), 0).map_err(failed)?,
            }
        }
        index.write().map_err(failed)?;
        keep_age(&index_file, &copy)?;
        fs::rename(&copy, &index_file).map_err(GitError::file("replace", &index_file))
    }

    /// Removes what a killed process of ours left of the index's lock.
    pub(crate) fn remove_stale_index_lock(&self, folder: &Path) -> Result<(), GitError> {
        IndexLock::remove_stale(self.repo.path(), folder)
    }

    /// Opens the repository of the working tree `work_dir`, to finish a change that was begun there.
    pub(crate) fn open_work_dir(work_dir: &Path) -> Result<Self, GitError> {
        git2::Repository::open(work_dir)
            .map(|repo| Self { repo })
            .map_err(GitError::at("open the working tree", work_dir.display()))
    }
}

/// Gives the new index the old one's time of modification.
///
/// Git reads a file again when it is not older than the index ("racy git" in its technical documentation). A younger
/// index would vouch for entries that nobody has compared, and hide an edit made in the second of its `git add`.
fn keep_age(old: &Path, new: &Path) -> Result<(), GitError> {
    let Ok(modified) = fs::metadata(old).and_then(|metadata| metadata.modified()) else {
        return Ok(());
    };
    fs::OpenOptions::new()
        .write(true)
        .open(new)
        .and_then(|file| file.file().set_modified(modified))
        .map_err(GitError::file("write", new))
}

fn has_conflict(index: &Index, path: &str) -> bool {
    (1..=3).any(|stage| index.get_path(Path::new(path), stage).is_some())
}

/// Returns whether the entry's file is not checked out on purpose (git-sparse-checkout(1)).
fn is_left_out(entry: &IndexEntry) -> bool {
    let flags = IndexEntryExtendedFlag::from_bits_truncate(entry.flags_extended);
    flags.contains(IndexEntryExtendedFlag::SKIP_WORKTREE)
}

/// Writing through a link would change a file outside of the working tree.
fn passes_through_link(root: &Path, path: &str) -> bool {
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
fn scratch(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{}{name}", atomic_file::PREFIX))
}

/// Writes beside the repository's own files and renames, so that a half-written file never stands in the working tree.
fn put_file(file: &Path, bytes: &[u8], scratch: &Path) -> Result<(), GitError> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(GitError::file("make the folder", folder))?;
    }
    fs::write(scratch, bytes).map_err(GitError::file("write", scratch))?;
    match fs::rename(scratch, file) {
        // The working tree is on another file system than the repository.
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            fs::write(file, bytes).map_err(GitError::file("write", file))?;
            fs::remove_file(scratch).map_err(GitError::file("remove", scratch))
        }
        renamed => renamed.map_err(GitError::file("write", file)),
    }
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

/// Describes the file as git's index does, so that `git status` needs not read it.
fn index_entry(root: &Path, path: &str, blob: BlobId) -> Result<IndexEntry, GitError> {
    let file = root.join(path);
    let metadata = fs::symlink_metadata(&file).map_err(GitError::file("read", &file))?;
    let mut entry = blank_entry(path, blob);
    entry.mtime = modified(&metadata);
    entry.file_size = u32::try_from(metadata.len()).unwrap_or(u32::MAX);
    describe(&mut entry, &metadata);
    Ok(entry)
}

/// Returns an index entry that knows nothing of a file.
pub(super) fn blank_entry(path: &str, blob: BlobId) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: blob.0,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

#[cfg(unix)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the index keeps the low 32 bits"
)]
fn describe(entry: &mut IndexEntry, metadata: &std::fs::Metadata) {
    use std::os::unix::fs::MetadataExt;
    entry.ctime = IndexTime::new(metadata.ctime() as i32, metadata.ctime_nsec() as u32);
    entry.dev = metadata.dev() as u32;
    entry.ino = metadata.ino() as u32;
    entry.uid = metadata.uid();
    entry.gid = metadata.gid();
}

#[cfg(not(unix))]
fn describe(_entry: &mut IndexEntry, _metadata: &std::fs::Metadata) {}

/// Returns the time of modification as the index keeps it.
fn modified(metadata: &std::fs::Metadata) -> IndexTime {
    let since_1970 = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .unwrap_or_default();
    let seconds = i32::try_from(since_1970.as_secs()).unwrap_or(i32::MAX);
    IndexTime::new(seconds, since_1970.subsec_nanos())
}
