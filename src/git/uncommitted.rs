//! What is in the working tree and in no commit, as a commit that only this process sees.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fs_err as fs;
use git2::build::TreeUpdateBuilder;
use git2::{Diff, DiffOptions, FileMode, Index, IndexEntry, Repository, Signature, Time};
use tempfile::TempDir;

use super::index::blank_entry;
use super::worktree::{is_left_out, passes_through_link};
use super::{BlobId, CommitId, GitError, Head, Store};

/// A folder for objects that are read together with the repository's own, and go with the last store that uses it.
#[derive(Clone)]
pub(super) struct Overlay(Arc<TempDir>);

/// Returns the bytes that git has of a file when they are not those of the working tree.
type Cleaned<'a> = &'a dyn Fn(&Path) -> std::io::Result<Option<Vec<u8>>>;

/// A path, and what a commit of the working tree would have there; nothing when the file is gone.
type Edit = (String, Option<(git2::Oid, FileMode)>);

impl Overlay {
    fn new(repo: &Repository) -> Result<Self, GitError> {
        let failed = GitError::file("make a temporary folder for", repo.path());
        tempfile::tempdir()
            .map(|folder| Self(Arc::new(folder)))
            .map_err(failed)
    }

    /// Lays the folder over the objects of `repo`: all that is written goes there.
    pub(super) fn lay_over(&self, repo: &Repository) -> Result<(), GitError> {
        let objects = repo.commondir().join("objects");
        let lay = || {
            let scratch = Repository::init_bare(self.0.path())?;
            let odb = scratch.odb()?;
            odb.add_disk_alternate(&objects.to_string_lossy())?;
            repo.set_odb(&odb)
        };
        lay().map_err(GitError::at("read the objects of", repo.path().display()))
    }
}

impl Store {
    /// Returns the working tree at and below `paths` as a commit on top of HEAD, in a store that has it, or nothing when
    /// HEAD says it all. Neither the repository nor its index is written to.
    ///
    /// Staged or not makes no difference; files that are ignored do not count. `cleaned` says what git has of a file that
    /// stands in the working tree in another form.
    pub(crate) fn uncommitted(
        &self,
        paths: &[&str],
        cleaned: Cleaned<'_>,
    ) -> Result<Option<(Self, CommitId)>, GitError> {
        let Some(root) = self.work_dir() else {
            return Ok(None);
        };
        let (Head::Branch {
            tip: Some(head), ..
        }
        | Head::Detached { commit: head }) = self.head()?
        else {
            return Ok(None);
        };
        let index = self.open_index()?;
        let touched = self.touched(head, &index, paths)?;
        if touched.is_empty() {
            return Ok(None);
        }
        let store = self.overlaid()?;
        let edits = touched
            .into_iter()
            .map(|path| store.edit(root, path, &index, cleaned))
            .collect::<Result<Vec<_>, _>>()?;
        let commit = store.commit_over(head, &edits)?;
        Ok(commit.map(|commit| (store, commit)))
    }

    /// Returns the paths where HEAD, the index and the working tree may not be the same.
    fn touched(
        &self,
        head: CommitId,
        index: &Index,
        paths: &[&str],
    ) -> Result<BTreeSet<String>, GitError> {
        let failed = |error| GitError::at("compare the working tree with", head)(error);
        let tree = self.root(head)?;
        let tree = self.repo.find_tree(tree.0).map_err(failed)?;
        let mut options = DiffOptions::new();
        options
            .include_untracked(true)
            .recurse_untracked_dirs(true)
            .include_typechange(true)
            .disable_pathspec_match(true);
        for path in paths {
            options.pathspec(path);
        }
        let staged = self
            .repo
            .diff_tree_to_index(Some(&tree), Some(index), Some(&mut options))
            .map_err(failed)?;
        let edited = self
            .repo
            .diff_index_to_workdir(Some(index), Some(&mut options))
            .map_err(failed)?;
        Ok(names(&staged).chain(names(&edited)).collect())
    }

    /// Opens the repository once more, so that what is written goes to a temporary folder.
    fn overlaid(&self) -> Result<Self, GitError> {
        let store = self.reopen()?;
        let overlay = Overlay::new(&store.repo)?;
        overlay.lay_over(&store.repo)?;
        Ok(Self {
            overlay: Some(overlay),
            ..store
        })
    }

    /// Returns what a commit of the working tree would have at `path`.
    fn edit(
        &self,
        root: &Path,
        path: String,
        index: &Index,
        cleaned: Cleaned<'_>,
    ) -> Result<Edit, GitError> {
        let file = root.join(&path);
        let failed = |error| GitError::at("read", &path)(error);
        let metadata = fs::symlink_metadata(&file)
            .ok()
            .filter(|_| !passes_through_link(root, &path));
        let blob = match metadata {
            Some(metadata) if metadata.is_symlink() => Some((self.link(&file)?, FileMode::Link)),
            Some(metadata) if metadata.is_file() => {
                let read = GitError::file("read", &file);
                let blob = match cleaned(&file).map_err(read)? {
                    Some(bytes) => self.repo.blob(&bytes),
                    None => self.repo.blob_path(&file),
                };
                Some((blob.map_err(failed)?, FileMode::Blob))
            }
            // A file that a sparse checkout leaves out is not gone.
            _ => index
                .get_path(Path::new(&path), 0)
                .filter(is_left_out)
                .map(|entry| (entry.id, FileMode::Blob)),
        };
        Ok((path, blob))
    }

    fn link(&self, file: &Path) -> Result<git2::Oid, GitError> {
        let target: PathBuf = fs::read_link(file).map_err(GitError::file("read", file))?;
        self.repo
            .blob(target.to_string_lossy().as_bytes())
            .map_err(GitError::at("read", file.display()))
    }

    fn commit_over(&self, head: CommitId, edits: &[Edit]) -> Result<Option<CommitId>, GitError> {
        let failed = |error| GitError::at("make a commit on top of", head)(error);
        let parent = self.repo.find_commit(head.0).map_err(failed)?;
        let old = parent.tree().map_err(failed)?;
        let tree = match self.updated(&old, edits) {
            Ok(tree) => tree,
            // An update cannot make a file of a folder, nor a folder of a file; an index can, and is slower.
            Err(_) => self.rebuilt(&old, edits).map_err(failed)?,
        };
        if tree == old.id() {
            return Ok(None);
        }
        let tree = self.repo.find_tree(tree).map_err(failed)?;
        let nobody = Signature::new("nobody", "nobody", &Time::new(0, 0)).map_err(failed)?;
        let message = "what is not committed yet";
        self.repo
            .commit(None, &nobody, &nobody, message, &tree, &[&parent])
            .map(|commit| Some(CommitId(commit)))
            .map_err(failed)
    }

    fn updated(&self, old: &git2::Tree<'_>, edits: &[Edit]) -> Result<git2::Oid, git2::Error> {
        let mut update = TreeUpdateBuilder::new();
        for (path, blob) in edits {
            match blob {
                Some((blob, mode)) => update.upsert(path, *blob, *mode),
                None if old.get_path(Path::new(path)).is_ok() => update.remove(path),
                None => &mut update,
            };
        }
        update.create_updated(&self.repo, old)
    }

    fn rebuilt(&self, old: &git2::Tree<'_>, edits: &[Edit]) -> Result<git2::Oid, git2::Error> {
        let mut index = Index::new()?;
        index.read_tree(old)?;
        for (path, _) in edits {
            if index.get_path(Path::new(path), 0).is_some() {
                index.remove(Path::new(path), 0)?;
            }
        }
        for (path, blob) in edits {
            if let Some((blob, mode)) = blob {
                let mode = u32::from(*mode);
                index.add(&IndexEntry {
                    mode,
                    ..blank_entry(path, BlobId(*blob))
                })?;
            }
        }
        index.write_tree_to(&self.repo)
    }
}

/// Returns the paths of both sides; one that is not UTF-8 is no path of a package source.
fn names(diff: &Diff<'_>) -> impl Iterator<Item = String> {
    diff.deltas()
        .flat_map(|delta| {
            [delta.old_file(), delta.new_file()].map(|side| side.path().map(Path::to_owned))
        })
        .flatten()
        .filter_map(|path| path.to_str().map(str::to_owned))
}
