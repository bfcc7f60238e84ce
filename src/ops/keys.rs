//! Certificates from files that the user names, instead of those of the repository.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::pgp::{Certificate, PgpError};
use crate::repo::Keys;

/// Says which certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error("could not read `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{path}` is of no use as a certificate")]
    Unusable {
        path: String,
        #[source]
        source: PgpError,
    },
}

/// Reads the files at `paths` as certificates of signers and of time servers alike.
pub(crate) fn from_files(paths: &[PathBuf]) -> Result<Keys, KeysError> {
    let mut certificates = Vec::new();
    for path in paths {
        certificates.extend(file(path)?);
    }
    Ok(Keys::new(certificates.clone(), certificates))
}

fn file(path: &Path) -> Result<Vec<Certificate>, KeysError> {
    let bytes = fs::read(path).map_err(|source| KeysError::Read {
        path: path.to_owned(),
        source,
    })?;
    Certificate::read_all(&bytes).map_err(|source| KeysError::Unusable {
        path: path.display().to_string(),
        source,
    })
}
