//! What is known of a request beside its answer: who asked for what, how, and under which id.

use std::net::IpAddr;
use std::time::Instant;

use super::event::{Event, Failure};
use super::forwarded;
use super::gate::Gate;
use super::request_head::RequestHead;
use super::request_id;

/// What events say of a request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Who asked, as far as trusted proxies say; else the peer.
    pub(crate) client: IpAddr,
    pub(super) head: RequestHead,
    pub(crate) id: String,
    /// The other end of the connection.
    pub(crate) peer: IpAddr,
    /// What the target stands for.
    pub(crate) route: &'static str,
    secure: bool,
    since: Instant,
    /// Whose request it is, where somebody has shown who they are.
    pub(crate) user: Option<String>,
}

/// The route of what was not looked up.
pub(super) const NO_ROUTE: &str = "none";

impl Asked {
    pub(super) fn new(gate: &Gate, head: RequestHead, peer: IpAddr, secure: bool) -> Self {
        let peer = peer.to_canonical();
        let is_trusted = |address| gate.guests.trusts(address);
        let brought = request_id::brought(&head).filter(|_| is_trusted(peer));
        Self {
            client: forwarded::client(peer, is_trusted, &head),
            id: brought.map_or_else(|| gate.ids.next(), str::to_owned),
            head,
            peer,
            route: NO_ROUTE,
            secure,
            since: Instant::now(),
            user: None,
        }
    }

    /// Returns the first value of the header `name`, which is in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.headers.iter();
        headers.find_map(|(key, value)| (key == name).then_some(value.as_str()))
    }

    pub(super) fn is_head(&self) -> bool {
        self.head.method == "HEAD"
    }

    pub(crate) fn method(&self) -> &str {
        &self.head.method
    }

    pub(crate) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    pub(crate) fn target(&self) -> &str {
        &self.head.target
    }

    pub(crate) fn version(&self) -> &'static str {
        if self.head.old {
            "HTTP/1.0"
        } else {
            "HTTP/1.1"
        }
    }

    pub(super) fn answered(self, gate: &Gate, status: u16, bytes: u64) {
        gate.tell(Event::Answered {
            bytes,
            micros: u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX),
            asked: Box::new(self),
            status,
        });
    }

    pub(super) fn failed(self, gate: &Gate, failure: Failure) {
        let asked = Box::new(self);
        gate.tell(Event::Failed { asked, failure });
    }
}

#[cfg(test)]
impl Asked {
    /// Returns what a request with these headers of a client behind a proxy would be.
    pub(crate) fn example(target: &str, headers: &[(&str, &str)]) -> Self {
        Self {
            client: [203, 0, 113, 9].into(),
            head: RequestHead::example(target, headers),
            id: "0f-1".to_owned(),
            peer: [127, 0, 0, 1].into(),
            route: "catalog",
            secure: true,
            since: Instant::now(),
            user: None,
        }
    }
}
