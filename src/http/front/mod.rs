//! The front end: sockets and `tiny_http`, which nothing else knows.
//!
//! An exchange passes these files:
//!
//! 1. [`listener`] makes the socket, [`lane`] keeps one server of `tiny_http` on it and its workers alive;
//! 2. [`exchange`] takes one request, and decides what may be done in a worker and what gets a thread of its own;
//! 3. [`framing`] refuses what has no certain end (RFC 9112 §6), [`incoming`] reads the rest;
//! 4. the handler answers;
//! 5. [`head`] and [`outgoing`] write the answer, [`quarantine`] keeps a connection silent that had to be given up,
//!    [`event`] tells what happened.
//!
//! What `tiny_http` 0.12 does that cannot be mended from outside, so that the open internet needs a proxy before it:
//!
//! - A head may be of any size, and a connection may idle or trickle for ever; each costs a thread.
//! - An announced body is read in one allocation when its request is dropped, which ends the process when it is
//!   terabytes. Such a request is answered with 413 and never dropped: its thread and two descriptors are lost. They
//!   are counted, and [`Server::run`] ends with an error at [`Options::max_lost`], for a supervisor to start anew.
//! - A request line with `HTTP/2.0` is answered by nobody, and loses as much, uncounted, since it is never seen here.
//! - A connection can only be closed by its client. Where an answer says `Connection: close` against the client's wish,
//!   [`quarantine`] has what follows on the connection left unanswered.
//! - Queued connections can be forgotten until another one comes: [`nudge`] makes others come.
//! - An accept that fails ends the accepting thread: [`lane`] opens the socket again.

mod event;
mod exchange;
mod framing;
mod head;
mod incoming;
mod lane;
mod listener;
mod nudge;
mod outgoing;
mod quarantine;
mod shared;
#[cfg(test)]
mod testing;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub(crate) use event::{Event, Failure};

use self::lane::Lane;
use self::shared::{Shared, Signals};
use super::reply::Reply;
use super::request::Request;

/// Answers one request.
pub(crate) type Handler = Arc<dyn Fn(Request) -> Reply + Send + Sync>;
/// Is told what happened.
pub(crate) type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// The limits of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// How long `run` waits for requests in flight once it is told to stop.
    pub(crate) grace: Duration,
    /// Bytes of a body; more is answered with 413.
    pub(crate) max_body: usize,
    /// Connections given up for good, threads and all, before `run` ends.
    pub(crate) max_lost: usize,
    /// How long a client may take none of what is sent.
    pub(crate) send_timeout: Duration,
    /// Threads that answer, per address.
    pub(crate) workers: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(5),
            max_body: 64 << 10,
            max_lost: 256,
            send_timeout: Duration::from_secs(30),
            workers: 64,
        }
    }
}

/// Says why a server cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrontError {
    #[error("cannot listen on `{address}`")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("{count} connections could only be given up, each with a thread")]
    Lost { count: usize },
    #[error("cannot start a thread")]
    Thread {
        #[source]
        source: io::Error,
    },
}

/// A server that listens, and answers once it runs.
pub(crate) struct Server {
    lanes: Vec<Lane>,
    options: Options,
    signals: Arc<Signals>,
}

/// Stops a server; clones stop the same one.
#[derive(Clone)]
pub(crate) struct Stopper(Arc<Signals>);

impl Stopper {
    /// Makes `run` return once the requests in flight are answered.
    pub(crate) fn stop(&self) {
        self.0.stop();
    }
}

impl Server {
    /// Listens on every one of `addresses`.
    pub(crate) fn bind(addresses: &[SocketAddr], options: Options) -> Result<Self, FrontError> {
        let open = |address: &SocketAddr| {
            let only_v6 = addresses
                .iter()
                .any(|other| other.is_ipv4() && other.port() == address.port());
            Lane::open(*address, only_v6, options).map_err(|source| FrontError::Listen {
                address: *address,
                source,
            })
        };
        Ok(Self {
            lanes: addresses.iter().map(open).collect::<Result<_, _>>()?,
            options,
            signals: Arc::default(),
        })
    }

    /// Returns the addresses with the ports that were given.
    pub(crate) fn local_addrs(&self) -> Vec<SocketAddr> {
        self.lanes.iter().map(Lane::address).collect()
    }

    /// Returns what stops this server.
    pub(crate) fn stopper(&self) -> Stopper {
        Stopper(self.signals.clone())
    }

    /// Answers requests until it is stopped, or lost too many connections.
    pub(crate) fn run(self, handler: Handler, on_event: OnEvent) -> Result<(), FrontError> {
        let shared = Arc::new(Shared::new(self.options, handler, on_event, self.signals));
        let lanes: Result<Vec<_>, _> = self
            .lanes
            .into_iter()
            .map(|lane| start(lane, &shared))
            .collect();
        if lanes.is_err() {
            shared.signals.stop();
        }
        let lanes = lanes.map_err(|source| FrontError::Thread { source })?;
        let ends = lanes
            .into_iter()
            .map(|lane| lane.join().expect("a lane does not panic"));
        let end = ends.fold(Ok(()), Result::and);
        shared.wait_for_threads();
        end?;
        match shared.lost() {
            count if count >= self.options.max_lost => Err(FrontError::Lost { count }),
            _ => Ok(()),
        }
    }
}

type LaneThread = thread::JoinHandle<Result<(), FrontError>>;

fn start(lane: Lane, shared: &Arc<Shared>) -> io::Result<LaneThread> {
    let shared = shared.clone();
    thread::Builder::new()
        .name("http-lane".to_owned())
        .spawn(move || {
            let end = lane.run(&shared);
            // A lane that cannot go on takes the others with it.
            shared.signals.stop();
            end.map_err(|source| FrontError::Thread { source })
        })
}
