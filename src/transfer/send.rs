//! Uploads a blob that is whole here.

use std::fs::File;
use std::io::{self, Read};

use super::error::TransferError;
use super::patience::patiently;
use super::remote::{BlobRemote, Put, Wanted};
use crate::base::digest::{Sha256, Sha256Hasher};
use crate::blob::{BlobError, BlobStore};

/// Uploads `blob` from `store` to `remote`. `told` hears how many bytes of it have gone.
pub(crate) fn send(
    remote: &dyn BlobRemote,
    blob: &Wanted,
    store: &BlobStore,
    told: &(dyn Fn(u64) + Sync),
) -> Result<Put, TransferError> {
    if !remote.is_writable() {
        return Err(TransferError::ReadOnly {
            remote: remote.name().to_owned(),
        });
    }
    patiently(|| {
        let mut whole = Whole::new(store.open(blob.sha256, blob.size)?, blob, told);
        let put = remote.put(blob, &mut whole);
        // The remote can only say that the source failed, if that.
        match whole.found {
            Some(found) => Err(TransferError::LocalDamage {
                found,
                sha256: blob.sha256,
            }),
            None => whole.failure.map_or(put, |source| {
                Err(BlobError::Read {
                    sha256: blob.sha256,
                    source,
                }
                .into())
            }),
        }
    })
}

/// The bytes of a blob, of which the last come only when all have been found to be its.
struct Whole<'a> {
    blob: &'a Wanted,
    failure: Option<io::Error>,
    file: File,
    /// What the bytes are, when they are not the blob's.
    found: Option<Sha256>,
    hasher: Sha256Hasher,
    read: u64,
    told: &'a (dyn Fn(u64) + Sync),
}

impl<'a> Whole<'a> {
    fn new(file: File, blob: &'a Wanted, told: &'a (dyn Fn(u64) + Sync)) -> Self {
        Self {
            blob,
            failure: None,
            file,
            found: None,
            hasher: Sha256Hasher::default(),
            read: 0,
            told,
        }
    }

    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.read += length as u64;
        let has_shrunk = length == 0 && self.read < self.blob.size;
        if has_shrunk || self.read >= self.blob.size && length > 0 {
            let found = std::mem::take(&mut self.hasher).finish();
            if found != self.blob.sha256 {
                self.found = Some(found);
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        Ok(length)
    }
}

impl Read for Whole<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.next(buffer) {
            Ok(length) => {
                (self.told)(self.read);
                Ok(length)
            }
            Err(error) => {
                let kind = error.kind();
                if self.found.is_none() {
                    self.failure = Some(error);
                }
                Err(kind.into())
            }
        }
    }
}
