//! How changes are made: how long their writer waits for others, where they are pushed to, and who is told.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::lock::Holder;
use crate::git::Network;
use crate::model::doc::BlobsDoc;
use crate::transfer::Wanted;

/// How changes are made.
#[derive(Clone)]
pub(crate) struct Manner {
    /// Downloads blobs from where spkrepo.toml says.
    pub(crate) download: Option<Carry>,
    /// How long another writer is waited for.
    pub(crate) lock_timeout: Duration,
    pub(crate) network: Network,
    /// What others who wait are told that this process does.
    pub(crate) purpose: String,
    /// Each change is made on top of what is there, and pushed before it counts.
    pub(crate) push: Option<PushTo>,
    /// Is told what takes long.
    pub(crate) tell: Tell,
    /// Uploads blobs to where spkrepo.toml says, before the commit is pushed that names them.
    pub(crate) upload: Option<Carry>,
}

/// Carries all of the blobs to or from the remotes that are stated, or says why not.
pub(crate) type Carry =
    Arc<dyn Fn(&BlobsDoc, &[Wanted]) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync>;

/// Is told, on the thread of whoever writes.
pub(crate) type Tell = Arc<dyn Fn(&News) + Send + Sync>;

/// Where changes are pushed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct PushTo {
    /// A remote of git's configuration, or an address; where `git push` would push to, if absent.
    pub(crate) remote: Option<String>,
    /// The remote gets the commits alone: somebody else uploads the SPKs.
    pub(crate) without_blobs: bool,
}

/// What takes long.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// Somebody else's commits were first.
    Moved {
        remote: String,
    },
    Uploading {
        count: usize,
        remote: String,
    },
    Waiting {
        holder: Option<Holder>,
    },
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            download: None,
            lock_timeout: Duration::from_secs(60),
            network: Network::default(),
            purpose: "spkrepo".to_owned(),
            push: None,
            tell: Arc::new(|_| {}),
            upload: None,
        }
    }
}

impl fmt::Debug for Manner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manner")
            .field("lock_timeout", &self.lock_timeout)
            .field("purpose", &self.purpose)
            .field("push", &self.push)
            .finish_non_exhaustive()
    }
}
