//! From the gate to the backend and back: one request and its answer over a connection that others use next.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Handler;
use super::answer_head;
use super::backend::Backend;

/// How long a request waits for its turn.
const TURN: Duration = Duration::from_secs(10);
/// The head of an answer; they are this program's own.
const MAX_HEAD: usize = 64 << 10;
const PIECE: usize = 64 << 10;

/// The connections to the backend.
pub(super) struct Relay {
    backend: Mutex<Backend>,
    free: Condvar,
    handler: Arc<dyn Handler>,
    max: usize,
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    idle: Vec<UnixStream>,
    open: usize,
}

/// An answer whose head has come.
pub(super) struct Answer<'a> {
    /// The head without its empty line, so that a header can be added.
    pub(super) head: Vec<u8>,
    lease: Lease<'a>,
    /// What has come of the body.
    begun: Vec<u8>,
    /// What is to come of it.
    left: u64,
    pub(super) status: u16,
}

/// A connection that nobody else uses meanwhile.
struct Lease<'a> {
    /// An answer was read to its end, so the next one can follow.
    is_whole: bool,
    relay: &'a Relay,
    stream: Option<UnixStream>,
}

/// Why the backend gives no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RelayError {
    #[error("all {max} requests that may be under way are under way")]
    Busy { max: usize },
    #[error("the request got no answer inside the server")]
    Broken {
        #[source]
        source: io::Error,
    },
}

impl From<io::Error> for RelayError {
    fn from(source: io::Error) -> Self {
        Self::Broken { source }
    }
}

impl Relay {
    pub(super) fn start(handler: Arc<dyn Handler>, max: usize) -> io::Result<Self> {
        Ok(Self {
            backend: Mutex::new(Backend::start(Arc::clone(&handler))?),
            free: Condvar::new(),
            handler,
            max: max.max(1),
            pool: Mutex::default(),
        })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) fn ask(
        &self,
        head: &[u8],
        body: &[u8],
        head_only: bool,
    ) -> Result<Answer<'_>, RelayError> {
        let mut lease = self.lease()?;
        let stream = lease.stream();
        stream.write_all(head)?;
        stream.write_all(body)?;
        let (mut received, end) = receive_head(stream)?;
        let (status, length) = understand(&received[..end])?;
        let begun = received.split_off(end);
        received.truncate(end - 2);
        let length = if head_only || !answer_head::has_body(status) {
            0
        } else {
            length
        };
        let left = length
            .checked_sub(begun.len() as u64)
            .ok_or(io::ErrorKind::InvalidData)
            .map_err(io::Error::from)?;
        Ok(Answer {
            head: received,
            lease,
            begun,
            left,
            status,
        })
    }

    fn lease(&self) -> Result<Lease<'_>, RelayError> {
        let full = |pool: &mut Pool| pool.idle.is_empty() && pool.open >= self.max;
        let waited = self.free.wait_timeout_while(self.lock(), TURN, full);
        let (mut pool, late) = waited.unwrap_or_else(PoisonError::into_inner);
        if late.timed_out() {
            return Err(RelayError::Busy { max: self.max });
        }
        let idle = pool.idle.pop();
        if idle.is_none() {
            pool.open += 1;
        }
        drop(pool);
        let mut lease = Lease {
            is_whole: false,
            relay: self,
            stream: idle,
        };
        if lease.stream.is_none() {
            lease.stream = Some(self.open()?);
        }
        Ok(lease)
    }

    /// Opens a connection; a backend that does not answer any more is replaced.
    fn open(&self) -> io::Result<UnixStream> {
        let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(stream) = backend.connect() {
            return Ok(stream);
        }
        *backend = Backend::start(Arc::clone(&self.handler))?;
        backend.connect()
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer<'_> {
    /// Hands the body on piece by piece; when nobody takes it, the rest is thrown away.
    pub(super) fn copy(mut self, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut taken = take(&self.begun);
        let mut piece = vec![0; PIECE.min(usize::try_from(self.left).unwrap_or(PIECE))];
        while self.left > 0 {
            let most = piece.len().min(usize::try_from(self.left).unwrap_or(PIECE));
            let count = self.lease.stream().read(&mut piece[..most])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.left -= count as u64;
            if taken.is_ok() {
                taken = take(&piece[..count]);
            }
        }
        self.lease.is_whole = true;
        taken
    }
}

impl Lease<'_> {
    fn stream(&mut self) -> &mut UnixStream {
        self.stream.as_mut().expect("it is there until the end")
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        let mut pool = self.relay.lock();
        match self.stream.take().filter(|_| self.is_whole) {
            Some(stream) => pool.idle.push(stream),
            None => pool.open -= 1,
        }
        drop(pool);
        self.relay.free.notify_one();
    }
}

fn receive_head(stream: &mut UnixStream) -> io::Result<(Vec<u8>, usize)> {
    let mut received = Vec::with_capacity(1024);
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece)?;
        if count == 0 || received.len() > MAX_HEAD {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let from = received.len().saturating_sub(3);
        received.extend_from_slice(&piece[..count]);
        let end = received[from..]
            .windows(4)
            .position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            return Ok((received, from + end + 4));
        }
    }
}

/// Returns the status and the length of the body.
fn understand(head: &[u8]) -> io::Result<(u16, u64)> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(head).map_err(io::Error::other)?;
    let status = response.code.filter(|_| parsed.is_complete());
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .map(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    match (status, length.unwrap_or(Some(0))) {
        (Some(status), Some(length)) => Ok((status, length)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
