//! Connections on which nothing more is answered.
//!
//! `tiny_http` keeps a connection open until its client closes it, and takes whatever comes for the next request. After
//! a request whose end is uncertain, or an answer that broke off, that may be somebody's smuggled request (RFC 9112
//! §11.2) or land inside the broken answer. So the connection is remembered by its client's address and port, for as long
//! as such a rest can be under way; a later connection that gets the same port in that time has to try again.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const TERM: Duration = Duration::from_secs(10);
/// The oldest make room beyond this many, so that a flood costs bounded memory and time.
const CAPACITY: usize = 1024;

/// The connections given up lately.
#[derive(Default)]
pub(super) struct Quarantine {
    /// The length of `peers`, so that the common case needs no lock.
    count: AtomicUsize,
    peers: Mutex<VecDeque<(SocketAddr, Instant)>>,
}

impl Quarantine {
    /// Gives the connection from `peer` up.
    pub(super) fn add(&self, peer: SocketAddr) {
        let mut peers = self.current();
        if peers.len() == CAPACITY {
            peers.pop_front();
        }
        peers.push_back((peer, Instant::now()));
        self.count.store(peers.len(), Ordering::Release);
    }

    /// Says whether the connection from `peer` was given up.
    pub(super) fn has(&self, peer: SocketAddr) -> bool {
        self.count.load(Ordering::Acquire) > 0
            && self.current().iter().any(|(other, _)| *other == peer)
    }

    fn current(&self) -> MutexGuard<'_, VecDeque<(SocketAddr, Instant)>> {
        let mut peers = self.peers.lock().unwrap_or_else(PoisonError::into_inner);
        while peers
            .front()
            .is_some_and(|(_, since)| since.elapsed() > TERM)
        {
            peers.pop_front();
        }
        self.count.store(peers.len(), Ordering::Release);
        peers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_are_kept_when_there_are_too_many() {
        let quarantine = Quarantine::default();
        let peer =
            |port: usize| SocketAddr::from(([127, 0, 0, 1], u16::try_from(port).expect("a port")));
        assert!(!quarantine.has(peer(1)));
        (1..=CAPACITY + 1).for_each(|port| quarantine.add(peer(port)));
        assert!(!quarantine.has(peer(1)));
        assert!(quarantine.has(peer(2)) && quarantine.has(peer(CAPACITY + 1)));
    }
}
