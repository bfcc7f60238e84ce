//! What to do about errors of `sign`, `unsign` and `verify`.

use super::{Advice, CliError, hint, hints};
use crate::cli::roots::RootsError;
use crate::cli::secret::KeyError;
use crate::ops::keys::KeysError;
use crate::ops::sign::{SignError, TimestampError};
use crate::ops::verify::VerifyError;
use crate::pgp::PgpError;

with_advice!(KeyError, KeysError, RootsError, SignError, VerifyError);

impl Advice for KeysError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => Vec::new(),
            Self::Unusable { .. } => hints(&[hint::EXPORT_CERTIFICATE]),
        }
    }
}

impl Advice for RootsError {
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Advice for KeyError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Gpg(PgpError::GpgMissing(_)) => hints(&[hint::INSTALL_GPG]),
            Self::Gpg(PgpError::GpgSeveral { .. }) => hints(&[hint::NAME_GPG_KEY]),
            Self::Gpg(_) => hints(&[hint::LIST_GPG_KEYS]),
            Self::NoPassphrase { .. } => hints(&[hint::NAME_PASSPHRASE]),
            Self::Read { .. } => Vec::new(),
            Self::Unusable {
                source: PgpError::WrongPassphrase,
                ..
            } => Vec::new(),
            Self::Unusable { .. } => hints(&[hint::EXPORT_SECRET]),
        }
    }
}

impl Advice for SignError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Changed { .. } => hints(&[hint::CONTENDED]),
            Self::Document(error) => error.hints(),
            Self::Git(error) => error.hints(),
            Self::HasSignature { .. } => hints(&[hint::UNSIGN]),
            Self::Offered { .. } => hints(&[hint::FORCE_UNSIGN]),
            Self::Open(error) => error.hints(),
            Self::Target(error) => error.hints(),
            Self::Timestamp { source, .. } => match source {
                TimestampError::NoCertificate | TimestampError::Unreliable { .. } => {
                    hints(&[hint::TRUST_TIME_SERVER])
                }
                _ => hints(&[hint::WITHOUT_TIME_SERVER]),
            },
            Self::Write(error) => error.hints(),
            Self::Blob(_)
            | Self::Damaged { .. }
            | Self::Links { .. }
            | Self::NotRestored { .. }
            | Self::Pgp { .. }
            | Self::Read { .. }
            | Self::Spk { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            Self::Write(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for VerifyError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.hints(),
            Self::Read { .. } => Vec::new(),
            Self::Target(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
