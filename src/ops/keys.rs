//! The certificates that signatures are checked against: `keys/` of the repository, or files that the user names.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::base::limits::Limits;
use crate::git::{GitError, Node};
use crate::pgp::{Certificate, PgpError};
use crate::repo::{Repository, Snapshot};

/// The certificates that are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    /// Of those who sign SPKs.
    pub(crate) signers: Vec<Certificate>,
    /// Of time servers.
    pub(crate) timestamps: Vec<Certificate>,
}

/// Says which certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    #[error(transparent)]
    Git(#[from] GitError),
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

/// Where the certificates of signers are in the repository, and those of time servers below them.
pub(crate) const FOLDER: &str = "keys";
const TIMESTAMPS: &str = "keys/timestamp";

impl Keys {
    /// Reads what the repository has.
    pub(crate) fn of(repository: &Repository, snapshot: &Snapshot) -> Result<Self, KeysError> {
        Ok(Self {
            signers: folder(repository, snapshot, FOLDER)?,
            timestamps: folder(repository, snapshot, TIMESTAMPS)?,
        })
    }

    /// Reads the files at `paths` as certificates of signers and of time servers alike.
    pub(crate) fn from_files(paths: &[PathBuf]) -> Result<Self, KeysError> {
        let mut signers = Vec::new();
        for path in paths {
            signers.extend(file(path)?);
        }
        Ok(Self {
            timestamps: signers.clone(),
            signers,
        })
    }
}

fn file(path: &Path) -> Result<Vec<Certificate>, KeysError> {
    let bytes = fs::read(path).map_err(|source| KeysError::Read {
        path: path.to_owned(),
        source,
    })?;
    certificates(&path.display().to_string(), &bytes)
}

fn folder(
    repository: &Repository,
    snapshot: &Snapshot,
    folder: &str,
) -> Result<Vec<Certificate>, KeysError> {
    let store = &repository.store;
    let Some(Node::Tree(tree)) = store.find(snapshot.tree, folder)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in store.entries(tree)? {
        let Node::Blob(blob) = entry.node else {
            continue;
        };
        if entry.name.ends_with(".asc") {
            let path = format!("{folder}/{}", entry.name);
            let bytes = store.read(&path, blob, Limits::DEFAULT.document)?;
            found.extend(certificates(&path, &bytes)?);
        }
    }
    Ok(found)
}

fn certificates(path: &str, bytes: &[u8]) -> Result<Vec<Certificate>, KeysError> {
    Certificate::read_all(bytes).map_err(|source| KeysError::Unusable {
        path: path.to_owned(),
        source,
    })
}
