//! Texts in gzip (RFC 1952), for those who take it so.
//!
//! Each coding has an entity tag of its own (RFC 9110 §8.8.3.3): that of the bytes that are sent, so equal tags are equal
//! bytes whatever compressed them. SPKs and pictures are compressed already and have no other coding.

use std::io::Write;
use std::sync::{Arc, OnceLock};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::accept_encoding::{Coding, coding};
use super::conditional;
use super::etag::ETag;
use super::reply::{Body, Reply};
use super::request::Request;
use crate::base::digest::Sha256;

/// Less fits into the first packet with its head.
const WORTH: usize = 1024;

/// A text in gzip.
struct Gzip {
    body: Arc<[u8]>,
    tag: ETag,
}

/// What is kept beside a text: the same in gzip, made when somebody first takes it so.
#[derive(Default)]
pub(super) struct Prepared(OnceLock<Option<Gzip>>);

impl Prepared {
    /// Returns the most bytes that are ever kept beside a text of `length` bytes.
    pub(super) fn most(length: usize) -> usize {
        length / 2
    }

    /// Returns the text in gzip where that gains half of it.
    fn of(&self, text: &[u8]) -> Option<&Gzip> {
        let gains = |gzip: &Gzip| gzip.body.len() <= Self::most(text.len());
        let made = self.0.get_or_init(|| {
            let worth = text.len() >= WORTH;
            worth.then(|| compress(text)).filter(gains)
        });
        made.as_ref()
    }
}

/// Returns what answers `request`, given the full answer with a text that is made for it alone.
pub(super) fn answer(request: &Request, full: Reply) -> Reply {
    match &full.body {
        Body::Bytes(bytes) if full.status == 200 => {
            let tag = tag(bytes.as_slice());
            answer_prepared(request, &tag, &Prepared::default(), full)
        }
        _ => full,
    }
}

/// Returns what answers `request`, given the full answer with a text, its tag, and what is kept beside it.
pub(super) fn answer_prepared(
    request: &Request,
    tag: &ETag,
    prepared: &Prepared,
    full: Reply,
) -> Reply {
    let full = full.varying_by("Accept-Encoding");
    let Body::Bytes(text) = &full.body else {
        return conditional::answer(request, tag, full);
    };
    let (text, taken) = (text.as_slice(), coding(request));
    if taken == Coding::Identity {
        return conditional::answer(request, tag, full);
    }
    match prepared.of(text) {
        Some(gzip) => gzip.answer(request, full),
        None if taken == Coding::GzipAlone => compress(text).answer(request, full),
        None => conditional::answer(request, tag, full),
    }
}

impl Gzip {
    fn answer(&self, request: &Request, full: Reply) -> Reply {
        let mut full = full.with("Content-Encoding", "gzip");
        full.body = Body::Bytes(Arc::clone(&self.body).into());
        conditional::answer(request, &self.tag, full)
    }
}

fn compress(text: &[u8]) -> Gzip {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(text).and_then(|()| encoder.finish());
    let body = written.expect("a vector takes everything");
    Gzip {
        tag: tag(&body),
        body: body.into(),
    }
}

fn tag(bytes: &[u8]) -> ETag {
    ETag::strong(Sha256::of(bytes).to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::super::request::Method;
    use super::*;

    fn text() -> String {
        (0..500).map(|number| format!("line {number}\n")).collect()
    }

    /// Neither repeats nor keeps to a part of all bytes.
    fn noise() -> Vec<u8> {
        let digests = (0..100_u8).map(|number| Sha256::of(&[number]).to_string().into_bytes());
        let hex: Vec<u8> = digests.flatten().collect();
        hex.chunks(2)
            .map(|pair| pair[0].wrapping_mul(31) ^ pair[1].wrapping_mul(57))
            .collect()
    }

    fn ask(accepted: &str, body: impl Into<super::super::reply::SharedBytes>) -> Reply {
        let request = Request::get("/").with("accept-encoding", accepted);
        answer(&request, Reply::text(200, body))
    }

    fn unpacked(reply: &Reply) -> Vec<u8> {
        let mut bytes = Vec::new();
        let packed = reply.body_bytes();
        let read = GzDecoder::new(&packed[..]).read_to_end(&mut bytes);
        read.expect("gzip");
        bytes
    }

    #[test]
    fn text_comes_in_the_coding_that_is_taken_with_a_tag_of_its_own() {
        let (plain, packed) = (ask("identity", text()), ask("gzip", text()));
        assert_eq!(plain.header("Content-Encoding"), None);
        assert_eq!(packed.header("Content-Encoding"), Some("gzip"));
        assert_ne!(plain.header("ETag"), packed.header("ETag"));
        for reply in [&plain, &packed] {
            assert_eq!(reply.header("Vary"), Some("Accept-Encoding"));
            assert_eq!(reply.header("Accept-Ranges"), None);
        }
        assert_eq!(plain.body_bytes(), text().as_bytes());
        assert_eq!(unpacked(&packed), text().as_bytes());
        assert!(packed.body.length() * 2 < plain.body.length());
    }

    #[test]
    fn each_coding_is_revalidated_by_its_own_tag() {
        let again = |tag: &str| {
            let request = Request::get("/")
                .with("accept-encoding", "gzip")
                .with("if-none-match", tag);
            answer(&request, Reply::text(200, text())).varying_by("Accept")
        };
        let [plain, packed] = ["identity", "gzip"].map(|accepted| {
            let reply = ask(accepted, text());
            reply.header("ETag").expect("a tag").to_owned()
        });
        assert_eq!(again(&plain).status, 200);
        let same = again(&packed);
        assert_eq!(same.status, 304);
        assert_eq!(same.header("Vary"), Some("Accept-Encoding, Accept"));
        assert_eq!(same.header("ETag"), Some(packed.as_str()));
    }

    #[test]
    fn what_does_not_gain_stays_as_it_is_unless_gzip_alone_is_taken() {
        for body in [b"short".to_vec(), noise()] {
            let reply = ask("gzip", body.clone());
            assert_eq!(reply.header("Content-Encoding"), None);
            assert!(reply.body_bytes() == body);
            let reply = ask("gzip, identity;q=0", body.clone());
            assert_eq!(reply.header("Content-Encoding"), Some("gzip"));
            assert!(unpacked(&reply) == body);
        }
    }

    #[test]
    fn no_part_is_taken_of_what_has_several_codings() {
        for accepted in ["gzip", "identity"] {
            let request = Request::get("/")
                .with("accept-encoding", accepted)
                .with("range", "bytes=0-9");
            assert_eq!(answer(&request, Reply::text(200, text())).status, 200);
        }
    }

    #[test]
    fn head_has_the_headers_of_get() {
        let [get, head] = [Method::Get, Method::Head].map(|method| {
            let request = Request::of(method, "/").with("accept-encoding", "gzip");
            answer(&request, Reply::text(200, text()))
        });
        assert!(get.headers().eq(head.headers()));
        assert_eq!(get.body.length(), head.body.length());
    }

    #[test]
    fn it_is_made_once_and_no_larger_than_was_counted() {
        let prepared = Prepared::default();
        let text = text();
        let plain = Reply::text(200, text.clone());
        answer_prepared(&Request::get("/"), &tag(b""), &prepared, plain);
        assert!(prepared.0.get().is_none(), "nobody takes it yet");
        let first = Arc::clone(&prepared.of(text.as_bytes()).expect("a gain").body);
        let again = &prepared.of(text.as_bytes()).expect("a gain").body;
        assert!(Arc::ptr_eq(&first, again) && first.len() <= Prepared::most(text.len()));
        assert!(Prepared::default().of(&noise()).is_none());
    }

    #[test]
    fn problems_are_left_alone() {
        let request = Request::get("/").with("accept-encoding", "gzip");
        let reply = answer(&request, Reply::problem(404, &"x".repeat(5000)));
        assert_eq!((reply.status, reply.header("Vary")), (404, None));
    }
}
