//! Serves a package source until it is told to stop.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::front::{self, FrontError, Options, Stopper, TlsFiles};
use super::handler::Site;
use super::limits::Limits;
use super::live::{Follow, Live};
use super::notice::{Notice, OnNotice};
use super::origin::OriginRules;
use crate::model::host::HostPattern;
use crate::model::trusted_proxy::TrustedProxy;
use crate::model::url_prefix::UrlPrefix;
use crate::repo::{OpenError, Repository};

/// How a package source is served.
#[derive(Clone, Debug)]
pub(crate) struct ServeOptions {
    /// Where nginx finds the blobs, when it sends the downloads.
    pub(crate) accel_redirect: Option<UrlPrefix>,
    pub(crate) addresses: Vec<SocketAddr>,
    /// Hosts that are answered for; any, if empty.
    pub(crate) allowed_hosts: Vec<HostPattern>,
    /// Bytes of catalogs that are kept ready.
    pub(crate) catalog_cache_size: usize,
    /// Whether each catalog has an entry that shows the request.
    pub(crate) debug_package: bool,
    pub(crate) follow: Follow,
    pub(crate) limits: Limits,
    /// The path below which everything is.
    pub(crate) prefix: UrlPrefix,
    /// Where everything is redirected to the first of `addresses`, which must be encrypted.
    pub(crate) redirect: Option<SocketAddr>,
    pub(crate) tls: Option<TlsFiles>,
    /// Peers whose `Forwarded` and `X-Forwarded-…` are believed.
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
}

/// Says why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Front(#[from] FrontError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("could not prepare to be stopped by a signal")]
    Signals {
        #[source]
        source: std::io::Error,
    },
}

/// Serves `repository` until SIGTERM or SIGINT; requests in flight are answered first.
pub(crate) fn serve(
    repository: Repository,
    options: &ServeOptions,
    notice: &OnNotice,
) -> Result<(), ServeError> {
    let live = Arc::new(Live::start(&repository, &options.follow)?);
    let server = front::Server::bind(Options {
        limits: options.limits,
        redirect: options.redirect,
        serve: options.addresses.clone(),
        tls: options.tls.clone(),
        trusted_proxies: options.trusted_proxies.clone(),
    })?;
    let signals =
        Signals::new([SIGINT, SIGTERM]).map_err(|source| ServeError::Signals { source })?;
    let addresses = server.local_addrs();
    let site = Arc::new(Site {
        accel_redirect: options.accel_redirect.clone(),
        blobs: repository.blobs.clone(),
        catalog_cache_size: options.catalog_cache_size,
        debug_package: options.debug_package,
        live: Arc::clone(&live),
        origins: OriginRules {
            allowed_hosts: options.allowed_hosts.clone(),
            listening: addresses[0],
            prefix: options.prefix.clone(),
            trusted_proxies: options.trusted_proxies.clone(),
        },
        store: Mutex::new(repository.store.reopen().map_err(OpenError::from)?),
    });
    let state = live.state();
    notice(Notice::Serving {
        commit: state.snapshot.commit,
        packages: state.snapshot.packages.len(),
    });
    notice(Notice::Listening {
        addresses: &addresses,
    });
    let stop = Arc::new(AtomicBool::new(false));
    let follower = follow(repository, Arc::clone(&live), options, &stop, notice);
    let handle = signals.handle();
    let waiter = wait_for_signals(signals, server.stopper(), notice);
    let on_event = Arc::clone(notice);
    let served = server.run(site, Arc::new(move |event| on_event(Notice::Front(event))));
    stop.store(true, Ordering::Relaxed);
    handle.close();
    for thread in [follower, waiter] {
        // A thread that panicked has printed why; the server has stopped in any case.
        let _ = thread.join();
    }
    Ok(served?)
}

fn follow(
    repository: Repository,
    live: Arc<Live>,
    options: &ServeOptions,
    stop: &Arc<AtomicBool>,
    notice: &OnNotice,
) -> std::thread::JoinHandle<()> {
    let (follow, stop, notice) = (options.follow.clone(), Arc::clone(stop), Arc::clone(notice));
    std::thread::spawn(move || live.follow(&repository, &follow, &stop, &notice))
}

fn wait_for_signals(
    mut signals: Signals,
    stopper: Stopper,
    notice: &OnNotice,
) -> std::thread::JoinHandle<()> {
    let notice = Arc::clone(notice);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            notice(Notice::Stopping);
            stopper.stop();
        }
    })
}
