//! Lists what is in the store, or at a remote, whether anything names it or not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::BlobsError;
use crate::base::digest::Sha256;
use crate::blob::BlobStore;
use crate::repo::Snapshot;
use crate::transfer::{BlobRemote, Listed, TransferError};

/// The blobs of one place.
#[derive(Debug, Serialize)]
pub(crate) struct ListReport {
    /// The name of the remote; nothing for this machine.
    pub(crate) remote: Option<String>,
    pub(crate) blobs: Vec<Entry>,
}

/// One blob.
#[derive(Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) modified: Option<Timestamp>,
    /// The SPK's file name, if a build of the commit has it.
    pub(crate) file: Option<String>,
}

/// Returns the blobs of `remote`, or of `store`, with the names that `snapshot` has for them.
pub(crate) fn list(
    store: &BlobStore,
    remote: Option<&dyn BlobRemote>,
    snapshot: &Snapshot,
) -> Result<ListReport, BlobsError> {
    let listed = match remote {
        Some(remote) => remote.list()?.ok_or_else(|| TransferError::Protocol {
            reason: "it cannot list what it has".to_owned(),
            remote: remote.name().to_owned(),
        })?,
        None => here(store)?,
    };
    let files = snapshot.builds().map(|(_, _, build)| &build.doc.spk);
    let files: BTreeMap<Sha256, &str> = files.map(|spk| (spk.sha256, spk.file.as_str())).collect();
    let entries = listed.into_iter().map(|listed| Entry {
        file: files.get(&listed.sha256).map(|file| (*file).to_owned()),
        modified: listed.modified,
        sha256: listed.sha256,
        size: listed.size,
    });
    Ok(ListReport {
        remote: remote.map(|remote| remote.name().to_owned()),
        blobs: entries.collect(),
    })
}

fn here(store: &BlobStore) -> Result<Vec<Listed>, TransferError> {
    Ok(store.list()?.into_iter().map(Listed::from).collect())
}
