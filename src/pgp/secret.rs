//! A secret key in memory: found among those of a file, and unlocked.

use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp::Cert;
use sequoia_openpgp::crypto::Password;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;

use super::certificate::{Certificate, not_openpgp};
use super::error::PgpError;
use super::signer::{Means, Signer};

/// A secret key that may be protected by a passphrase. It has no `Debug`: nothing of it may be printed.
pub(crate) struct SecretKey {
    certificate: Certificate,
    key: Key<SecretParts, UnspecifiedRole>,
}

/// What protects a secret key; wiped from memory when dropped.
pub(crate) struct Passphrase(Password);

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
        certificate.check_can_sign(now)?;
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
        let pair = key.into_keypair().map_err(|_| PgpError::WrongPassphrase)?;
        Ok(Signer::new(self.certificate, Means::Pair(Box::new(pair))))
    }
}

/// The offline part of a split key is a stub without anything in it (gpg, "GNU-dummy").
fn is_whole(key: &Key<SecretParts, UnspecifiedRole>) -> bool {
    match key.secret() {
        SecretKeyMaterial::Unencrypted(_) => true,
        SecretKeyMaterial::Encrypted(encrypted) => encrypted.s2k().is_supported(),
    }
}
