//! The front end: a gate before `tiny_http`, which nothing else knows.
//!
//! An exchange passes these files:
//!
//! 1. [`listener`] makes the socket, [`gate`] accepts, [`guests`] says who may stay, [`tls`] and [`stream`] encrypt;
//! 2. [`receive`] reads a head by [`request_head`] and a body by [`framing`] and [`chunked`], within bounds of size and
//!    time, and refuses what is ambiguous ([`refusal`]);
//! 3. [`exchange`] has what is asked most answered at once. Everything else goes as the clean request of [`rebuild`] by
//!    [`relay`] to [`backend`], where `tiny_http` and its workers answer;
//! 4. [`answer_head`] and [`outgoing`] write the answer, [`event`] tells what happened.
//!
//! A connection has a thread of its own; a client that is slow, silent or hostile costs that thread until a deadline of
//! [`Limits`](super::limits::Limits), or until its place is needed. The hot paths do not go over the relay since that
//! costs two more threads' turns for each request, some 40 µs, and every byte another copy.

mod answer_head;
mod backend;
mod chunked;
mod descriptors;
mod event;
mod exchange;
mod framing;
mod gate;
mod guests;
mod listener;
mod outgoing;
mod rebuild;
mod receive;
mod refusal;
mod relay;
mod request_head;
mod stream;
#[cfg(test)]
mod testing;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;

pub(crate) use event::Event;
pub(crate) use tls::{TlsError, TlsFiles};

use self::gate::{Door, Gate, Stop};
use self::guests::Guests;
use self::relay::Relay;
use self::tls::Tls;
use super::limits::Limits;
use super::reply::Reply;
use super::request::Request;
use super::trusted_proxy::TrustedProxy;

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: &Request) -> Reply;

    /// Says whether `request` is one of those that are asked most and answered without waiting for anything.
    fn is_quick(&self, request: &Request) -> bool;

    /// Answers one request that came where only redirections are given.
    fn redirect(&self, request: &Request) -> Reply;
}

/// Is told what happened.
pub(crate) type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// What is done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Redirect,
    Serve,
}

/// What a server listens on and for whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    /// Where all is redirected to the encrypted address.
    pub(crate) redirect: Option<SocketAddr>,
    pub(crate) serve: Vec<SocketAddr>,
    /// What is served is encrypted with them.
    pub(crate) tls: Option<TlsFiles>,
    /// May have all connections.
    pub(crate) trusted_proxies: Vec<TrustedProxy>,
}

/// Says why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrontError {
    #[error("cannot listen on `{address}`")]
    Listen {
        address: SocketAddr,
        #[source]
        source: io::Error,
    },
    #[error("cannot start what answers behind the gate")]
    Relay {
        #[source]
        source: io::Error,
    },
    #[error("cannot start a thread")]
    Thread {
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A server that listens, and answers once it runs.
pub(crate) struct Server {
    doors: Vec<Door>,
    options: Options,
    stop: Arc<Stop>,
    tls: Option<Arc<Tls>>,
}

/// Stops a server; clones stop the same one.
#[derive(Clone)]
pub(crate) struct Stopper(Arc<Stop>);

impl Stopper {
    /// Makes `run` return once the requests in flight are answered.
    pub(crate) fn stop(&self) {
        self.0.set();
    }
}

impl Server {
    /// Listens on every address of `options`.
    pub(crate) fn bind(options: Options) -> Result<Self, FrontError> {
        let tls = options.tls.clone().map(Tls::open).transpose()?;
        let tls = tls.map(Arc::new);
        let serve = options.serve.iter().map(|address| (*address, Role::Serve));
        let redirect = options.redirect.iter();
        let redirect = redirect.map(|address| (*address, Role::Redirect));
        let doors: Vec<_> = serve.chain(redirect).collect();
        let open = |(address, role): &(SocketAddr, Role)| {
            let is_other_family =
                |(other, _): &(SocketAddr, Role)| other.is_ipv4() && other.port() == address.port();
            let only_v6 = doors.iter().any(is_other_family);
            let tls = tls.clone().filter(|_| *role == Role::Serve);
            door(*address, *role, tls, only_v6, &options.limits)
        };
        Ok(Self {
            doors: doors.iter().map(open).collect::<Result<_, _>>()?,
            options,
            stop: Arc::default(),
            tls,
        })
    }

    /// Returns the addresses at which is served, with the ports that were given.
    pub(crate) fn local_addrs(&self) -> Vec<SocketAddr> {
        let serving = self.doors.iter().filter(|door| door.role == Role::Serve);
        serving.map(|door| door.address).collect()
    }

    /// Returns what stops this server.
    pub(crate) fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Answers requests until it is stopped.
    pub(crate) fn run(
        self,
        handler: Arc<dyn Handler>,
        on_event: OnEvent,
    ) -> Result<(), FrontError> {
        let limits = self.options.limits;
        let relay = Relay::start(Arc::clone(&handler), limits.relayed)
            .map_err(|source| FrontError::Relay { source })?;
        let connections = limits.connections.min(descriptors::room_for_connections());
        let gate = Arc::new(Gate {
            guests: Arc::new(Guests::new(
                connections,
                limits.connections_per_address,
                self.options.trusted_proxies,
            )),
            handler,
            limits,
            on_event,
            relay,
            stop: self.stop,
        });
        let addresses: Vec<_> = self.doors.iter().map(|door| door.address).collect();
        let threads = self.doors.into_iter().map(|door| keep(door, &gate));
        let watch = self.tls.map(|tls| watch(tls, &gate));
        let threads: Result<Vec<_>, _> = threads.chain(watch).collect();
        if threads.is_err() {
            gate.stop.set();
        }
        gate.see_off(&addresses);
        // One that panicked has printed why; the server has stopped in any case.
        threads
            .map_err(|source| FrontError::Thread { source })?
            .into_iter()
            .for_each(|thread| drop(thread.join()));
        Ok(())
    }
}

fn door(
    address: SocketAddr,
    role: Role,
    tls: Option<Arc<Tls>>,
    only_v6: bool,
    limits: &Limits,
) -> Result<Door, FrontError> {
    let open = || {
        let listener = listener::open(address, only_v6, limits.send_timeout)?;
        Ok((listener.local_addr()?, listener))
    };
    let (address, listener) = open().map_err(|source| FrontError::Listen { address, source })?;
    Ok(Door {
        address,
        listener,
        role,
        tls,
    })
}

fn keep(door: Door, gate: &Arc<Gate>) -> io::Result<thread::JoinHandle<()>> {
    let gate = Arc::clone(gate);
    let thread = thread::Builder::new().name("http-door".to_owned());
    thread.spawn(move || door.keep(&gate))
}

fn watch(tls: Arc<Tls>, gate: &Arc<Gate>) -> io::Result<thread::JoinHandle<()>> {
    let gate = Arc::clone(gate);
    let thread = thread::Builder::new().name("http-certificate".to_owned());
    thread.spawn(move || gate.watch(&tls))
}
