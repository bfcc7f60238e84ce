//! Carries the SPKs of a commit, or of all history, to and from remotes, and says where they are.

mod list;
mod pull;
mod push;
mod scope;
mod status;

use std::fmt;

use serde::Serialize;

use crate::base::causes::with_causes;
use crate::base::digest::Sha256;
use crate::git::GitError;
use crate::repo::OpenError;
use crate::transfer::{TransferError, Wanted};

use super::target::TargetError;

pub(crate) use list::{ListReport, list};
pub(crate) use pull::{PullReport, download, pull};
pub(crate) use push::{PushReport, push, upload};
pub(crate) use scope::{Scope, wanted};
pub(crate) use status::{Presence, Row, StatusReport, at as presences, status};

/// Says why nothing could be done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BlobsError {
    #[error("no remote for SPKs is called `{name}`; there are {known}")]
    NoRemote { known: String, name: String },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{verb} all but {count} of the SPKs")]
    NotCarried {
        count: usize,
        /// `uploaded` or `downloaded`.
        verb: &'static str,
    },
    #[error("{failures}")]
    Failed { failures: Failures },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
}

/// A blob that was not carried.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    /// The SPK's file name, if a build of it is known.
    pub(crate) file: Option<String>,
    pub(crate) sha256: Sha256,
    /// Why; from several remotes, one for each.
    pub(crate) reasons: Vec<String>,
}

/// Blobs that were not carried: the first, and how many more.
#[derive(Debug)]
pub(crate) struct Failures(Vec<Failure>);

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = self.0.iter().flat_map(|failure| &failure.reasons);
        reasons.take(1).try_for_each(|reason| f.write_str(reason))?;
        match self.0.len() {
            0 | 1 => Ok(()),
            count => write!(f, "; {} more failed", count - 1),
        }
    }
}

/// How blobs are carried.
pub(crate) struct Manner<'a> {
    /// How many at the same time.
    pub(crate) at_once: usize,
    /// Nothing is carried.
    pub(crate) dry_run: bool,
    /// Hears how many bytes went further; fewer than none when some were of no use.
    pub(crate) told: &'a (dyn Fn(i64) + Sync),
}

/// How blobs are carried beside something else that is told about.
const QUIETLY: Manner<'_> = Manner {
    at_once: 8,
    dry_run: false,
    told: &|_| {},
};

/// Demands that there are no failures.
fn all(failures: impl IntoIterator<Item = Failure>) -> Result<(), BlobsError> {
    let failures: Vec<Failure> = failures.into_iter().collect();
    match failures.is_empty() {
        true => Ok(()),
        false => Err(BlobsError::Failed {
            failures: Failures(failures),
        }),
    }
}

impl Failure {
    fn of(blob: &Wanted, errors: &[TransferError]) -> Self {
        Self {
            file: blob.names.as_ref().map(|names| names.file.clone()),
            sha256: blob.sha256,
            reasons: errors.iter().map(|error| with_causes(error)).collect(),
        }
    }
}

/// Makes steps of positions.
fn steps(told: &(dyn Fn(i64) + Sync)) -> impl Fn(u64) {
    let last = std::sync::atomic::AtomicU64::new(0);
    move |position| {
        let last = last.swap(position, std::sync::atomic::Ordering::Relaxed);
        told(position.cast_signed() - last.cast_signed());
    }
}
