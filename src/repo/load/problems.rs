//! Collects what is wrong in a commit, so that one run names all of it.

use crate::base::limits::Limits;
use crate::git::{BlobId, CommitId, GitError, Store};
use crate::model::doc::{DocError, FORMAT, Fault};

/// Says why a commit is no package source that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("commit {commit} has {} broken file(s)", .problems.len())]
    Broken {
        commit: CommitId,
        problems: Vec<DocError>,
    },
    #[error(
        "{path}:{line}: the repository has format {format}, this spkrepo reads format {FORMAT}"
    )]
    Format {
        format: i64,
        line: usize,
        path: String,
    },
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("commit {commit} has no `spkrepo.toml`, so it is no package source")]
    NotAPackageSource { commit: CommitId },
}

/// The problems found so far.
#[derive(Default)]
pub(super) struct Problems(Vec<DocError>);

impl Problems {
    /// Returns the value, or notes the problem.
    pub(super) fn take<T>(&mut self, result: Result<T, DocError>) -> Option<T> {
        result.map_err(|problem| self.0.push(problem)).ok()
    }

    /// Notes a problem of the whole file at `path`.
    pub(super) fn note(&mut self, fault: Fault, path: &str, message: String, help: &str) {
        self.0.push(DocError {
            fault,
            help: Some(help.to_owned()),
            line: 1,
            message,
            path: path.to_owned(),
        });
    }

    /// Notes that `path` is a symbolic link or a submodule: what it leads to is not in the commit.
    pub(super) fn note_link(&mut self, path: &str) {
        let message = "this is a symbolic link or a submodule, which is not followed".to_owned();
        self.note(
            Fault::Link,
            path,
            message,
            "put the file or folder itself there",
        );
    }

    /// Returns whether something is wrong with `path` already.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.iter().any(|problem| problem.path == path)
    }

    /// Returns the bytes of the document at `path`, or notes that there are too many.
    pub(super) fn bytes(
        &mut self,
        store: &Store,
        path: &str,
        blob: BlobId,
    ) -> Result<Option<Vec<u8>>, GitError> {
        match store.read(path, blob, Limits::DEFAULT.document) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(GitError::Oversized { limit, size, .. }) => {
                let message = format!("the file is {size} bytes long, more than {limit}");
                let help = "a document of the repository is a short text";
                self.note(Fault::Document, path, message, help);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(super) fn extend(&mut self, problems: Vec<DocError>) {
        self.0.extend(problems);
    }

    pub(super) fn into_vec(self) -> Vec<DocError> {
        self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Describes a folder or file whose name is not what it should be.
pub(super) fn folder_error(path: String, error: &dyn std::error::Error) -> DocError {
    DocError {
        fault: Fault::Name,
        help: Some("rename it".to_owned()),
        line: 1,
        message: error.to_string(),
        path,
    }
}
