//! The remotes of the commit that is served.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::OpenRemote;
use crate::base::digest::Sha256;
use crate::model::doc::{BlobRemoteDoc, BlobsDoc};
use crate::transfer::{BlobCache, Remotes, Wanted};

/// How long an address that clients are sent to is good for at least, when it is asked for.
const VALID: Duration = Duration::from_secs(3600);
/// How long it is given out. With the time that [`PLACE`](crate::http::cache_policy::PLACE) allows others to keep it, it is
/// good for half an hour more.
const GIVEN_OUT: Duration = Duration::from_secs(600);
const NONE_GIVEN_OUT: Duration = Duration::from_secs(5);
/// Addresses that are remembered.
const MOST: usize = 10_000;

/// What is open at any time.
pub(super) struct Opened {
    now: ArcSwap<Located>,
    opener: OpenRemote,
    turn: Mutex<()>,
}

/// The remotes that one commit states.
pub(in crate::http) struct Located {
    addresses: Mutex<BTreeMap<Sha256, Address>>,
    doc: Option<BlobsDoc>,
    /// Why some cannot be used.
    pub(super) failures: Vec<String>,
    pub(super) remotes: Remotes,
}

/// Where a blob is, or that it has no address; and until when that is said.
type Address = (Option<String>, Instant);

impl Opened {
    pub(super) fn new(opener: OpenRemote) -> Self {
        let none = Located {
            addresses: Mutex::default(),
            doc: None,
            failures: Vec::new(),
            remotes: Arc::default(),
        };
        Self {
            now: ArcSwap::from_pointee(none),
            opener,
            turn: Mutex::default(),
        }
    }

    /// Returns the remotes of `doc`.
    pub(super) fn of(&self, doc: &BlobsDoc) -> Arc<Located> {
        let is_it = |located: &Located| located.doc.as_ref() == Some(doc);
        let now = self.now.load_full();
        if is_it(&now) {
            return now;
        }
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now.load_full();
        if is_it(&now) {
            return now;
        }
        let located = Arc::new(self.open(doc));
        self.now.store(Arc::clone(&located));
        located
    }

    fn open(&self, doc: &BlobsDoc) -> Located {
        let (mut remotes, mut failures) = (Vec::new(), Vec::new());
        let docs: Vec<BlobRemoteDoc> = doc.remotes();
        for remote in &docs {
            match (self.opener)(remote) {
                Ok(remote) => remotes.push(remote),
                Err(error) => failures.push(format!("`{}`: {error}", remote.name)),
            }
        }
        Located {
            addresses: Mutex::default(),
            doc: Some(doc.clone()),
            failures,
            remotes: Arc::new(remotes),
        }
    }
}

impl Located {
    /// Returns where anybody can download the blob for a while, if there is such a place.
    pub(super) fn address(
        &self,
        cache: &BlobCache,
        sha256: Sha256,
        wanted: impl FnOnce() -> Wanted,
    ) -> Option<String> {
        let now = Instant::now();
        let known = self.addresses().get(&sha256).cloned();
        if let Some((address, _)) = known.filter(|(_, until)| now < *until) {
            return address;
        }
        // Those who ask for something else do not wait for a remote that is slow to say it.
        let address = cache.address(&wanted(), &self.remotes, VALID);
        let mut addresses = self.addresses();
        if addresses.len() >= MOST {
            addresses.retain(|_, (_, until)| now < *until);
        }
        while addresses.len() >= MOST {
            addresses.pop_first();
        }
        // That there is none may be since a remote does not answer.
        let time = match &address {
            Some(_) => GIVEN_OUT,
            None => NONE_GIVEN_OUT,
        };
        addresses.insert(sha256, (address.clone(), now + time));
        address
    }

    fn addresses(&self) -> MutexGuard<'_, BTreeMap<Sha256, Address>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
