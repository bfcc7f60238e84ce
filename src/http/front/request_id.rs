//! The id that a request has in answers, logs and messages.
//!
//! It tells requests apart and is no secret: a number for each request behind eight digits for each start of the server.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};

use super::request_head::RequestHead;

/// The header that carries it, in requests of trusted proxies and in every answer.
pub(super) const HEADER: &str = "X-Request-Id";
/// A proxy's id may be as long.
const MAX_LENGTH: usize = 64;

/// Gives ids.
pub(super) struct Ids {
    next: AtomicU64,
    prefix: u32,
}

impl Ids {
    pub(super) fn new(prefix: u32) -> Self {
        let next = AtomicU64::new(1);
        Self { next, prefix }
    }

    /// Begins with what no other start of a server is likely to.
    pub(super) fn random() -> Self {
        // The hasher's keys are the only random numbers of the standard library.
        let hash = RandomState::new().hash_one(std::process::id());
        Self::new((hash & u64::from(u32::MAX)) as u32)
    }

    /// Returns an id that was not given before.
    pub(super) fn next(&self) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{number:x}", self.prefix)
    }
}

/// Returns the id that a request brings; what is not plain is not repeated in headers and logs.
pub(super) fn brought(head: &RequestHead) -> Option<&str> {
    let mut values = head.values("x-request-id");
    let id = values.next().filter(|_| values.next().is_none())?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    ((1..=MAX_LENGTH).contains(&id.len()) && id.bytes().all(is_plain)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::super::request_head::{Bounds, parse};
    use super::*;

    fn brought_by(headers: &str) -> Option<String> {
        let bounds = Bounds {
            bytes: 4096,
            headers: 20,
        };
        let text = format!("GET / HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        let (head, _) = parse(text.as_bytes(), bounds)
            .expect("valid")
            .expect("whole");
        brought(&head).map(str::to_owned)
    }

    #[test]
    fn ids_of_one_server_differ() {
        let ids = Ids::new(0xabc);
        assert_eq!([ids.next(), ids.next()], ["00000abc-1", "00000abc-2"]);
        let [one, other] = [Ids::random(), Ids::random()].map(|ids| ids.next());
        assert_ne!(one, other);
    }

    #[test]
    fn only_a_plain_id_is_taken() {
        let longest = "a".repeat(64);
        for good in ["a", "0f.A_9-z", &longest] {
            let found = brought_by(&format!("X-Request-Id: {good}\r\n"));
            assert_eq!(found.as_deref(), Some(good));
        }
        for bad in ["", "a b", "a\"b", "a;b", "ä", &format!("{longest}a")] {
            assert_eq!(
                brought_by(&format!("X-Request-Id: {bad}\r\n")),
                None,
                "{bad}"
            );
        }
        assert_eq!(brought_by("X-Request-Id: a\r\nX-Request-Id: b\r\n"), None);
        assert_eq!(brought_by(""), None);
    }
}
