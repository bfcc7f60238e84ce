//! Makes the SPK with its signature, or without it: every other byte stays as it is.

use std::fs::File;
use std::io::{self, Read};

use jiff::Timestamp;

use super::timestamp::{Stamped, TimeServer};
use super::{Action, Made, SignError};
use crate::base::digest::{ParallelHasher, Sha256};
use crate::base::limits::Limits;
use crate::blob::StagedBlob;
use crate::model::doc::SignatureDoc;
use crate::ops::progress::{Progress, Told};
use crate::pgp::{Signed, Signer};
use crate::repo::{Build, Keys, Repository};
use crate::spk::{Layout, SpkError, layout, signature_member, splice};

/// One build whose bytes are to change.
pub(super) struct Task<'a> {
    pub(super) action: &'a Action<'a>,
    pub(super) build: &'a Build,
    pub(super) keys: &'a Keys,
    /// How messages call it.
    pub(super) name: &'a str,
    pub(super) now: Timestamp,
}

impl Task<'_> {
    /// Returns what becomes of the bytes; nothing when there is nothing to do.
    pub(super) fn make(
        &self,
        repository: &Repository,
        progress: &dyn Progress,
    ) -> Result<Option<(Made, StagedBlob)>, SignError> {
        let spk = &self.build.doc.spk;
        let mut blob = repository.blobs.open(spk.sha256, spk.size)?;
        progress.begin(self.name, Some(spk.size));
        let layout = self.checked_layout(&mut blob, progress);
        progress.end();
        let layout = layout?;
        let (range, member, signature, stamped_by) = match (self.action, &layout.signature) {
            (Action::Sign { .. }, Some(_)) => {
                let build = self.name.to_owned();
                return Err(SignError::HasSignature { build });
            }
            (
                Action::Sign {
                    signer,
                    time_server,
                },
                None,
            ) => {
                let signed = self.sign(signer, &mut blob, &layout)?;
                let stamped = self.stamp(*time_server, &signed)?;
                let content = stamped.as_ref().map(|stamped| &stamped.message);
                let content = content.unwrap_or(&signed.armored);
                let member = signature_member(content, signed.time.as_second().unsigned_abs());
                let signature = SignatureDoc {
                    fingerprint: signer.certificate.fingerprint(),
                    time: signed.time,
                    unsigned_sha256: spk.sha256,
                };
                let by = stamped.map(|stamped| stamped.by);
                (layout.end..layout.end, member, Some(signature), by)
            }
            (Action::Unsign { .. }, None) => return Ok(None),
            (Action::Unsign { .. }, Some(member)) => (member.range.clone(), Vec::new(), None, None),
        };
        let mut incoming = repository.blobs.incoming()?;
        splice(&mut blob, &range, &member, &mut incoming).map_err(|source| self.unread(source))?;
        let staged = incoming.finish()?;
        let digests = staged.digests();
        self.check_restored(digests.sha256)?;
        let made = Made {
            digests,
            signature,
            timestamped_by: stamped_by,
        };
        Ok(Some((made, staged)))
    }

    /// Reads the whole blob: what is signed must be what was reviewed.
    fn checked_layout(
        &self,
        blob: &mut File,
        progress: &dyn Progress,
    ) -> Result<Layout, SignError> {
        let mut hasher = ParallelHasher::new();
        let source = Told {
            progress,
            source: blob,
        };
        let read = layout(Hashed(source, &mut hasher), &Limits::DEFAULT);
        let layout = read.map_err(|error| match error {
            SpkError::Io(source) => self.unread(source),
            source => SignError::Spk {
                build: self.name.to_owned(),
                source,
            },
        })?;
        let (found, stated) = (hasher.finish().sha256, self.build.doc.spk.sha256);
        if found != stated {
            return Err(SignError::Damaged {
                build: self.name.to_owned(),
                found,
                stated,
            });
        }
        Ok(layout)
    }

    fn sign(&self, signer: &Signer, blob: &mut File, layout: &Layout) -> Result<Signed, SignError> {
        if !layout.links().is_empty() {
            return Err(SignError::Links {
                build: self.name.to_owned(),
                members: layout.links().to_vec(),
            });
        }
        // Times of OpenPGP are in seconds.
        let now = Timestamp::from_second(self.now.as_second());
        let now = now.expect("a time without its fraction");
        signer
            .sign(layout.content(blob), self.build.doc.spk.sha256, now)
            .map_err(|source| SignError::Pgp {
                build: self.name.to_owned(),
                source,
            })
    }

    fn stamp(
        &self,
        time_server: Option<&TimeServer>,
        signed: &Signed,
    ) -> Result<Option<Stamped>, SignError> {
        let Some(time_server) = time_server else {
            return Ok(None);
        };
        let stamped = time_server.stamp(&signed.armored, self.keys, Timestamp::now());
        stamped.map(Some).map_err(|source| SignError::Timestamp {
            build: self.name.to_owned(),
            source,
        })
    }

    /// What was signed here must come back as it was.
    fn check_restored(&self, found: Sha256) -> Result<(), SignError> {
        let stated = match (self.action, &self.build.doc.signature) {
            (Action::Unsign { .. }, Some(signature)) => signature.unsigned_sha256,
            _ => return Ok(()),
        };
        if found == stated {
            return Ok(());
        }
        Err(SignError::NotRestored {
            build: self.name.to_owned(),
            found,
            stated,
        })
    }

    fn unread(&self, source: io::Error) -> SignError {
        SignError::Read {
            build: self.name.to_owned(),
            source,
        }
    }
}

struct Hashed<'a, R>(R, &'a mut ParallelHasher);

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.update(&buffer[..count]);
        Ok(count)
    }
}
