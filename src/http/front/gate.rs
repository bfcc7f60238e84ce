//! Accepts connections, gives each a thread, and sees them off when the server stops.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::event::{Event, Failure};
use super::exchange::{self, refused};
use super::framing::Persistence;
use super::guests::{Guest, Guests};
use super::outgoing;
use super::refusal::Refusal;
use super::relay::Relay;
use super::request_id::{self, Ids};
use super::stream::Stream;
use super::tls::Tls;
use super::{Handler, OnEvent, Role};
use crate::http::limits::Limits;

/// A handler makes catalogs on it; pages that are never touched cost nothing.
const STACK: usize = 1 << 20;
/// How long accepting pauses when the system has no more descriptors or memory.
const PAUSE: Duration = Duration::from_millis(20);
/// How long the threads of connections that were ended have to notice.
const LAST_MOMENT: Duration = Duration::from_secs(1);
/// How often the files of a certificate are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What all connections share.
pub(super) struct Gate {
    pub(super) guests: Arc<Guests>,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) ids: Ids,
    pub(super) limits: Limits,
    pub(super) on_event: OnEvent,
    pub(super) relay: Relay,
    pub(super) stop: Arc<Stop>,
}

/// The signal to stop, which can be waited for.
#[derive(Default)]
pub(super) struct Stop {
    is_now: AtomicBool,
    is_set: AtomicBool,
    lock: Mutex<()>,
    wake: Condvar,
}

/// One listening socket and what it is for.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) listener: TcpListener,
    pub(super) role: Role,
    pub(super) tls: Option<Arc<Tls>>,
}

impl Gate {
    pub(super) fn is_stopping(&self) -> bool {
        self.stop.is_set()
    }

    pub(super) fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    /// Sends the answer that says why not; it has an id as every answer, though there may be no request.
    pub(super) fn refuse(&self, stream: &mut Stream, peer: SocketAddr, refusal: &Refusal) {
        let id = self.ids.next();
        let reply = refused(refusal).with(request_id::HEADER, id.as_str());
        outgoing::send(stream, &reply, Persistence::Close, false);
        self.tell_refused(id, peer, refusal);
    }

    fn tell_refused(&self, id: String, peer: SocketAddr, refusal: &Refusal) {
        self.tell(Event::Refused {
            cause: refusal.cause(),
            id,
            peer: peer.ip().to_canonical(),
            status: refusal.status(),
        });
    }

    /// Waits for the signal to stop, and then until nobody is left or the time is up.
    pub(super) fn see_off(&self, doors: &[SocketAddr]) {
        while !self.stop.wait(Duration::from_secs(3600)) {}
        for address in doors {
            // A door that is waiting for somebody is opened; one that cannot be reached is not waiting.
            let _ = TcpStream::connect_timeout(&reachable(*address), LAST_MOMENT);
        }
        self.guests.send_home();
        let deadline = Instant::now() + self.limits.drain_timeout;
        if !self.drain(deadline) {
            self.guests.throw_out();
            self.guests.wait_until_empty(Instant::now() + LAST_MOMENT);
        }
    }

    /// Waits until nobody is left or the time is up, which a second signal can make now; says whether nobody is.
    fn drain(&self, deadline: Instant) -> bool {
        loop {
            let next = Instant::now() + PAUSE;
            if self.guests.wait_until_empty(next.min(deadline)) {
                return true;
            }
            if next >= deadline || self.stop.is_now() {
                return false;
            }
        }
    }

    /// Reads the files of `tls` again whenever they change, or when it is asked for.
    pub(super) fn watch(&self, tls: &Tls) {
        let mut known = tls.stamp();
        while !self.stop.wait(LOOK) {
            let stamp = tls.stamp();
            // A file that is not there is about to be replaced.
            let is_changed = stamp != known && stamp.iter().all(Option::is_some);
            if tls.is_asked_for() || is_changed {
                known = stamp;
                let result = tls.reload();
                self.tell(Event::Reloaded { result });
            }
        }
    }
}

impl Stop {
    pub(super) fn set(&self) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_set.store(true, Ordering::Release);
        self.wake.notify_all();
    }

    /// Makes those who are still served leave at once.
    pub(super) fn set_now(&self) {
        self.is_now.store(true, Ordering::Release);
        self.set();
    }

    pub(super) fn is_now(&self) -> bool {
        self.is_now.load(Ordering::Acquire)
    }

    pub(super) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Acquire)
    }

    /// Waits for the signal, no longer than `limit`; says whether it is there.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Whether the wait was interrupted is seen in what is returned.
        let _unused = self
            .wake
            .wait_timeout_while(guard, limit, |()| !self.is_set());
        self.is_set()
    }
}

impl Door {
    /// Accepts until the server stops. No failure ends it: whatever is missing comes back when somebody leaves.
    pub(super) fn keep(&self, gate: &Arc<Gate>) {
        let mut is_short = false;
        while !gate.is_stopping() {
            match self.listener.accept() {
                Ok(_) if gate.is_stopping() => return,
                Ok((socket, peer)) => {
                    is_short = false;
                    self.welcome(gate, socket, peer);
                }
                // The client was faster (accept(2), "Error handling").
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    if !is_short {
                        self.complain(gate, source);
                    }
                    is_short = true;
                    gate.guests.make_room();
                    thread::sleep(PAUSE);
                }
            }
        }
    }

    fn complain(&self, gate: &Gate, source: io::Error) {
        gate.tell(Event::Waiting {
            address: self.address,
            failure: Failure::Accept { source },
        });
    }

    fn welcome(&self, gate: &Arc<Gate>, socket: TcpStream, peer: SocketAddr) {
        let socket = Arc::new(socket);
        let guest = match gate.guests.admit(Arc::clone(&socket), peer) {
            Ok(guest) => guest,
            Err(refusal) => return self.turn_away(gate, &socket, peer, &refusal),
        };
        let (gate_of_thread, role, tls) = (Arc::clone(gate), self.role, self.tls.clone());
        let thread = thread::Builder::new()
            .name("http-connection".to_owned())
            .stack_size(STACK);
        let started = thread.spawn(move || {
            receive(&gate_of_thread, &guest, socket, role, tls.as_deref());
        });
        if let Err(source) = started {
            // The connection was dropped with the thread that did not start.
            self.complain(gate, source);
            thread::sleep(PAUSE);
        }
    }

    /// Says no without waiting for anything; what does not fit into the socket's buffer is lost.
    fn turn_away(&self, gate: &Gate, socket: &Arc<TcpStream>, peer: SocketAddr, refusal: &Refusal) {
        if self.tls.is_none() && socket.set_nonblocking(true).is_ok() {
            gate.refuse(&mut Stream::plain(Arc::clone(socket)), peer, refusal);
            let _ = socket.shutdown(Shutdown::Write);
        } else {
            gate.tell_refused(gate.ids.next(), peer, refusal);
        }
    }
}

fn receive(gate: &Gate, guest: &Guest, socket: Arc<TcpStream>, role: Role, tls: Option<&Tls>) {
    let Some(tls) = tls else {
        return exchange::serve(gate, guest, Stream::plain(socket), role);
    };
    if speaks_plainly(&socket, gate.limits.head_timeout) {
        let mut stream = Stream::plain(socket);
        gate.refuse(&mut stream, guest.peer, &Refusal::NotEncrypted);
        return stream.close();
    }
    let deadline = Instant::now() + gate.limits.head_timeout;
    // A handshake that fails is the client's affair: scanners do nothing else all day.
    if let Ok(stream) = Stream::encrypted(socket, tls.config(), deadline) {
        exchange::serve(gate, guest, stream, role);
    }
}

/// Says whether a client sends a request where it should begin to encrypt: no record of TLS begins with a letter
/// (RFC 8446 §5.1).
fn speaks_plainly(socket: &TcpStream, patience: Duration) -> bool {
    let mut first = [0];
    socket.set_read_timeout(Some(patience)).is_ok()
        && matches!(socket.peek(&mut first), Ok(1))
        && first[0].is_ascii_alphabetic()
}

/// Returns an address at which a listener on `address` is reached from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::super::testing::{Client, Running};
    use super::super::{FrontError, Options, Server};
    use super::*;
    use crate::http::reply::Reply;

    fn at(address: SocketAddr) -> Options {
        Options {
            serve: vec![address],
            ..Options::default()
        }
    }

    #[test]
    fn port_in_use_is_an_error_that_names_the_address() {
        let first = Server::bind(at((Ipv4Addr::LOCALHOST, 0).into())).expect("a free port");
        let address = first.local_addrs(Role::Serve)[0];
        let error = Server::bind(at(address))
            .map(drop)
            .expect_err("the port is taken");
        assert!(matches!(error, FrontError::Listen { address: named, .. } if named == address));
    }

    #[test]
    fn both_families_can_listen_on_one_port() {
        // A machine without IPv6 has nothing to test here.
        let Ok(six) = Server::bind(at((Ipv6Addr::UNSPECIFIED, 0).into())) else {
            return;
        };
        let port = six.local_addrs(Role::Serve)[0].port();
        drop(six);
        let both = vec![
            (Ipv4Addr::UNSPECIFIED, port).into(),
            (Ipv6Addr::UNSPECIFIED, port).into(),
        ];
        let options = Options {
            serve: both.clone(),
            ..Options::default()
        };
        let server = Server::bind(options).expect("each is only its family's");
        assert_eq!(server.local_addrs(Role::Serve), both);
    }

    #[test]
    fn burst_of_connections_that_are_kept_is_answered_in_time() {
        let limits = Limits {
            connections_per_address: 400,
            ..Limits::default()
        };
        let running = Running::limited(limits, |request| Reply::text(200, request.path_text()));
        for _ in 0..3 {
            let started = Instant::now();
            let mut clients: Vec<_> = (0..300).map(|_| running.connect()).collect();
            for client in &mut clients {
                client.send("GET /a HTTP/1.1\nHost: x\n\n");
            }
            for client in &mut clients {
                assert_eq!(client.receive().expect("an answer").text(), "/a");
            }
            let took = started.elapsed();
            assert!(took < Duration::from_secs(5), "{took:?}");
        }
    }

    #[test]
    fn idle_connections_make_room_for_one_that_asks() {
        let limits = Limits {
            connections_per_address: 10,
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| Reply::new(204));
        let _idle: Vec<_> = (0..50).map(|_| running.connect()).collect();
        assert_eq!(running.ask("GET / HTTP/1.1\nHost: x\n\n").status, 204);
    }

    #[test]
    fn connection_beyond_the_limit_is_told_so() {
        let limits = Limits {
            connections_per_address: 1,
            ..Limits::default()
        };
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let wait = Mutex::new(wait);
        let running = Running::limited(limits, move |_| {
            // A test that ended drops the other end.
            let _ = wait.lock().expect("one request").recv();
            Reply::new(204)
        });
        let mut first = running.connect();
        first.send("GET / HTTP/1.1\nHost: x\n\n");
        thread::sleep(Duration::from_millis(100));
        let refused = running.connect().receive().expect("an answer");
        assert_eq!(refused.status, 429);
        assert_eq!(refused.header("retry-after"), Some("5"));
        release.send(()).expect("the handler waits");
        assert_eq!(first.receive().expect("an answer").status, 204);
    }

    #[test]
    fn stopping_answers_what_is_under_way_and_returns() {
        let running = Running::new(|_| {
            thread::sleep(Duration::from_millis(300));
            Reply::text(200, "late")
        });
        let mut clients: Vec<Client> = (0..2).map(|_| running.connect()).collect();
        let _idle = running.connect();
        for (client, path) in clients.iter_mut().zip(["/quick", "/relayed"]) {
            client.send(&format!("GET {path} HTTP/1.1\nHost: x\n\n"));
        }
        thread::sleep(Duration::from_millis(100));
        let started = Instant::now();
        running.stopper.stop();
        running.join().expect("an orderly end");
        assert!(started.elapsed() < Duration::from_secs(3));
        for client in &mut clients {
            let answer = client.receive().expect("an answer");
            let found = (answer.text(), answer.header("connection"));
            assert_eq!(found, ("late", Some("close")));
        }
    }

    #[test]
    fn stopping_does_not_wait_longer_than_it_may() {
        let limits = Limits {
            drain_timeout: Duration::from_millis(200),
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| Reply::bytes(200, "a/b", vec![0; 64 << 20]));
        let mut client = running.connect();
        client.send("GET /quick HTTP/1.1\nHost: x\n\n");
        client.receive_head().expect("the answer begins");
        let started = Instant::now();
        running.stopper.stop();
        running.join().expect("an orderly end");
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}
