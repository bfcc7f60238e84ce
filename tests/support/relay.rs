//! A relay before a server: it counts what goes through, and can cut all connections at a given byte.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A running relay.
pub(crate) struct Relay {
    host: String,
    state: Arc<State>,
}

struct State {
    /// Bytes after which, counted both ways, everything is cut.
    cut_at: AtomicU64,
    has_ended: AtomicBool,
    received: AtomicU64,
    sent: AtomicU64,
    to: String,
}

impl Relay {
    /// Starts one before the server at `to`.
    pub(crate) fn start(to: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("a bound socket").to_string();
        let state = Arc::new(State {
            cut_at: AtomicU64::new(u64::MAX),
            has_ended: AtomicBool::new(false),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            to: to.to_owned(),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.has_ended.load(Ordering::SeqCst) {
                    return;
                }
                // A server that is not there is one that hangs up.
                if let Ok(server) = TcpStream::connect(&shared.to) {
                    carry(&shared, &client, &server, |state| &state.sent);
                    carry(&shared, &server, &client, |state| &state.received);
                }
            }
        });
        Self { host, state }
    }

    /// Returns host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns how many bytes clients have sent since this was asked last.
    pub(crate) fn sent(&self) -> u64 {
        self.state.sent.swap(0, Ordering::SeqCst)
    }

    /// Returns how many bytes clients have received since this was asked last.
    pub(crate) fn received(&self) -> u64 {
        self.state.received.swap(0, Ordering::SeqCst)
    }

    /// Cuts all connections once so many bytes have gone either way, and those that come later.
    pub(crate) fn cut_at(&self, bytes: u64) {
        self.state.cut_at.store(bytes, Ordering::SeqCst);
    }

    /// Says whether it has cut everything.
    pub(crate) fn is_cut(&self) -> bool {
        self.state.is_cut()
    }

    /// Lets everything through again.
    pub(crate) fn mend(&self) {
        self.cut_at(u64::MAX);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.has_ended.store(true, Ordering::SeqCst);
        self.state.cut_at.store(0, Ordering::SeqCst);
        // Wakes it.
        TcpStream::connect(&self.host).ok();
    }
}

impl State {
    fn is_cut(&self) -> bool {
        let limit = self.cut_at.load(Ordering::SeqCst);
        let counts = [&self.sent, &self.received];
        counts
            .iter()
            .any(|count| count.load(Ordering::SeqCst) >= limit)
    }
}

/// Carries bytes one way until one side ends.
fn carry(state: &Arc<State>, from: &TcpStream, to: &TcpStream, count: fn(&State) -> &AtomicU64) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else {
        return;
    };
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let count = count(&state);
            if state.is_cut() || to.write_all(&buffer[..length]).is_err() {
                break;
            }
            count.fetch_add(length as u64, Ordering::SeqCst);
        }
        // Either may be closed already.
        from.shutdown(Shutdown::Both).ok();
        to.shutdown(Shutdown::Both).ok();
    });
}
