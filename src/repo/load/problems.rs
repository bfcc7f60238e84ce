//! Collects what is wrong in a commit, so that one run names all of it.

use crate::git::{CommitId, GitError};
use crate::model::doc::{DocError, FORMAT};

/// Says why a commit is no package source that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("commit {commit} has {} broken file(s)", .problems.len())]
    Broken {
        commit: CommitId,
        problems: Vec<DocError>,
    },
    #[error(transparent)]
    Document(#[from] DocError),
    #[error("`{path}` says format {format}; this spkrepo reads format {FORMAT}")]
    Format { format: i64, path: String },
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
    pub(super) fn note(&mut self, path: &str, message: String, help: &str) {
        self.0.push(DocError {
            help: Some(help.to_owned()),
            line: 1,
            message,
            path: path.to_owned(),
        });
    }

    pub(super) fn extend(&mut self, problems: Vec<DocError>) {
        self.0.extend(problems);
    }

    pub(super) fn into_vec(self) -> Vec<DocError> {
        self.0
    }

    /// Fails when there is any problem.
    pub(super) fn into_result(self, commit: CommitId) -> Result<(), LoadError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            let problems = self.0;
            Err(LoadError::Broken { commit, problems })
        }
    }
}

/// Describes a folder or file whose name is not what it should be.
pub(super) fn folder_error(path: String, error: &dyn std::error::Error) -> DocError {
    DocError {
        help: Some("rename it".to_owned()),
        line: 1,
        message: error.to_string(),
        path,
    }
}
