//! Writes the index: from a copy, under git's own lock, so that it is the old one or the new one at any instant.

use std::path::Path;

use fs_err as fs;
use git2::{Index, IndexEntry, IndexTime};

use super::index_lock::IndexLock;
use super::worktree::scratch;
use super::{BlobId, GitError, Kind, PathUpdate, Store};

/// What the index knew of files that go, so that a file that is not what git has of it (git-lfs lays SPKs out for pointers)
/// is still seen to be untouched.
#[derive(Default)]
pub(crate) struct Forgotten(Vec<IndexEntry>);

impl Forgotten {
    pub(super) fn entry(&self, path: &str) -> Option<&IndexEntry> {
        self.0.iter().find(|entry| entry.path == path.as_bytes())
    }
}

impl Store {
    /// Records the new versions in the index, whose lock the caller holds, before the branch moves.
    ///
    /// Git reads the index before it locks it. One that still had the old versions when the branch has moved could be
    /// committed on top of the change and take it back.
    pub(crate) fn announce(
        &self,
        updates: &[PathUpdate],
        folder: &Path,
        _lock: Option<&IndexLock>,
    ) -> Result<Forgotten, GitError> {
        let forgotten = self.forgotten(updates)?;
        let entries = updates
            .iter()
            .map(|update| (update.path.as_str(), update.new, update.kind));
        self.record_versions(entries, folder)?;
        Ok(forgotten)
    }

    /// Returns what the index knows of files that go.
    fn forgotten(&self, updates: &[PathUpdate]) -> Result<Forgotten, GitError> {
        if self.work_dir().is_none() {
            return Ok(Forgotten::default());
        }
        let index = self.open_index()?;
        let gone = updates.iter().filter(|update| update.new.is_none());
        let entries = gone.filter_map(|update| index.get_path(Path::new(&update.path), 0));
        Ok(Forgotten(entries.collect()))
    }

    /// Gives the index the old versions back, where it has the new ones of a change that did not land; returns whether it
    /// had any.
    pub(crate) fn take_back(
        &self,
        updates: &[PathUpdate],
        folder: &Path,
        _lock: Option<&IndexLock>,
    ) -> Result<bool, GitError> {
        if self.work_dir().is_none() {
            return Ok(false);
        }
        let index = self.open_index()?;
        let version = |path: &str| {
            let entry = index.get_path(Path::new(path), 0);
            entry.map(|entry| BlobId(entry.id))
        };
        let announced: Vec<_> = updates
            .iter()
            .filter(|update| version(&update.path) == update.new)
            .map(|update| (update.path.as_str(), update.old, update.old_kind))
            .collect();
        let had_any = !announced.is_empty();
        if had_any {
            self.record_versions(announced.into_iter(), folder)?;
        }
        Ok(had_any)
    }

    fn record_versions<'a>(
        &self,
        versions: impl Iterator<Item = (&'a str, Option<BlobId>, Kind)>,
        folder: &Path,
    ) -> Result<(), GitError> {
        if self.work_dir().is_none() {
            return Ok(());
        }
        let index = self.open_index()?;
        let entries = versions.map(|(path, blob, kind)| {
            let mode = kind.mode();
            let entry = blob.map(|blob| match index.get_path(Path::new(path), 0) {
                // What the index knows of the file, which is still the old one, stays.
                Some(known) => IndexEntry {
                    id: blob.0,
                    mode,
                    ..known
                },
                None => IndexEntry {
                    mode,
                    ..blank_entry(path, blob)
                },
            });
            Ok((path, entry))
        });
        self.write_index(entries, folder)
    }

    /// Records the files as they were laid out, which the index then need not read again.
    pub(super) fn record(
        &self,
        root: &Path,
        updates: &[&PathUpdate],
        folder: &Path,
    ) -> Result<(), GitError> {
        let entries = updates.iter().map(|update| {
            let entry = update.new.map(|blob| index_entry(root, update, blob));
            Ok((update.path.as_str(), entry.transpose()?))
        });
        self.write_index(entries, folder)
    }

    /// Writes the index from a copy, so that it is the old one or the new one at any instant; a path without an entry
    /// goes.
    fn write_index<'a>(
        &self,
        entries: impl Iterator<Item = Result<(&'a str, Option<IndexEntry>), GitError>>,
        folder: &Path,
    ) -> Result<(), GitError> {
        let git_dir = self.repo.path();
        let (index_file, copy) = (git_dir.join("index"), scratch(folder, "index"));
        if index_file.exists() {
            fs::copy(&index_file, &copy).map_err(GitError::file("copy", &index_file))?;
        }
        let failed = |error| GitError::at("write the index of", git_dir.display())(error);
        let mut index = Index::open(&copy).map_err(failed)?;
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        // What goes makes room: a folder may come where a file was.
        let gone = entries.iter().filter(|(_, entry)| entry.is_none());
        for path in gone.map(|(path, _)| Path::new(path)) {
            // It may have gone when the change was announced.
            if index.get_path(path, 0).is_some() {
                index.remove(path, 0).map_err(failed)?;
            }
        }
        for entry in entries.iter().filter_map(|(_, entry)| entry.as_ref()) {
            index.add(entry).map_err(failed)?;
        }
        index.write().map_err(failed)?;
        keep_age(&index_file, &copy)?;
        fs::rename(&copy, &index_file).map_err(GitError::file("replace", &index_file))
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

/// Describes the file as git's index does, so that `git status` needs not read it.
fn index_entry(root: &Path, update: &PathUpdate, blob: BlobId) -> Result<IndexEntry, GitError> {
    let mut entry = IndexEntry {
        mode: update.kind.mode(),
        ..blank_entry(&update.path, blob)
    };
    if update.kind == Kind::Submodule {
        return Ok(entry);
    }
    let file = root.join(&update.path);
    let metadata = fs::symlink_metadata(&file).map_err(GitError::file("read", &file))?;
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
pub(super) fn modified(metadata: &std::fs::Metadata) -> IndexTime {
    let since_1970 = metadata
        .modified()
        .ok()
        .and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok())
        .unwrap_or_default();
    let seconds = i32::try_from(since_1970.as_secs()).unwrap_or(i32::MAX);
    IndexTime::new(seconds, since_1970.subsec_nanos())
}
