//! Why an import stops, and why one thing is left out of it.

use std::io;
use std::path::PathBuf;

use super::offered::Difference;
use super::web::LinkError;
use crate::blob::BlobError;
use crate::git::GitError;
use crate::model::name::{NameError, PackageName};
use crate::model::version::Version;
use crate::ops::add::AddError;
use crate::ops::offer::OfferError;
use crate::repo::{LoadError, OpenError, WriteError};
use crate::web::WebError;

/// Says why nothing more can be taken in; what was before stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImportError {
    #[error(transparent)]
    Add(#[from] AddError),
    #[error("another import is running here: it holds `{path}`")]
    Busy { path: PathBuf },
    #[error("`{path}` is no folder")]
    NotAFolder { path: PathBuf },
    #[error(
        "`{url}` is no package source: none of {count} questions was answered with a catalog, the last one: {last}"
    )]
    NotASource {
        count: usize,
        last: String,
        url: String,
    },
    #[error("no known platform and version of DSM fit `--arch` and `--dsm`")]
    NothingToAsk,
    #[error(transparent)]
    Offer(#[from] OfferError),
    #[error("could not keep what was downloaded in `{path}`")]
    Shelf {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{url}` answers no more: {failures} requests failed one after another")]
    Unreachable {
        failures: usize,
        url: String,
        #[source]
        last: Box<Refusal>,
    },
    #[error(transparent)]
    Web(#[from] WebError),
}

macro_rules! as_add_error {
    ($($error:ty),*) => {
        $(impl From<$error> for ImportError {
            fn from(error: $error) -> Self {
                Self::Add(error.into())
            }
        })*
    };
}

as_add_error!(BlobError, GitError, LoadError, OpenError, WriteError);

/// Says why one thing that a source has is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error(transparent)]
    Add(AddError),
    #[error(transparent)]
    Bytes(Difference),
    #[error("the answer ended after {found} of {expected} bytes")]
    Cut { expected: u64, found: u64 },
    #[error("the answer has more than {max} bytes")]
    Endless { max: u64 },
    #[error("the entry of a catalog has no `{key}` that can be read")]
    Key { key: &'static str },
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("the catalog has more than {max} entries; the others are left out")]
    Many { max: usize },
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("the catalog calls it {expected}, the SPK is {found}")]
    Named { expected: String, found: String },
    #[error("the answer is no catalog: {what}")]
    NoCatalog { what: &'static str },
    #[error(transparent)]
    Offer(OfferError),
    #[error("the answer broke off")]
    Read(#[source] io::Error),
    #[error("it was answered with status {status}")]
    Status { status: u16 },
    #[error("it is larger than {max} bytes, which `--max-size` allows")]
    TooLarge { max: u64 },
    #[error(transparent)]
    Web(#[from] WebError),
}

impl Refusal {
    /// Says that an SPK is of another release than its catalog has it.
    pub(super) fn named(
        expected: (&PackageName, &Version),
        found: (&PackageName, &Version),
    ) -> Self {
        Self::Named {
            expected: format!("{} {}", expected.0, expected.1),
            found: format!("{} {}", found.0, found.1),
        }
    }

    /// Says whether the source may well give a better answer a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Cut { .. } | Self::Read(_) => true,
            Self::Status { status } => matches!(status, 429 | 500 | 502..=504),
            Self::Web(error) => {
                matches!(error, WebError::Failed { .. } | WebError::TimedOut { .. })
            }
            _ => false,
        }
    }
}
