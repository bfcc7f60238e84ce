//! Reads a blob at a remote to its end, and keeps none of it.

use std::io::Read as _;

use super::error::TransferError;
use super::patience::patiently;
use super::remote::{BlobRemote, Wanted};
use crate::base::digest::Sha256;

/// Says whether the remote has the blob whole: an error says what it has instead. `told` hears how many bytes were read.
pub(crate) fn verify(
    remote: &dyn BlobRemote,
    blob: &Wanted,
    told: &dyn Fn(u64),
) -> Result<(), TransferError> {
    let interrupted = |source| TransferError::Interrupted {
        remote: remote.name().to_owned(),
        sha256: blob.sha256,
        source,
    };
    let (found, length) = patiently(|| {
        let source = remote.read(blob, 0)?.source;
        // One byte too many tells that it is not the blob; an endless answer must not be read to its end.
        let mut counted = Counted {
            length: 0,
            source: source.take(blob.size + 1),
            told,
        };
        let found = Sha256::of_stream(&mut counted).map_err(interrupted)?;
        Ok((found, counted.length))
    })?;
    if found == blob.sha256 {
        return Ok(());
    }
    let reason = match length == blob.size {
        true => format!("bytes with the SHA-256 {found} came"),
        false => format!("{length} bytes or more came instead of {}", blob.size),
    };
    Err(TransferError::Damaged {
        reason,
        remote: remote.name().to_owned(),
        sha256: blob.sha256,
    })
}

struct Counted<'a, R> {
    length: u64,
    source: R,
    told: &'a dyn Fn(u64),
}

impl<R: std::io::Read> std::io::Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.length += length as u64;
        (self.told)(length as u64);
        Ok(length)
    }
}
