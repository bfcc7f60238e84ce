//! A client's connection, encrypted or not, read with deadlines.
//!
//! A deadline holds for a whole piece of a request, so it is set anew before each call: a client that sends a byte at a
//! time, or a record of TLS a byte at a time, gets no longer than one that sends nothing.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};

/// How long what a client still sends is taken after the last answer, so that the answer is not lost (RFC 9112 §9.6).
const LINGER: Duration = Duration::from_secs(2);
/// What is taken at once of it, and how long the client has to wait for the next: one that sends as fast as it can must
/// not be read as fast as it sends.
const LEFTOVER: usize = 64 << 10;
const LEFTOVER_PAUSE: Duration = Duration::from_millis(10);
/// Bytes a second that a client takes at least of what is sent, once [`PATIENCE`] has passed: a time-out for each write
/// alone would let it stay for a byte now and then.
const LEAST_RATE: u64 = 1 << 10;
const PATIENCE: Duration = Duration::from_secs(60);
/// Shorter waits cannot be asked of a socket.
const SHORTEST: Duration = Duration::from_millis(1);

/// One connection.
pub(super) struct Stream {
    pace: Pace,
    socket: Arc<TcpStream>,
    timeout: Option<Duration>,
    tls: Option<Box<ServerConnection>>,
}

impl Stream {
    /// Returns a connection without encryption.
    pub(super) fn plain(socket: Arc<TcpStream>) -> Self {
        Self {
            pace: Pace::default(),
            socket,
            timeout: None,
            tls: None,
        }
    }

    /// Agrees on encryption until `deadline`.
    pub(super) fn encrypted(
        socket: Arc<TcpStream>,
        config: Arc<ServerConfig>,
        deadline: Instant,
    ) -> io::Result<Self> {
        let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
        let mut stream = Self::plain(socket);
        while connection.is_handshaking() {
            while connection.wants_write() {
                connection.write_tls(&mut &*stream.socket)?;
            }
            if connection.is_handshaking() {
                stream.receive_tls(&mut connection, deadline)?;
            }
        }
        stream.tls = Some(Box::new(connection));
        Ok(stream)
    }

    /// Says whether what is sent is encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.tls.is_some()
    }

    /// Returns the bare socket, for bytes that need no encryption.
    pub(super) fn unencrypted(&self) -> Option<&TcpStream> {
        self.tls.is_none().then_some(&*self.socket)
    }

    /// Counts bytes that were sent; the error is of the kind `TimedOut` when the client takes too few.
    pub(super) fn has_sent(&mut self, count: u64) -> io::Result<()> {
        let now = Instant::now();
        let since = *self.pace.since.get_or_insert(now);
        self.pace.sent += count;
        if is_too_slow(self.pace.sent, now - since) {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Takes note that for so long there was nothing to be sent: the client is not slow for it.
    pub(super) fn has_waited(&mut self, time: Duration) {
        if let Some(since) = &mut self.pace.since {
            *since += time;
        }
    }

    /// Reads what has come, or waits for it until `deadline`; then the error is of the kind `TimedOut`.
    pub(super) fn read(&mut self, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
        self.pace = Pace::default();
        let Some(mut connection) = self.tls.take() else {
            self.wait_until(deadline)?;
            return (&*self.socket).read(buffer).map_err(timed_out);
        };
        let result = self.read_tls(&mut connection, buffer, deadline);
        self.tls = Some(connection);
        result
    }

    fn read_tls(
        &mut self,
        connection: &mut ServerConnection,
        buffer: &mut [u8],
        deadline: Instant,
    ) -> io::Result<usize> {
        loop {
            match connection.reader().read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.receive_tls(connection, deadline)?;
                }
                result => return result,
            }
        }
    }

    /// Takes in one piece of what was sent.
    fn receive_tls(
        &mut self,
        connection: &mut ServerConnection,
        deadline: Instant,
    ) -> io::Result<()> {
        self.wait_until(deadline)?;
        let received = connection.read_tls(&mut &*self.socket).map_err(timed_out)?;
        let state = connection.process_new_packets();
        // An alert that says what was wrong (RFC 8446 §6.2).
        while connection.wants_write() {
            connection.write_tls(&mut &*self.socket)?;
        }
        let state = state.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        if received == 0 && !state.peer_has_closed() && connection.is_handshaking() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    fn wait_until(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        // Whole seconds spare a call for each request: a wait may be up to a second longer than it should.
        let left = if left > Duration::from_secs(2) {
            Duration::from_secs(left.as_secs() + 1)
        } else {
            left.max(SHORTEST)
        };
        if self.timeout != Some(left) {
            self.socket.set_read_timeout(Some(left))?;
            self.timeout = Some(left);
        }
        Ok(())
    }

    /// Ends the connection so that its client gets all that was sent: closing it with unread bytes would throw away what
    /// is under way (RFC 9112 §9.6).
    pub(super) fn close(mut self) {
        if let Some(connection) = &mut self.tls {
            connection.send_close_notify();
            // The client may be gone already.
            let _ = connection.write_tls(&mut &*self.socket);
        }
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Instant::now() + LINGER;
        let mut rest = Vec::new();
        while self.wait_until(deadline).is_ok() {
            rest.resize(LEFTOVER, 0);
            match (&*self.socket).read(&mut rest) {
                Ok(0) | Err(_) => return,
                Ok(_) => std::thread::sleep(LEFTOVER_PAUSE),
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.tls {
            None => (&*self.socket).write(bytes)?,
            Some(connection) => {
                let written = connection.writer().write(bytes)?;
                while connection.wants_write() {
                    connection.write_tls(&mut &*self.socket)?;
                }
                written
            }
        };
        self.has_sent(written as u64)?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How fast a client takes what is sent since something was last read from it.
#[derive(Default)]
struct Pace {
    sent: u64,
    since: Option<Instant>,
}

/// Says whether so many bytes in so long are too few of a connection.
pub(super) fn is_too_slow(sent: u64, elapsed: Duration) -> bool {
    elapsed > PATIENCE && sent < elapsed.as_secs() * LEAST_RATE
}

/// What the end of a wait looks like depends on the system.
fn timed_out(error: io::Error) -> io::Error {
    if error.kind() == ErrorKind::WouldBlock {
        ErrorKind::TimedOut.into()
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_is_too_slow_after_a_while_and_below_the_least_rate() {
        let of = |sent, seconds| is_too_slow(sent, Duration::from_secs(seconds));
        assert!(!of(0, 60));
        assert!(of(0, 61) && of(61 * 1024 - 1, 61));
        assert!(!of(61 * 1024, 61));
        assert!(!of(200_000_000, 24 * 3600));
        assert!(of(20_000_000, 24 * 3600));
    }
}
