//! Why files are not taken in.

use std::fmt;
use std::path::PathBuf;

use crate::base::digest::Sha256;
use crate::blob::BlobError;
use crate::git::GitError;
use crate::model::channel::Channel;
use crate::model::doc::DocError;
use crate::repo::{LoadError, OpenError, WriteError};
use crate::spk::{Defect, SpkError};

/// Says which file is not taken in, and why.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(
        "`{file}` would be {package} beside `{existing}`: folders that differ in case only cannot be cloned everywhere"
    )]
    CaseCollision {
        existing: String,
        file: String,
        package: String,
    },
    #[error("`{file}` is for the same devices as {rival}: the same minimum DSM and `{platform}`")]
    Competes {
        file: String,
        platform: String,
        /// Package, version and id.
        rival: String,
    },
    #[error("`{file}` contradicts {package} {version}:{}", Lines(.differences))]
    Contradicts {
        differences: Vec<Difference>,
        file: String,
        package: String,
        version: String,
    },
    #[error(transparent)]
    Document(#[from] DocError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("`{pattern}` is not a pattern for files")]
    Glob {
        pattern: String,
        #[source]
        source: glob::PatternError,
    },
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("`{path}` holds no SPK")]
    NoSpk { path: PathBuf },
    #[error("`{path}` does not exist")]
    NotFound { path: PathBuf },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(
        "`{file}` has other bytes than {build}, which is on {channel}: {found} instead of {committed}"
    )]
    OtherBytes {
        /// Package, version and id.
        build: String,
        channel: Channel,
        committed: Sha256,
        file: String,
        found: Sha256,
    },
    #[error("could not read `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("`{file}` has a signature already")]
    Signed { file: String },
    #[error("`{file}` cannot be published:{}", Lines(.defects))]
    Unfit { defects: Vec<Defect>, file: String },
    #[error("`{file}` cannot be read as an SPK")]
    Unreadable {
        file: String,
        #[source]
        source: SpkError,
    },
    #[error(
        "`{file}` has no signature that is known here, which `signing.required` asks for on {channel}"
    )]
    Unsigned { channel: Channel, file: String },
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl AddError {
    /// Says whether another file might be taken in all the same.
    pub(crate) fn is_of_the_file(&self) -> bool {
        match self {
            Self::CaseCollision { .. }
            | Self::Competes { .. }
            | Self::Contradicts { .. }
            | Self::NotFound { .. }
            | Self::OtherBytes { .. }
            | Self::Read { .. }
            | Self::Signed { .. }
            | Self::Unfit { .. }
            | Self::Unreadable { .. }
            | Self::Unsigned { .. } => true,
            Self::Blob(_)
            | Self::Document(_)
            | Self::Git(_)
            | Self::Glob { .. }
            | Self::Load(_)
            | Self::NoSpk { .. }
            | Self::Open(_)
            | Self::Write(_) => false,
        }
    }
}

/// A shared field that an SPK states otherwise than its release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) field: String,
    pub(crate) release: String,
    pub(crate) spk: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: the release has {}, the SPK has {}",
            self.field, self.release, self.spk
        )
    }
}

/// One item per line, below the message.
struct Lines<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for Lines<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|item| write!(f, "\n  {item}"))
    }
}
