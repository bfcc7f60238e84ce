//! Reads the secret that webhooks are signed with.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::http::HookSecret;

/// Says why there is no secret.
#[derive(Debug, thiserror::Error)]
pub(super) enum HookSecretError {
    #[error("could not read the secret of webhooks from `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(
        "the secret of webhooks in `{path}` has less than {} bytes, so it could be guessed",
        HookSecret::MIN_BYTES
    )]
    Short { path: PathBuf },
}

/// Returns the first line of `path`.
pub(super) fn read(path: &Path) -> Result<HookSecret, HookSecretError> {
    let text = fs::read(path).map_err(|source| HookSecretError::Read {
        path: path.to_owned(),
        source,
    })?;
    let line = text.split(|byte| matches!(byte, b'\n' | b'\r')).next();
    HookSecret::new(line.unwrap_or_default()).ok_or_else(|| HookSecretError::Short {
        path: path.to_owned(),
    })
}
