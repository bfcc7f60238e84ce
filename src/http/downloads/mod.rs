//! Where the bytes of downloads come from: the store here, remotes by way of a cache, or remotes that clients are sent to.
//!
//! The remotes are those of the commit that is served, so a commit changes them. What is asked of them while somebody
//! waits goes through the cache, which remembers which of them do not answer.

mod answer;
mod remotes;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

pub(super) use answer::{fetched, redirected};
pub(super) use remotes::Located;

use self::remotes::Opened;
use super::live::State;
use super::notice::{Notice, OnNotice};
use crate::model::doc::BlobRemoteDoc;
use crate::repo::Build;
use crate::transfer::{BlobCache, BlobRemote, CacheLimits, TransferError, Wanted};

/// Opens a remote with the credentials of this machine.
pub(crate) type OpenRemote =
    Arc<dyn Fn(&BlobRemoteDoc) -> Result<Box<dyn BlobRemote>, TransferError> + Send + Sync>;

/// How downloads are answered that are not here.
#[derive(Clone)]
pub(crate) struct DownloadOptions {
    /// Where what is fetched is kept.
    pub(crate) cache: PathBuf,
    /// Clients are sent to remotes that have an address for them.
    pub(crate) is_redirecting: bool,
    pub(crate) limits: CacheLimits,
    pub(crate) opener: OpenRemote,
}

impl fmt::Debug for DownloadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("DownloadOptions");
        debug.field("cache", &self.cache);
        debug.field("is_redirecting", &self.is_redirecting);
        debug.field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Says why nothing can be fetched.
#[derive(Debug, thiserror::Error)]
#[error("the folder `{path}` for what is fetched cannot be used")]
pub(crate) struct CacheError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// Brings what is not here, and knows where else it is.
pub(super) struct Downloads {
    pub(super) cache: Arc<BlobCache>,
    is_redirecting: bool,
    opened: Opened,
    /// How many clients were sent to remotes.
    pub(super) redirections: AtomicU64,
}

impl Downloads {
    /// Prepares to fetch.
    pub(super) fn open(options: &DownloadOptions, notice: &OnNotice) -> Result<Self, CacheError> {
        let told = Arc::clone(notice);
        let on_failure = move |blob: &Wanted, refusal: &_| {
            told(Notice::NotFetched { blob, refusal });
        };
        let path = options.cache.clone();
        let cache = BlobCache::open(path.clone(), options.limits.clone(), Box::new(on_failure));
        Ok(Self {
            cache: Arc::new(cache.map_err(|source| CacheError { path, source })?),
            is_redirecting: options.is_redirecting,
            opened: Opened::new(Arc::clone(&options.opener)),
            redirections: AtomicU64::new(0),
        })
    }

    /// Returns the remotes of the commit that is served.
    fn located(&self, state: &State) -> Arc<Located> {
        self.opened.of(&state.snapshot.settings.blobs)
    }

    /// Says whether a build whose SPK is not here can be downloaded all the same, as far as is known.
    pub(super) fn can_have(&self, state: &State, build: &Build) -> bool {
        let spk = &build.doc.spk;
        let wanted = Wanted::new(spk.sha256, spk.size);
        let fits = self.is_redirecting || self.cache.check_size(&wanted).is_ok();
        fits && !self.located(state).remotes.is_empty() && !self.cache.is_nowhere(spk.sha256)
    }

    /// Says what is wrong with the remotes.
    pub(super) fn warnings(&self, state: &State) -> Vec<String> {
        let mut warnings = self.located(state).failures.clone();
        warnings.extend(self.cache.warnings());
        warnings
    }
}
