//! Maps each domain error once to what the user reads: the message, its causes, and hints.

use std::error::Error;
use std::process::ExitCode;

use super::access_log::AccessLogError;
use super::healthcheck::HealthcheckError;
use super::hint;
use super::settings::SettingsError;
use super::ui::Ui;
use crate::catalog::AskedError;
use crate::git::GitError;
use crate::http::{ServeError, UploadsError};
use crate::model::channel::Channel;
use crate::model::doc::DocError;
use crate::ops::add::AddError;
use crate::ops::demo::DemoError;
use crate::ops::inspect::InspectError;
use crate::ops::offer::OfferError;
use crate::ops::target::TargetError;
use crate::repo::{InitError, LoadError, OpenError};

/// An error with what to do about it.
#[derive(Debug)]
pub(super) struct CliError {
    /// Lines that stand between the message and the hints, such as all broken files.
    details: Vec<String>,
    error: Box<dyn Error>,
    hints: Vec<String>,
}

impl CliError {
    /// Prints the error as one that ends nothing.
    pub(super) fn warn(&self, ui: &Ui) {
        ui.warning(&self.error.to_string());
        self.details
            .iter()
            .for_each(|detail| ui.note(&format!("  {detail}")));
    }

    /// Prints the error and returns the code of "could not do it".
    pub(super) fn report(&self, ui: &Ui) -> ExitCode {
        ui.note(&format!("error: {}", self.error));
        for detail in &self.details {
            ui.note(&format!("  {detail}"));
        }
        let mut cause = self.error.source();
        while let Some(error) = cause {
            ui.note(&format!("caused by: {error}"));
            cause = error.source();
        }
        for hint in &self.hints {
            ui.hint(hint);
        }
        ExitCode::from(2)
    }
}

/// What to do about an error, and what else to say of it.
trait Advice {
    fn hints(&self) -> Vec<String>;

    fn details(&self) -> Vec<String> {
        Vec::new()
    }
}

fn hints(hints: &[&str]) -> Vec<String> {
    hints.iter().map(|hint| (*hint).to_owned()).collect()
}

macro_rules! with_advice {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for CliError {
            fn from(error: $error) -> Self {
                Self {
                    details: error.details(),
                    hints: error.hints(),
                    error: Box::new(error),
                }
            }
        })*
    };
}

mod blobs;
mod checking;
mod collecting;
mod exporting;
mod importing;
mod people;
mod review;
mod signing;
mod writing;

with_advice!(
    AccessLogError,
    AddError,
    AskedError,
    DemoError,
    GitError,
    HealthcheckError,
    InitError,
    InspectError,
    OfferError,
    OpenError,
    ServeError,
    SettingsError,
    TargetError,
);

impl Advice for AccessLogError {
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Advice for SettingsError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownVariable {
                nearest: Some(nearest),
                ..
            } => vec![format!("did you mean `{nearest}`?")],
            _ => hints(&[hint::CONFIG]),
        }
    }
}

impl Advice for GitError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::DetachedHead { .. } => hints(&[hint::CHECKOUT_BRANCH]),
            Self::Dirty { .. } => hints(&[hint::COMMIT_FIRST]),
            Self::BrokenReference { .. } => hints(&[hint::MEND_REFERENCE]),
            Self::Incomplete { .. } => hints(&[hint::WHOLE_HISTORY]),
            Self::Locked { .. } => hints(&[hint::LOCKED]),
            Self::NoIdentity => hints(&[hint::ADD_IDENTITY]),
            Self::NotARepository { .. } => hints(&[hint::INIT]),
            Self::Failed { .. }
            | Self::File { .. }
            | Self::Oversized { .. }
            | Self::Program { .. }
            | Self::UnknownRevision { .. } => Vec::new(),
            Self::Unnamed { .. } => hints(&[hint::PULL_BY_GIT]),
        }
    }
}

impl Advice for DocError {
    fn hints(&self) -> Vec<String> {
        self.help
            .clone()
            .into_iter()
            .chain(hints(&[hint::DOCUMENTS]))
            .collect()
    }
}

impl Advice for LoadError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Broken { .. } => hints(&[hint::DOCUMENTS]),
            Self::Format { .. } => hints(&[hint::NEWER_FORMAT]),
            Self::Git(error) => error.hints(),
            Self::NotAPackageSource { .. } => hints(&[hint::INIT]),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Broken { problems, .. } => problems.iter().map(problem).collect(),
            _ => Vec::new(),
        }
    }
}

/// Returns one broken file in a line.
pub(super) fn problem(problem: &DocError) -> String {
    match &problem.help {
        Some(help) => format!("{problem} ({help})"),
        None => problem.to_string(),
    }
}

impl Advice for OpenError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.hints(),
            Self::Load(error) => error.hints(),
            Self::NoCommit { .. } => hints(&[hint::INIT]),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Load(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for InitError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotBare { .. } => Vec::new(),
            Self::Write(error) => error.hints(),
        }
    }
}

impl Advice for InspectError {
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Advice for AskedError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoVersion | Self::Nothing => hints(&[hint::DESCRIBE_DEVICE]),
            Self::Request { .. } | Self::UnknownVersion { .. } => Vec::new(),
            Self::UnknownModel { nearest, .. } => nearest
                .iter()
                .map(|nearest| format!("did you mean `{nearest}`?"))
                .chain(hints(&[hint::NAME_PLATFORM]))
                .collect(),
        }
    }
}

impl Advice for AddError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Competes { .. } => hints(&[hint::RIVAL]),
            Self::Contradicts { .. } => hints(&[hint::KEEP_TEXTS]),
            Self::Document(error) => error.hints(),
            Self::Git(error) => error.hints(),
            Self::Load(error) => error.hints(),
            Self::NoSpk { .. } | Self::NotFound { .. } => hints(&[hint::SPKS]),
            Self::Open(error) => error.hints(),
            Self::OtherBytes {
                channel: Channel::Staged,
                ..
            } => hints(&[hint::REPLACE_STAGED]),
            Self::OtherBytes { .. } => hints(&[hint::RAISE_BUILD]),
            Self::Unsigned { .. } => hints(&[hint::ADD_STAGED]),
            Self::Write(error) => error.hints(),
            Self::Blob(_)
            | Self::CaseCollision { .. }
            | Self::Glob { .. }
            | Self::Read { .. }
            | Self::Signed { .. }
            | Self::Unfit { .. }
            | Self::Unreadable { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Load(error) => error.details(),
            Self::Open(error) => error.details(),
            Self::Write(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for TargetError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::UnknownPackage {
                nearest: Some(nearest),
                ..
            } => vec![format!("did you mean `{nearest}`?")],
            Self::NoBuild { .. }
            | Self::NoRelease { .. }
            | Self::UnknownPackage { .. }
            | Self::UnknownVersion { .. } => Vec::new(),
        }
    }
}

impl Advice for OfferError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::AllYanked { .. } => hints(&[hint::UNYANK]),
            Self::Document(error) => error.hints(),
            Self::Downwards { .. } => hints(&[hint::YANK]),
            Self::Git(error) => error.hints(),
            Self::Open(error) => error.hints(),
            Self::Reasonless => Vec::new(),
            Self::Target(error) => error.hints(),
            Self::Unsigned { .. } => hints(&[hint::SIGN]),
            Self::Write(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            Self::Write(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for DemoError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Add(error) => error.hints(),
            Self::Init(error) => error.hints(),
            Self::Offer(error) => error.hints(),
            Self::Open(error) => error.hints(),
            Self::File { .. } | Self::Icon { .. } | Self::NotEmpty { .. } => Vec::new(),
        }
    }
}

impl Advice for HealthcheckError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Encrypted => hints(&[hint::METRICS_LISTEN]),
        }
    }
}

impl Advice for ServeError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.hints(),
            Self::Uploads(UploadsError::Git(error)) => error.hints(),
            Self::Uploads(UploadsError::Write(error)) => error.hints(),
            Self::Uploads(UploadsError::NoBranch { .. } | UploadsError::OneCommit) => {
                hints(&[hint::UPLOAD_TO])
            }
            Self::Cache(_) | Self::Front(_) | Self::Signals { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
