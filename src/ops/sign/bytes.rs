//! Makes the SPK with its signature, or without it: every other byte stays as it is.

use std::io::{self, Read};

use jiff::Timestamp;

use super::{Action, Made, SignError};
use crate::base::digest::{ParallelHasher, Sha256};
use crate::base::limits::Limits;
use crate::blob::StagedBlob;
use crate::model::doc::SignatureDoc;
use crate::ops::progress::{Progress, Told};
use crate::pgp::Signer;
use crate::repo::{Build, Repository};
use crate::spk::{Layout, SpkError, layout, signature_member, splice};

/// Returns what `action` makes of the bytes of a build, which messages call `name`; nothing when there is nothing to do.
pub(super) fn make(
    repository: &Repository,
    name: &str,
    build: &Build,
    action: &Action<'_>,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Option<(Made, StagedBlob)>, SignError> {
    let spk = &build.doc.spk;
    let mut blob = repository.blobs.open(spk.sha256, spk.size)?;
    progress.begin(name, Some(spk.size));
    let layout = checked_layout(&mut blob, name, spk.sha256, progress);
    progress.end();
    let layout = layout?;
    // Times of OpenPGP are in seconds.
    let now = Timestamp::from_second(now.as_second()).expect("a time without its fraction");
    let (range, member, signature) = match (action, &layout.signature) {
        (Action::Sign(_), Some(_)) => {
            let build = name.to_owned();
            return Err(SignError::HasSignature { build });
        }
        (Action::Sign(signer), None) => {
            let member = member(signer, &mut blob, &layout, name, spk.sha256, now)?;
            let signature = SignatureDoc {
                fingerprint: signer.certificate.fingerprint(),
                time: now,
                unsigned_sha256: spk.sha256,
            };
            (layout.end..layout.end, member, Some(signature))
        }
        (Action::Unsign { .. }, None) => return Ok(None),
        (Action::Unsign { .. }, Some(member)) => (member.range.clone(), Vec::new(), None),
    };
    let mut incoming = repository.blobs.incoming()?;
    splice(&mut blob, &range, &member, &mut incoming).map_err(|source| SignError::Read {
        build: name.to_owned(),
        source,
    })?;
    let staged = incoming.finish()?;
    let digests = staged.digests();
    check_restored(name, build, action, digests.sha256)?;
    Ok(Some((Made { digests, signature }, staged)))
}

/// Reads the whole blob: what is signed must be what was reviewed.
fn checked_layout(
    blob: &mut std::fs::File,
    name: &str,
    stated: Sha256,
    progress: &dyn Progress,
) -> Result<Layout, SignError> {
    let mut hasher = ParallelHasher::new();
    let source = Told {
        progress,
        source: blob,
    };
    let read = layout(Hashed(source, &mut hasher), &Limits::DEFAULT);
    let build = name.to_owned();
    let layout = match read {
        Ok(layout) => layout,
        Err(SpkError::Io(source)) => return Err(SignError::Read { build, source }),
        Err(source) => return Err(SignError::Spk { build, source }),
    };
    let found = hasher.finish().sha256;
    if found != stated {
        return Err(SignError::Damaged {
            build,
            found,
            stated,
        });
    }
    Ok(layout)
}

struct Hashed<'a, R>(R, &'a mut ParallelHasher);

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.update(&buffer[..count]);
        Ok(count)
    }
}

/// Makes the member with the signature.
fn member(
    signer: &Signer,
    blob: &mut std::fs::File,
    layout: &Layout,
    name: &str,
    unsigned: Sha256,
    now: Timestamp,
) -> Result<Vec<u8>, SignError> {
    if !layout.links().is_empty() {
        return Err(SignError::Links {
            build: name.to_owned(),
            members: layout.links().to_vec(),
        });
    }
    let signature = signer
        .sign(layout.content(blob), unsigned, now)
        .map_err(|source| SignError::Pgp {
            build: name.to_owned(),
            source,
        })?;
    Ok(signature_member(&signature, now.as_second().unsigned_abs()))
}

/// What was signed here must come back as it was.
fn check_restored(
    name: &str,
    build: &Build,
    action: &Action<'_>,
    found: Sha256,
) -> Result<(), SignError> {
    let stated = match (action, &build.doc.signature) {
        (Action::Unsign { .. }, Some(signature)) => signature.unsigned_sha256,
        _ => return Ok(()),
    };
    if found == stated {
        return Ok(());
    }
    Err(SignError::NotRestored {
        build: name.to_owned(),
        found,
        stated,
    })
}
