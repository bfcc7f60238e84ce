//! A signed message around a detached signature: what Synology's time server makes of it.

use std::io::Read as _;

use jiff::Timestamp;
use sequoia_openpgp::parse::Parse as _;
use sequoia_openpgp::parse::stream::VerifierBuilder;
use sequoia_openpgp::policy::StandardPolicy;

use super::certificate::{Certificate, not_openpgp};
use super::error::PgpError;
use super::verify::{Checked, Judge};

/// A message that was opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// What it is signed for: the detached signature.
    pub(crate) content: Vec<u8>,
    /// The signature around it.
    pub(crate) stamp: Checked,
}

/// Bytes of a detached signature; a message may be compressed, and unpack to any size.
const MAX_CONTENT: u64 = 1 << 20;

/// Opens the signed `message`, whose signature `certificates` may know.
pub(crate) fn open(
    message: &[u8],
    certificates: &[Certificate],
    now: Timestamp,
) -> Result<Opened, PgpError> {
    let policy = StandardPolicy::new();
    let mut verifier = VerifierBuilder::from_bytes(message)
        .and_then(|builder| builder.with_policy(&policy, None, Judge::new(certificates, now)))
        .map_err(not_openpgp)?;
    let mut content = Vec::new();
    (&mut verifier)
        .take(MAX_CONTENT)
        .read_to_end(&mut content)
        .map_err(not_openpgp)?;
    Ok(Opened {
        content,
        stamp: verifier.into_helper().checked(),
    })
}
