//! Makes a commit again on top of another one, in memory: no index and no working tree takes part.

use std::collections::BTreeSet;

use super::{CommitId, GitError, Store, TreeId};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    /// Both sides changed the same lines of these paths.
    Conflict { paths: Vec<String> },
    /// The tree that the commit becomes.
    Made(TreeId),
    /// What the commit does is done already.
    Nothing,
}

impl Store {
    /// Returns what the tree of `onto` becomes when what `commit` did to its parent is done to it.
    pub(crate) fn pick(&self, commit: CommitId, onto: CommitId) -> Result<Picked, GitError> {
        let failed = |error| GitError::at("make the commit again", commit)(error);
        let [commit, onto] = [commit, onto].map(|id| self.repo.find_commit(id.0));
        let (commit, onto) = (commit.map_err(failed)?, onto.map_err(failed)?);
        let mut options = git2::MergeOptions::new();
        // The same icon in two packages is no rename.
        options.find_renames(false);
        let picked = self
            .repo
            .cherrypick_commit(&commit, &onto, 0, Some(&options));
        let mut index = picked.map_err(failed)?;
        if index.has_conflicts() {
            let conflicts = index.conflicts().map_err(failed)?.filter_map(Result::ok);
            let entries = conflicts.flat_map(|one| [one.ancestor, one.our, one.their]);
            let paths: BTreeSet<String> = entries
                .flatten()
                .map(|entry| String::from_utf8_lossy(&entry.path).into_owned())
                .collect();
            let paths = paths.into_iter().collect();
            return Ok(Picked::Conflict { paths });
        }
        let tree = index.write_tree_to(&self.repo).map_err(failed)?;
        match tree == onto.tree_id() {
            true => Ok(Picked::Nothing),
            false => Ok(Picked::Made(TreeId(tree))),
        }
    }

    /// Writes the commit that `original` is with another tree and parent: by its author, at its time, in its words.
    pub(crate) fn write_again(
        &self,
        original: CommitId,
        tree: TreeId,
        parent: CommitId,
    ) -> Result<CommitId, GitError> {
        let failed = |error| GitError::at("make the commit again", original)(error);
        let commit = self.repo.find_commit(original.0).map_err(failed)?;
        let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
        if self.wants_signatures() {
            let author = commit.author();
            return self.write_signed_commit(tree, Some(parent), &message, Some(&author), None);
        }
        let committer = self.repo.committer_from_env();
        let committer = committer.map_err(|_| GitError::NoIdentity)?;
        let tree = self.repo.find_tree(tree.0).map_err(failed)?;
        let parent = self.repo.find_commit(parent.0).map_err(failed)?;
        let made = self.repo.commit(
            None,
            &commit.author(),
            &committer,
            &message,
            &tree,
            &[&parent],
        );
        made.map(CommitId).map_err(failed)
    }
}
