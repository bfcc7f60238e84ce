//! What to do about blobs that are not collected, and releases that are not proposed to go.

use super::{Advice, CliError, hint, hints};
use crate::ops::fsck::FsckError;
use crate::ops::gc::GcError;
use crate::ops::prune::PruneError;

with_advice!(FsckError, GcError, PruneError);

impl Advice for GcError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Ageless { .. } | Self::Blob(_) | Self::Unlisted { .. } => Vec::new(),
            Self::Git(error) => error.hints(),
            Self::NamedMeanwhile { .. } => hints(&[hint::GC_NAMED]),
            Self::OfAnother { .. } => hints(&[hint::GC_THERE]),
            Self::Open(error) => error.hints(),
            Self::Outside { .. } => hints(&[hint::GC_OUTSIDE]),
            Self::Remote(error) => error.hints(),
            Self::Shallow => hints(&[hint::WHOLE_HISTORY]),
            Self::TooYoung { .. } => hints(&[hint::GC_REMOTE]),
            Self::Transfer(error) => error.hints(),
            Self::Write(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            Self::Remote(error) => error.details(),
            Self::Write(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for PruneError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::BranchName { .. } | Self::KeepsNothing => Vec::new(),
            Self::BranchThere { .. } => hints(&[hint::PRUNE_BRANCH]),
            Self::Document(error) => error.hints(),
            Self::Git(error) => error.hints(),
            Self::Open(error) => error.hints(),
            Self::Target(error) => error.hints(),
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

impl Advice for FsckError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Blob(_) | Self::Read { .. } => Vec::new(),
            Self::Git(error) => error.hints(),
            Self::Remote(error) => error.hints(),
            Self::Write(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Remote(error) => error.details(),
            Self::Write(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
