//! Public certificates: reading them, their standing, and the least text that says all that a verifier needs.

use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp::armor::Kind;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::MarshalInto as _;
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Packet};

use super::armor::armored;
use super::error::PgpError;
use crate::model::fingerprint::Fingerprint;

/// A certificate without secret keys.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(pub(super) Cert);

/// Whether a certificate may be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Expired,
    /// It ends at that time, if ever.
    Good {
        until: Option<Timestamp>,
    },
    Revoked,
    /// No binding of its parts is valid under today's rules, such as one by SHA-1.
    Unusable,
}

impl Certificate {
    /// Reads every certificate in `bytes`, armored or not: at least one, none with a secret key.
    pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Self>, PgpError> {
        let parser = CertParser::from_bytes(bytes).map_err(not_openpgp)?;
        let certs: Vec<Cert> = parser.collect::<Result<_, _>>().map_err(not_openpgp)?;
        if certs.is_empty() {
            return Err(PgpError::NoCertificate);
        }
        if certs.iter().any(Cert::is_tsk) {
            return Err(PgpError::Secret);
        }
        Ok(certs.into_iter().map(Self).collect())
    }

    /// Returns its name.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.0)
    }

    /// Returns whether it may be relied on at `now`.
    pub(crate) fn standing(&self, now: Timestamp) -> Standing {
        let policy = StandardPolicy::new();
        let now = SystemTime::from(now);
        if let RevocationStatus::Revoked(_) = self.0.revocation_status(&policy, now) {
            return Standing::Revoked;
        }
        let Ok(valid) = self.0.with_policy(&policy, now) else {
            return Standing::Unusable;
        };
        if valid.alive().is_err() {
            return Standing::Expired;
        }
        let until = valid.primary_key().key_expiration_time();
        Standing::Good {
            until: until.and_then(|time| Timestamp::try_from(time).ok()),
        }
    }

    /// Fails when nobody would rely on what its key signs at `now`.
    pub(super) fn check_can_sign(&self, now: Timestamp) -> Result<(), PgpError> {
        match self.standing(now) {
            Standing::Expired => Err(PgpError::KeyExpired),
            Standing::Revoked => Err(PgpError::KeyRevoked),
            Standing::Good { .. } | Standing::Unusable => Ok(()),
        }
    }

    /// Returns the certificate in armor with nothing of other people's: no certifications, no pictures.
    pub(crate) fn to_text(&self) -> String {
        let mut bytes = Vec::new();
        for packet in self.own_packets() {
            bytes.extend(packet.to_vec().expect("what was parsed can be written"));
        }
        let text = armored(Kind::PublicKey, &bytes);
        String::from_utf8(text).expect("armor is ASCII")
    }

    fn own_packets(&self) -> Vec<Packet> {
        let primary = self.0.primary_key();
        let mut packets = vec![Packet::from(primary.key().clone())];
        packets.extend(own(primary.self_revocations(), primary.self_signatures()));
        for user in self.0.userids() {
            packets.push(user.userid().clone().into());
            packets.extend(own(user.self_revocations(), user.self_signatures()));
        }
        for subkey in self.0.keys().subkeys() {
            packets.push(Packet::from(subkey.key().clone()));
            packets.extend(own(subkey.self_revocations(), subkey.self_signatures()));
        }
        packets
    }
}

pub(super) fn fingerprint_of(cert: &Cert) -> Fingerprint {
    let text = cert.fingerprint().to_hex();
    text.parse()
        .expect("a fingerprint in hexadecimal is a fingerprint")
}

pub(super) fn not_openpgp(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PgpError {
    PgpError::NotOpenPgp {
        source: source.into(),
    }
}

fn own<'a>(
    revocations: impl Iterator<Item = &'a Signature>,
    bindings: impl Iterator<Item = &'a Signature>,
) -> Vec<Packet> {
    revocations
        .chain(bindings)
        .map(|signature| signature.clone().into())
        .collect()
}
