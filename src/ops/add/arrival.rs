//! Signs an SPK that arrives without a signature, before it is published.

use std::io::Seek as _;

use jiff::Timestamp;

use crate::base::limits::Limits;
use crate::blob::StagedBlob;
use crate::model::doc::SignatureDoc;
use crate::ops::sign::SignError;
use crate::pgp::Signer;
use crate::repo::Repository;
use crate::spk::{SpkError, layout, signature_member, splice};

/// Returns the SPK of `blob`, which messages call `name`, with a signature by `signer`.
pub(super) fn signed_on_arrival(
    repository: &Repository,
    name: &str,
    blob: &StagedBlob,
    signer: &Signer,
    now: Timestamp,
) -> Result<(StagedBlob, SignatureDoc), SignError> {
    let failed = |source| SignError::Read {
        build: name.to_owned(),
        source,
    };
    let mut source = blob.open()?;
    let layout = layout(&mut source, &Limits::DEFAULT).map_err(|error| match error {
        SpkError::Io(source) => failed(source),
        source => SignError::Spk {
            build: name.to_owned(),
            source,
        },
    })?;
    source.rewind().map_err(failed)?;
    // Times of OpenPGP are in seconds.
    let now = Timestamp::from_second(now.as_second()).expect("a time without its fraction");
    let unsigned_sha256 = blob.digests().sha256;
    if !layout.links().is_empty() {
        return Err(SignError::Links {
            build: name.to_owned(),
            members: layout.links().to_vec(),
        });
    }
    let signed = signer.sign(layout.content(&mut source), unsigned_sha256, now);
    let signed = signed.map_err(|source| SignError::Pgp {
        build: name.to_owned(),
        source,
    })?;
    let member = signature_member(&signed.armored, signed.time.as_second().unsigned_abs());
    let mut incoming = repository.blobs.incoming()?;
    let end = layout.end..layout.end;
    splice(&mut source, &end, &member, &mut incoming).map_err(failed)?;
    let signature = SignatureDoc {
        fingerprint: signer.certificate.fingerprint(),
        time: signed.time,
        unsigned_sha256,
    };
    Ok((incoming.finish()?, signature))
}
