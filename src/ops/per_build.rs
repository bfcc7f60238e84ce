//! What a command reports that does something to builds of one release: what came of each, and the commit.

use serde::Serialize;

use crate::repo::Landed;

/// What came of a command whose outcomes are of the kind `O`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report<O> {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) builds: Vec<BuildOutcome<O>>,
    /// Absent when nothing had to change, and with `--dry-run`.
    pub(crate) commit: Option<String>,
    /// The diff that would be committed, with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    #[serde(skip)]
    pub(crate) landed: Landed,
}

/// What came of one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BuildOutcome<O> {
    pub(crate) build: String,
    pub(crate) platforms: String,
    pub(crate) range: String,
    #[serde(flatten)]
    pub(crate) outcome: O,
}
