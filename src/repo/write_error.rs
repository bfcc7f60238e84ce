//! Why a change does not land.

use std::error::Error;
use std::path::PathBuf;

use super::load::LoadError;
use super::lock::Holder;
use crate::git::{GitError, RemoteError};

/// Says why a change did not land.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("gave up after {seconds} seconds: the repository is being written to by {}", busy(.holder.as_ref()))]
    Busy {
        holder: Option<Holder>,
        path: PathBuf,
        seconds: u64,
    },
    #[error("{remote} has commits that are not here yet, and the change does not fit them")]
    Conflict {
        /// The commits that are in the way.
        others: Vec<String>,
        remote: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("`{branch}` moved {attempts} times while the change was made")]
    Contended { attempts: usize, branch: String },
    #[error(
        "{remote} has commits ({behind}) that are not in `{branch}`, which has {ahead} of its own"
    )]
    Diverged {
        ahead: usize,
        behind: usize,
        branch: String,
        remote: String,
    },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("could not write the journal `{path}`")]
    Journal {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("could not lock the repository by `{path}`")]
    Lock {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the branch `{branch}` has no commit yet, so it is no package source")]
    NoCommit { branch: String },
    #[error("commit {commit} landed, but the working tree could not be brought to it")]
    NotLaidOut {
        commit: String,
        #[source]
        source: GitError,
    },
    #[error("the SPKs could not be uploaded, so nothing was pushed")]
    NotUploaded {
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("commit {commit} is on {remote}, but the branch here could not be brought to it")]
    OnlyThere {
        commit: String,
        remote: String,
        #[source]
        source: Box<WriteError>,
    },
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

fn busy(holder: Option<&Holder>) -> String {
    holder.map_or_else(|| "another process".to_owned(), ToString::to_string)
}
