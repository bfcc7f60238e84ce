//! Makes the SPK with its signature, or without it: every other byte stays as it is.

use std::fs::File;
use std::io::{self, Read, Write as _};

use jiff::Timestamp;

use super::timestamp::{Stamped, TimeServer};
use super::{Action, Made, SignError};
use crate::base::digest::{ParallelHasher, Sha256};
use crate::base::limits::Limits;
use crate::blob::{Incoming, StagedBlob};
use crate::model::doc::SignatureDoc;
use crate::ops::progress::{Progress, Told};
use crate::pgp::{Signed, Signer};
use crate::repo::{Build, Keys, Repository};
use crate::spk::{
    Layout, SpkError, copy_range, layout, layout_by_seeking, signature_member, splice,
};

/// One build whose bytes are to change.
pub(super) struct Task<'a> {
    pub(super) action: &'a Action<'a>,
    pub(super) build: &'a Build,
    pub(super) keys: &'a Keys,
    /// How messages call it.
    pub(super) name: &'a str,
    pub(super) now: Timestamp,
    pub(super) repository: &'a Repository,
}

impl Task<'_> {
    /// Returns what becomes of the bytes; nothing when there is nothing to do.
    pub(super) fn make(
        &self,
        progress: &dyn Progress,
    ) -> Result<Option<(Made, StagedBlob)>, SignError> {
        progress.begin(self.name, Some(self.build.doc.spk.size));
        let made = match self.action {
            Action::Sign {
                signer,
                time_server,
            } => self.signed(signer, *time_server, progress).map(Some),
            Action::Unsign { .. } => self.unsigned(progress),
        };
        progress.end();
        made
    }

    fn open(&self) -> Result<File, SignError> {
        let spk = &self.build.doc.spk;
        Ok(self.repository.blobs.open(spk.sha256, spk.size)?)
    }

    /// The contents are signed in the order of their paths while the SPK is copied and hashed in its own.
    fn signed(
        &self,
        signer: &Signer,
        time_server: Option<&TimeServer>,
        progress: &dyn Progress,
    ) -> Result<(Made, StagedBlob), SignError> {
        let (mut blob, mut source) = (self.open()?, self.open()?);
        let layout = layout_by_seeking(&mut blob, &Limits::DEFAULT);
        let layout = layout.map_err(|error| self.unfit(error))?;
        self.check_signable(&layout)?;
        let mut incoming = self.repository.blobs.incoming()?;
        let (signed, copied) = std::thread::scope(|scope| {
            let copied = scope.spawn(|| copy_range(&mut source, 0..layout.end, &mut incoming));
            let signed = self.sign(signer, &mut blob, &layout, progress);
            (signed, copied.join().expect("copying does not panic"))
        });
        let signed = signed?;
        copied.map_err(|error| self.uncopied(error))?;
        let rest = layout.end..self.build.doc.spk.size;
        let mut whole = incoming.fork_sha256();
        copy_range(&mut source, rest.clone(), &mut whole).map_err(|error| self.uncopied(error))?;
        self.check_undamaged(whole.finish())?;
        let stamped = self.stamp(time_server, &signed)?;
        let member = member(&signed, stamped.as_ref());
        let finish = |incoming: &mut Incoming| {
            incoming.write_all(&member)?;
            copy_range(&mut source, rest, incoming)
        };
        finish(&mut incoming).map_err(|error| self.uncopied(error))?;
        let staged = incoming.finish()?;
        let made = Made {
            digests: staged.digests(),
            signature: Some(SignatureDoc {
                fingerprint: signer.certificate.fingerprint(),
                time: signed.time,
                unsigned_sha256: self.build.doc.spk.sha256,
            }),
            timestamped_by: stamped.map(|stamped| stamped.by),
        };
        Ok((made, staged))
    }

    fn unsigned(&self, progress: &dyn Progress) -> Result<Option<(Made, StagedBlob)>, SignError> {
        let mut blob = self.open()?;
        let mut hasher = ParallelHasher::new();
        let source = Told {
            progress,
            source: &mut blob,
        };
        let layout = layout(Hashed(source, &mut hasher), &Limits::DEFAULT);
        let layout = layout.map_err(|error| self.unfit(error))?;
        self.check_undamaged(hasher.finish().sha256)?;
        let Some(member) = layout.signature else {
            return Ok(None);
        };
        let mut incoming = self.repository.blobs.incoming()?;
        splice(&mut blob, &member.range, b"", &mut incoming)
            .map_err(|error| self.uncopied(error))?;
        let staged = incoming.finish()?;
        let digests = staged.digests();
        self.check_restored(digests.sha256)?;
        let made = Made {
            digests,
            signature: None,
            timestamped_by: None,
        };
        Ok(Some((made, staged)))
    }

    fn check_signable(&self, layout: &Layout) -> Result<(), SignError> {
        let build = self.name.to_owned();
        if layout.signature.is_some() {
            return Err(SignError::HasSignature { build });
        }
        if !layout.links().is_empty() {
            let members = layout.links().to_vec();
            return Err(SignError::Links { build, members });
        }
        Ok(())
    }

    fn sign(
        &self,
        signer: &Signer,
        blob: &mut File,
        layout: &Layout,
        progress: &dyn Progress,
    ) -> Result<Signed, SignError> {
        // Times of OpenPGP are in seconds.
        let now = Timestamp::from_second(self.now.as_second());
        let now = now.expect("a time without its fraction");
        let content = Told {
            progress,
            source: layout.content(blob),
        };
        signer
            .sign(content, self.build.doc.spk.sha256, now)
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

    /// What is signed must be what was reviewed.
    fn check_undamaged(&self, found: Sha256) -> Result<(), SignError> {
        let stated = self.build.doc.spk.sha256;
        if found == stated {
            return Ok(());
        }
        Err(SignError::Damaged {
            build: self.name.to_owned(),
            found,
            stated,
        })
    }

    /// What was signed here must come back as it was.
    fn check_restored(&self, found: Sha256) -> Result<(), SignError> {
        let signature = self.build.doc.signature.as_ref();
        match signature.map(|signature| signature.unsigned_sha256) {
            Some(stated) if stated != found => Err(SignError::NotRestored {
                build: self.name.to_owned(),
                found,
                stated,
            }),
            _ => Ok(()),
        }
    }

    fn uncopied(&self, source: io::Error) -> SignError {
        SignError::Read {
            build: self.name.to_owned(),
            source,
        }
    }

    fn unfit(&self, error: SpkError) -> SignError {
        match error {
            SpkError::Io(source) => self.uncopied(source),
            source => SignError::Spk {
                build: self.name.to_owned(),
                source,
            },
        }
    }
}

/// Returns the member with what the time server made of the signature, or the signature itself.
fn member(signed: &Signed, stamped: Option<&Stamped>) -> Vec<u8> {
    let content = stamped.map_or(&signed.armored, |stamped| &stamped.message);
    signature_member(content, signed.time.as_second().unsigned_abs())
}

struct Hashed<'a, R>(R, &'a mut ParallelHasher);

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.0.read(buffer)?;
        self.1.update(&buffer[..count]);
        Ok(count)
    }
}
