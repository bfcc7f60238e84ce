//! Downloads a blob from the first remote that has it whole.

use std::cell::Cell;
use std::io::{self, Read};

use super::error::TransferError;
use super::patience::{ATTEMPTS, patiently_within};
use super::remote::{BlobRemote, Reading, Wanted};
use crate::blob::{BlobError, BlobStore, Partial, PartialError};

/// What came of a download.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    AlreadyThere,
    From {
        /// The name of the remote.
        remote: String,
    },
}

/// Bytes that are read at once.
const PIECE: usize = 1 << 18;

/// How a download goes, and who hears of it.
pub(super) struct Manner<'a> {
    /// How often a remote is tried of which nothing has come yet.
    pub(super) attempts: u32,
    /// How often one is tried that has sent something: more is expected of it.
    pub(super) attempts_to_go_on: u32,
    /// Hears why a remote did not give the blob, as soon as that is known.
    pub(super) failed: &'a dyn Fn(&dyn BlobRemote, &TransferError),
    /// Hears how many bytes are there; fewer than before when what had come was of no use.
    pub(super) told: &'a dyn Fn(u64),
}

/// Brings `blob` into `store`, from the first of `remotes` that has it whole. What came before an interruption is gone on
/// with. `told` hears how many bytes of it are there; fewer than before when what had come was of no use.
///
/// On failure, returns why each remote did not give it: nothing when there is none to ask.
pub(crate) fn fetch(
    remotes: &[&dyn BlobRemote],
    blob: &Wanted,
    store: &BlobStore,
    told: &dyn Fn(u64),
) -> Result<Fetched, Vec<TransferError>> {
    let manner = Manner {
        attempts: ATTEMPTS,
        attempts_to_go_on: ATTEMPTS,
        failed: &|_, _| {},
        told,
    };
    fetch_as(remotes, blob, store, &manner)
}

/// Does the same in another manner.
pub(super) fn fetch_as(
    remotes: &[&dyn BlobRemote],
    blob: &Wanted,
    store: &BlobStore,
    manner: &Manner<'_>,
) -> Result<Fetched, Vec<TransferError>> {
    let mut failures = Vec::new();
    if store.contains(blob.sha256, blob.size) {
        return Ok(Fetched::AlreadyThere);
    }
    for remote in remotes {
        match fetch_from(*remote, blob, store, manner) {
            Ok(fetched) => return Ok(fetched),
            Err(error) => {
                (manner.failed)(*remote, &error);
                failures.push(error);
            }
        }
    }
    Err(failures)
}

fn fetch_from(
    remote: &dyn BlobRemote,
    blob: &Wanted,
    store: &BlobStore,
    manner: &Manner<'_>,
) -> Result<Fetched, TransferError> {
    let mut has_begun = false;
    loop {
        let Some(mut partial) = store.partial(blob.sha256, blob.size)? else {
            return Ok(Fetched::AlreadyThere);
        };
        let resumed = partial.length();
        (manner.told)(resumed);
        let attempts = Cell::new(manner.attempts);
        patiently_within(
            || attempts.get(),
            || {
                go_on(remote, blob, &mut partial, &|length| {
                    attempts.set(manner.attempts_to_go_on);
                    (manner.told)(length);
                })
            },
        )?;
        let reason = match partial.keep() {
            Ok(()) => {
                return Ok(Fetched::From {
                    remote: remote.name().to_owned(),
                });
            }
            Err(PartialError::Blob(error)) => return Err(error.into()),
            Err(error) => error.to_string(),
        };
        // What an earlier download had left may be what is wrong.
        if resumed == 0 || has_begun {
            return Err(TransferError::Damaged {
                reason,
                remote: remote.name().to_owned(),
                sha256: blob.sha256,
            });
        }
        has_begun = true;
    }
}

/// Downloads what is missing.
fn go_on(
    remote: &dyn BlobRemote,
    blob: &Wanted,
    partial: &mut Partial,
    told: &dyn Fn(u64),
) -> Result<(), TransferError> {
    if partial.length() == blob.size {
        return Ok(());
    }
    let Reading { from, source } = remote.read(blob, partial.length())?;
    let left = partial.length().checked_sub(from);
    let left = left.ok_or_else(|| not_asked(remote))?;
    let mut source = Skipping { left, source };
    let mut piece = vec![0; PIECE];
    loop {
        let length = match source.read(&mut piece) {
            Ok(0) => return ended(remote, blob, partial),
            Ok(length) => length,
            Err(source) if source.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(interrupted(remote, blob, source)),
        };
        // One byte too many tells that it is not the blob; an endless answer must not fill the disk.
        let room = (blob.size + 1).saturating_sub(partial.length());
        let taken = length.min(usize::try_from(room).unwrap_or(length));
        let written = partial.write(&piece[..taken]);
        written.map_err(|source| not_written(partial, source))?;
        told(partial.length());
        if taken < length {
            return Ok(());
        }
    }
}

/// A source without its first bytes: a remote that cannot begin in the middle sends once more what is here already, and
/// whether that was right tells the digest of the whole.
struct Skipping {
    left: u64,
    source: Box<dyn Read + Send>,
}

impl Read for Skipping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left > 0 {
            let most =
                usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
            match self.source.read(&mut buffer[..most])? {
                0 => return Ok(0),
                length => self.left -= length as u64,
            }
        }
        self.source.read(buffer)
    }
}

fn not_asked(remote: &dyn BlobRemote) -> TransferError {
    TransferError::Protocol {
        reason: "it sends another part than it is asked for".to_owned(),
        remote: remote.name().to_owned(),
    }
}

/// An answer that is too short may have been cut; a shorter blob under its name is found out by its digest.
fn ended(remote: &dyn BlobRemote, blob: &Wanted, partial: &Partial) -> Result<(), TransferError> {
    match partial.length() < blob.size {
        true => Err(interrupted(
            remote,
            blob,
            io::ErrorKind::UnexpectedEof.into(),
        )),
        false => Ok(()),
    }
}

fn interrupted(remote: &dyn BlobRemote, blob: &Wanted, source: io::Error) -> TransferError {
    TransferError::Interrupted {
        remote: remote.name().to_owned(),
        sha256: blob.sha256,
        source,
    }
}

fn not_written(partial: &Partial, source: io::Error) -> BlobError {
    BlobError::Write {
        path: partial.path().to_owned(),
        source,
    }
}
