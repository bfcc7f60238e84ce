//! What to do about errors of the commands that look at changes.

use super::{Advice, CliError, hint, hints};
use crate::ops::diff::DiffError;

with_advice!(DiffError);

impl Advice for DiffError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.hints(),
            Self::Load(error) => error.hints(),
            Self::NoMain => hints(&[hint::NAME_BASE]),
            Self::NothingInCommon { .. } => hints(&[hint::FETCH_ALL]),
            Self::Open(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Load(error) => error.details(),
            Self::Open(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
