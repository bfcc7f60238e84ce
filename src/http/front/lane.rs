//! One listening address: a server of `tiny_http` on it, the workers that ask it for requests, and a supervisor.
//!
//! When accepting fails, as it does at the limit of open files, `tiny_http` stops accepting for good, with an error to one
//! worker or, when its thread panics, with a closed socket only. The supervisor then opens the address again, with new
//! workers; the old ones finish what they have.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::nudge::{Nudged, Nudger};
use super::shared::Shared;
use super::{Event, Failure, Options, exchange, listener};

/// How long to wait between attempts to open the address again, while clients hold all descriptors.
const REOPEN: Duration = Duration::from_millis(250);

/// A listening address.
pub(super) struct Lane {
    address: SocketAddr,
    listener: TcpListener,
    only_v6: bool,
    options: Options,
}

/// What the supervisor and the workers of one server know of each other.
#[derive(Default)]
pub(super) struct Watch {
    /// The server is being left: workers that find nothing are done.
    closing: AtomicBool,
    /// A worker was told that accepting failed.
    failed: AtomicBool,
    /// Requests that were received.
    pub(super) received: AtomicU64,
}

struct Crew {
    server: Arc<tiny_http::Server>,
    watch: Arc<Watch>,
    workers: Vec<JoinHandle<()>>,
}

impl Lane {
    pub(super) fn open(address: SocketAddr, only_v6: bool, options: Options) -> io::Result<Self> {
        let listener = listener::open(address, only_v6, options.send_timeout)?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            only_v6,
            options,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until the server is stopped.
    pub(super) fn run(self, shared: &Arc<Shared>) -> io::Result<()> {
        let mut nudger = Nudger::new(self.address);
        let mut next = Some(self.listener);
        while let Some(listener) = next {
            let crew = Crew::start(listener, self.address, shared)?;
            let accepts = crew.supervise(&mut nudger, shared);
            crew.dismiss(shared);
            if let Err(source) = accepts {
                (shared.on_event)(Event::Reopening {
                    address: self.address,
                    failure: Failure::Accept { source },
                });
            }
            next = reopen(self.address, self.only_v6, self.options, shared);
        }
        Ok(())
    }
}

/// Opens the address again as soon as that works; returns nothing once the server is to stop.
fn reopen(
    address: SocketAddr,
    only_v6: bool,
    options: Options,
    shared: &Shared,
) -> Option<TcpListener> {
    while !shared.signals.wait(REOPEN) {
        if let Ok(listener) = listener::open(address, only_v6, options.send_timeout) {
            return Some(listener);
        }
    }
    None
}

impl Crew {
    fn start(listener: TcpListener, address: SocketAddr, shared: &Arc<Shared>) -> io::Result<Self> {
        let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
        let (server, watch) = (Arc::new(server), Arc::new(Watch::default()));
        let start = |number| {
            let (server, watch, shared) = (server.clone(), watch.clone(), shared.clone());
            thread::Builder::new()
                .name(format!("http-{}-{number}", address.port()))
                .spawn(move || work(&server, &watch, &shared))
        };
        let workers = (0..shared.options.workers)
            .map(start)
            .collect::<io::Result<_>>()?;
        Ok(Self {
            server,
            watch,
            workers,
        })
    }

    /// Returns when the server is to stop, or no longer accepts.
    fn supervise(&self, nudger: &mut Nudger, shared: &Shared) -> io::Result<()> {
        while !shared.signals.wait(nudger.pause()) {
            let nudged = nudger.nudge(self.watch.received.load(Ordering::Relaxed));
            if self.watch.failed.load(Ordering::Acquire) {
                return Err(io::Error::other("accepting a connection failed"));
            }
            if let Nudged::Refused(error) = nudged {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Has each worker finish; waits for them only when the whole server stops, and not longer than its grace.
    fn dismiss(self, shared: &Shared) {
        self.watch.closing.store(true, Ordering::Release);
        // One call wakes one worker, after the requests that were received before.
        self.workers.iter().for_each(|_| self.server.unblock());
        if shared.signals.is_stopping() {
            shared.wait_until(|| self.workers.iter().all(JoinHandle::is_finished));
        }
    }
}

fn work(server: &tiny_http::Server, watch: &Watch, shared: &Arc<Shared>) {
    loop {
        match server.recv() {
            Ok(request) => {
                watch.received.fetch_add(1, Ordering::Relaxed);
                // The handler's panics are caught where they can be answered; this is for one in `on_event`.
                let work = AssertUnwindSafe(|| shared.busy(|| exchange::serve(shared, request)));
                let _ = catch_unwind(work);
            }
            Err(_) if watch.closing.load(Ordering::Acquire) => return,
            Err(_) => watch.failed.store(true, Ordering::Release),
        }
    }
}
