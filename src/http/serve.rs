//! Serves a package source until it is told to stop.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::checkup::Checkup;
use super::downloads::{CacheError, DownloadOptions, Downloads};
use super::follow::Follower;
use super::front::{self, FrontError, Options, Reloader, Role, Stopper, TlsFiles};
use super::handler::Site;
use super::hook::HookSecret;
use super::lfs::Lfs;
use super::limits::Limits;
use super::live::{Follow, Live, State};
use super::metrics::Metrics;
use super::notice::{Notice, OnNotice};
use super::origin::OriginRules;
use super::tokens::Tokens;
use super::upload::{UploadOptions, Uploads, UploadsError};
use crate::model::host::HostPattern;
use crate::model::trusted_proxy::TrustedProxy;
use crate::model::url_prefix::UrlPrefix;
use crate::repo::{Build, Followed, OpenError, Repository};

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
    /// How SPKs are had that are not here, if they are.
    pub(crate) downloads: Option<DownloadOptions>,
    /// How often a remote that is followed is asked.
    pub(crate) every: Duration,
    pub(crate) follow: Follow,
    /// What webhooks are signed with; none are answered without.
    pub(crate) hook_secret: Option<HookSecret>,
    /// Whether SIGHUP means that the terminal is gone, and not that everything is to be read again.
    pub(crate) is_in_terminal: bool,
    /// Whether Git LFS is answered.
    pub(crate) lfs: bool,
    pub(crate) limits: Limits,
    /// Counts lines of a log that could not be written.
    pub(crate) lost_lines: Arc<AtomicU64>,
    /// How many SPKs and objects are taken at the same time.
    pub(crate) max_uploads: usize,
    /// The path below which everything is.
    pub(crate) prefix: UrlPrefix,
    /// Where everything is redirected to the first of `addresses`, which must be encrypted.
    pub(crate) redirect: Option<SocketAddr>,
    pub(crate) tls: Option<TlsFiles>,
    /// Peers whose `Forwarded` and `X-Forwarded-…` are believed.
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
    /// How uploads are taken, if they are.
    pub(crate) uploads: Option<UploadOptions>,
    /// Where metrics are.
    pub(crate) watch: Option<SocketAddr>,
}

/// Says why nothing is served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Front(#[from] FrontError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("could not prepare to be stopped by a signal")]
    Signals {
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Uploads(#[from] UploadsError),
}

/// Serves `repository` until SIGTERM or SIGINT; requests in flight are answered first. `followed` is kept up to date.
pub(crate) fn serve(
    repository: Repository,
    followed: Option<Followed>,
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
        watch: options.watch,
    })?;
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]);
    let signals = signals.map_err(|source| ServeError::Signals { source })?;
    let addresses = server.local_addrs(Role::Serve);
    let lost_lines = Arc::clone(&options.lost_lines);
    let metrics = Arc::new(Metrics::new(server.crowd(), lost_lines));
    let checkup = Arc::new(Checkup::default());
    let remote = followed
        .as_ref()
        .map(|followed| Arc::new(Follower::new(followed)));
    let tokens = Tokens::new(Arc::clone(&live), options.max_uploads, notice);
    let tokens = Arc::new(tokens);
    let uploads = options.uploads.as_ref().map(|uploads| {
        let (live, metrics) = (Arc::clone(&live), Arc::clone(&metrics));
        let tokens = Arc::clone(&tokens);
        let follow = &options.follow;
        Uploads::new(&repository, uploads, follow, live, metrics, tokens, notice)
    });
    let lfs = options
        .lfs
        .then(|| Arc::new(lfs(&repository, options, tokens, notice)));
    let downloads = options.downloads.as_ref();
    let downloads = downloads.map(|options| Downloads::open(options, notice));
    let downloads = downloads.transpose()?.map(Arc::new);
    let site = Arc::new(Site {
        accel_redirect: options.accel_redirect.clone(),
        blobs: repository.blobs.clone(),
        checkup: Arc::clone(&checkup),
        catalog_cache_size: options.catalog_cache_size,
        debug_package: options.debug_package,
        downloads: downloads.clone(),
        follower: remote.clone(),
        hook_secret: options.hook_secret.clone(),
        lfs,
        live: Arc::clone(&live),
        metrics: Arc::clone(&metrics),
        origins: OriginRules {
            allowed_hosts: options.allowed_hosts.clone(),
            listening: addresses[0],
            prefix: options.prefix.clone(),
            trusted_proxies: options.trusted_proxies.clone(),
        },
        store: Mutex::new(repository.store.reopen().map_err(OpenError::from)?),
        uploads: uploads.transpose()?.map(Arc::new),
    });
    let state = live.state();
    notice(Notice::Serving {
        commit: state.snapshot.commit,
        packages: state.snapshot.packages.len(),
    });
    notice(Notice::Listening {
        addresses: &addresses,
    });
    for address in server.local_addrs(Role::Watch) {
        notice(Notice::Watching { address });
    }
    let stop = Arc::new(AtomicBool::new(false));
    let asker = ask_remote(remote.clone(), followed, options, &stop, notice);
    let keeper = keep(&repository, checkup, Arc::clone(&live), downloads, &stop);
    let follower = follow(repository, Arc::clone(&live), options, &stop, notice);
    let handle = signals.handle();
    let told = Told {
        follower: remote,
        is_in_terminal: options.is_in_terminal,
        live,
        notice: Arc::clone(notice),
        reloader: server.reloader(),
        stopper: server.stopper(),
    };
    let stopper = server.stopper();
    let waiter = std::thread::spawn(move || told.wait(signals));
    let on_event = Arc::clone(notice);
    let on_event = move |event| {
        metrics.count(&event);
        on_event(Notice::Front(event));
    };
    let served = server.run(site, Arc::new(on_event));
    stop.store(true, Ordering::Relaxed);
    handle.close();
    // Reading a commit may take long; who wants the end now does not wait for it.
    let rest = [keeper, follower]
        .into_iter()
        .chain(asker)
        .filter(|_| !stopper.is_now());
    for thread in rest.chain([waiter]) {
        // A thread that panicked has printed why; the server has stopped in any case.
        let _ = thread.join();
    }
    Ok(served?)
}

fn lfs(
    repository: &Repository,
    options: &ServeOptions,
    tokens: Arc<Tokens>,
    notice: &OnNotice,
) -> Lfs {
    // What a killed server has left of objects that were on their way.
    repository.blobs.tidy();
    Lfs {
        blobs: repository.blobs.clone(),
        max_size: options.limits.upload_size,
        notice: Arc::clone(notice),
        takes: !matches!(options.follow, Follow::Fixed { .. }),
        tokens,
    }
}

fn keep(
    repository: &Repository,
    checkup: Arc<Checkup>,
    live: Arc<Live>,
    downloads: Option<Arc<Downloads>>,
    stop: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let (blobs, stop) = (repository.blobs.clone(), Arc::clone(stop));
    let folder = repository.store.common_dir().to_owned();
    let is_there = move |state: &State, build: &Build| {
        let spk = &build.doc.spk;
        let elsewhere = |downloads: &Arc<Downloads>| downloads.can_have(state, build);
        blobs.contains(spk.sha256, spk.size) || downloads.as_ref().is_some_and(elsewhere)
    };
    std::thread::spawn(move || checkup.keep(&live, &is_there, &folder, &stop))
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

/// Asks the remote that is followed, until `stop` is set.
fn ask_remote(
    follower: Option<Arc<Follower>>,
    followed: Option<Followed>,
    options: &ServeOptions,
    stop: &Arc<AtomicBool>,
    notice: &OnNotice,
) -> Option<std::thread::JoinHandle<()>> {
    let (follower, followed) = (follower?, followed?);
    let mut followed = followed.stopped_by(Arc::clone(stop));
    let (every, stop, notice) = (options.every, Arc::clone(stop), Arc::clone(notice));
    Some(std::thread::spawn(move || {
        follower.follow(&mut followed, every, &stop, &notice);
    }))
}

/// Who is told by signals.
struct Told {
    follower: Option<Arc<Follower>>,
    is_in_terminal: bool,
    live: Arc<Live>,
    notice: OnNotice,
    reloader: Reloader,
    stopper: Stopper,
}

impl Told {
    /// SIGHUP has everything read again. Any other lets what is in flight end, and a second one does not.
    fn wait(&self, mut signals: Signals) {
        let mut is_stopping = false;
        for signal in signals.forever() {
            if signal == SIGHUP && !self.is_in_terminal {
                (self.notice)(Notice::Reloading);
                self.reloader.reload();
                self.live.ask();
                if let Some(follower) = &self.follower {
                    follower.ask();
                }
            } else if is_stopping {
                self.stopper.stop_now();
            } else {
                is_stopping = true;
                (self.notice)(Notice::Stopping);
                self.stopper.stop();
            }
        }
    }
}
