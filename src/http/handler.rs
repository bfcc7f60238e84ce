//! What the handlers share: the state, the blobs, and the address for links.

use std::sync::{Arc, Mutex, PoisonError};

use super::checkup::Checkup;
use super::downloads::Downloads;
use super::follow::Follower;
use super::front::{Handler, Matched, Welcome};
use super::hook::HookSecret;
use super::lfs::{self, Lfs};
use super::live::{Live, State};
use super::metrics::Metrics;
use super::origin::{Misdirected, Origin, OriginRules};
use super::redirect;
use super::reply::Reply;
use super::request::{Method, Request};
use super::router;
use super::upload::{Form, Uploads};
use crate::base::limits::Limits;
use crate::blob::BlobStore;
use crate::git::{BlobId, GitError, Store};
use crate::model::url_prefix::UrlPrefix;

/// A package source that answers requests.
pub(super) struct Site {
    /// Where nginx finds the blobs, when it sends the downloads.
    pub(super) accel_redirect: Option<UrlPrefix>,
    pub(super) blobs: BlobStore,
    pub(super) checkup: Arc<Checkup>,
    /// Bytes of catalogs that are kept ready.
    pub(super) catalog_cache_size: usize,
    /// Whether each catalog has an entry that shows the request.
    pub(super) debug_package: bool,
    /// Absent when all that is offered must be here.
    pub(super) downloads: Option<Arc<Downloads>>,
    /// Absent when no remote is followed.
    pub(super) follower: Option<Arc<Follower>>,
    /// Absent when there are no webhooks.
    pub(super) hook_secret: Option<HookSecret>,
    /// Absent when Git LFS is not answered.
    pub(super) lfs: Option<Arc<Lfs>>,
    pub(super) live: Arc<Live>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) origins: OriginRules,
    /// Pictures are read from git one at a time: libgit2's repositories cannot be shared.
    pub(super) store: Mutex<Store>,
    /// Absent when none are taken.
    pub(super) uploads: Option<Arc<Uploads>>,
}

impl Handler for Site {
    /// Whoever watches the server asks by its address, and below no path: health is there for every host.
    fn answer(&self, request: &Request) -> Reply {
        if router::is_health(&request.path) {
            return router::answer(self, request);
        }
        if self.origin(&self.live.state(), request).is_err() {
            return router::misdirected();
        }
        match self.origins.depth(request) {
            None => router::not_found(),
            Some(0) => router::answer(self, request),
            Some(depth) => {
                let mut inner = request.clone();
                inner.path.drain(..depth);
                router::answer(self, &inner)
            }
        }
    }

    fn matched(&self, request: &Request) -> Matched {
        if router::is_health(&request.path) {
            return router::matched(&request.path);
        }
        let unknown = Matched {
            is_quick: false,
            name: router::UNKNOWN,
        };
        if self.upload_form(request).is_some() {
            return Matched {
                is_quick: false,
                name: router::UPLOAD,
            };
        }
        let depth = self.origins.depth(request);
        depth.map_or(unknown, |depth| router::matched(&request.path[depth..]))
    }

    fn redirect(&self, request: &Request) -> Reply {
        redirect::answer(self, request)
    }

    fn watch(&self, request: &Request) -> Reply {
        router::watch(self, request)
    }

    fn welcome(&self, request: &Request) -> Welcome {
        let Some(depth) = self.origins.depth(request) else {
            return Welcome::Usual;
        };
        if self.origin(&self.live.state(), request).is_err() {
            return Welcome::Usual;
        }
        let segments: Vec<&str> = request.path[depth..].iter().map(String::as_str).collect();
        if let (Some(lfs), Some(address)) = (&self.lfs, lfs::address(&segments)) {
            return lfs.welcome(request, address);
        }
        match (&self.uploads, self.upload_form(request)) {
            (Some(uploads), Some(form)) => uploads.welcome(request, form),
            _ => Welcome::Usual,
        }
    }
}

impl Site {
    /// Says what kind of an upload a request is, if it is one and they are taken.
    fn upload_form(&self, request: &Request) -> Option<Form> {
        self.uploads
            .as_ref()
            .filter(|_| request.method == Method::Post)?;
        let depth = self.origins.depth(request)?;
        router::upload_form(&request.path[depth..])
    }

    /// Returns the address that links in the answer begin with.
    pub(super) fn base_url(&self, state: &State, request: &Request) -> String {
        let origin = self.origin(state, request);
        // A commit may have come since the host was allowed, and changed the address.
        origin.map_or_else(|_| self.origins.fallback(), |origin| origin.url)
    }

    /// Returns an answer that may have links as caches may have it.
    pub(super) fn guarded(&self, request: &Request, reply: Reply) -> Reply {
        let origin = self.origin(&self.live.state(), request);
        self.origins.guarded(origin.as_ref().ok(), reply)
    }

    fn origin(&self, state: &State, request: &Request) -> Result<Origin, Misdirected> {
        let configured = state.snapshot.settings.repository.url.as_deref();
        self.origins.origin(configured, request)
    }

    /// Reads a picture from git.
    pub(super) fn picture(&self, name: &str, blob: BlobId) -> Result<Vec<u8>, GitError> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        store.read(name, blob, Limits::DEFAULT.image)
    }
}
