//! What a rule is: a plain value with a stable id, its words for people, and a function.

use serde::Serialize;

use super::context::{Context, Spot};
use super::finding::Findings;
use super::inside::{Inside, Look};
use crate::model::doc::Fault;
use crate::repo::{Package, Release};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// Worth knowing; never makes a check fail.
    Note,
    /// Probably wrong; makes a check fail when that is asked for.
    Warning,
    /// Wrong for devices or for whoever relies on the source; makes a check fail.
    Error,
}

/// One rule.
pub(crate) struct Rule {
    /// Stable: exceptions and other people's tools name it.
    pub(crate) id: &'static str,
    pub(crate) severity: Severity,
    /// What is wrong, in one line.
    pub(crate) summary: &'static str,
    /// Why it matters, and what exactly is looked at.
    pub(crate) explain: &'static str,
    /// What to do about it.
    pub(crate) help: &'static str,
    pub(crate) checks: &'static [Check],
    /// What besides the packages decides: when it changes, every package is looked at.
    pub(crate) inputs: &'static [Input],
}

/// What a rule looks at; whoever runs it goes through the source once for all rules.
pub(crate) enum Check {
    /// What is known of a blob, whether it was read or not.
    Blob(fn(&Context<'_>, &Spot<'_>, &Look, &mut Findings)),
    Build(fn(&Context<'_>, &Spot<'_>, &mut Findings)),
    /// With what was there before: nothing without it.
    Compare(fn(&Context<'_>, &Package, &Release, &mut Findings)),
    /// Exceptions, once everything else is known.
    Exceptions(About),
    Package(fn(&Context<'_>, &Package, &mut Findings)),
    /// What stops a document from being read at all.
    Problem(&'static [Fault]),
    Release(fn(&Context<'_>, &Package, &Release, &mut Findings)),
    /// Once, whatever has changed.
    Source(fn(&Context<'_>, &mut Findings)),
    /// The bytes of an SPK, where they are here.
    Spk(fn(&Context<'_>, &Spot<'_>, &Inside, &mut Findings)),
}

/// What may be wrong with an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    Expired,
    Unused,
}

/// What decides about packages beside their own folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// The certificates under `keys/`.
    Keys,
    /// Which packages there are: one is gone.
    Names,
    /// `maintainers.toml`.
    People,
    /// `spkrepo.toml`.
    Settings,
}

/// The documentation of the rules, each under a heading that is its id.
const DOCS: &str = "https://github.com/spkrepo/spkrepo/blob/main/src/lint/rules.md";

impl Rule {
    /// Returns the address of the rule's documentation.
    pub(crate) fn docs(&self) -> String {
        format!("{DOCS}#{}", self.id)
    }

    /// Returns whether it needs the bytes of SPKs.
    pub(crate) fn needs_blobs(&self) -> bool {
        self.checks
            .iter()
            .any(|check| matches!(check, Check::Blob(_) | Check::Spk(_)))
    }
}

impl Severity {
    /// Returns the word for people.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Note => "note",
            Self::Warning => "warning",
        }
    }
}
