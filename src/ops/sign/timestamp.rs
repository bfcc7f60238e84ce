//! A time server's signature around the developer's: what DSM 5.1 to 6.2 takes for a whole `syno_signature.asc`.
//!
//! DSM's own tool posts the armored signature as the file of the field `file`, and stores the answer as it is: an armored,
//! signed message around the signature. Here the answer is checked before anything is kept.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::fingerprint::Fingerprint;
use crate::pgp::{self, Certificate, Checked, PgpError, Verdict};
use crate::repo::Keys;
use crate::spk::Signature;
use crate::web::{Bounds, Client, Form, Roots, WebError};

/// Whom to ask, and whose answers to believe.
pub(crate) struct TimeServer {
    /// Instead of those of the repository.
    certificates: Option<Vec<Certificate>>,
    client: Client,
    url: String,
}

/// An answer that may be stored.
pub(super) struct Stamped {
    pub(super) by: Fingerprint,
    pub(super) message: Vec<u8>,
}

/// Says why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TimestampError {
    #[error("`{url}` answered with a signature that is not around anything")]
    Detached { url: String },
    #[error("`{url}` answered with nothing")]
    Empty { url: String },
    #[error("`{url}` answered with an OpenPGP message that is damaged")]
    Malformed {
        #[source]
        source: PgpError,
        url: String,
    },
    #[error("no certificate of a time server is known")]
    NoCertificate,
    #[error("`{url}` answered with something else than a signed OpenPGP message")]
    NoMessage { url: String },
    #[error("`{url}` signed something else than what it was sent")]
    OtherContent { url: String },
    #[error("`{url}` answered with a message that cannot be relied on: {reason}")]
    Unreliable { reason: String, url: String },
    #[error(transparent)]
    Web(#[from] WebError),
}

/// A message around a signature has a few kilobytes.
const MAX_ANSWER: u64 = 256 << 10;
const CONNECT: Duration = Duration::from_secs(10);
/// What DSM's tool calls the file, and the field.
const FILE_NAME: &str = "syno_signature";
const FIELD: &str = "file";

impl TimeServer {
    /// Returns the server at `url`, which is given `patience` for each answer.
    pub(crate) fn new(
        url: String,
        patience: Duration,
        roots: Roots,
        certificates: Option<Vec<Certificate>>,
    ) -> Self {
        let bounds = Bounds {
            body: MAX_ANSWER,
            connect: CONNECT.min(patience),
            // Who is sent elsewhere by plain HTTP does not know by whom.
            redirects: 0,
            total: patience,
        };
        Self {
            certificates,
            client: Client::new(bounds, roots),
            url,
        }
    }

    /// Fails when no answer could be believed: then there is no need to ask.
    pub(super) fn check(&self, keys: &Keys) -> Result<(), TimestampError> {
        match self.believed(keys).is_empty() {
            true => Err(TimestampError::NoCertificate),
            false => Ok(()),
        }
    }

    fn believed<'a>(&'a self, keys: &'a Keys) -> &'a [Certificate] {
        self.certificates.as_deref().unwrap_or(&keys.timestamps)
    }

    /// Has the server sign around `signature`, and checks what it answers.
    pub(super) fn stamp(
        &self,
        signature: &[u8],
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Stamped, TimestampError> {
        let form = Form::with_file(FIELD, FILE_NAME, signature);
        let message = self.client.post(&self.url, &form)?;
        let url = self.url.clone();
        match Signature::of(&message) {
            Signature::Empty => return Err(TimestampError::Empty { url }),
            Signature::Detached => return Err(TimestampError::Detached { url }),
            Signature::None | Signature::Unrecognised => {
                return Err(TimestampError::NoMessage { url });
            }
            Signature::Timestamped => {}
        }
        let opened = match pgp::open(&message, self.believed(keys), now) {
            Ok(opened) => opened,
            Err(source) => return Err(TimestampError::Malformed { source, url }),
        };
        if opened.content != signature {
            return Err(TimestampError::OtherContent { url });
        }
        match (distrust(&opened.stamp), opened.stamp.fingerprint) {
            (None, Some(by)) => Ok(Stamped { by, message }),
            (reason, _) => {
                let reason = reason.unwrap_or_else(|| "nobody is named as its signer".to_owned());
                Err(TimestampError::Unreliable { reason, url })
            }
        }
    }
}

/// Returns why the signature of a message does not count, if it does not.
fn distrust(stamp: &Checked) -> Option<String> {
    let by = match &stamp.fingerprint {
        Some(fingerprint) => fingerprint.to_string(),
        None => "an unnamed key".to_owned(),
    };
    match stamp.verdict {
        Verdict::Bad => {
            let reason = stamp.reason.as_deref().unwrap_or("it does not fit");
            Some(format!("its signature is bad: {reason}"))
        }
        Verdict::Expired => Some(format!("the key {by} of its signature has expired")),
        Verdict::Good => None,
        Verdict::Revoked => Some(format!("the key {by} of its signature is revoked")),
        Verdict::UnknownKey => Some(format!("it is signed by {by}, which is not known")),
    }
}
