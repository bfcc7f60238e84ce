//! The status line and the headers of an answer (RFC 9112 §4, §6; RFC 9110 §6.6.1, §8.6).

use std::cell::RefCell;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

use super::framing::Persistence;
use crate::http::reply::Reply;

/// Headers that only the front end sets.
const OWN: [&str; 6] = [
    "connection",
    "content-length",
    "date",
    "server",
    "transfer-encoding",
    "x-content-type-options",
];
/// A browser must take each body for what it is said to be (Fetch standard, "`X-Content-Type-Options` header").
const NO_SNIFFING: &[u8] = b"X-Content-Type-Options: nosniff\r\n";

/// Appends the head of `reply` to `out`.
pub(super) fn write(out: &mut Vec<u8>, reply: &Reply, persistence: Persistence) {
    let reason = tiny_http::StatusCode(reply.status).default_reason_phrase();
    put(
        out,
        format_args!("HTTP/1.1 {} {reason}\r\nServer: spkrepo\r\n", reply.status),
    );
    with_date(|date| put(out, format_args!("Date: {date}\r\n")));
    if has_body(reply.status) {
        put(
            out,
            format_args!("Content-Length: {}\r\n", reply.body.length()),
        );
        out.extend_from_slice(NO_SNIFFING);
    }
    match persistence {
        Persistence::Close => out.extend_from_slice(b"Connection: close\r\n"),
        Persistence::Keep => (),
        Persistence::KeepOld => out.extend_from_slice(b"Connection: keep-alive\r\n"),
    }
    for (name, value) in reply.headers() {
        debug_assert!(!is_own(name), "`{name}` is the front end's to set");
        if !is_own(name) {
            put(out, format_args!("{name}: {value}\r\n"));
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// Says whether an answer with `status` has a body at all (RFC 9110 §6.4.1), and so a length: with a 204 it is forbidden
/// (§8.6), and for a 304 it would be that of a body which is not known any more.
pub(super) fn has_body(status: u16) -> bool {
    !matches!(status, 100..=199 | 204 | 304)
}

fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| own.eq_ignore_ascii_case(name))
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes everything");
}

/// Calls `with` with the time, which is formatted once a second.
fn with_date(with: impl FnOnce(&str)) {
    thread_local! {
        static LAST: RefCell<(i64, String)> = const { RefCell::new((-1, String::new())) };
    }
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = i64::try_from(since.as_secs()).unwrap_or_default();
    LAST.with_borrow_mut(|(second, text)| {
        if *second != now {
            (*second, *text) = (now, format_date(now));
        }
        with(text);
    });
}

fn format_date(second: i64) -> String {
    let time = Timestamp::from_second(second).unwrap_or_default();
    let printer = DateTimePrinter::new();
    printer
        .timestamp_to_rfc9110_string(&time)
        .expect("the year has four digits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(reply: &Reply, persistence: Persistence) -> String {
        let mut out = Vec::new();
        write(&mut out, reply, persistence);
        let text = String::from_utf8(out).expect("heads are ASCII");
        let lines = text
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with("Date: "));
        lines.collect()
    }

    #[test]
    fn head_has_the_length_and_the_headers_in_order() {
        assert_eq!(
            head(
                &Reply::text(200, "four").with("ETag", "\"a\""),
                Persistence::Keep
            ),
            "HTTP/1.1 200 OK\r\nServer: spkrepo\r\nContent-Length: 4\r\nX-Content-Type-Options: nosniff\r\n\
             Content-Type: text/plain; charset=utf-8\r\nETag: \"a\"\r\n\r\n"
        );
    }

    #[test]
    fn answers_without_body_have_no_length() {
        for status in [204, 304] {
            assert!(
                !head(&Reply::new(status), Persistence::Keep).contains("Length"),
                "{status}"
            );
        }
        assert!(head(&Reply::new(404), Persistence::Keep).contains("Content-Length: 0\r\n"));
    }

    #[test]
    fn connection_is_named_where_the_client_would_guess_otherwise() {
        assert!(head(&Reply::new(200), Persistence::Close).contains("Connection: close\r\n"));
        assert!(
            head(&Reply::new(200), Persistence::KeepOld).contains("Connection: keep-alive\r\n")
        );
    }

    #[test]
    fn date_is_in_the_form_of_http() {
        assert_eq!(format_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
