//! What to do about errors of `check`.

use super::{Advice, CliError, hint, hints};
use crate::cli::check::UnknownRule;
use crate::git::GitError;
use crate::ops::check::CheckError;

with_advice!(CheckError, UnknownRule);

impl Advice for CheckError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(GitError::Program {
                command: "lfs version",
                ..
            }) => hints(&[hint::INSTALL_LFS]),
            Self::Git(error) => error.hints(),
            Self::Open(error) => error.hints(),
            Self::Verify(error) => error.hints(),
            Self::Unrelated { .. } => hints(&[hint::DEEPEN]),
            Self::NoWorkingTree { .. } | Self::Write { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for UnknownRule {
    fn hints(&self) -> Vec<String> {
        match self.nearest {
            Some(nearest) => vec![format!("did you mean `{nearest}`?")],
            None => hints(&[hint::RULES]),
        }
    }
}
