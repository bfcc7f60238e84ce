//! OpenPGP: certificates, secret keys, and the two forms of signatures that DSM knows. Knows nothing of SPKs.
//!
//! RFC 4880 and RFC 9580 by `sequoia-openpgp`. Nothing here reads the environment, asks for a passphrase or writes a
//! file; secret keys stay in memory that is encrypted or wiped by the crate, or with the user's GnuPG, which is run as
//! the program `gpg`.

mod armor;
mod certificate;
mod error;
mod gpg;
mod message;
mod secret;
mod signer;
#[cfg(test)]
pub(crate) mod testing;
mod verify;

pub(crate) use armor::armored_signature;
pub(crate) use certificate::{Certificate, Standing};
pub(crate) use error::PgpError;
pub(crate) use message::open;
pub(crate) use secret::{Passphrase, SecretKey};
pub(crate) use signer::{Signed, Signer};
pub(crate) use verify::{Checked, Verdict, verify};

/// The name of the notation (RFC 9580, 5.2.3.24) with the SHA-256 of the whole unsigned SPK.
///
/// DSM signs contents only: names, modes and what is between the members could change unnoticed. DSM and gpg show or
/// ignore notations that they do not know.
const NOTATION: &str = "unsigned-sha256@spkrepo";
