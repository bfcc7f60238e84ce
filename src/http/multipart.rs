//! Several parts of one file in one answer (RFC 9110 §14.6, §15.3.7.2).

use super::range::ByteRange;
use super::reply::{Body, Reply};

/// Returns 206 with the parts of `full` that `ranges` name, set apart by `boundary`, or `full` if that is shorter.
pub(super) fn answer(mut full: Reply, ranges: &[ByteRange], boundary: &str) -> Reply {
    let length = full.body.length();
    let media_type = full.header("content-type").unwrap_or_default();
    let mut parts = Vec::with_capacity(2 * ranges.len() + 1);
    for range in ranges {
        let content_range = range.content_range(length);
        let head = format!(
            "\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {content_range}\r\n\r\n"
        );
        parts.push(Body::Bytes(head.into()));
        parts.push(full.body.part(range.first, range.length()));
    }
    parts.push(Body::Bytes(format!("\r\n--{boundary}--\r\n").into()));
    let parts = Body::Parts(parts);
    if parts.length() >= length {
        return full;
    }
    full.take("content-type");
    let media_type = format!("multipart/byteranges; boundary={boundary}");
    let mut reply = full.with("Content-Type", media_type);
    reply.status = 206;
    reply.body = parts;
    reply
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write;

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("room for the test's bytes");
        file
    }

    fn bytes() -> Vec<u8> {
        (0..1000_u16)
            .flat_map(|n| format!("{n:04}").into_bytes())
            .collect()
    }

    const RANGES: [ByteRange; 2] = [
        ByteRange {
            first: 3996,
            last: 3999,
        },
        ByteRange { first: 4, last: 11 },
    ];

    #[test]
    fn parts_are_set_apart_and_say_where_they_are_from() {
        let full = |body: Body| {
            let mut reply = Reply::bytes(200, "a/b", Vec::new()).with("ETag", "\"t\"");
            reply.body = body;
            reply
        };
        let from_file = Reply::file("a/b", file(&bytes()), 4000).body;
        for body in [from_file, Body::Bytes(bytes().into())] {
            let reply = answer(full(body), &RANGES, "t");
            let headers: Vec<_> = reply.headers().collect();
            let media_type = ("Content-Type", "multipart/byteranges; boundary=t");
            assert_eq!(
                (reply.status, headers),
                (206, vec![("ETag", "\"t\""), media_type])
            );
            let sent = reply.body_bytes();
            assert_eq!(sent.len() as u64, reply.body.length());
            assert_eq!(
                String::from_utf8(sent).expect("ASCII"),
                "\r\n--t\r\nContent-Type: a/b\r\nContent-Range: bytes 3996-3999/4000\r\n\r\n0999\
                 \r\n--t\r\nContent-Type: a/b\r\nContent-Range: bytes 4-11/4000\r\n\r\n00010002\
                 \r\n--t--\r\n"
            );
        }
    }

    #[test]
    fn parts_that_cost_more_than_the_whole_give_the_whole() {
        let reply = answer(
            Reply::text(200, &*"x".repeat(170)),
            &[
                ByteRange { first: 0, last: 1 },
                ByteRange { first: 9, last: 9 },
            ],
            "t",
        );
        assert_eq!((reply.status, reply.body.length()), (200, 170));
        assert_eq!(
            reply.header("Content-Type"),
            Some("text/plain; charset=utf-8")
        );
    }
}
