//! What the environment says about object stores, typed.

use std::fmt;
use std::path::PathBuf;

/// What programs for S3 read from the environment (AWS SDKs and Tools Reference Guide, "Environment variables list").
#[derive(Clone, Debug, Default)]
pub(crate) struct S3Access {
    /// `AWS_CONFIG_FILE`, or `~/.aws/config`.
    pub(crate) config_file: Option<PathBuf>,
    /// Where a container is told its credentials.
    pub(crate) container: Option<Container>,
    /// `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    pub(crate) credentials_file: Option<PathBuf>,
    /// Of stores for which `spkrepo.toml` names none.
    pub(crate) endpoint: Option<String>,
    pub(crate) key: Option<S3Key>,
    /// The metadata service of a machine at EC2, unless it is not to be asked.
    pub(crate) metadata: Option<String>,
    /// `AWS_PROFILE`.
    pub(crate) profile: Option<String>,
    /// Of stores for which `spkrepo.toml` names none.
    pub(crate) region: Option<String>,
}

/// `AWS_ACCESS_KEY_ID` and what belongs to it.
#[derive(Clone)]
pub(crate) struct S3Key {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) token: Option<String>,
}

/// The service that gives a container its credentials.
#[derive(Clone)]
pub(crate) struct Container {
    /// What it wants to see.
    pub(crate) authorization: Option<String>,
    /// A file with that, which is renewed now and then.
    pub(crate) authorization_file: Option<PathBuf>,
    pub(crate) url: String,
}

/// Whoever prints it must not print a secret.
impl fmt::Debug for S3Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("S3Key")
    }
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Container")
    }
}
