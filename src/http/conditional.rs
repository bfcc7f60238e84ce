//! Answers to conditional and partial requests, from the full answer (RFC 9110 §13, §14).
//!
//! The order is that of §13.2.2: `If-Match` (§13.1.1), `If-None-Match` (§13.1.2), then `Range` (§14.2) if `If-Range`
//! (§13.1.5) lets it. What compares a date is passed over, as §13.1.3 and §13.1.4 say of what has none, and nothing here
//! has one. It would have to be the same on every server that answers for the same commit (§8.8.2 wants it determined
//! consistently), or a cache, or who goes on with a download, would be told by one that what another sent has changed.
//! When a file was written on a server's disk is not that; the dates of commits go back when a branch is set back, or
//! takes in what was committed elsewhere. The entity tag is the digest of the bytes, everywhere.
//!
//! What is there in several codings (§8.4) has no parts: nobody asks for a part of a text.

use super::etag::{ETag, SentTag};
use super::multipart;
use super::range::{ByteRange, Selection, select};
use super::reply::{Body, Reply};
use super::request::{Method, Request};

/// Returns what answers `request`, given the full answer to a GET and the entity tag of its body (§8.8.3).
///
/// Only a 200 to GET or HEAD is conditional (§13.2.1); anything else is returned as it is.
pub(crate) fn answer(request: &Request, tag: &ETag, full: Reply) -> Reply {
    if full.status != 200 || !matches!(request.method, Method::Get | Method::Head) {
        return full;
    }
    let full = describe(full, tag);
    if !is_as_expected(request, tag) {
        return Reply::problem(412, "the file is no longer the one that was asked for");
    }
    if !is_news(request, tag) {
        return not_modified(full);
    }
    match selection(request, tag, &full) {
        Selection::Part(range) => partial(full, range),
        Selection::Parts(ranges) => multipart::answer(full, &ranges, tag.boundary()),
        Selection::Unsatisfiable => unsatisfiable(full.body.length()),
        Selection::Whole => full,
    }
}

fn describe(full: Reply, tag: &ETag) -> Reply {
    let has_parts = has_parts(&full);
    let full = full.with("ETag", tag.to_string());
    if has_parts {
        full.with("Accept-Ranges", "bytes")
    } else {
        full
    }
}

fn has_parts(full: &Reply) -> bool {
    let vary = full.header("vary").unwrap_or_default();
    !vary.contains("Accept-Encoding")
}

/// `If-Match` holds when it is `*`, or lists the tag by strong comparison.
fn is_as_expected(request: &Request, tag: &ETag) -> bool {
    let mut values = request.header_values("if-match").peekable();
    values.peek().is_none()
        || values
            .any(|value| is_star(value) || SentTag::list(value).any(|sent| tag.is_strongly(&sent)))
}

/// `If-None-Match` fails when it is `*` or lists the tag by weak comparison.
fn is_news(request: &Request, tag: &ETag) -> bool {
    let mut values = request.header_values("if-none-match");
    !values.any(|value| is_star(value) || SentTag::list(value).any(|sent| tag.is_weakly(&sent)))
}

fn is_star(value: &str) -> bool {
    value.trim() == "*"
}

/// `Range` is defined for GET only (§14.2), and counts only if each `If-Range` holds.
fn selection(request: &Request, tag: &ETag, full: &Reply) -> Selection {
    let mut conditions = request.header_values("if-range");
    let counts = request.method == Method::Get
        && has_parts(full)
        && conditions.all(|value| if_range_holds(value, tag));
    let mut ranges = request.header_values("range");
    match (ranges.next(), ranges.next()) {
        (Some(range), None) if counts => select(range, full.body.length()),
        _ => Selection::Whole,
    }
}

/// It is the tag, strongly. A date never is: there is none.
fn if_range_holds(value: &str, tag: &ETag) -> bool {
    SentTag::parse(value).is_some_and(|sent| tag.is_strongly(&sent))
}

/// Returns 304 with the headers that §15.4.5 keeps.
fn not_modified(mut full: Reply) -> Reply {
    const KEPT: [&str; 5] = [
        "Cache-Control",
        "Content-Location",
        "ETag",
        "Expires",
        "Vary",
    ];
    full.retain_headers(|name| KEPT.iter().any(|kept| kept.eq_ignore_ascii_case(name)));
    full.status = 304;
    full.body = Body::Empty;
    full
}

fn partial(full: Reply, range: ByteRange) -> Reply {
    let content_range = range.content_range(full.body.length());
    let mut reply = full.with("Content-Range", content_range);
    reply.status = 206;
    reply.body = reply.body.part(range.first, range.length());
    reply
}

/// Returns 416 with the length that the client did not know (§15.5.17).
fn unsatisfiable(length: u64) -> Reply {
    Reply::problem(416, "the range begins after the end")
        .with("Content-Range", format!("bytes */{length}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn full() -> Reply {
        Reply::text(200, "0123456789").with("Cache-Control", "no-cache")
    }

    fn ask(method: Method, headers: &[(&str, &str)]) -> Reply {
        let request = Request::of(method, "/");
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.with(name, value));
        answer(&request, &ETag::strong("a"), full())
    }

    fn status(headers: &[(&str, &str)]) -> u16 {
        ask(Method::Get, headers).status
    }

    #[test]
    fn without_conditions_the_answer_is_full_and_tagged() {
        let reply = ask(Method::Get, &[]);
        assert_eq!((reply.status, reply.header("ETag")), (200, Some("\"a\"")));
        assert_eq!(reply.header("Accept-Ranges"), Some("bytes"));
        assert_eq!(reply.header("Last-Modified"), None);
    }

    #[test]
    fn if_none_match_compares_weakly_and_takes_lists_and_the_star() {
        for value in [r#""a""#, r#"W/"a""#, r#""b", "a""#, "*"] {
            assert_eq!(status(&[("if-none-match", value)]), 304, "{value}");
        }
        for value in [r#""b""#, "a", ""] {
            assert_eq!(status(&[("if-none-match", value)]), 200, "{value}");
        }
    }

    #[test]
    fn if_none_match_may_be_on_several_lines() {
        assert_eq!(
            status(&[("if-none-match", r#""b""#), ("if-none-match", r#""a""#)]),
            304
        );
    }

    #[test]
    fn not_modified_keeps_what_a_cache_updates_and_drops_the_rest() {
        let reply = ask(Method::Head, &[("if-none-match", "*")]);
        let names: Vec<_> = reply.headers().map(|(name, _)| name).collect();
        assert_eq!((reply.status, names), (304, vec!["Cache-Control", "ETag"]));
        assert_eq!(reply.body.length(), 0);
    }

    #[test]
    fn if_match_compares_strongly() {
        for (value, expected) in [
            (r#""a""#, 200),
            ("*", 200),
            (r#"W/"a""#, 412),
            (r#""b""#, 412),
            ("", 412),
        ] {
            assert_eq!(status(&[("if-match", value)]), expected, "{value}");
        }
    }

    #[test]
    fn if_match_goes_before_if_none_match_and_that_before_range() {
        let none_match = ("if-none-match", r#""a""#);
        assert_eq!(status(&[("if-match", r#""b""#), none_match]), 412);
        assert_eq!(
            status(&[("if-match", r#""a""#), none_match, ("range", "bytes=0-1")]),
            304
        );
    }

    #[test]
    fn dates_are_passed_over_and_no_part_is_given_by_one() {
        let date = "Sat, 29 Oct 1994 19:43:31 GMT";
        assert_eq!(
            status(&[("if-modified-since", date), ("if-unmodified-since", date)]),
            200
        );
        assert_eq!(status(&[("range", "bytes=0-1"), ("if-range", date)]), 200);
    }

    #[test]
    fn one_range_gives_the_part() {
        let reply = ask(Method::Get, &[("range", "bytes=2-4")]);
        assert_eq!(
            (reply.status, reply.header("Content-Range")),
            (206, Some("bytes 2-4/10"))
        );
        assert_eq!(reply.body_bytes(), b"234");
        assert_eq!(reply.header("ETag"), Some("\"a\""));
    }

    #[test]
    fn range_counts_only_while_the_tag_is_strongly_the_same() {
        for (value, expected) in [
            (r#""a""#, 206),
            (r#"W/"a""#, 200),
            (r#""b""#, 200),
            (r#""a", "b""#, 200),
        ] {
            assert_eq!(
                status(&[("range", "bytes=0-1"), ("if-range", value)]),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn range_beyond_the_end_gives_416_with_the_length() {
        let reply = ask(Method::Get, &[("range", "bytes=10-")]);
        assert_eq!(
            (reply.status, reply.header("Content-Range")),
            (416, Some("bytes */10"))
        );
    }

    #[test]
    fn several_ranges_give_the_parts() {
        let reply = ask(Method::Get, &[("range", "bytes=0-1,4-5")]);
        // An answer of ten bytes is shorter than what would tell its parts apart.
        assert_eq!(
            (reply.status, reply.body_bytes()),
            (200, b"0123456789".to_vec())
        );
        let bytes = vec![b'x'; 5000];
        let request = Request::get("/").with("range", "bytes=0-1,4-5");
        let reply = answer(&request, &ETag::strong("a"), Reply::text(200, bytes));
        let names = ["Content-Type", "ETag", "Content-Range"].map(|name| reply.header(name));
        let expected = ["multipart/byteranges; boundary=a", "\"a\""].map(Some);
        assert_eq!(
            (reply.status, &names[..2], names[2]),
            (206, &expected[..], None)
        );
    }

    #[test]
    fn several_lines_of_ranges_and_range_of_head_give_the_whole() {
        assert_eq!(
            status(&[("range", "bytes=0-1"), ("range", "bytes=4-5")]),
            200
        );
        assert_eq!(ask(Method::Head, &[("range", "bytes=0-1")]).status, 200);
    }

    #[test]
    fn post_and_what_is_not_200_are_not_conditional() {
        assert_eq!(ask(Method::Post, &[("if-none-match", "*")]).status, 200);
        let missing = Reply::problem(404, "no such file");
        let request = Request::get("/").with("if-none-match", "*");
        assert_eq!(answer(&request, &ETag::strong("a"), missing).status, 404);
    }

    #[test]
    fn files_say_that_they_take_ranges_and_are_read_from_the_offset() {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(b"0123456789").expect("room for ten bytes");
        let full = Reply::file("application/octet-stream", file, 10);
        let request = Request::get("/").with("range", "bytes=-4");
        let reply = answer(&request, &ETag::strong("a"), full);
        assert_eq!(
            (reply.status, reply.header("Accept-Ranges")),
            (206, Some("bytes"))
        );
        assert_eq!(reply.body_bytes(), b"6789");
    }
}
