//! What to do about errors of `maintainer` and `token`.

use super::{Advice, CliError, hint, hints};
use crate::cli::token::RandomError;
use crate::ops::people::PeopleError;

with_advice!(PeopleError, RandomError);

impl Advice for PeopleError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Document(error) => error.hints(),
            Self::Git(error) => error.hints(),
            Self::LabelTaken { .. } => hints(&[hint::REVOKE_TOKEN]),
            Self::NickTaken { .. } | Self::NoRole { .. } => hints(&[hint::EDIT_MAINTAINERS]),
            Self::NoToken { .. } => hints(&[hint::LIST_TOKENS]),
            Self::Open(error) => error.hints(),
            Self::Unknown { .. } => hints(&[hint::ADD_MAINTAINER]),
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

impl Advice for RandomError {
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}
