//! Whom to believe when a web server says who it is.

use std::path::PathBuf;

use crate::web::{Roots, WebError};

/// Says why no server can be believed.
#[derive(Debug, thiserror::Error)]
#[error("`{path}`, which {ROOTS} names, is of no use")]
pub(super) struct RootsError {
    path: PathBuf,
    #[source]
    source: RootsFault,
}

#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum RootsFault {
    Read(std::io::Error),
    Web(WebError),
}

/// Names a file with the authorities that vouch for servers, as for other programs.
const ROOTS: &str = "SSL_CERT_FILE";

/// Returns the authorities that the environment names, or those that Mozilla trusts.
pub(super) fn roots() -> Result<Roots, RootsError> {
    let path = std::env::var_os(ROOTS).filter(|path| !path.is_empty());
    let Some(path) = path.map(PathBuf::from) else {
        return Ok(Roots::default());
    };
    let pem = std::fs::read(&path).map_err(RootsFault::Read);
    let roots = pem.and_then(|pem| Roots::from_pem(&pem).map_err(RootsFault::Web));
    roots.map_err(|source| RootsError { path, source })
}
