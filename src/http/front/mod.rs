//! The front end: a gate before `tiny_http`, which nothing else knows.
//!
//! An exchange passes these files:
//!
//! 1. [`listener`] makes the socket, [`gate`] accepts, [`guests`] says who may stay, [`tls`] and [`stream`] encrypt;
//! 2. [`receive`] reads a head by [`request_head`] and a body by [`framing`] and [`chunked`], within bounds of size and
//!    time, and refuses what is ambiguous ([`refusal`]);
//! 3. [`exchange`] asks who is welcome to send a large body, which is handed on as it comes by [`incoming_body`], and has what is asked most answered at once. Everything else goes as the clean request of [`rebuild`] by
//!    [`relay`] to [`backend`], where `tiny_http` and its workers answer;
//! 4. [`answer_head`] and [`outgoing`] write the answer, [`event`] tells what happened.
//!
//! [`asked`] is what is known of a request: its [id](request_id), and by [`forwarded`] whose it is.
//!
//! A connection has a thread of its own; a client that is slow, silent or hostile costs that thread until a deadline of
//! [`Limits`], or until its place is needed. The hot paths do not go over the relay since that
//! costs two more threads' turns for each request, some 40 µs, and every byte another copy.

mod answer_head;
mod asked;
mod backend;
mod chunked;
mod descriptors;
mod event;
mod exchange;
mod forwarded;
mod framing;
mod gate;
mod guests;
mod incoming_body;
mod listener;
mod outgoing;
mod rebuild;
mod receive;
mod refusal;
mod relay;
mod request_head;
mod request_id;
mod stream;
#[cfg(test)]
mod testing;
mod tls;

use std::io::{self, Read};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::thread;

pub(crate) use asked::Asked;
pub(crate) use event::Event;
pub(crate) use guests::origin as network_of;
pub(crate) use tls::{TlsError, TlsFiles};

use self::gate::{Door, Gate, Stop};
use self::guests::Guests;
use self::relay::Relay;
use self::request_id::Ids;
use self::tls::Tls;
use super::limits::Limits;
use super::reply::Reply;
use super::request::Request;
use super::trusted_proxy::TrustedProxy;

/// Answers requests.
pub(crate) trait Handler: Send + Sync + 'static {
    /// Answers one request.
    fn answer(&self, request: &Request) -> Reply;

    /// Says what `request` is for.
    fn matched(&self, request: &Request) -> Matched;

    /// Answers one request that came where only redirections are given.
    fn redirect(&self, request: &Request) -> Reply;

    /// Answers one request of whoever watches the server.
    fn watch(&self, request: &Request) -> Reply;

    /// Says what becomes of the body of `request`, a POST or PUT, which is not sent yet.
    fn welcome(&self, request: &Request) -> Welcome;
}

/// What becomes of a body.
pub(crate) enum Welcome {
    /// The answer goes out at once, and the body is not read.
    Refused(Reply),
    /// It is handed on as it comes, within the limits for uploads.
    Taken {
        intake: Box<dyn Intake>,
        /// Whose request it is, in logs.
        user: String,
    },
    /// It is read as a whole, within the limits for all.
    Usual,
}

/// Takes one body.
pub(crate) trait Intake {
    /// Reads the body and answers. When reading fails, nothing has happened, and the front end says why.
    fn take(self: Box<Self>, body: &mut dyn Read) -> Reply;
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Matched {
    /// It is one of those that are asked most and answered without waiting for anything.
    pub(crate) is_quick: bool,
    /// Of its route, in logs and metrics.
    pub(crate) name: &'static str,
}

/// How many are connected, and how many may be.
#[derive(Clone)]
pub(crate) struct Crowd(Arc<OnceLock<Arc<Guests>>>);

impl Crowd {
    /// Returns both, none before the server runs.
    pub(crate) fn count(&self) -> (usize, usize) {
        let guests = self.0.get();
        guests.map_or((0, 0), |guests| (guests.count(), guests.max()))
    }
}

/// Is told what happened.
pub(crate) type OnEvent = Arc<dyn Fn(Event) + Send + Sync>;

/// What is done at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Redirect,
    Serve,
    Watch,
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
    /// Where those who watch the server ask.
    pub(crate) watch: Option<SocketAddr>,
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
    crowd: Crowd,
    doors: Vec<Door>,
    options: Options,
    stop: Arc<Stop>,
    tls: Option<Arc<Tls>>,
}

/// Stops a server; clones stop the same one.
#[derive(Clone)]
pub(crate) struct Stopper(Arc<Stop>);

/// Has a server read its certificate again.
pub(crate) struct Reloader(Option<Arc<Tls>>);

impl Reloader {
    /// Asks for it; an event tells how it went.
    pub(crate) fn reload(&self) {
        if let Some(tls) = &self.0 {
            tls.ask();
        }
    }
}

impl Stopper {
    /// Makes `run` return once the requests in flight are answered.
    pub(crate) fn stop(&self) {
        self.0.set();
    }

    /// Makes `run` return, and those who are served still get no more.
    pub(crate) fn stop_now(&self) {
        self.0.set_now();
    }

    /// Says whether that was called.
    pub(crate) fn is_now(&self) -> bool {
        self.0.is_now()
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
        let watch = options.watch.iter().map(|address| (*address, Role::Watch));
        let doors: Vec<_> = serve.chain(redirect).chain(watch).collect();
        let open = |(address, role): &(SocketAddr, Role)| {
            let is_other_family =
                |(other, _): &(SocketAddr, Role)| other.is_ipv4() && other.port() == address.port();
            let only_v6 = doors.iter().any(is_other_family);
            let tls = tls.clone().filter(|_| *role == Role::Serve);
            door(*address, *role, tls, only_v6, &options.limits)
        };
        Ok(Self {
            crowd: Crowd(Arc::default()),
            doors: doors.iter().map(open).collect::<Result<_, _>>()?,
            options,
            stop: Arc::default(),
            tls,
        })
    }

    /// Returns the addresses of a role, with the ports that were given.
    pub(crate) fn local_addrs(&self, role: Role) -> Vec<SocketAddr> {
        let doors = self.doors.iter().filter(|door| door.role == role);
        doors.map(|door| door.address).collect()
    }

    /// Returns what counts the connections.
    pub(crate) fn crowd(&self) -> Crowd {
        self.crowd.clone()
    }

    /// Returns what has the certificate read again.
    pub(crate) fn reloader(&self) -> Reloader {
        Reloader(self.tls.clone())
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
        let guests = Arc::new(Guests::new(
            connections,
            limits.connections_per_address,
            self.options.trusted_proxies,
        ));
        self.crowd.0.get_or_init(|| Arc::clone(&guests));
        let gate = Arc::new(Gate {
            guests,
            handler,
            ids: Ids::random(),
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
