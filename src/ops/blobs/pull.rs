//! Brings what is missing here.

use serde::Serialize;

use super::{BlobsError, Failure, Manner, QUIETLY, all, steps};
use crate::base::crew::each;
use crate::blob::BlobStore;
use crate::transfer::{BlobRemote, Fetched, TransferError, Wanted, Way, fetch};

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PullReport {
    /// Blobs that were downloaded, or would be.
    pub(crate) fetched: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Blobs that were here.
    pub(crate) here: usize,
    pub(crate) failures: Vec<Failure>,
}

/// Downloads those of `blobs` that are not in `store`, each from the first of `remotes` that has it whole.
pub(crate) fn pull(
    store: &BlobStore,
    blobs: &[Wanted],
    remotes: &[&dyn BlobRemote],
    manner: &Manner<'_>,
) -> PullReport {
    let is_missing = |blob: &&Wanted| !store.contains(blob.sha256, blob.size);
    let missing: Vec<&Wanted> = blobs.iter().filter(is_missing).collect();
    if let Some(first) = remotes.first().filter(|_| !missing.is_empty()) {
        // What it cannot say now is said of each blob.
        let _ = first.expect(&missing, Way::From);
    }
    let outcomes = each(blobs, manner.at_once, |blob| {
        one(store, blob, remotes, manner)
    });
    let mut report = PullReport::default();
    for (blob, outcome) in blobs.iter().zip(outcomes) {
        match outcome {
            Ok(Fetched::AlreadyThere) => report.here += 1,
            Ok(Fetched::From { .. }) => {
                report.fetched += 1;
                report.bytes += blob.size;
            }
            Err(errors) => report.failures.push(Failure::of(blob, &errors)),
        }
    }
    report
}

/// Downloads those of `blobs` that are not in `store`; the first that nobody has is the error.
pub(crate) fn download(
    store: &BlobStore,
    blobs: &[Wanted],
    remotes: &[&dyn BlobRemote],
) -> Result<(), BlobsError> {
    all(pull(store, blobs, remotes, &QUIETLY).failures)
}

fn one(
    store: &BlobStore,
    blob: &Wanted,
    remotes: &[&dyn BlobRemote],
    manner: &Manner<'_>,
) -> Result<Fetched, Vec<TransferError>> {
    let step = steps(manner.told);
    if store.contains(blob.sha256, blob.size) {
        step(blob.size);
        return Ok(Fetched::AlreadyThere);
    }
    if !manner.dry_run {
        return fetch(remotes, blob, store, &step);
    }
    let mut errors = Vec::new();
    for remote in remotes {
        match remote.stat(blob) {
            Ok(Some(found)) if found.size == blob.size => {
                let remote = remote.name().to_owned();
                return Ok(Fetched::From { remote });
            }
            Ok(_) => errors.push(TransferError::Absent {
                remote: remote.name().to_owned(),
                sha256: blob.sha256,
            }),
            Err(error) => errors.push(error),
        }
    }
    Err(errors)
}
