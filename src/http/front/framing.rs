//! Where a request ends, and what becomes of its connection (RFC 9112 §6, §9.3).
//!
//! A proxy before this server may have read another end out of an ambiguous request; what follows would then be a request
//! that the proxy knows nothing of (§11.2). So whatever has two readings is refused, and the connection is closed.

use super::refusal::Refusal;
use super::request_head::RequestHead;

/// How the body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Chunked,
    /// So many bytes; no body is one of none.
    Length(u64),
}

/// What becomes of a connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Persistence {
    Close,
    Keep,
    /// It is kept, which a client of HTTP/1.0 has to be told.
    KeepOld,
}

/// What a head says of the rest of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Framing {
    pub(super) body: Extent,
    /// The client waits for leave to send the body (RFC 9110 §10.1.1).
    pub(super) expects: bool,
    pub(super) persistence: Persistence,
}

/// Returns what `head` says.
pub(super) fn framing(head: &RequestHead) -> Result<Framing, Refusal> {
    let body = extent(head)?;
    check_host(head)?;
    Ok(Framing {
        body,
        expects: expects(head)? && body != Extent::Length(0),
        persistence: persistence(head),
    })
}

impl Framing {
    /// Refuses a body that is announced with more than `max` bytes.
    pub(super) fn check_size(&self, max: u64) -> Result<(), Refusal> {
        match self.body {
            Extent::Length(length) if length > max => Err(Refusal::BodyTooLong { max }),
            Extent::Chunked | Extent::Length(_) => Ok(()),
        }
    }
}

fn extent(head: &RequestHead) -> Result<Extent, Refusal> {
    let is_encoded = head.values("transfer-encoding").next().is_some();
    match content_length(head)? {
        Some(_) if is_encoded => Err(Refusal::LengthAndEncoding),
        // What the machine cannot count is longer than any limit.
        Some(length) => Ok(Extent::Length(length.parse().unwrap_or(u64::MAX))),
        None if is_encoded => check_encoding(head).map(|()| Extent::Chunked),
        None => Ok(Extent::Length(0)),
    }
}

/// One length at most, of digits only: `+5`, `5, 5` and lines of it mean different things to different servers.
fn content_length(head: &RequestHead) -> Result<Option<&str>, Refusal> {
    let mut lengths = head.values("content-length");
    match (lengths.next(), lengths.next()) {
        (None, _) => Ok(None),
        (Some(length), None) if is_number(length) => Ok(Some(length)),
        _ => Err(Refusal::Length),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `chunked`, once, and nothing else (RFC 9112 §6.1): other codings are for a sender that was asked for them.
fn check_encoding(head: &RequestHead) -> Result<(), Refusal> {
    if head.old {
        return Err(Refusal::UntimelyEncoding);
    }
    let mut encodings = head.values("transfer-encoding");
    match (encodings.next(), encodings.next()) {
        (Some(encoding), None) if encoding.eq_ignore_ascii_case("chunked") => Ok(()),
        _ => Err(Refusal::UnknownEncoding),
    }
}

/// One `Host` with a value that can be one, which only HTTP/1.0 can do without (RFC 9112 §3.2).
fn check_host(head: &RequestHead) -> Result<(), Refusal> {
    let mut hosts = head.values("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if head.old => Ok(()),
        (Some(host), None) if is_host_like(host) => Ok(()),
        _ => Err(Refusal::Host),
    }
}

/// The characters of `uri-host [":" port]` (RFC 3986 §3.2.2); links are made of stricter ones. An empty one is valid: the
/// target may have no authority.
fn is_host_like(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte);
    host.bytes().all(allowed)
}

fn expects(head: &RequestHead) -> Result<bool, Refusal> {
    let mut expectations = head.values("expect");
    match (expectations.next(), expectations.next()) {
        // A client of HTTP/1.0 cannot mean it (RFC 9110 §10.1.1).
        _ if head.old => Ok(false),
        (None, _) => Ok(false),
        (Some(one), None) if one.eq_ignore_ascii_case("100-continue") => Ok(true),
        _ => Err(Refusal::Expectation),
    }
}

fn persistence(head: &RequestHead) -> Persistence {
    let has = |token| head.has_token("connection", token);
    match head.old {
        _ if has("close") => Persistence::Close,
        true if has("keep-alive") => Persistence::KeepOld,
        true => Persistence::Close,
        false => Persistence::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::super::request_head::{Bounds, parse};
    use super::*;

    fn of(head: &str) -> Result<Framing, Refusal> {
        let text = format!("{}\r\n\r\n", head.replace('\n', "\r\n"));
        let bounds = Bounds {
            bytes: 4096,
            headers: 20,
        };
        let (head, _) = parse(text.as_bytes(), bounds)
            .expect("valid")
            .expect("whole");
        let framing = framing(&head)?;
        framing.check_size(100)?;
        Ok(framing)
    }

    fn post(headers: &str) -> Result<Extent, Refusal> {
        of(&format!("POST / HTTP/1.1\nHost: x\n{headers}")).map(|framing| framing.body)
    }

    #[test]
    fn body_is_as_long_as_the_only_length_says() {
        assert_eq!(post("A: b"), Ok(Extent::Length(0)));
        assert_eq!(post("Content-Length: 0"), Ok(Extent::Length(0)));
        assert_eq!(post("Content-Length: 0100"), Ok(Extent::Length(100)));
        for bad in [
            "Content-Length: 5\nContent-Length: 5",
            "Content-Length: 0\nContent-Length: 5",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length: -1",
            "Content-Length: 0x5",
            "Content-Length: 5 5",
            "Content-Length:",
        ] {
            assert_eq!(post(bad), Err(Refusal::Length), "{bad}");
        }
    }

    #[test]
    fn body_beyond_the_limit_or_any_count_is_too_long() {
        for length in ["101", "10000000000000", "99999999999999999999999999"] {
            let refused = post(&format!("Content-Length: {length}"));
            assert_eq!(refused, Err(Refusal::BodyTooLong { max: 100 }), "{length}");
        }
    }

    #[test]
    fn only_chunked_alone_is_an_encoding() {
        assert_eq!(post("Transfer-Encoding: Chunked"), Ok(Extent::Chunked));
        for bad in [
            "Transfer-Encoding: identity",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked, chunked",
            "Transfer-Encoding: chunked\nTransfer-Encoding: chunked",
            "Transfer-Encoding: xchunked",
            "Transfer-Encoding:",
        ] {
            assert_eq!(post(bad), Err(Refusal::UnknownEncoding), "{bad}");
        }
    }

    #[test]
    fn length_beside_encoding_is_an_attack_or_an_error() {
        for head in [
            "Content-Length: 5\nTransfer-Encoding: chunked",
            "Transfer-Encoding: x\nContent-Length: 0",
        ] {
            assert_eq!(post(head), Err(Refusal::LengthAndEncoding), "{head}");
        }
        let old = of("POST / HTTP/1.0\nTransfer-Encoding: chunked");
        assert_eq!(old, Err(Refusal::UntimelyEncoding));
    }

    #[test]
    fn host_is_there_once_unless_the_client_is_old() {
        for (head, is_valid) in [
            ("GET / HTTP/1.1", false),
            ("GET / HTTP/1.1\nHost: a\nHost: a", false),
            ("GET / HTTP/1.1\nHost: a b", false),
            ("GET / HTTP/1.1\nHost: a/b", false),
            ("GET / HTTP/1.1\nHost: a@b", false),
            ("GET / HTTP/1.1\nHost:", true),
            ("GET / HTTP/1.1\nHost: [::1]:80", true),
            ("GET / HTTP/1.0", true),
            ("GET / HTTP/1.0\nHost: a\nHost: b", false),
        ] {
            let found = of(head);
            assert_eq!(found.is_ok(), is_valid, "{head}");
            assert!(is_valid || found == Err(Refusal::Host), "{head}");
        }
    }

    #[test]
    fn leave_is_given_for_a_body_that_comes() {
        let expects = |head: &str| of(head).map(|framing| framing.expects);
        let body = "Host: x\nContent-Length: 5";
        assert_eq!(
            expects(&format!("POST / HTTP/1.1\n{body}\nExpect: 100-Continue")),
            Ok(true)
        );
        assert_eq!(
            expects(&format!("POST / HTTP/1.0\n{body}\nExpect: 100-continue")),
            Ok(false)
        );
        assert_eq!(
            expects("GET / HTTP/1.1\nHost: x\nExpect: 100-continue"),
            Ok(false)
        );
        assert_eq!(
            expects(&format!("POST / HTTP/1.1\n{body}\nExpect: more")),
            Err(Refusal::Expectation)
        );
    }

    #[test]
    fn connection_is_kept_as_the_version_and_the_client_say() {
        for (head, expected) in [
            ("GET / HTTP/1.1\nHost: x", Persistence::Keep),
            (
                "GET / HTTP/1.1\nHost: x\nConnection: a, Close",
                Persistence::Close,
            ),
            (
                "GET / HTTP/1.1\nHost: x\nConnection: keep-alive\nConnection: close",
                Persistence::Close,
            ),
            (
                "GET / HTTP/1.1\nHost: x\nConnection: Upgrade",
                Persistence::Keep,
            ),
            ("GET / HTTP/1.0", Persistence::Close),
            (
                "GET / HTTP/1.0\nConnection: Keep-Alive",
                Persistence::KeepOld,
            ),
            (
                "GET / HTTP/1.0\nConnection: keep-alive, close",
                Persistence::Close,
            ),
        ] {
            let found = of(head).expect("valid").persistence;
            assert_eq!(found, expected, "{head}");
        }
    }
}
