//! Checks a detached signature over a stream.

use std::io::{self, Read};
use std::time::SystemTime;

use jiff::Timestamp;
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::parse::stream::{
    DetachedVerifierBuilder, GoodChecksum, MessageLayer, MessageStructure, VerificationError,
    VerificationHelper,
};
use sequoia_openpgp::policy::{HashAlgoSecurity, Policy as _, StandardPolicy};
use sequoia_openpgp::{Cert, KeyHandle};
use serde::Serialize;

use super::NOTATION;
use super::certificate::{Certificate, Standing, fingerprint_of};
use super::error::PgpError;
use crate::base::digest::Sha256;
use crate::model::fingerprint::Fingerprint;

/// What a signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Bad,
    Expired,
    Good,
    Revoked,
    UnknownKey,
}

/// A signature that was checked.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    /// The certificate's when it is known.
    pub(crate) fingerprint: Option<Fingerprint>,
    /// What is bad about it.
    pub(crate) reason: Option<String>,
    /// When it was made, as the signer says.
    pub(crate) time: Option<Timestamp>,
    /// The SHA-256 of the unsigned SPK that the signature states, for a signature that is not bad.
    pub(crate) unsigned: Option<Sha256>,
    pub(crate) verdict: Verdict,
}

impl Checked {
    /// Returns what is said of something that cannot be checked at all.
    pub(super) fn bad(reason: &str) -> Self {
        Self {
            fingerprint: None,
            reason: Some(reason.to_owned()),
            time: None,
            unsigned: None,
            verdict: Verdict::Bad,
        }
    }
}

/// Checks the armored or binary `signature` over `content`; of several signatures, one good one is enough.
///
/// Fails only when the content cannot be read.
pub(crate) fn verify(
    signature: &[u8],
    content: impl Read + Send + Sync,
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Checked, PgpError> {
    let policy = StandardPolicy::new();
    let judge = Judge::new(certificates, now);
    let verifier = DetachedVerifierBuilder::from_bytes(signature)
        .and_then(|builder| builder.with_policy(&policy, None, judge));
    let mut verifier = match verifier {
        Ok(verifier) => verifier,
        Err(error) => return Ok(Checked::bad(&error.to_string())),
    };
    match verifier.verify_reader(content) {
        Ok(()) => Ok(verifier.into_helper().checked()),
        Err(error) => match error.downcast::<io::Error>() {
            Ok(error) => Err(PgpError::Read(error)),
            Err(error) => Ok(Checked::bad(&error.to_string())),
        },
    }
}

/// Judges the signatures of a message by the certificates that are known.
pub(super) struct Judge<'a> {
    certificates: &'a [Certificate],
    found: Option<Checked>,
    now: Timestamp,
}

impl<'a> Judge<'a> {
    pub(super) fn new(certificates: &'a [Certificate], now: Timestamp) -> Self {
        Self {
            certificates,
            found: None,
            now,
        }
    }

    /// Returns what was found.
    pub(super) fn checked(self) -> Checked {
        self.found
            .unwrap_or_else(|| Checked::bad("there is no signature in it"))
    }

    /// A key that is known to be withdrawn or over is not relied on, whatever time the signature states: who has the
    /// secret key can state any.
    fn good(&self, good: &GoodChecksum<'_>) -> Checked {
        let certificate = Certificate(good.ka.cert().clone());
        let verdict = match certificate.standing(self.now) {
            Standing::Expired => Verdict::Expired,
            Standing::Good { .. } => Verdict::Good,
            Standing::Revoked => Verdict::Revoked,
            Standing::Unusable => Verdict::Bad,
        };
        of(good.sig, Some(good.ka.cert()), verdict, None)
    }

    fn faulty(&self, error: &VerificationError<'_>) -> Checked {
        match error {
            VerificationError::MissingKey { sig } => of(sig, None, Verdict::UnknownKey, None),
            VerificationError::UnboundKey { sig, cert, error } => self
                .by_later_binding(sig, cert)
                .unwrap_or_else(|| self.bad_key(sig, cert, &error.to_string())),
            VerificationError::BadKey { sig, ka, error } => {
                self.bad_key(sig, ka.cert(), &error.to_string())
            }
            VerificationError::BadSignature { sig, ka, error } => {
                let (verdict, reason) = match error.downcast_ref::<sequoia_openpgp::Error>() {
                    Some(sequoia_openpgp::Error::Expired(_)) => (Verdict::Expired, None),
                    _ => (Verdict::Bad, Some(error.to_string())),
                };
                of(sig, Some(ka.cert()), verdict, reason)
            }
            VerificationError::MalformedSignature { sig, error } => {
                of(sig, None, Verdict::Bad, Some(error.to_string()))
            }
            VerificationError::UnknownSignature { .. } => {
                Checked::bad("the signature is of an unknown kind")
            }
            _ => Checked::bad("the signature cannot be checked"),
        }
    }

    /// gpg replaces the self-signature of a key that is prolonged, and then nothing says any more that the key could sign
    /// when it did: that it can today is enough.
    fn by_later_binding(&self, signature: &Signature, cert: &Cert) -> Option<Checked> {
        let policy = StandardPolicy::new();
        let now = SystemTime::from(self.now);
        let standing = Certificate(cert.clone()).standing(self.now);
        let is_sound = matches!(standing, Standing::Good { .. })
            && signature.signature_alive(now, None).is_ok()
            && policy
                .signature(signature, HashAlgoSecurity::CollisionResistance)
                .is_ok();
        let mut keys = cert
            .keys()
            .with_policy(&policy, now)
            .supported()
            .alive()
            .revoked(false)
            .for_signing();
        let is_signer = is_sound && keys.any(|key| signature.verify_signature(key.key()).is_ok());
        is_signer.then(|| of(signature, Some(cert), Verdict::Good, None))
    }

    fn bad_key(&self, signature: &Signature, cert: &Cert, reason: &str) -> Checked {
        let verdict = match Certificate(cert.clone()).standing(self.now) {
            Standing::Expired => Verdict::Expired,
            Standing::Revoked => Verdict::Revoked,
            Standing::Good { .. } | Standing::Unusable => Verdict::Bad,
        };
        let reason = (verdict == Verdict::Bad).then(|| reason.to_owned());
        of(signature, Some(cert), verdict, reason)
    }
}

fn of(
    signature: &Signature,
    cert: Option<&Cert>,
    verdict: Verdict,
    reason: Option<String>,
) -> Checked {
    let issuer = || {
        let issuer = signature.issuer_fingerprints().next()?;
        issuer.to_hex().parse().ok()
    };
    let time = signature.signature_creation_time();
    let unsigned = signature
        .notation(NOTATION)
        .find_map(|value| std::str::from_utf8(value).ok()?.parse().ok());
    Checked {
        fingerprint: cert.map(fingerprint_of).or_else(issuer),
        reason,
        time: time.and_then(|time| Timestamp::try_from(time).ok()),
        unsigned: unsigned.filter(|_| !matches!(verdict, Verdict::Bad | Verdict::UnknownKey)),
        verdict,
    }
}

impl VerificationHelper for Judge<'_> {
    fn get_certs(&mut self, _ids: &[KeyHandle]) -> sequoia_openpgp::Result<Vec<Cert>> {
        Ok(self
            .certificates
            .iter()
            .map(|certificate| certificate.0.clone())
            .collect())
    }

    fn check(&mut self, structure: MessageStructure<'_>) -> sequoia_openpgp::Result<()> {
        for layer in structure {
            let MessageLayer::SignatureGroup { results } = layer else {
                continue;
            };
            for result in results {
                let checked = match &result {
                    Ok(good) => self.good(good),
                    Err(error) => self.faulty(error),
                };
                if self.found.is_none() || checked.verdict == Verdict::Good {
                    self.found = Some(checked);
                }
            }
        }
        Ok(())
    }
}
