//! What to do about SPKs that are not carried.

use super::{Advice, CliError, hint, hints};
use crate::cli::blob_remotes::OpenerError;
use crate::ops::blobs::BlobsError;
use crate::transfer::TransferError;

with_advice!(BlobsError, OpenerError, TransferError);

impl Advice for OpenerError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.hints(),
            Self::Roots(error) => error.hints(),
        }
    }
}

impl Advice for BlobsError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.hints(),
            Self::NoRemote { .. } => hints(&[hint::NAME_BLOB_REMOTE]),
            Self::Failed { .. } | Self::NotCarried { .. } => hints(&[hint::CARRY_AGAIN]),
            Self::Open(error) => error.hints(),
            Self::Target(error) => error.hints(),
            Self::Transfer(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Open(error) => error.details(),
            Self::Transfer(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for TransferError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Damaged { .. } | Self::LocalDamage { .. } => hints(&[hint::DAMAGED_BLOB]),
            Self::Git(error) => error.hints(),
            Self::GitRemote(error) => error.hints(),
            Self::Absent { .. }
            | Self::Blob(_)
            | Self::Broken { .. }
            | Self::Clock { .. }
            | Self::Credentials { .. }
            | Self::Denied { .. }
            | Self::Interrupted { .. }
            | Self::Io { .. }
            | Self::NoBucket { .. }
            | Self::NoCredentials { .. }
            | Self::Protocol { .. }
            | Self::ReadOnly { .. }
            | Self::Region { .. }
            | Self::Status { .. }
            | Self::Unnamed { .. }
            | Self::Unsupported { .. }
            | Self::UploadGone { .. }
            | Self::Web { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::GitRemote(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
