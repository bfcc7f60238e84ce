//! Why OpenPGP data is of no use.

use std::error::Error;

/// The errors of `sequoia-openpgp` come as whatever went wrong; none of their texts has key material in it.
type Cause = Box<dyn Error + Send + Sync>;

/// Says what is wrong with a certificate, a key or a signature.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PgpError {
    #[error("there is no secret key in it that can sign: neither a primary key nor a subkey")]
    CannotSign,
    /// What gpg says to the user.
    #[error("gpg: {message}")]
    Gpg { message: String },
    #[error("what gpg made is no signature of the kind that was asked for")]
    GpgAnswer,
    #[error("`gpg` could not be run")]
    GpgMissing(#[source] std::io::Error),
    #[error("gpg has several secret keys that it could be: {}", .fingerprints.join(", "))]
    GpgSeveral { fingerprints: Vec<String> },
    #[error("gpg has no secret key that can sign")]
    GpgWithoutKey,
    #[error("the key has expired")]
    KeyExpired,
    #[error("the key is revoked")]
    KeyRevoked,
    #[error("there is no OpenPGP certificate in it")]
    NoCertificate,
    #[error("this is no OpenPGP data")]
    NotOpenPgp {
        #[source]
        source: Cause,
    },
    #[error("the signature could not be made")]
    NotSigned {
        #[source]
        source: Cause,
    },
    #[error("the signed content could not be read")]
    Read(#[source] std::io::Error),
    #[error("it holds a secret key, which must not be where others read it")]
    Secret,
    /// The cause is left out: it would not help, and it comes from where the passphrase is.
    #[error("the passphrase of the key is missing or wrong")]
    WrongPassphrase,
}
