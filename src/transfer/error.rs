//! Why a blob could not be carried.

use std::io;
use std::path::PathBuf;

use crate::base::digest::Sha256;
use crate::blob::BlobError;
use crate::git::{GitError, RemoteError};
use crate::web::WebError;

use super::s3::CredentialsError;

/// Says what went wrong with which blob or remote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransferError {
    #[error("`{remote}` has no blob {sha256}")]
    Absent { remote: String, sha256: Sha256 },
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The bytes that arrived are not those that were sent.
    #[error("an upload to `{remote}` arrived broken: {reason}")]
    Broken { reason: String, remote: String },
    #[error("the clock here is {skew}, and so `{remote}` believes no signature")]
    Clock { remote: String, skew: String },
    #[error("the credentials for `{remote}` cannot be had")]
    Credentials {
        remote: String,
        #[source]
        source: Box<CredentialsError>,
    },
    #[error("what `{remote}` has as the blob {sha256} is something else: {reason}")]
    Damaged {
        reason: String,
        remote: String,
        sha256: Sha256,
    },
    /// Credentials that are missing, unknown or not enough.
    #[error("`{remote}` does not let us in: {reason}")]
    Denied { reason: String, remote: String },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    GitRemote(#[from] RemoteError),
    #[error("could not {action} `{path}` of `{remote}`")]
    Io {
        action: &'static str,
        path: PathBuf,
        remote: String,
        #[source]
        source: io::Error,
    },
    /// The connection ended before the blob did.
    #[error("`{remote}` ended before the blob {sha256} did")]
    Interrupted {
        remote: String,
        sha256: Sha256,
        #[source]
        source: io::Error,
    },
    #[error("the blob {sha256} is damaged here: its SHA-256 is {found}")]
    LocalDamage { found: Sha256, sha256: Sha256 },
    #[error("there is no bucket `{bucket}` where `{remote}` should be")]
    NoBucket { bucket: String, remote: String },
    #[error("`{remote}` wants credentials, and there are none in {places}")]
    NoCredentials { places: String, remote: String },
    /// An answer that is none, or that asks for what cannot be done.
    #[error("`{remote}` cannot be used: {reason}")]
    Protocol { reason: String, remote: String },
    #[error("nothing can be uploaded to `{remote}`, or removed there: it is read-only")]
    ReadOnly { remote: String },
    #[error(
        "the bucket of `{remote}` is in the region `{expected}`, not in `{stated}`: state it as `region` in spkrepo.toml, or as \
         AWS_REGION"
    )]
    Region {
        expected: String,
        remote: String,
        stated: String,
    },
    #[error("`{url}` of `{remote}` answered with status {status}{}", said(.reason))]
    Status {
        /// What the server says; may be empty.
        reason: String,
        remote: String,
        status: u16,
        url: String,
    },
    #[error(
        "`{remote}` goes by the names of builds, and the blob {sha256} is that of none that is known"
    )]
    Unnamed { remote: String, sha256: Sha256 },
    /// It is asked again without.
    #[error("`{remote}` does not know {what}")]
    Unsupported { remote: String, what: &'static str },
    /// It is begun anew.
    #[error("`{remote}` does not go on with an upload: {reason}")]
    UploadGone { reason: String, remote: String },
    #[error("`{remote}` could not be reached")]
    Web {
        remote: String,
        #[source]
        source: WebError,
    },
}

fn said(reason: &str) -> String {
    match reason.is_empty() {
        true => String::new(),
        false => format!(": {reason}"),
    }
}

impl TransferError {
    /// Says whether the same may succeed a moment later (RFC 9110 §15.5.9, §15.5.10, §15.6; RFC 6585 §4).
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Broken { .. }
            | Self::Interrupted { .. }
            | Self::Unsupported { .. }
            | Self::UploadGone { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 409 | 429 | 500 | 502..=504),
            Self::Web { source, .. } => {
                matches!(
                    source,
                    WebError::Failed { .. } | WebError::Silent { .. } | WebError::TimedOut { .. }
                )
            }
            _ => false,
        }
    }
}
