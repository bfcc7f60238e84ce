//! Where a branch began: the main branch of a repository, and what two commits have in common.

use git2::ErrorCode;

use super::{CommitId, GitError, Store};

/// The references that may name the main branch, the surest first.
const MAIN: [&str; 5] = [
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/remotes/origin/master",
    "refs/heads/main",
    "refs/heads/master",
];

impl Store {
    /// Returns the main branch: that of `origin`, or the local one, by its short name.
    pub(crate) fn main_branch(&self) -> Result<Option<(String, CommitId)>, GitError> {
        for name in MAIN {
            if let Some(tip) = self.tip(name)? {
                let short = name
                    .trim_start_matches("refs/remotes/")
                    .trim_start_matches("refs/heads/");
                return Ok(Some((short.to_owned(), tip)));
            }
        }
        Ok(None)
    }

    /// Returns the newest commit that both descend from.
    pub(crate) fn merge_base(
        &self,
        a: CommitId,
        b: CommitId,
    ) -> Result<Option<CommitId>, GitError> {
        match self.repo.merge_base(a.0, b.0) {
            Ok(base) => Ok(Some(CommitId(base))),
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(GitError::at("find what is common to", format!("{a} {b}"))(
                error,
            )),
        }
    }
}
