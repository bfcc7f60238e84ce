//! The branch that changes go to.

use crate::git::{CommitId, GitError, Head, Store};

/// Which branch changes go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    /// The reference of this name. One that is not there begins at a commit.
    Branch { begin: CommitId, name: String },
    /// The branch that HEAD names.
    Head,
}

/// The branch that a change goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Branch {
    /// Index and working tree follow it.
    pub(super) is_checked_out: bool,
    pub(super) name: String,
    pub(super) tip: Option<CommitId>,
}

impl Onto {
    /// Returns the branch as it is now.
    pub(super) fn branch(&self, store: &Store) -> Result<Branch, GitError> {
        let Self::Branch { name, .. } = self else {
            return head_branch(store);
        };
        let head = store.head()?;
        Ok(Branch {
            is_checked_out: matches!(head, Head::Branch { name: head, .. } if head == *name),
            name: name.clone(),
            tip: store.tip(name)?,
        })
    }

    /// Returns the commit that the next one of `branch` follows.
    pub(super) fn base(&self, branch: &Branch) -> Option<CommitId> {
        match self {
            Self::Branch { begin, .. } => branch.tip.or(Some(*begin)),
            Self::Head => branch.tip,
        }
    }
}

/// Returns the branch that HEAD names.
fn head_branch(store: &Store) -> Result<Branch, GitError> {
    match store.head()? {
        Head::Branch { name, tip } => Ok(Branch {
            is_checked_out: true,
            name,
            tip,
        }),
        Head::Detached { commit } => Err(GitError::DetachedHead {
            commit: commit.short(),
        }),
    }
}
