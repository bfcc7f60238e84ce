//! Connections to the server's own address, so that no queued one is forgotten.
//!
//! `tiny_http` gives each connection to a thread of a pool (`util/task_pool.rs`). It queues the connection when a thread
//! waits, and starts a thread otherwise; but a thread that was woken counts as waiting until it runs. Connections that
//! come faster than threads wake are all queued for the same thread, which serves the first for as long as that lives.
//! The others wait until any thread is free. Any later connection can set one of them free: it gets a new thread, and
//! that one looks into the queue once it is done. So connections are made here that are done at once: many while
//! requests come, and few while there are none, since connections that send nothing are not seen here and can be ahead
//! in the queue. A hundred of those can delay a request by seconds; only a server without such a pool is free of that.
//!
//! Twenty a second cost two thousandths of a core; the four hundred of a busy second are lost in what requests cost.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

const BUSY_PAUSE: Duration = Duration::from_millis(20);
const BUSY_NUDGES: usize = 8;
const IDLE_PAUSE: Duration = Duration::from_millis(200);
const IDLE_NUDGES: usize = 4;
/// How many pauses after the last request are still busy ones.
const BUSY_FOR: u32 = 50;
/// On loopback it takes microseconds, unless the queue of the listening socket is full.
const CONNECT: Duration = Duration::from_millis(500);

/// Makes the connections.
pub(super) struct Nudger {
    address: SocketAddr,
    busy: u32,
    received: u64,
}

/// How the connections went.
pub(super) enum Nudged {
    Accepted,
    /// Nobody listens any more.
    Refused(io::Error),
    /// Nothing can be said: there are no descriptors, or the queue is full.
    Unknown,
}

impl Nudger {
    pub(super) fn new(listening: SocketAddr) -> Self {
        let mut address = listening;
        match listening.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => (),
        }
        Self {
            address,
            busy: 0,
            received: 0,
        }
    }

    /// Returns how long to wait before the next nudge.
    pub(super) fn pause(&self) -> Duration {
        if self.busy > 0 {
            BUSY_PAUSE
        } else {
            IDLE_PAUSE
        }
    }

    /// Connects and hangs up, more often if the number of requests `received` has lately grown.
    pub(super) fn nudge(&mut self, received: u64) -> Nudged {
        self.busy = if received == self.received {
            self.busy.saturating_sub(1)
        } else {
            BUSY_FOR
        };
        self.received = received;
        let times = if self.busy > 0 {
            BUSY_NUDGES
        } else {
            IDLE_NUDGES
        };
        for _ in 0..times {
            match TcpStream::connect_timeout(&self.address, CONNECT) {
                Ok(stream) => hang_up(&stream),
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    return Nudged::Refused(error);
                }
                Err(_) => return Nudged::Unknown,
            }
        }
        Nudged::Accepted
    }
}

/// Leaves no port in `TIME_WAIT` where that is safe: elsewhere `accept` may fail for a connection that was reset.
fn hang_up(stream: &TcpStream) {
    if cfg!(target_os = "linux") {
        // Should it fail, a port waits for a minute.
        let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::super::testing::Running;
    use super::*;

    #[test]
    fn burst_of_connections_that_are_kept_is_answered_in_time() {
        let running = Running::echo();
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
            assert!(took < Duration::from_secs(2), "{took:?}");
        }
    }

    #[test]
    fn nobody_listening_is_noticed() {
        let free =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let mut nudger = Nudger::new(free.expect("a free port"));
        assert!(matches!(nudger.nudge(0), Nudged::Refused(_)));
    }

    #[test]
    fn connection_behind_idle_ones_is_answered_in_time() {
        let running = Running::echo();
        let _idle: Vec<_> = (0..40).map(|_| running.connect()).collect();
        let mut clients: Vec<_> = (0..10).map(|_| running.connect()).collect();
        let started = Instant::now();
        for client in &mut clients {
            client.send("GET /a HTTP/1.1\nHost: x\n\n");
            assert_eq!(client.receive().expect("an answer").text(), "/a");
        }
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
