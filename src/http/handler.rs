//! What the handlers share: the state, the blobs, and the address for links.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::front::Handler;
use super::live::{Live, State};
use super::origin::base_url;
use super::redirect;
use super::reply::Reply;
use super::request::Request;
use super::router;
use crate::base::limits::Limits;
use crate::blob::BlobStore;
use crate::git::{BlobId, GitError, Store};
use crate::model::trusted_proxy::TrustedProxy;

/// A package source that answers requests.
pub(super) struct Site {
    pub(super) blobs: BlobStore,
    /// Whether each catalog has an entry that shows the request.
    pub(super) debug_package: bool,
    /// For requests that name no valid host.
    pub(super) listening: SocketAddr,
    pub(super) live: Arc<Live>,
    /// Pictures are read from git one at a time: libgit2's repositories cannot be shared.
    pub(super) store: Mutex<Store>,
    pub(super) trusted_proxies: Vec<TrustedProxy>,
}

impl Handler for Site {
    fn answer(&self, request: &Request) -> Reply {
        router::answer(self, request)
    }

    fn is_quick(&self, request: &Request) -> bool {
        router::is_quick(request)
    }

    fn redirect(&self, request: &Request) -> Reply {
        redirect::answer(self, request)
    }
}

impl Site {
    /// Returns the address that links in the answer begin with.
    pub(super) fn base_url(&self, state: &State, request: &Request) -> String {
        let configured = state.snapshot.settings.repository.url.as_deref();
        base_url(configured, &self.trusted_proxies, self.listening, request)
    }

    /// Reads a picture from git.
    pub(super) fn picture(&self, name: &str, blob: BlobId) -> Result<Vec<u8>, GitError> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.read(name, blob, Limits::DEFAULT.image)
    }
}
