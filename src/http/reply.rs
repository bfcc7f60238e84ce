//! An answer as handlers make it: status, headers and a body whose length is known.
//!
//! The front end adds `Content-Length`, `Date`, `Server` and `Connection`; handlers never do.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;

use super::cache_policy;
use crate::transfer::Flight;

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) body: Body,
    headers: Vec<(&'static str, String)>,
    pub(crate) status: u16,
}

/// What follows the headers.
#[derive(Debug)]
pub(crate) enum Body {
    Bytes(SharedBytes),
    Empty,
    /// A part of a file. The file is this reply's own: reading moves its position.
    File {
        file: Arc<File>,
        length: u64,
        offset: u64,
    },
    /// A part of a file that is still coming.
    Growing {
        flight: Arc<Flight>,
        length: u64,
        offset: u64,
    },
    /// One after the other.
    Parts(Vec<Body>),
    /// A part of a file that is fetched only if it is sent: [`Body::kept`] puts it there.
    Promised {
        length: u64,
        offset: u64,
    },
}

/// What a promise is kept with.
pub(super) enum Kept {
    File(Arc<File>),
    Flight(Arc<Flight>),
}

/// Bytes, or a part of them, that many replies can share.
#[derive(Clone, Debug)]
pub(crate) struct SharedBytes {
    all: Arc<[u8]>,
    part: Range<usize>,
}

const CACHE_CONTROL: &str = "Cache-Control";

impl Reply {
    /// Returns an answer without headers and body.
    pub(crate) fn new(status: u16) -> Self {
        Self {
            body: Body::Empty,
            headers: Vec::new(),
            status,
        }
    }

    /// Returns an answer in JSON.
    pub(crate) fn json(status: u16, bytes: impl Into<SharedBytes>) -> Self {
        Self::bytes(status, "application/json; charset=utf-8", bytes)
    }

    /// Returns an answer in plain text.
    pub(crate) fn text(status: u16, text: impl Into<SharedBytes>) -> Self {
        Self::bytes(status, "text/plain; charset=utf-8", text)
    }

    /// Returns an answer that is a page.
    pub(crate) fn html(status: u16, page: impl Into<SharedBytes>) -> Self {
        Self::bytes(status, "text/html; charset=utf-8", page)
    }

    /// Returns an answer of bytes of the given media type.
    pub(crate) fn bytes(
        status: u16,
        media_type: &'static str,
        bytes: impl Into<SharedBytes>,
    ) -> Self {
        let body = Body::Bytes(bytes.into());
        Self {
            body,
            ..Self::new(status)
        }
        .with("Content-Type", media_type)
    }

    /// Returns an answer that is a whole file of `length` bytes.
    pub(crate) fn file(media_type: &'static str, file: File, length: u64) -> Self {
        let body = Body::File {
            file: Arc::new(file),
            length,
            offset: 0,
        };
        Self {
            body,
            ..Self::new(200)
        }
        .with("Content-Type", media_type)
    }

    /// Returns an answer that is a whole file of `length` bytes, which is yet to be fetched.
    pub(super) fn promised(media_type: &'static str, length: u64) -> Self {
        let body = Body::Promised { length, offset: 0 };
        Self {
            body,
            ..Self::new(200)
        }
        .with("Content-Type", media_type)
    }

    /// Returns the answer that says what went wrong, as `{"message": …}`.
    pub(crate) fn problem(status: u16, message: &str) -> Self {
        let json = serde_json::json!({ "message": message }).to_string();
        Self::json(status, json).with("Cache-Control", cache_policy::MOMENTARY)
    }

    /// Returns the answer with a header more.
    ///
    /// A value of other than visible ASCII, spaces and tabs (RFC 9110 §5.5) could end the header and begin another, or
    /// another answer: then the answer becomes a problem, without the header.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value
            .bytes()
            .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
        {
            return Self::problem(500, "the server could not express its answer");
        }
        self.headers.push((name, value));
        self
    }

    /// Returns how long whom may keep it.
    pub(super) fn policy(&self) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(name, value)| (*name == CACHE_CONTROL).then_some(value.as_str()))
    }

    /// Returns the answer with another policy of caching.
    pub(super) fn with_policy(mut self, policy: &str) -> Self {
        self.retain_headers(|name| name != CACHE_CONTROL);
        self.with(CACHE_CONTROL, policy)
    }

    /// Returns the answer with one more header of the request that it depends on (RFC 9110 §12.5.5), in one field: some
    /// caches read only the first.
    pub(super) fn varying_by(mut self, name: &str) -> Self {
        let known = self.headers.iter_mut().find(|(name, _)| *name == "Vary");
        match known {
            Some((_, list)) => {
                list.push_str(", ");
                list.push_str(name);
                self
            }
            None => self.with("Vary", name),
        }
    }

    /// Removes the header `name` and returns its value.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let mut headers = self.headers.iter();
        let at = headers.position(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(self.headers.remove(at).1)
    }

    /// Returns the first value of the header `name`, whatever its case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }

    /// Returns the names and values of all headers, in the order they were added.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }

    /// Removes the headers whose names `keep` does not accept.
    pub(super) fn retain_headers(&mut self, keep: impl Fn(&str) -> bool) {
        self.headers.retain(|(name, _)| keep(name));
    }
}

impl Body {
    /// Returns the number of bytes.
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.as_slice().len() as u64,
            Self::Empty => 0,
            Self::File { length, .. }
            | Self::Growing { length, .. }
            | Self::Promised { length, .. } => *length,
            Self::Parts(parts) => parts.iter().map(Self::length).sum(),
        }
    }

    /// Says whether something of it is yet to be fetched.
    pub(super) fn is_promised(&self) -> bool {
        match self {
            Self::Promised { .. } => true,
            Self::Parts(parts) => parts.iter().any(Self::is_promised),
            _ => false,
        }
    }

    /// Returns the body with the file that was promised.
    pub(super) fn kept(self, kept: &Kept) -> Self {
        match (self, kept) {
            (Self::Promised { length, offset }, Kept::File(file)) => Self::File {
                file: Arc::clone(file),
                length,
                offset,
            },
            (Self::Promised { length, offset }, Kept::Flight(flight)) => Self::Growing {
                flight: Arc::clone(flight),
                length,
                offset,
            },
            (Self::Parts(parts), kept) => {
                Self::Parts(parts.into_iter().map(|part| part.kept(kept)).collect())
            }
            (body, _) => body,
        }
    }

    /// Returns `length` bytes from `first`, which must be within the body, and that not made of parts already.
    pub(super) fn part(&self, first: u64, length: u64) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(bytes.clone().part(first, length)),
            Self::Empty | Self::Parts(_) => Self::Empty,
            Self::File { file, offset, .. } => Self::File {
                file: Arc::clone(file),
                length,
                offset: offset + first,
            },
            Self::Growing { flight, offset, .. } => Self::Growing {
                flight: Arc::clone(flight),
                length,
                offset: offset + first,
            },
            Self::Promised { offset, .. } => Self::Promised {
                length,
                offset: offset + first,
            },
        }
    }
}

impl SharedBytes {
    /// Returns the bytes.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.all[self.part.clone()]
    }

    fn part(self, first: u64, length: u64) -> Self {
        let within = "the part is within bytes in memory";
        let start = self.part.start + usize::try_from(first).expect(within);
        let end = start + usize::try_from(length).expect(within);
        assert!(end <= self.part.end, "{within}");
        Self {
            part: start..end,
            ..self
        }
    }
}

impl From<Arc<[u8]>> for SharedBytes {
    fn from(all: Arc<[u8]>) -> Self {
        let part = 0..all.len();
        Self { all, part }
    }
}

impl From<Vec<u8>> for SharedBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Arc::<[u8]>::from(bytes).into()
    }
}

impl From<String> for SharedBytes {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for SharedBytes {
    fn from(text: &str) -> Self {
        text.as_bytes().to_vec().into()
    }
}

#[cfg(test)]
impl Reply {
    /// Returns the bytes that would be sent.
    pub(crate) fn body_bytes(&self) -> Vec<u8> {
        self.body.to_bytes()
    }
}

#[cfg(test)]
impl Body {
    fn to_bytes(&self) -> Vec<u8> {
        use std::io::{Read, Seek, SeekFrom};
        match self {
            Self::Bytes(bytes) => bytes.as_slice().to_vec(),
            Self::Empty | Self::Growing { .. } | Self::Promised { .. } => Vec::new(),
            Self::Parts(parts) => parts.iter().flat_map(Self::to_bytes).collect(),
            Self::File {
                file,
                length,
                offset,
            } => {
                let mut file = &**file;
                let mut bytes = Vec::new();
                file.seek(SeekFrom::Start(*offset))
                    .expect("a file can seek");
                file.take(*length)
                    .read_to_end(&mut bytes)
                    .expect("the file can be read");
                bytes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_is_json_that_nobody_keeps() {
        let reply = Reply::problem(404, "no package \"a\"");
        assert_eq!(
            (reply.status, reply.header("cache-control")),
            (404, Some("no-store"))
        );
        assert_eq!(reply.body_bytes(), br#"{"message":"no package \"a\""}"#);
    }

    #[test]
    fn header_value_that_could_begin_another_header_makes_the_answer_a_problem() {
        for bad in ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0", "a\x7f", "ü"] {
            let reply = Reply::text(200, "fine").with("Location", bad);
            assert_eq!(
                (reply.status, reply.header("Location")),
                (500, None),
                "{bad:?}"
            );
        }
        let reply = Reply::new(200).with("X", "a\tb ~");
        assert_eq!(reply.headers().collect::<Vec<_>>(), [("X", "a\tb ~")]);
    }

    #[test]
    fn what_it_varies_by_is_one_header() {
        let reply = Reply::text(200, "")
            .varying_by("Accept")
            .varying_by("User-Agent");
        assert_eq!(reply.header("Vary"), Some("Accept, User-Agent"));
        assert_eq!(reply.headers().count(), 2);
    }

    #[test]
    fn part_of_a_part_counts_from_the_part() {
        let body = Body::Bytes("0123456789".into()).part(2, 6).part(1, 2);
        assert_eq!(body.length(), 2);
        assert_eq!(
            Reply {
                body,
                ..Reply::new(200)
            }
            .body_bytes(),
            b"34"
        );
    }
}
