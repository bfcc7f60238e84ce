//! Uploads what remotes do not have.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{BlobsError, Failure, Manner, QUIETLY, all, steps};
use crate::base::crew::each;
use crate::base::digest::Sha256;
use crate::blob::BlobStore;
use crate::transfer::{BlobRemote, Listed, Put, TransferError, Wanted, Way, is_fresh, send};

/// What came of it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PushReport {
    pub(crate) remotes: Vec<RemotePush>,
}

/// What one remote got.
#[derive(Debug, Serialize)]
pub(crate) struct RemotePush {
    pub(crate) remote: String,
    /// Blobs that were uploaded, or would be.
    pub(crate) sent: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Blobs that were there.
    pub(crate) there: usize,
    pub(crate) failures: Vec<Failure>,
}

/// Blobs from which on a list is asked for instead of each of them.
const LIST: usize = 50;

/// Uploads `blobs` to each of `remotes`.
pub(crate) fn push(
    store: &BlobStore,
    blobs: &[Wanted],
    remotes: &[&dyn BlobRemote],
    manner: &Manner<'_>,
) -> Result<PushReport, TransferError> {
    let mut report = PushReport::default();
    for remote in remotes {
        report.remotes.push(push_to(store, blobs, *remote, manner)?);
    }
    Ok(report)
}

/// Uploads `blobs` to each of `remotes` that takes any; the first that fails is the error.
pub(crate) fn upload(
    store: &BlobStore,
    blobs: &[Wanted],
    remotes: &[&dyn BlobRemote],
) -> Result<(), BlobsError> {
    let writable: Vec<&dyn BlobRemote> = remotes
        .iter()
        .copied()
        .filter(|remote| remote.is_writable())
        .collect();
    let report = push(store, blobs, &writable, &QUIETLY)?;
    all(report
        .remotes
        .into_iter()
        .flat_map(|remote| remote.failures))
}

fn push_to(
    store: &BlobStore,
    blobs: &[Wanted],
    remote: &dyn BlobRemote,
    manner: &Manner<'_>,
) -> Result<RemotePush, TransferError> {
    let listed = match blobs.len() >= LIST {
        true => remote.list()?,
        false => None,
    };
    let known: BTreeMap<Sha256, Listed> = listed
        .into_iter()
        .flatten()
        .map(|listed| (listed.sha256, listed))
        .collect();
    let now = Timestamp::now();
    let is_there = |blob: &Wanted| {
        let listed = known.get(&blob.sha256);
        listed.is_some_and(|listed| listed.size == blob.size && is_fresh(listed.modified, now))
    };
    let (there, rest): (Vec<&Wanted>, Vec<&Wanted>) = blobs.iter().partition(|blob| is_there(blob));
    let there_bytes: u64 = there.iter().map(|blob| blob.size).sum();
    (manner.told)(there_bytes.cast_signed());
    remote.expect(&rest, Way::To)?;
    let outcomes = each(&rest, manner.at_once, |blob| {
        one(store, blob, remote, manner)
    });
    let mut report = RemotePush {
        remote: remote.name().to_owned(),
        sent: 0,
        bytes: 0,
        there: there.len(),
        failures: Vec::new(),
    };
    for (blob, outcome) in rest.into_iter().zip(outcomes) {
        match outcome {
            Ok(Put::AlreadyThere) => report.there += 1,
            Ok(Put::Done) => {
                report.sent += 1;
                report.bytes += blob.size;
            }
            Err(error) => report.failures.push(Failure::of(blob, &[error])),
        }
    }
    Ok(report)
}

fn one(
    store: &BlobStore,
    blob: &Wanted,
    remote: &dyn BlobRemote,
    manner: &Manner<'_>,
) -> Result<Put, TransferError> {
    if manner.dry_run || !store.contains(blob.sha256, blob.size) {
        // Whoever has no copy has nothing to upload, and need not when the remote has one.
        let found = remote.stat(blob)?;
        if found.is_some_and(|found| found.size == blob.size) {
            return Ok(Put::AlreadyThere);
        }
        store.open(blob.sha256, blob.size)?;
        return Ok(Put::Done);
    }
    let step = steps(manner.told);
    let put = send(remote, blob, store, &step);
    if let Ok(Put::AlreadyThere) = put {
        step(blob.size);
    }
    put
}
