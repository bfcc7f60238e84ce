//! Whoever can sign, and the detached signatures that they make: always of the same form, whoever holds the key.

use std::io::{self, Read, Write as _};
use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::serialize::stream::{Message, Signer as Signing};
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};

use super::NOTATION;
use super::armor::armored;
use super::certificate::Certificate;
use super::error::PgpError;
use super::gpg;
use crate::base::digest::Sha256;

/// Who can sign.
pub(crate) struct Signer {
    pub(crate) certificate: Certificate,
    means: Means,
}

/// Where the secret key is.
pub(super) enum Means {
    /// With GnuPG, which knows the key by this name.
    Gpg(String),
    /// Ready to sign; much larger than a name.
    Pair(Box<KeyPair>),
}

/// A signature that was made.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// In the one form that `spkrepo` writes.
    pub(crate) armored: Vec<u8>,
    /// When it was made, as it says itself.
    pub(crate) time: Timestamp,
}

/// Bytes that are signed at once.
const CHUNK: usize = 256 * 1024;
/// What gpg 2.0 of DSM 5.1 knows, and what current processors have instructions for.
const HASH: HashAlgorithm = HashAlgorithm::SHA256;

impl Signer {
    pub(super) fn new(certificate: Certificate, means: Means) -> Self {
        Self { certificate, means }
    }

    /// Makes the detached signature over `content`, which states the digest of the unsigned SPK.
    ///
    /// `now` has no fraction of a second; gpg has a clock of its own.
    pub(crate) fn sign(
        &self,
        content: impl Read,
        unsigned: Sha256,
        now: Timestamp,
    ) -> Result<Signed, PgpError> {
        match &self.means {
            Means::Gpg(name) => gpg::sign(name, content, unsigned),
            Means::Pair(pair) => sign(pair, content, unsigned, now),
        }
    }
}

fn sign(
    pair: &KeyPair,
    content: impl Read,
    unsigned: Sha256,
    now: Timestamp,
) -> Result<Signed, PgpError> {
    let mut bytes = Vec::new();
    try_sign(pair, content, unsigned, now, &mut bytes).map_err(|error| {
        match error.downcast::<io::Error>() {
            Ok(error) => PgpError::Read(error),
            Err(error) => PgpError::NotSigned {
                source: error.into(),
            },
        }
    })?;
    Ok(Signed {
        armored: armored(Kind::Signature, &bytes),
        time: now,
    })
}

fn try_sign(
    pair: &KeyPair,
    mut content: impl Read,
    unsigned: Sha256,
    now: Timestamp,
    bytes: &mut Vec<u8>,
) -> sequoia_openpgp::Result<()> {
    let template = SignatureBuilder::new(SignatureType::Binary).add_notation(
        NOTATION,
        unsigned.to_string(),
        NotationDataFlags::empty().set_human_readable(),
        false,
    )?;
    let mut signing = Signing::with_template(Message::new(bytes), pair.clone(), template)?
        .detached()
        .hash_algo(HASH)?
        .creation_time(SystemTime::from(now))
        .build()?;
    let mut buffer = vec![0; CHUNK];
    loop {
        match content.read(&mut buffer)? {
            0 => break,
            count => signing.write_all(&buffer[..count])?,
        }
    }
    signing.finalize()
}
