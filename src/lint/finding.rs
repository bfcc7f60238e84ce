//! What a rule finds, where, and what could be done about it by a program.

use serde::Serialize;

use super::rule::{Rule, Severity};

/// A place in the repository: a file, or a key in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// With `.` between the parts (`spk.sha256`, `maintainers.1`); empty for the whole file.
    pub(super) key: String,
    pub(super) path: String,
}

impl Place {
    /// Returns the place of a file.
    pub(crate) fn file(path: impl Into<String>) -> Self {
        Self::key(path, "")
    }

    /// Returns the place of a key in a document.
    pub(crate) fn key(path: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            path: path.into(),
        }
    }
}

/// What mends a finding and loses nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fix {
    Rename { from: String, to: String },
    Write { bytes: Vec<u8>, path: String },
}

/// What a rule says of a place, before it is known in which line that is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(super) fix: Option<Fix>,
    pub(super) help: Option<String>,
    /// Known already, as for a document that cannot be read.
    pub(super) line: Option<usize>,
    pub(super) message: String,
    pub(super) place: Place,
}

/// Takes what rules find.
#[derive(Default)]
pub(crate) struct Findings(pub(super) Vec<Found>);

impl Findings {
    /// Takes a finding, to which more may be added.
    pub(crate) fn add(&mut self, place: Place, message: impl Into<String>) -> &mut Found {
        self.0.push(Found {
            fix: None,
            help: None,
            line: None,
            message: message.into(),
            place,
        });
        self.0.last_mut().expect("it was put there just now")
    }
}

impl Found {
    /// Says what to do in this case, instead of what the rule says in general.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Says in which line it is, when no key stands for it.
    pub(crate) fn line(&mut self, line: usize) -> &mut Self {
        self.line = Some(line);
        self
    }

    /// Says what a program can do about it.
    pub(crate) fn fix(&mut self, fix: Fix) -> &mut Self {
        self.fix = Some(fix);
        self
    }
}

/// What is wrong, where, and what to do about it. The names of the fields are part of the interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    /// Within the repository.
    pub(crate) path: String,
    /// Counted from 1.
    pub(crate) line: usize,
    /// Counted from 1 in characters; absent when the whole line is meant.
    pub(crate) column: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
    /// Where the rule is explained.
    pub(crate) docs: String,
    #[serde(skip)]
    pub(crate) fix: Option<Fix>,
}

impl Finding {
    /// Returns what a rule found, now that the line is known.
    pub(super) fn new(rule: &Rule, found: Found, line: usize, column: Option<usize>) -> Self {
        Self {
            rule: rule.id,
            severity: rule.severity,
            path: found.place.path,
            line,
            column,
            message: found.message,
            help: found.help.unwrap_or_else(|| rule.help.to_owned()),
            docs: rule.docs(),
            fix: found.fix,
        }
    }
}
