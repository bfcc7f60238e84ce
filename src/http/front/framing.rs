//! Whether a request ends where it says, and whether its body may be taken (RFC 9112 §6.3, §11.2).
//!
//! `tiny_http` takes the first `Content-Length` that it can parse, and any `Transfer-Encoding` for chunked
//! (CVE-2026-66752). A proxy may have seen another end; what follows it would then be a request that the proxy knows
//! nothing of. So such a request is refused, and the connection is given up.

use tiny_http::{HTTPVersion, Request};

use crate::http::request::Method;

/// `tiny_http` has read shorter bodies when it hands a request over.
const READ_AHEAD: usize = 1024;
/// A longer body must not be dropped unread: `tiny_http` would allocate all of it. Up to here that is memory which is
/// reserved and never touched, beyond it a system may refuse, and that ends the process.
const DROPPABLE: usize = 256 << 20;
/// Longer targets are refused; a catalog's query is some 300 bytes.
const MAX_TARGET: usize = 16 << 10;

/// What is known of a request before anything of it is used.
#[derive(Debug)]
pub(super) struct Framing {
    /// Bytes of the body, as `tiny_http` understands it.
    pub(super) body: usize,
    /// The body, or some of it, has yet to come: reading it, and dropping it unread, waits for the client.
    pub(super) pending: bool,
    /// Dropping the request could end the process.
    pub(super) poisonous: bool,
    pub(super) refusal: Option<Refusal>,
}

/// Says why a request is not handed to the handler.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the request has transfer encoding, where only `Content-Length` is supported")]
    Encoding,
    #[error("the request must have exactly one `Host`")]
    Host,
    #[error("the request has not exactly one plain `Content-Length`")]
    Length,
    #[error("the body of {length} bytes is longer than the {max} that are allowed here")]
    LongBody { length: usize, max: usize },
    #[error("the target of the request is longer than {MAX_TARGET} bytes")]
    LongTarget,
    #[error("only HTTP/1.0 and HTTP/1.1 are supported")]
    Version,
}

impl Refusal {
    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Encoding => 501,
            Self::Host | Self::Length => 400,
            Self::LongBody { .. } => 413,
            Self::LongTarget => 414,
            Self::Version => 505,
        }
    }

    /// Says whether it is uncertain where the next request begins.
    pub(super) fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Encoding | Self::Length | Self::Version)
    }
}

/// Returns what is known of `request`, of which nothing was read, with a limit for the body of a POST.
pub(super) fn inspect(request: &Request, max_body: usize) -> Framing {
    let body = request.body_length().unwrap_or(0);
    // The reader of an upgrade is the bare connection: it holds nothing ready, and reads nothing when dropped.
    let upgrade = has_token(values(request, "connection").take(1), "upgrade");
    let expects = values(request, "expect").next().is_some();
    Framing {
        body,
        pending: body > READ_AHEAD || (body > 0 && (expects || upgrade)),
        poisonous: body > DROPPABLE && !upgrade,
        refusal: refusal(request, body, max_body),
    }
}

fn refusal(request: &Request, body: usize, max_body: usize) -> Option<Refusal> {
    let max = match Method::from(request.method().as_str()) {
        Method::Post => max_body,
        _ => READ_AHEAD.min(max_body),
    };
    if *request.http_version() < (1, 0) {
        Some(Refusal::Version)
    } else if values(request, "transfer-encoding").next().is_some() {
        Some(Refusal::Encoding)
    } else if !has_plain_length(request) {
        Some(Refusal::Length)
    } else if body > max {
        Some(Refusal::LongBody { length: body, max })
    } else if !has_host(request) {
        Some(Refusal::Host)
    } else {
        (request.url().len() > MAX_TARGET).then_some(Refusal::LongTarget)
    }
}

/// No `Content-Length`, or one, of digits only. `+5`, `5, 5` and what exceeds the machine mean different things to
/// different servers.
fn has_plain_length(request: &Request) -> bool {
    let mut lengths = values(request, "content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) => true,
        (Some(length), None) => {
            length.bytes().all(|byte| byte.is_ascii_digit()) && length.parse::<usize>().is_ok()
        }
        (Some(_), Some(_)) => false,
    }
}

/// One `Host`, which only HTTP/1.0 can do without (RFC 9112 §3.2).
fn has_host(request: &Request) -> bool {
    match values(request, "host").count() {
        0 => *request.http_version() == HTTPVersion(1, 0),
        count => count == 1,
    }
}

/// Returns the values of the header `name`.
pub(super) fn values<'a>(
    request: &'a Request,
    name: &'static str,
) -> impl Iterator<Item = &'a str> {
    let headers = request
        .headers()
        .iter()
        .filter(move |header| header.field.equiv(name));
    headers.map(|header| header.value.as_str())
}

/// Says whether one of `values` contains `token`, as `tiny_http` looks for it.
pub(super) fn has_token<'a>(mut values: impl Iterator<Item = &'a str>, token: &str) -> bool {
    values.any(|value| value.to_ascii_lowercase().contains(token))
}
