//! From the library's request to the project's own.

use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::framing::{has_token, values};
use crate::http::request::{Method, Request, RequestError};

/// Reads a body of `length` bytes, which was checked to be within the limit.
pub(super) fn read_body(request: &mut tiny_http::Request, length: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::with_capacity(length);
    if length > 0 {
        request
            .as_reader()
            .take(length as u64)
            .read_to_end(&mut body)?;
    }
    if body.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(body)
}

/// Returns the project's own request for the library's and its body.
pub(super) fn convert(
    request: &tiny_http::Request,
    body: Vec<u8>,
) -> Result<Request, RequestError> {
    let headers = request.headers().iter().map(|header| {
        let name = header.field.as_str().as_str();
        (name.to_owned(), header.value.as_str().to_owned())
    });
    let method = Method::from(request.method().as_str());
    Request::new(method, request.url(), headers, body, peer(request).ip())
}

/// Returns the other end of the connection.
pub(super) fn peer(request: &tiny_http::Request) -> SocketAddr {
    // It is always known for TCP.
    let unknown = SocketAddr::from((IpAddr::from(Ipv4Addr::UNSPECIFIED), 0));
    request.remote_addr().copied().unwrap_or(unknown)
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    /// The library closes it.
    Close,
    /// The client asked to close it in a way that the library does not see.
    GiveUp,
    Keep,
    /// It is kept, which a client of HTTP/1.0 has to be told.
    KeepOld,
}

/// Returns what the client and the library make of the connection (RFC 9112 §9.3). The library looks at the first
/// `Connection` only.
pub(super) fn persistence(request: &tiny_http::Request) -> Persistence {
    let first = || values(request, "connection").take(1);
    let old = *request.http_version() <= (1, 0);
    let ends = has_token(first(), "close") || has_token(first(), "upgrade");
    if ends || (old && !has_token(first(), "keep-alive")) {
        Persistence::Close
    } else if has_token(values(request, "connection"), "close") {
        Persistence::GiveUp
    } else if old {
        Persistence::KeepOld
    } else {
        Persistence::Keep
    }
}
