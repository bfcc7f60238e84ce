//! Keys for the tests of other modules.

use jiff::Timestamp;
use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::serialize::SerializeInto as _;

use super::{SecretKey, Signer};

/// Returns somebody who can sign.
pub(crate) fn signer(name: &str) -> Signer {
    let builder = CertBuilder::general_purpose(Some(name));
    let (cert, _) = builder.generate().expect("a new key");
    let bytes = cert.as_tsk().to_vec().expect("memory takes everything");
    let key = SecretKey::read(&bytes, Timestamp::now()).expect("a key that can sign");
    key.unlock(None).expect("a key without a passphrase")
}
