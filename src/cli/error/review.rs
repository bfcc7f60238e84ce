//! What to do about errors of the commands that look at changes.

use super::{Advice, CliError, hint, hints};
use crate::ops::diff::DiffError;
use crate::ops::rollback::RollbackError;

with_advice!(DiffError, RollbackError);

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

impl Advice for RollbackError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Document(error) => error.hints(),
            Self::Git(error) => error.hints(),
            Self::Load(error) => error.hints(),
            Self::Missing { .. } => hints(&[hint::ALLOW_MISSING]),
            Self::NeverOffered { .. } => hints(&[hint::PROMOTE]),
            Self::Open(error) => error.hints(),
            Self::PackageTwice { .. } => Vec::new(),
            Self::Target(error) => error.hints(),
            Self::Unsigned { .. } => hints(&[hint::SIGN]),
            Self::Write(error) => error.hints(),
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
