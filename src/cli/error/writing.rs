//! What to do about changes that do not land, here or on a remote.

use super::{Advice, CliError, hint, hints};
use crate::cli::hook_secret::HookSecretError;
use crate::git::RemoteError;
use crate::repo::{FollowError, PullError, WriteError};

with_advice!(FollowError, HookSecretError, PullError, WriteError);

impl Advice for WriteError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Busy { .. } => hints(&[hint::LOCK_TIMEOUT]),
            Self::Conflict { .. } => hints(&[hint::PULL_AND_LOOK]),
            Self::Contended { .. } => hints(&[hint::CONTENDED]),
            Self::Diverged { .. } => hints(&[hint::PULL_DIVERGED]),
            Self::Git(error) => error.hints(),
            Self::Load(error) => error.hints(),
            Self::NoCommit { .. } => hints(&[hint::INIT]),
            Self::NotLaidOut { .. } => hints(&[hint::FINISH]),
            Self::NotUploaded { .. } => hints(&[hint::BLOBS_FIRST]),
            Self::OnlyThere { .. } => hints(&[hint::PULL_LATER]),
            Self::Remote(error) => error.hints(),
            Self::Journal { .. } | Self::Lock { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Conflict { others, .. } => others.clone(),
            Self::Load(error) => error.details(),
            Self::Remote(error) => error.details(),
            _ => Vec::new(),
        }
    }
}

impl Advice for FollowError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.hints(),
            Self::Remote(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Git(_) => Vec::new(),
            Self::Remote(error) => error.details(),
        }
    }
}

impl Advice for HookSecretError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Read { .. } => Vec::new(),
            Self::Short { .. } => hints(&[hint::RANDOM_SECRET]),
        }
    }
}

impl Advice for PullError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Conflict { .. } | Self::Merge { .. } => hints(&[hint::PULL_BY_HAND]),
            Self::Write(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Conflict { others, .. } => others.clone(),
            Self::Merge { .. } => Vec::new(),
            Self::Write(error) => error.details(),
        }
    }
}

impl Advice for RemoteError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoLfs { .. } => hints(&[hint::INSTALL_LFS_TO_PUSH]),
            Self::NoRemote { .. } => hints(&[hint::ADD_REMOTE]),
            Self::Password { .. } => hints(&[hint::CREDENTIAL_HELPER]),
            Self::Refused { action, .. } if action.starts_with("upload") => {
                hints(&[hint::NO_BLOBS])
            }
            Self::Refused { action, .. } if action.starts_with("push") => {
                hints(&[hint::PULL_REQUEST])
            }
            Self::NoBlobs { .. }
            | Self::NoBranch { .. }
            | Self::Refused { .. }
            | Self::Run { .. }
            | Self::TimedOut { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Refused { said, .. } => said.clone(),
            _ => Vec::new(),
        }
    }
}
