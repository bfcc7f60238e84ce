//! Requests that nobody should send: each gets its answer, then the connection ends, and nothing behind it is answered.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use super::offering;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// What follows a request that is refused; it must never be answered.
const SMUGGLED: &str = "GET /healthz?smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

/// A request and the status of its only answer; 0 stands for none at all.
type Case = (Vec<u8>, u16);

fn case(text: impl AsRef<[u8]>, status: u16) -> Case {
    (text.as_ref().to_vec(), status)
}

/// Returns a GET with one more line among its headers.
fn with_line(line: impl AsRef<[u8]>) -> Vec<u8> {
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
        line.as_ref(),
        b"\r\n\r\n",
    ]
    .concat()
}

/// Returns a POST with these headers, and a body.
fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}").into_bytes()
}

/// Bytes that no token has (RFC 9110 §5.6.2), without those that end it.
fn not_in_tokens() -> impl Iterator<Item = u8> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    (0..=255).filter(move |byte| !is_token(byte) && !b"\r\n :".contains(byte))
}

/// Control characters but the tab and line ends.
fn controls() -> impl Iterator<Item = u8> {
    (0..32)
        .chain([127])
        .filter(|byte| !b"\t\r\n".contains(byte))
}

/// RFC 9112 §3: method, target, version.
fn request_lines() -> Vec<Case> {
    let methods = not_in_tokens().map(|byte| {
        let line = [b"GE", &[byte][..], b"T / HTTP/1.1\r\nHost: x\r\n\r\n"].concat();
        (line, 400)
    });
    let targets = controls().map(|byte| {
        let line = [b"GET /a", &[byte][..], b"b HTTP/1.1\r\nHost: x\r\n\r\n"].concat();
        (line, 400)
    });
    let versions = [
        "HTTP/0.9", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9",
    ]
    .map(|version| case(format!("GET / {version}\r\nHost: x\r\n\r\n"), 505));
    let not_versions = [
        "http/1.1",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/11",
        "HTTP/1.10",
        "HTTP 1.1",
        "HTTP/-1.1",
        "HTTP/1.1x",
        "HTTPS/1.1",
        "XTTP/1.1",
        "HTTP/1,1",
        "HTTP/a.b",
        "",
        "HTTP",
    ]
    .map(|version| case(format!("GET / {version}\r\nHost: x\r\n\r\n"), 400));
    let lines = [
        ("GET /\r\n", 505),
        ("GET /\r\n\r\n", 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (" GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("\tGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400),
        ("GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("GET\r\n\r\n", 400),
        ("/ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        ("{\"method\":\"GET\"}\r\n\r\n", 400),
        ("SSH-2.0-OpenSSH_9.2\r\n", 400),
        ("\u{16}\u{3}\u{1}\u{1}0\u{1}", 400),
        ("\0\0\0\0", 400),
    ]
    .map(|(line, status)| case(line, status));
    methods
        .chain(targets)
        .chain(versions)
        .chain(not_versions)
        .chain(lines)
        .collect()
}

/// RFC 9112 §2.2, §5: names, values, line ends.
fn header_lines() -> Vec<Case> {
    let names =
        not_in_tokens().map(|byte| (with_line([b"Na", &[byte][..], b"me: v"].concat()), 400));
    let values = controls().map(|byte| (with_line([b"Name: a", &[byte][..], b"b"].concat()), 400));
    let lines = [
        "Name : v",
        "Name\t: v",
        " Name: v",
        "\tName: v",
        ": v",
        "Name",
        "Name v",
        "Name: a\r\n b",
        "Name: a\r\n\tb",
        "Name: a\r\n ",
        "Name: a\rb",
        "Name: a\nOther: b",
        "Name: a\n\rOther: b",
        "Name: a\r\r\nOther: b",
        "Content-Length : 0",
        "Transfer-Encoding : chunked",
        "Host : y",
    ]
    .map(|line| (with_line(line), 400));
    let ends = [
        "GET / HTTP/1.1\nHost: x\n\n",
        "GET / HTTP/1.1\r\nHost: x\n\n",
        "GET / HTTP/1.1\nHost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\n",
        "GET / HTTP/1.1\r\nHost: x\n\r\n",
        "GET / HTTP/1.1\rHost: x\r\r",
        "GET / HTTP/1.1\r\nHost: x\r\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    .map(|head| case(head, 400));
    names.chain(values).chain(lines).chain(ends).collect()
}

/// RFC 9112 §3.2: exactly one `Host`.
fn hosts() -> Vec<Case> {
    let bad = [
        "",
        "Host: a\r\nHost: a",
        "Host: a\r\nHost: b",
        "Host: a\r\nhost:",
        "Host: a b",
        "Host: a/b",
        "Host: a@b",
        "Host: a\"b",
        "Host: a<b>",
        "Host: a\\b",
        "Host: a?b",
        "Host: a#b",
        "Host: {a}",
        "Host: a|b",
        "Host: a^b",
        "Host: a`b",
        "Host: a\tb",
    ];
    let heads = bad.map(|host| {
        let lines = if host.is_empty() {
            String::new()
        } else {
            format!("{host}\r\n")
        };
        case(format!("GET / HTTP/1.1\r\n{lines}\r\n"), 400)
    });
    heads.into()
}

/// RFC 9112 §6: how long a body is.
fn lengths() -> Vec<Case> {
    let numbers = [
        "", " ", "+1", "-1", "1 1", "1,1", "1, 1", "0x1", "1e1", "1.0", "one", "\"1\"", "1;",
        "1_0", "٣", "0,", ",0", "+0", "-0", "0 0", "1 ;a", "NaN", "inf", "0b1", "0o7",
    ]
    .map(|length| (post(&format!("Content-Length: {length}"), "a"), 400));
    let pairs = [
        ("0", "0"),
        ("0", "45"),
        ("45", "0"),
        ("1", "1"),
        ("1", "+1"),
        ("1", ""),
        ("x", "1"),
    ]
    .map(|(first, second)| {
        let headers = format!("Content-Length: {first}\r\nContent-Length: {second}");
        (post(&headers, "a"), 400)
    });
    let long = [
        "65537",
        "1000000",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "10000000000000",
        "99999999999999999999999999999999999999",
    ]
    .map(|length| (post(&format!("Content-Length: {length}"), ""), 413));
    numbers.into_iter().chain(pairs).chain(long).collect()
}

/// RFC 9112 §6.1, §6.3: encodings, and lengths beside them.
fn encodings() -> Vec<Case> {
    let unknown = [
        "identity",
        "gzip",
        "x",
        "",
        "chunked, gzip",
        "gzip, chunked",
        "chunked, chunked",
        "chunked,",
        ", chunked",
        "\"chunked\"",
        "chunked;q=1",
        "xchunked",
        "chunkedx",
        "chun ked",
        "'chunked'",
        "chunked\tx",
    ]
    .map(|encoding| {
        (
            post(&format!("Transfer-Encoding: {encoding}"), "0\r\n\r\n"),
            501,
        )
    });
    let both = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 0\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
        "Content-Length: 5\r\nTransfer-Encoding: x",
        "Content-Length: 5\r\nTransfer-Encoding:",
        "transfer-encoding: chunked\r\ncontent-length: 5",
    ]
    .map(|headers| (post(headers, "0\r\n\r\n"), 400));
    let twice = [
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
    ]
    .map(|headers| (post(headers, "0\r\n\r\n"), 501));
    let old = case(
        "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    );
    unknown
        .into_iter()
        .chain(both)
        .chain(twice)
        .chain([old])
        .collect()
}

/// RFC 9112 §7.1: chunks.
fn chunks() -> Vec<Case> {
    let bodies = [
        "\r\n",
        "x\r\n",
        "-1\r\n",
        "+1\r\na\r\n",
        "0x1\r\na\r\n",
        " 1\r\na\r\n",
        "1\na\r\n",
        "1\ra\r\n",
        "1\r\nab\r\n",
        "1\r\na\n",
        "1\r\na\r0\r\n",
        "1\r\na0\r\n\r\n",
        "0\r\nA: b\n\r\n",
        "0\n\n",
        "0\r\n\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "1\r\na\r\n\r\n",
        "g\r\n",
        "1\u{1}\r\na\r\n",
        "\"1\"\r\na\r\n",
        "1,1\r\na\r\n",
    ]
    .map(|body| (post("Transfer-Encoding: chunked", body), 400));
    let long = [
        "10001\r\n",
        "FFFFFFFFFFFFFFFF\r\n",
        "7FFFFFFFFFFFFFFF\r\n",
        "100000000\r\n",
    ]
    .map(|body| (post("Transfer-Encoding: chunked", body), 413));
    let lines = [
        format!("1;{}", "x".repeat(2000)),
        format!("0\r\nA: {}", "x".repeat(5000)),
        format!("0\r\n{}", "A: b\r\n".repeat(1000)),
    ]
    .map(|body| (post("Transfer-Encoding: chunked", &body), 400));
    bodies.into_iter().chain(long).chain(lines).collect()
}

/// RFC 9110 §10.1.1, RFC 6585 §5: expectations, and too much.
fn others() -> Vec<Case> {
    let expectations = [
        "",
        "more",
        "100-continue, more",
        "200-ok",
        "100-continue\r\nExpect: 100-continue",
    ]
    .map(|expectation| {
        let headers = format!("Expect: {expectation}\r\nContent-Length: 1");
        (post(&headers, "a"), 417)
    });
    let long = "x".repeat(20_000);
    let too_much = [
        case(format!("GET /{long}"), 414),
        case(format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), 414),
        case(format!("{long} / HTTP/1.1\r\nHost: x\r\n\r\n"), 414),
        (with_line(format!("Name: {long}")), 431),
        (with_line(format!("{long}: v")), 431),
        (with_line("Name: v\r\n".repeat(100) + "Last: v"), 431),
        (with_line("N: v\r\n".repeat(5000)), 431),
    ];
    expectations.into_iter().chain(too_much).collect()
}

/// Every beginning of a request, and then nothing: there is nobody to be answered.
fn beginnings() -> Vec<Case> {
    let whole = "POST /?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\narch=a&b";
    (1..=whole.len())
        .map(|end| case(&whole[..end], 0))
        .collect()
}

/// Sends `request` and what must not be answered; returns the statuses of all answers, once the server has closed.
fn statuses(server: &Server, request: &[u8], smuggled: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(server.host()).expect("a listening server");
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a socket");
    stream
        .write_all(&[request, smuggled].concat())
        .expect("the server reads");
    if smuggled.is_empty() {
        stream.shutdown(Shutdown::Write).expect("a socket");
    }
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("the server ends the connection");
    answers(&String::from_utf8_lossy(&answer))
}

/// Returns the statuses of answers that follow each other.
fn answers(mut text: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    while let Some((head, rest)) = text.split_once("\r\n\r\n") {
        statuses.push(head[9..12].parse().expect("a status"));
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        text = &rest[length.map_or(0, |length| length.parse().expect("a number"))..];
    }
    assert_eq!(text, "");
    statuses
}

#[test]
fn malformed_requests_get_their_answer_and_nothing_after_it_does() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    let refused = [
        request_lines(),
        header_lines(),
        hosts(),
        lengths(),
        encodings(),
        chunks(),
        others(),
    ];
    let mut count = 0;
    for (request, expected) in refused.concat() {
        let found = statuses(&server, &request, SMUGGLED.as_bytes());
        let shown = request[..request.len().min(200)].escape_ascii();
        assert_eq!(found, [expected], "{shown}");
        count += 1;
    }
    for (request, _) in beginnings() {
        let found = statuses(&server, &request, b"");
        assert!(found.is_empty(), "{found:?} for {}", request.escape_ascii());
        count += 1;
    }
    assert!(count >= 500, "only {count}");
    server.get("/healthz").status(200);
}
