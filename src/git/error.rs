//! What can go wrong with a git repository.

use std::path::{Path, PathBuf};

/// Says what could not be done with the git repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GitError {
    #[error("the reference `{name}` is damaged: it names no object")]
    BrokenReference { name: String },
    #[error("`{path}` has changes that are not committed")]
    Dirty { path: String },
    #[error("HEAD is detached at {commit}, so there is no branch to commit to")]
    DetachedHead { commit: String },
    #[error("could not {action} `{object}`")]
    Failed {
        action: &'static str,
        object: String,
        #[source]
        source: git2::Error,
    },
    #[error("could not {action} `{path}`")]
    File {
        action: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the object {object}, which `{root}` leads to, is not here")]
    Incomplete { object: String, root: String },
    #[error("`{path}` is locked by another git process")]
    Locked { path: PathBuf },
    #[error("git does not know who commits")]
    NoIdentity,
    #[error("there is no git repository at or above `{path}`")]
    NotARepository { path: PathBuf },
    #[error("`{path}` is {size} bytes long, more than {limit}")]
    Oversized { limit: u64, path: String, size: u64 },
    #[error("`git {command}` failed: {message}")]
    Program {
        command: &'static str,
        message: String,
    },
    #[error("the path `{path}` is not UTF-8, so it is left to git")]
    Unnamed { path: String },
    #[error("`{revision}` names no commit here")]
    UnknownRevision { revision: String },
}

impl GitError {
    /// Returns a conversion of libgit2's error that names the `action` and its `object`.
    pub(super) fn at(
        action: &'static str,
        object: impl std::fmt::Display,
    ) -> impl FnOnce(git2::Error) -> Self {
        let object = object.to_string();
        move |source| Self::Failed {
            action,
            object,
            source,
        }
    }

    /// Returns a conversion of an I/O error that names the `action` and its `path`.
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }
}
