//! Says where each blob is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Failure;
use crate::base::crew::each;
use crate::base::digest::Sha256;
use crate::blob::{BlobError, BlobStore};
use crate::transfer::{BlobRemote, Listed, TransferError, Wanted, Way};

/// Where blobs are.
#[derive(Debug, Serialize)]
pub(crate) struct StatusReport {
    /// The names of the remotes, in their order.
    pub(crate) remotes: Vec<String>,
    pub(crate) blobs: Vec<Row>,
    /// Remotes that could not say it.
    pub(crate) failures: Vec<Failure>,
}

/// Where one blob is.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) package: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) build: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) here: Presence,
    /// At each remote, in the order of the report's.
    pub(crate) at: Vec<Presence>,
}

/// Whether a place has a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Presence {
    Absent,
    /// Something of another size has its name.
    Damaged,
    Present,
    /// The place could not say it.
    Unknown,
}

impl Row {
    /// Says whether no place has the blob.
    pub(crate) fn is_lost(&self) -> bool {
        let is_there =
            |presence: &Presence| matches!(presence, Presence::Present | Presence::Unknown);
        !is_there(&self.here) && !self.at.iter().any(is_there)
    }
}

/// Returns where `blobs` are: here and at each of `remotes`, by their sizes.
pub(crate) fn status(
    store: &BlobStore,
    blobs: &[Wanted],
    remotes: &[&dyn BlobRemote],
    at_once: usize,
) -> StatusReport {
    let mut rows: Vec<Row> = blobs.iter().map(|blob| row(store, blob)).collect();
    let mut failures = Vec::new();
    for remote in remotes {
        let presences = at(*remote, blobs, at_once);
        for ((row, blob), presence) in rows.iter_mut().zip(blobs).zip(presences) {
            let presence = presence.unwrap_or_else(|error| {
                failures.push(Failure::of(blob, &[error]));
                Presence::Unknown
            });
            row.at.push(presence);
        }
    }
    StatusReport {
        remotes: remotes
            .iter()
            .map(|remote| remote.name().to_owned())
            .collect(),
        blobs: rows,
        failures,
    }
}

fn row(store: &BlobStore, blob: &Wanted) -> Row {
    let names = blob.names.as_ref();
    Row {
        sha256: blob.sha256,
        size: blob.size,
        package: names.map(|names| names.package.clone()),
        version: names.map(|names| names.version.clone()),
        build: names.map(|names| names.build.clone()),
        file: names.map(|names| names.file.clone()),
        here: match store.open(blob.sha256, blob.size) {
            Ok(_) => Presence::Present,
            Err(BlobError::Missing { .. }) => Presence::Absent,
            Err(_) => Presence::Damaged,
        },
        at: Vec::new(),
    }
}

/// Asks for a list where there is one, and for each blob otherwise.
pub(crate) fn at(
    remote: &dyn BlobRemote,
    blobs: &[Wanted],
    at_once: usize,
) -> Vec<Result<Presence, TransferError>> {
    let by_size = |blob: &Wanted, size: Option<u64>| match size {
        None => Presence::Absent,
        Some(size) if size == blob.size => Presence::Present,
        Some(_) => Presence::Damaged,
    };
    if let Ok(Some(listed)) = remote.list() {
        let sizes = listed
            .into_iter()
            .map(|Listed { sha256, size, .. }| (sha256, size));
        let sizes: BTreeMap<Sha256, u64> = sizes.collect();
        let sizes = blobs
            .iter()
            .map(|blob| Ok(by_size(blob, sizes.get(&blob.sha256).copied())));
        return sizes.collect();
    }
    let all: Vec<&Wanted> = blobs.iter().collect();
    // What it cannot say now is said of each blob.
    let _ = remote.expect(&all, Way::From);
    each(blobs, at_once, |blob| {
        let found = remote.stat(blob)?;
        Ok(by_size(blob, found.map(|found| found.size)))
    })
}
