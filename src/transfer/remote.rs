//! What a place for blobs can do.

use std::io::Read;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::error::TransferError;
use crate::base::digest::Sha256;
use crate::blob::Stored;
use crate::model::download_url::{Download, DownloadUrl};

/// A blob that is to be carried.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    /// What a build of it is called, which places that know no digests go by.
    pub(crate) names: Option<Names>,
}

/// What a build is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Names {
    pub(crate) build: String,
    pub(crate) file: String,
    pub(crate) package: String,
    pub(crate) version: String,
}

/// What a remote says of a blob that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// When it was put there, by the remote's clock.
    pub(crate) modified: Option<Timestamp>,
    /// In bytes.
    pub(crate) size: u64,
}

/// A blob in a remote's list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Listed {
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) modified: Option<Timestamp>,
}

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It was there already, whole as far as its size tells.
    AlreadyThere,
    Done,
}

/// Bytes as they come.
pub(crate) struct Reading {
    /// What they begin with, counted in the blob: what was asked for, or the beginning where a remote cannot do that.
    pub(crate) from: u64,
    pub(crate) source: Box<dyn Read + Send>,
}

/// Which way blobs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Way {
    From,
    To,
}

/// A place for blobs. Many threads may use one at a time.
pub(crate) trait BlobRemote: Send + Sync {
    /// Returns what people call it.
    fn name(&self) -> &str;

    /// Returns where it is, as people may see it.
    fn shown(&self) -> String;

    /// Says whether blobs can be uploaded and removed.
    fn is_writable(&self) -> bool;

    /// Tells which blobs are about to be carried, for a remote that can prepare for many at once.
    fn expect(&self, _blobs: &[&Wanted], _way: Way) -> Result<(), TransferError> {
        Ok(())
    }

    /// Returns what the remote says of a blob, if it has it.
    fn stat(&self, blob: &Wanted) -> Result<Option<Found>, TransferError>;

    /// Begins to download a blob at byte `from`. One that is not there is [`TransferError::Absent`].
    fn read(&self, blob: &Wanted, from: u64) -> Result<Reading, TransferError>;

    /// Uploads the blob, whose bytes `source` has. What is there under its name with another size is replaced.
    ///
    /// The remote must not show anything under the name unless `source` came to its end without an error: it hashes what it
    /// reads, and fails before its last byte when that is not the blob.
    fn put(&self, blob: &Wanted, source: &mut (dyn Read + Send)) -> Result<Put, TransferError>;

    /// Returns all blobs; nothing where the remote cannot tell.
    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError>;

    /// Removes a blob; one that is not there is removed.
    fn delete(&self, sha256: Sha256) -> Result<(), TransferError>;

    /// Returns an address where anybody can download the blob, for so long at least; nothing where there is none.
    fn address(&self, blob: &Wanted, valid: Duration) -> Result<Option<String>, TransferError>;
}

impl From<Stored> for Listed {
    fn from(stored: Stored) -> Self {
        Self {
            modified: stored.modified.try_into().ok(),
            sha256: stored.sha256,
            size: stored.size,
        }
    }
}

/// How long an upload may be skipped because the blob is there. Whoever collects what nobody names goes by age, and must
/// not take what somebody is about to name.
pub(crate) const FRESH: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Says whether what was put there at `modified` is safe from being collected while a commit is made that names it.
pub(crate) fn is_fresh(modified: Option<Timestamp>, now: Timestamp) -> bool {
    modified.is_none_or(|modified| now.duration_since(modified) < FRESH)
}

impl Wanted {
    /// Returns a blob of which no build is known.
    pub(crate) fn new(sha256: Sha256, size: u64) -> Self {
        Self {
            sha256,
            size,
            names: None,
        }
    }

    /// Returns the blob's address by `url`; nothing when that goes by names and none are known.
    pub(super) fn address(&self, url: &DownloadUrl) -> Option<String> {
        let unnamed = Names::default();
        let names = match &self.names {
            None if url.goes_by_names() => return None,
            names => names.as_ref().unwrap_or(&unnamed),
        };
        Some(url.fill(&Download {
            build: &names.build,
            file: &names.file,
            package: &names.package,
            sha256: &self.sha256.to_string(),
            version: &names.version,
        }))
    }
}
