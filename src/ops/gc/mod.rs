//! Collects blobs that nothing names any more: `gc`.
//!
//! What counts as a name is in `repo::Named`: everything that git itself would not forget, and more. What has a name stays,
//! and so does what is young: a blob gets its name after its bytes are there. The stages: the store is listed, then the names
//! are read, so that nothing is listed that got its name meanwhile; what is left is deleted in batches, each in a moment in
//! which nobody else writes ([`Repository::quiet`]) and after the names were read once more.

mod local;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Serialize;

use crate::base::digest::Sha256;
use crate::blob::BlobError;
use crate::git::GitError;
use crate::repo::{Named, Repository, WriteError};

/// What is collected, and how.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Otherwise, it is only said what would be deleted.
    pub(crate) delete: bool,
    /// What is younger stays.
    pub(crate) older_than: Duration,
    /// A store outside of the repository is this repository's alone.
    pub(crate) outside: bool,
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Whether it was deleted, and not only looked for.
    pub(crate) deleted: bool,
    pub(crate) older_than_seconds: u64,
    pub(crate) places: Vec<PlaceReport>,
}

/// What is in a store.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PlaceReport {
    pub(crate) place: String,
    /// What nothing names, in the order of names.
    pub(crate) collected: Vec<Collected>,
    /// Bytes of these.
    pub(crate) collected_bytes: u64,
    /// What was written half and left.
    pub(crate) leftovers: Vec<LeftoverReport>,
    pub(crate) named: Amount,
    /// What nothing names, and is young or was written again meanwhile.
    pub(crate) young: Amount,
}

/// A blob that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Collected {
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) modified: Option<Timestamp>,
}

/// A file that goes and is no blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LeftoverReport {
    pub(crate) path: PathBuf,
    /// In bytes.
    pub(crate) size: u64,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Amount {
    pub(crate) blobs: usize,
    pub(crate) bytes: u64,
}

/// Says why nothing was collected, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GcError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("the blob store `{path}` is outside of the repository: others may use it, too")]
    Outside { path: PathBuf },
    #[error("this is a shallow clone: what the commits name that it does not have is not known")]
    Shallow,
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        self.blobs += 1;
        self.bytes += bytes;
    }
}

/// Collects what `options` say, at the time `now`.
pub(crate) fn gc(
    repository: &Repository,
    options: &Options,
    now: SystemTime,
) -> Result<Report, GcError> {
    if repository.store.is_shallow() {
        return Err(GcError::Shallow);
    }
    let mut named = Named::default();
    let local = local::collect(repository, &mut named, options, now)?;
    Ok(Report {
        deleted: options.delete,
        older_than_seconds: options.older_than.as_secs(),
        places: vec![local],
    })
}

/// Returns whether something is as old as it must be to go; what is from the future is not.
fn is_old(modified: SystemTime, now: SystemTime, older_than: Duration) -> bool {
    now.duration_since(modified)
        .is_ok_and(|age| age >= older_than)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_from_the_future_is_young() {
        let now = SystemTime::now();
        let day = Duration::from_secs(86_400);
        assert!(is_old(now - day, now, day));
        assert!(!is_old(now - day / 2, now, day));
        assert!(is_old(now, now, Duration::ZERO));
        assert!(!is_old(now + day, now, Duration::ZERO));
    }
}
