//! `tiny_http` behind the gate: a server on a Unix socket that only this process can reach, and workers that answer.
//!
//! What `tiny_http` 0.12 cannot do safely, the gate does for it: heads and bodies are bounded, rebuilt and complete before
//! they come here, every request has one length, and no connection is ever left to it. Its pool of threads forgets
//! connections that come faster than its threads wake, so connections are opened one by one, each tried before the
//! next.

use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use super::framing::Persistence;
use super::outgoing;
use super::rebuild::{CLIENT, PEER, PING, SECURE};
use super::{Handler, Welcome};
use crate::http::reply::Reply;
use crate::http::request::{Method, Request};

/// How long a handler may take; what takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server of `tiny_http`.
pub(super) struct Backend {
    /// Only its owner may enter it.
    folder: TempDir,
    handler: Arc<dyn Handler>,
    server: Arc<tiny_http::Server>,
}

impl Backend {
    pub(super) fn start(handler: Arc<dyn Handler>) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("spkrepo-").tempdir()?;
        let listener = UnixListener::bind(folder.path().join("relay"))?;
        let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
        Ok(Self {
            folder,
            handler,
            server: Arc::new(server),
        })
    }

    /// Opens a connection, with a worker more to answer on it, and tries it.
    pub(super) fn connect(&self) -> io::Result<UnixStream> {
        let (server, handler) = (Arc::clone(&self.server), Arc::clone(&self.handler));
        thread::Builder::new()
            .name("http-worker".to_owned())
            .spawn(move || work(&server, &*handler))?;
        let mut stream = UnixStream::connect(self.folder.path().join("relay"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(stream, "GET / HTTP/1.1\r\n{PING}: 1\r\n\r\n")?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.extend_from_slice(&byte);
        }
        Ok(stream)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        // Each call wakes one worker, and one that finds nothing is done; the threads hold nothing else.
        self.server.unblock();
    }
}

fn work(server: &tiny_http::Server, handler: &dyn Handler) {
    while let Ok(request) = server.recv() {
        // The handler's panics are answered; this is for one of the library's.
        let _ = catch_unwind(AssertUnwindSafe(|| answer(request, handler)));
    }
    // The next one in turn.
    server.unblock();
}

fn answer(mut request: tiny_http::Request, handler: &dyn Handler) {
    let reply = if value(&request, PING).is_some() {
        Reply::new(204)
    } else {
        handled(&mut request, handler)
    };
    let head_only = *request.method() == tiny_http::Method::Head;
    let mut writer = request.into_writer();
    // The gate is told nothing by an answer that is not whole, and gives the connection up.
    let _ = outgoing::send(&mut writer, &reply, Persistence::Keep, head_only);
}

fn handled(request: &mut tiny_http::Request, handler: &dyn Handler) -> Reply {
    let length = request.body_length().unwrap_or(0);
    let mut body = Vec::with_capacity(length);
    let read = request
        .as_reader()
        .take(length as u64)
        .read_to_end(&mut body);
    match (read, convert(request, body)) {
        (Ok(count), Some(request)) if count == length => guarded(|| handler.answer(&request)),
        _ => Reply::problem(502, "the server did not understand itself"),
    }
}

/// Makes a panic of the handler its failure alone.
pub(super) fn guarded(answer: impl FnOnce() -> Reply) -> Reply {
    catch_unwind(AssertUnwindSafe(answer))
        .unwrap_or_else(|_| Reply::problem(500, "the server made a mistake"))
}

/// Does the same where a body is asked for.
pub(super) fn guarded_welcome(welcome: impl FnOnce() -> Welcome) -> Welcome {
    let refused = |_| Welcome::Refused(Reply::problem(500, "the server made a mistake"));
    catch_unwind(AssertUnwindSafe(welcome)).unwrap_or_else(refused)
}

fn convert(request: &tiny_http::Request, body: Vec<u8>) -> Option<Request> {
    let client: IpAddr = value(request, CLIENT)?.parse().ok()?;
    let peer: IpAddr = value(request, PEER)?.parse().ok()?;
    let secure = value(request, SECURE)? == "true";
    let headers = request.headers().iter().map(|header| {
        let name = header.field.as_str().as_str();
        (name.to_owned(), header.value.as_str().to_owned())
    });
    let method = Method::from(request.method().as_str());
    let request = Request::new(method, request.url(), headers, body, peer).ok()?;
    Some(request.of_client(client).secured(secure))
}

fn value<'a>(request: &'a tiny_http::Request, name: &'static str) -> Option<&'a str> {
    let mut headers = request.headers().iter();
    let header = headers.find(|header| header.field.equiv(name))?;
    Some(header.value.as_str())
}
