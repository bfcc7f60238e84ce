//! Collects blobs that nothing names any more: `gc`.
//!
//! What counts as a name is in `repo::Named`: everything that git itself would not forget, and more. What has a name stays,
//! and so does what is young: a blob gets its name after its bytes are there. The stages: the store is listed, then the names
//! are read, so that nothing is listed that got its name meanwhile; what is left is deleted in batches, each in a moment in
//! which nobody else writes ([`Repository::quiet`]) and after the names were read once more.

//!
//! At remotes (`remotes`), nobody holds a lock: whoever publishes uploads first and names later, from any clone. So every git
//! remote is fetched before names are read, age counts by the remote's own clock and must be more than an upload may be skipped
//! for, and what was named while it was deleted is uploaded again. `copies` drops what remotes have.

mod copies;
mod local;
mod remotes;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Serialize;

use crate::base::digest::Sha256;
use crate::blob::BlobError;
use crate::git::{GitError, RemoteError};
use crate::repo::{Named, OpenError, Repository, WriteError};
use crate::transfer::{BlobRemote, TransferError};

/// What is collected, and how.
pub(crate) struct Options<'a> {
    /// Instead, drop what remotes have.
    pub(crate) copies: Option<Copies>,
    /// Otherwise, it is only said what would be deleted.
    pub(crate) delete: bool,
    /// What is younger stays.
    pub(crate) older_than: Duration,
    /// A store outside of the repository is this repository's alone.
    pub(crate) outside: bool,
    /// Where else it is collected, or what has it that is dropped.
    pub(crate) remotes: &'a [&'a dyn BlobRemote],
    /// Remotes are collected whatever the age; nobody may be publishing.
    pub(crate) whatever_age: bool,
}

/// Which local copies are dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Copies {
    All,
    /// Those of HEAD stay.
    BeforeHead,
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
    /// What nothing names, or what remotes have, in the order of names.
    pub(crate) collected: Vec<Collected>,
    /// Bytes of these.
    pub(crate) collected_bytes: u64,
    /// What was written half and left.
    pub(crate) leftovers: Vec<LeftoverReport>,
    pub(crate) named: Amount,
    /// What was named while it was deleted, and uploaded again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) restored: Vec<Sha256>,
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
    /// The remote that has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<String>,
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
    #[error("`{remote}` does not say how old its blobs are, so nothing can be collected there")]
    Ageless { remote: String },
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("of what was deleted at `{remote}`, {} blobs were named meanwhile and are not here: {}", .blobs.len(), shown(.blobs))]
    NamedMeanwhile { blobs: Vec<Sha256>, remote: String },
    #[error("`{remote}` is the store of another repository, which knows what it names")]
    OfAnother { remote: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the blob store `{path}` is outside of the repository: others may use it, too")]
    Outside { path: PathBuf },
    #[error("this is a shallow clone: what the commits name that it does not have is not known")]
    Shallow,
    #[error(
        "what is younger than {} days may be about to be named by somebody elsewhere, so nothing of that age is deleted at a remote", .days
    )]
    TooYoung { days: u64 },
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error("`{remote}` cannot list its blobs, so nothing can be collected there")]
    Unlisted { remote: String },
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
    options: &Options<'_>,
    now: SystemTime,
) -> Result<Report, GcError> {
    if repository.store.is_shallow() {
        return Err(GcError::Shallow);
    }
    let mut named = Named::default();
    let places = match options.copies {
        Some(which) => vec![copies::drop_copies(
            repository, &mut named, which, options, now,
        )?],
        None => {
            remotes::check(options)?;
            if !options.remotes.is_empty() {
                // What is named once in this run stays so: what others have taken back goes first.
                repository
                    .store
                    .fetch_everything(&repository.manner.network)?;
            }
            let mut places = vec![local::collect(repository, &mut named, options, now)?];
            for remote in options.remotes {
                places.push(remotes::collect(
                    repository, &mut named, *remote, options, now,
                )?);
            }
            places
        }
    };
    Ok(Report {
        deleted: options.delete,
        older_than_seconds: options.older_than.as_secs(),
        places,
    })
}

impl PlaceReport {
    fn new(place: &str) -> Self {
        Self {
            place: place.to_owned(),
            collected: Vec::new(),
            collected_bytes: 0,
            leftovers: Vec::new(),
            named: Amount::default(),
            restored: Vec::new(),
            young: Amount::default(),
        }
    }

    fn collect(&mut self, blob: Collected) {
        self.collected_bytes += blob.size;
        self.collected.push(blob);
    }
}

/// Names some.
fn shown(blobs: &[Sha256]) -> String {
    const FEW: usize = 3;
    let some: Vec<String> = blobs.iter().take(FEW).map(Sha256::to_string).collect();
    some.join(", ")
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
