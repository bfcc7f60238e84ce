//! The clean request that goes over the relay: what the gate understood, and nothing else.

use std::fmt::Write as _;
use std::net::IpAddr;

use super::request_head::RequestHead;

/// Where the gate says who asked a proxy; a client's own headers of these names are dropped.
pub(super) const CLIENT: &str = "spkrepo-client";
/// Where the gate says whose connection it is.
pub(super) const PEER: &str = "spkrepo-peer";
/// Marks what the relay sends on its own account.
pub(super) const PING: &str = "spkrepo-ping";
/// Whether the client's connection is encrypted.
pub(super) const SECURE: &str = "spkrepo-secure";

/// Headers that concern one connection only (RFC 9110 §7.6.1), those that the gate has acted on, and its own.
const DROPPED: [&str; 14] = [
    CLIENT,
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    PEER,
    PING,
    SECURE,
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Who sends a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender {
    pub(super) client: IpAddr,
    pub(super) peer: IpAddr,
    /// Whether the connection is encrypted.
    pub(super) secure: bool,
}

/// Returns `head` as a request of HTTP/1.1 with a body of `length` bytes.
pub(super) fn rebuild(head: &RequestHead, length: usize, sender: Sender) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", head.method, head.target);
    for (name, value) in head.headers.iter().filter(|(name, _)| is_kept(head, name)) {
        put(&mut text, name, value);
    }
    put(&mut text, CLIENT, sender.client);
    put(&mut text, PEER, sender.peer);
    put(&mut text, SECURE, sender.secure);
    put(&mut text, "content-length", length);
    text.push_str("\r\n");
    text.into_bytes()
}

/// A client may name more headers of its connection in `Connection` (RFC 9110 §7.6.1).
fn is_kept(head: &RequestHead, name: &str) -> bool {
    !DROPPED.contains(&name) && (name == "host" || !head.has_token("connection", name))
}

fn put(text: &mut String, name: &str, value: impl std::fmt::Display) {
    write!(text, "{name}: {value}\r\n").expect("writing to a text cannot fail");
}

#[cfg(test)]
mod tests {
    use super::super::request_head::{Bounds, parse};
    use super::*;

    #[test]
    fn what_concerns_the_connection_stays_behind() {
        let bounds = Bounds {
            bytes: 4096,
            headers: 20,
        };
        let head = b"POST /a HTTP/1.0\r\nHost: x\r\nConnection: close, Mine, host\r\nMine: 1\r\nKept: 2\r\n\
            TE: trailers\r\nUpgrade: h2c\r\nSpkrepo-Peer: 6.6.6.6\r\nExpect: 100-continue\r\n\
            Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n";
        let (head, _) = parse(head, bounds).expect("valid").expect("whole");
        let sender = Sender {
            client: "10.0.0.2".parse().expect("an address"),
            peer: "10.0.0.1".parse().expect("an address"),
            secure: true,
        };
        let text = String::from_utf8(rebuild(&head, 3, sender)).expect("ASCII");
        assert_eq!(
            text,
            "POST /a HTTP/1.1\r\nhost: x\r\nkept: 2\r\nspkrepo-client: 10.0.0.2\r\n\
             spkrepo-peer: 10.0.0.1\r\nspkrepo-secure: true\r\ncontent-length: 3\r\n\r\n"
        );
    }
}
