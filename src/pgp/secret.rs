//! A secret key in memory, and the detached signatures that it makes.

use std::io::{self, Read, Write as _};
use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp::Cert;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::crypto::{KeyPair, Password};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::stream::{Message, Signer as Signing};
use sequoia_openpgp::types::SignatureType;

use super::NOTATION;
use super::armor::armored;
use super::certificate::{Certificate, Standing, not_openpgp};
use super::error::PgpError;
use crate::base::digest::Sha256;

/// A secret key that may be protected by a passphrase. It has no `Debug`: nothing of it may be printed.
pub(crate) struct SecretKey {
    certificate: Certificate,
    key: Key<SecretParts, UnspecifiedRole>,
}

/// What protects a secret key; wiped from memory when dropped.
pub(crate) struct Passphrase(Password);

/// Who can sign.
pub(crate) struct Signer {
    pub(crate) certificate: Certificate,
    pair: KeyPair,
}

/// Bytes that are signed at once.
const CHUNK: usize = 256 * 1024;

impl From<Vec<u8>> for Passphrase {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl SecretKey {
    /// Reads the one secret key in `bytes`, armored or not; of several subkeys that can sign, the newest is taken, as
    /// gpg does.
    pub(crate) fn read(bytes: &[u8], now: Timestamp) -> Result<Self, PgpError> {
        let cert = Cert::from_bytes(bytes).map_err(not_openpgp)?;
        let certificate = Certificate(cert.clone().strip_secret_key_material());
        match certificate.standing(now) {
            Standing::Expired => return Err(PgpError::KeyExpired),
            Standing::Revoked => return Err(PgpError::KeyRevoked),
            Standing::Good { .. } | Standing::Unusable => {}
        }
        let policy = StandardPolicy::new();
        let usable = cert
            .keys()
            .secret()
            .with_policy(&policy, SystemTime::from(now))
            .supported()
            .alive()
            .revoked(false)
            .for_signing()
            .map(|key| key.key().clone())
            .filter(is_whole);
        let key = usable.max_by_key(Key::creation_time);
        Ok(Self {
            certificate,
            key: key.ok_or(PgpError::CannotSign)?,
        })
    }

    /// Returns whether it takes a passphrase to use it.
    pub(crate) fn is_protected(&self) -> bool {
        !self.key.has_unencrypted_secret()
    }

    /// Makes the key ready to sign.
    pub(crate) fn unlock(self, passphrase: Option<&Passphrase>) -> Result<Signer, PgpError> {
        let key = match passphrase.filter(|_| self.is_protected()) {
            Some(passphrase) => {
                let unlocked = self.key.clone().decrypt_secret(&passphrase.0);
                unlocked.map_err(|_| PgpError::WrongPassphrase)?
            }
            None => self.key.clone(),
        };
        Ok(Signer {
            certificate: self.certificate,
            pair: key.into_keypair().map_err(|_| PgpError::WrongPassphrase)?,
        })
    }
}

/// The offline part of a split key is a stub without anything in it (gpg, "GNU-dummy").
fn is_whole(key: &Key<SecretParts, UnspecifiedRole>) -> bool {
    match key.secret() {
        SecretKeyMaterial::Unencrypted(_) => true,
        SecretKeyMaterial::Encrypted(encrypted) => encrypted.s2k().is_supported(),
    }
}

impl Signer {
    /// Returns the armored detached signature over `content`, which states the digest of the unsigned SPK.
    pub(crate) fn sign(
        &self,
        content: impl Read,
        unsigned: Sha256,
        now: Timestamp,
    ) -> Result<Vec<u8>, PgpError> {
        let mut bytes = Vec::new();
        self.try_sign(content, unsigned, now, &mut bytes)
            .map_err(|error| match error.downcast::<io::Error>() {
                Ok(error) => PgpError::Read(error),
                Err(error) => PgpError::NotSigned {
                    source: error.into(),
                },
            })?;
        Ok(armored(Kind::Signature, &bytes))
    }

    fn try_sign(
        &self,
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
        let mut signing = Signing::with_template(Message::new(bytes), self.pair.clone(), template)?
            .detached()
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
}
