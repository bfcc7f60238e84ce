//! Whether a package source keeps the rules: `check`.
//!
//! Says what is looked at and compared, brings the bytes of SPKs to the rules (`blobs`), and mends what a program can
//! mend (`fix`). The rules are in `lint`.

mod blobs;
mod fix;

use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::progress::Progress;
use super::verify::VerifyError;
use crate::git::{CommitId, GitError};
use crate::lint::{self, Finding, Outcome, Scope, Severity};
use crate::repo::{LoadError, OpenError, Repository};
use blobs::Blobs;
pub(crate) use fix::{Mended, Skipped, mend};

/// What is to be checked, and how closely.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The commit; absent for the working tree, or HEAD where there is none.
    pub(crate) at: Option<String>,
    /// Look into every SPK, and fetch those that are not here.
    pub(crate) blobs: bool,
    /// Look at what differs from what this and the commit have in common.
    pub(crate) changed_since: Option<String>,
}

/// What came of a check. The names of the fields are part of the interface.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    /// Absent when the working tree was checked.
    pub(crate) commit: Option<String>,
    /// The commit that it was compared with.
    pub(crate) base: Option<String>,
    /// By path and line.
    pub(crate) findings: Vec<Finding>,
    pub(crate) summary: Summary,
}

/// How much was looked at and found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    pub(crate) notes: usize,
    /// Findings that exceptions cover.
    pub(crate) excepted: usize,
    pub(crate) packages: usize,
    pub(crate) builds: usize,
    /// Builds whose SPK was not looked into.
    pub(crate) unread: usize,
}

/// Says why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("`{path}` has no working tree that could be mended")]
    NoWorkingTree { path: PathBuf },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("`{base}` has no history in common with what is checked")]
    Unrelated { base: String },
    #[error(transparent)]
    Verify(#[from] VerifyError),
    #[error("could not write `{path}`")]
    Write {
        path: String,
        #[source]
        source: std::io::Error,
    },
}

impl From<LoadError> for CheckError {
    fn from(error: LoadError) -> Self {
        Self::Open(error.into())
    }
}

impl Report {
    /// Returns whether a check ends as failed.
    pub(crate) fn fails(&self, deny_warnings: bool) -> bool {
        self.summary.errors > 0 || (deny_warnings && self.summary.warnings > 0)
    }
}

/// Applies the rules to the source that `repository` has.
pub(crate) fn check(
    repository: &Repository,
    options: &Options,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Report, CheckError> {
    let uncommitted = match options.at {
        None => repository.uncommitted()?,
        Some(_) => None,
    };
    let is_committed = uncommitted.is_none();
    let (overlaid, commit) = match &uncommitted {
        Some((overlaid, commit)) => (overlaid, *commit),
        None => (repository, repository.commit(options.at.as_deref())?),
    };
    let base = base(overlaid, commit, options)?;
    let scope = match base {
        Some(base) => Scope::since(&overlaid.store, commit, base)?,
        None => Scope::whole(&overlaid.store, commit)?,
    };
    let blobs = Blobs::new(repository, &scope, options, now, progress)?;
    let outcome = lint::run(&overlaid.store, &scope, now, |spot| blobs.look(spot))?;
    Ok(Report {
        commit: is_committed.then(|| commit.to_string()),
        base: base.map(|base| base.to_string()),
        summary: summary(&outcome),
        findings: outcome.findings,
    })
}

fn base(
    repository: &Repository,
    commit: CommitId,
    options: &Options,
) -> Result<Option<CommitId>, CheckError> {
    let Some(since) = &options.changed_since else {
        return Ok(None);
    };
    let store = &repository.store;
    match store.merge_base(store.resolve(since)?, commit)? {
        Some(base) => Ok(Some(base)),
        None => Err(CheckError::Unrelated {
            base: since.clone(),
        }),
    }
}

fn summary(outcome: &Outcome) -> Summary {
    let count = |severity| {
        let findings = outcome.findings.iter();
        findings
            .filter(|finding| finding.severity == severity)
            .count()
    };
    Summary {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        excepted: outcome.excepted,
        packages: outcome.packages,
        builds: outcome.builds,
        unread: outcome.unread,
    }
}
