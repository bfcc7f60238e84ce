//! Addresses of single files, such as those of a CDN or of a git host's releases: they can only be read.

use std::io::Read;
use std::time::Duration;

use super::error::TransferError;
use super::remote::{BlobRemote, Found, Listed, Put, Reading, Wanted};
use super::wire::{Wire, found, range, reading};
use crate::base::digest::Sha256;
use crate::model::download_url::DownloadUrl;
use crate::web::{Answer, Asking, Payload};

/// Files that have an address each.
pub(super) struct WebFiles {
    url: DownloadUrl,
    wire: Wire,
}

impl WebFiles {
    pub(super) fn new(url: DownloadUrl, wire: Wire) -> Self {
        Self { url, wire }
    }

    fn ask(&self, method: &'static str, blob: &Wanted, from: u64) -> Result<Answer, TransferError> {
        let url = blob
            .address(&self.url)
            .ok_or_else(|| TransferError::Unnamed {
                remote: self.wire.name.clone(),
                sha256: blob.sha256,
            })?;
        self.wire.ask(Asking {
            headers: range(from).into_iter().collect(),
            method,
            payload: Payload::None,
            url: &url,
        })
    }

    fn refused(&self, answer: Answer) -> TransferError {
        // A page for people is not shown.
        self.wire.refused(answer, |_| String::new())
    }

    fn read_only(&self) -> TransferError {
        TransferError::ReadOnly {
            remote: self.wire.name.clone(),
        }
    }
}

impl BlobRemote for WebFiles {
    fn name(&self) -> &str {
        &self.wire.name
    }

    fn shown(&self) -> String {
        self.url.to_string()
    }

    fn is_writable(&self) -> bool {
        false
    }

    fn stat(&self, blob: &Wanted) -> Result<Option<Found>, TransferError> {
        let answer = self.ask("HEAD", blob, 0)?;
        match answer.status() {
            200 => Ok(found(&answer)),
            404 | 410 => Ok(None),
            _ => Err(self.refused(answer)),
        }
    }

    fn read(&self, blob: &Wanted, from: u64) -> Result<Reading, TransferError> {
        let answer = self.ask("GET", blob, from)?;
        match answer.status() {
            200 | 206 => Ok(reading(answer)),
            404 | 410 => Err(TransferError::Absent {
                remote: self.wire.name.clone(),
                sha256: blob.sha256,
            }),
            _ => Err(self.refused(answer)),
        }
    }

    fn put(&self, _blob: &Wanted, _source: &mut (dyn Read + Send)) -> Result<Put, TransferError> {
        Err(self.read_only())
    }

    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError> {
        Ok(None)
    }

    fn delete(&self, _sha256: Sha256) -> Result<(), TransferError> {
        Err(self.read_only())
    }

    fn address(&self, blob: &Wanted, _valid: Duration) -> Result<Option<String>, TransferError> {
        Ok(blob.address(&self.url))
    }
}
