//! Walks commits and says which paths each of them changed.

use std::collections::BTreeSet;

use super::{BlobId, CommitId, GitError, Kind, PathUpdate, Store, TreeId};

/// What a commit says of itself.
#[derive(Clone, Debug)]
pub(crate) struct CommitInfo {
    pub(crate) author: String,
    pub(crate) email: String,
    pub(crate) id: CommitId,
    pub(crate) message: String,
    pub(crate) parents: Vec<CommitId>,
    /// Seconds since 1970 and minutes east of Greenwich.
    pub(crate) time: (i64, i32),
}

/// A path whose file a commit changed; absent sides did not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChangedPath {
    pub(crate) new: Option<BlobId>,
    pub(crate) old: Option<BlobId>,
    pub(crate) path: String,
}

impl Store {
    /// Calls `visit` for `start` and its ancestors, children before parents, until it returns `false`.
    pub(crate) fn walk<E: From<GitError>>(
        &self,
        start: CommitId,
        mut visit: impl FnMut(CommitInfo) -> Result<bool, E>,
    ) -> Result<(), E> {
        let failed = |error| GitError::at("walk the history of", start)(error);
        let mut walk = self.repo.revwalk().map_err(failed)?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::TIME)
            .map_err(failed)?;
        walk.push(start.0).map_err(failed)?;
        for id in walk {
            let id = CommitId(id.map_err(failed)?);
            if !visit(self.commit_info(id)?)? {
                break;
            }
        }
        Ok(())
    }

    /// Returns what the commit `id` says of itself.
    pub(crate) fn commit_info(&self, id: CommitId) -> Result<CommitInfo, GitError> {
        let commit = self
            .repo
            .find_commit(id.0)
            .map_err(GitError::at("read the commit", id))?;
        let author = commit.author();
        let time = commit.time();
        Ok(CommitInfo {
            author: String::from_utf8_lossy(author.name_bytes()).into_owned(),
            email: String::from_utf8_lossy(author.email_bytes()).into_owned(),
            id,
            message: String::from_utf8_lossy(commit.message_bytes()).into_owned(),
            parents: commit.parent_ids().map(CommitId).collect(),
            time: (time.seconds(), time.offset_minutes()),
        })
    }

    /// Returns the files below `folder` that differ between two trees, in path order; an empty name is the root.
    pub(crate) fn changed_paths(
        &self,
        old: Option<TreeId>,
        new: TreeId,
        folder: &str,
    ) -> Result<Vec<ChangedPath>, GitError> {
        let failed = |error| GitError::at("compare trees below", folder)(error);
        let old = old
            .map(|tree| self.repo.find_tree(tree.0))
            .transpose()
            .map_err(failed)?;
        let new = self.repo.find_tree(new.0).map_err(failed)?;
        let mut options = git2::DiffOptions::new();
        options.disable_pathspec_match(true);
        if !folder.is_empty() {
            options.pathspec(folder);
        }
        let diff = self
            .repo
            .diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))
            .map_err(failed)?;
        Ok(diff.deltas().map(|delta| changed_path(&delta)).collect())
    }

    /// Returns what a working tree at `old` must change to be at `new`.
    pub(crate) fn path_updates(
        &self,
        old: Option<TreeId>,
        new: TreeId,
    ) -> Result<Vec<PathUpdate>, GitError> {
        let failed =
            |error| GitError::at("compare the trees of", self.repo.path().display())(error);
        let old = old.map(|tree| self.repo.find_tree(tree.0));
        let old = old.transpose().map_err(failed)?;
        let new = self.repo.find_tree(new.0).map_err(failed)?;
        let mut options = git2::DiffOptions::new();
        options.include_typechange(true);
        let diff = self
            .repo
            .diff_tree_to_tree(old.as_ref(), Some(&new), Some(&mut options))
            .map_err(failed)?;
        diff.deltas().map(|delta| path_update(&delta)).collect()
    }

    /// Returns the ancestors of `tip`, and itself, that are no ancestors of `others`; parents before children.
    pub(crate) fn commits_between(
        &self,
        others: &[CommitId],
        tip: CommitId,
    ) -> Result<Vec<CommitInfo>, GitError> {
        let failed = |error| GitError::at("walk the history of", tip)(error);
        let mut walk = self.repo.revwalk().map_err(failed)?;
        walk.set_sorting(git2::Sort::TOPOLOGICAL | git2::Sort::REVERSE)
            .map_err(failed)?;
        walk.push(tip.0).map_err(failed)?;
        for other in others {
            walk.hide(other.0).map_err(failed)?;
        }
        walk.map(|id| self.commit_info(CommitId(id.map_err(failed)?)))
            .collect()
    }

    /// Returns the commits that branches, tags and HEAD name.
    pub(crate) fn tips(&self) -> Result<Vec<CommitId>, GitError> {
        let failed =
            |error| GitError::at("list the references of", self.repo.path().display())(error);
        let mut tips = BTreeSet::new();
        for reference in self.repo.references().map_err(failed)? {
            let reference = reference.map_err(failed)?;
            if reference.is_branch() || reference.is_tag() {
                // A tag may be of something else than a commit.
                tips.extend(reference.peel_to_commit().ok().map(|commit| commit.id()));
            }
        }
        let head = self.repo.head().and_then(|head| head.peel_to_commit());
        tips.extend(head.ok().map(|commit| commit.id()));
        Ok(tips.into_iter().map(CommitId).collect())
    }

    /// Returns whether `old` is `new` or an ancestor of it.
    pub(crate) fn is_ancestor(&self, old: CommitId, new: CommitId) -> Result<bool, GitError> {
        let failed = |error| GitError::at("compare with", new)(error);
        Ok(old == new
            || self
                .repo
                .graph_descendant_of(new.0, old.0)
                .map_err(failed)?)
    }
}

fn path_update(delta: &git2::DiffDelta<'_>) -> Result<PathUpdate, GitError> {
    let side = |file: git2::DiffFile<'_>| {
        let blob = (!file.id().is_zero()).then(|| BlobId(file.id()));
        let kind = match file.mode() {
            git2::FileMode::BlobExecutable => Kind::Executable,
            git2::FileMode::Link => Kind::Link,
            git2::FileMode::Commit => Kind::Submodule,
            _ => Kind::File,
        };
        (blob, kind)
    };
    let (old, old_kind) = side(delta.old_file());
    let (new, kind) = side(delta.new_file());
    let path = delta.new_file().path().or_else(|| delta.old_file().path());
    let path = path.and_then(std::path::Path::to_str).map(str::to_owned);
    let path = path.ok_or_else(|| GitError::Unnamed {
        path: changed_path(delta).path,
    })?;
    Ok(PathUpdate {
        kind: if new.is_some() { kind } else { old_kind },
        new,
        old,
        old_kind,
        path,
    })
}

fn changed_path(delta: &git2::DiffDelta<'_>) -> ChangedPath {
    let side = |file: git2::DiffFile<'_>| (!file.id().is_zero()).then(|| BlobId(file.id()));
    let path = delta
        .new_file()
        .path_bytes()
        .or_else(|| delta.old_file().path_bytes());
    ChangedPath {
        new: side(delta.new_file()),
        old: side(delta.old_file()),
        path: String::from_utf8_lossy(path.unwrap_or_default()).into_owned(),
    }
}
