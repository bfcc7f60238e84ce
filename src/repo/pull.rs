//! Brings the branch here to a remote's: forward, or, when both have commits of their own, by making those of here again on
//! top of theirs, as `git rebase` does. Nothing that is not committed is touched, and nothing is published.

use super::conflict::{described, touched};
use super::load::load;
use super::manner::PushTo;
use super::push::short;
use super::write_error::WriteError;
use super::writer::{Attempt, Writer};
use crate::git::{
    CommitId, CommitInfo, GitError, Picked, RemoteBranch, RemoteError, Unfinished, Way,
};

/// What came of a pull.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pulled {
    /// Commits of here that were made again.
    pub(crate) again: usize,
    /// Commits of here that the remote does not have.
    pub(crate) ahead: usize,
    /// The new tip, when it is another one than before.
    pub(crate) commit: Option<CommitId>,
    /// Commits of here whose work the remote had already.
    pub(crate) dropped: usize,
    /// Commits that came.
    pub(crate) fresh: usize,
    pub(crate) remote: String,
    pub(crate) unfinished: Vec<Unfinished>,
}

/// Says why nothing was pulled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PullError {
    #[error("both sides changed `{}`: {commit} does not fit {remote}", .paths.join("`, `"))]
    Conflict {
        /// The commit of here.
        commit: String,
        /// The commits of the remote that changed the same paths.
        others: Vec<String>,
        paths: Vec<String>,
        remote: String,
    },
    #[error("{commit} is a merge, which cannot be made again")]
    Merge { commit: String },
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<GitError> for PullError {
    fn from(error: GitError) -> Self {
        Self::Write(error.into())
    }
}

impl Writer {
    /// Brings the branch that HEAD names, and the working tree, to what `from` has.
    pub(crate) fn pull(&self, from: &PushTo) -> Result<Pulled, PullError> {
        let store = &self.store;
        let remote = self.remote(from, Way::From)?;
        let branch = self.branch()?;
        let local = branch.tip.ok_or_else(|| WriteError::NoCommit {
            branch: short(&branch.name),
        })?;
        let theirs = self.theirs(&remote)?;
        let theirs = theirs.ok_or_else(|| {
            WriteError::from(RemoteError::NoBranch {
                address: remote.shown_address(),
                branch: remote.branch().to_owned(),
            })
        })?;
        let ours = store.commits_between(&[theirs], local)?;
        let mut pulled = Pulled {
            ahead: ours.len(),
            fresh: store.commits_between(&[local], theirs)?.len(),
            remote: remote.shown(),
            ..Pulled::default()
        };
        if pulled.fresh == 0 {
            return Ok(pulled);
        }
        let target = self.again(&remote, &ours, local, theirs)?;
        pulled.again = store.commits_between(&[theirs], target)?.len();
        pulled.dropped = ours.len() - pulled.again;
        pulled.ahead = pulled.again;
        let way = store.path_updates(Some(store.root(local)?), store.root(target)?)?;
        store.check_clean(&way)?;
        let log = format!("spkrepo pull: {}", pulled.remote);
        match self.advance(&branch, target, &way, &log)? {
            Attempt::Done { unfinished, .. } => pulled.unfinished = unfinished,
            Attempt::Lost | Attempt::Nothing => {
                let branch = short(&branch.name);
                return Err(WriteError::Contended {
                    attempts: 1,
                    branch,
                }
                .into());
            }
        }
        pulled.commit = Some(target);
        Ok(pulled)
    }

    /// Makes the commits `ours` again on top of `theirs`; returns the last of them.
    fn again(
        &self,
        remote: &RemoteBranch,
        ours: &[CommitInfo],
        local: CommitId,
        theirs: CommitId,
    ) -> Result<CommitId, PullError> {
        let mut tip = theirs;
        for commit in ours {
            if commit.parents.len() > 1 {
                let commit = named(commit);
                return Err(PullError::Merge { commit });
            }
            match self.store.pick(commit.id, tip)? {
                Picked::Made(tree) => tip = self.store.write_again(commit.id, tree, tip)?,
                Picked::Nothing => {}
                Picked::Conflict { paths } => {
                    return Err(PullError::Conflict {
                        commit: named(commit),
                        others: self.others_of(local, theirs, &paths)?,
                        paths,
                        remote: remote.shown(),
                    });
                }
            }
        }
        if tip != theirs {
            // Lines that merge need not mean anything together.
            load(&self.store, tip, None).map_err(WriteError::from)?;
        }
        Ok(tip)
    }

    fn others_of(
        &self,
        local: CommitId,
        theirs: CommitId,
        paths: &[String],
    ) -> Result<Vec<String>, GitError> {
        let mut others = Vec::new();
        for commit in self.store.commits_between(&[local], theirs)?.iter().rev() {
            let touched = touched(&self.store, commit)?;
            if let Some(path) = touched.iter().find(|path| paths.contains(path)) {
                others.push(described(commit, path));
            }
        }
        Ok(others)
    }
}

fn named(commit: &CommitInfo) -> String {
    let subject = commit.message.lines().next().unwrap_or_default();
    format!("{} ({subject})", commit.id.short())
}
