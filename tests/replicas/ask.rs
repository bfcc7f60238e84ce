//! One request over a connection of its own, whose failure is a value.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::HOST;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer, whole or not.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    headers: Vec<(String, String)>,
    pub(super) is_whole: bool,
    pub(super) status: u16,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(known, value)| (known == name).then_some(value.as_str()))
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks `address` as the host that the servers answer for.
pub(super) fn ask(
    address: &str,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer, String> {
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{target}: {what}: {error}");
    let mut stream = TcpStream::connect(address).map_err(|error| failed("connect", &error))?;
    let limited = stream.set_read_timeout(Some(PATIENCE));
    limited.map_err(|error| failed("connect", &error))?;
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        head += &format!("Content-Length: {}\r\n", body.len());
    }
    let sent = stream.write_all(&[head.as_bytes(), b"\r\n", body].concat());
    sent.map_err(|error| failed("send", &error))?;
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    match answer(&bytes) {
        Some(answer) => Ok(answer),
        None => Err(failed(
            "no answer",
            &format!("{read:?} after {} bytes", bytes.len()),
        )),
    }
}

fn answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    let mut answer = Answer {
        body,
        headers,
        is_whole: true,
        status,
    };
    if status != 304 {
        let length = answer.header("content-length")?.parse::<usize>().ok()?;
        answer.is_whole = answer.body.len() == length;
    }
    Some(answer)
}

#[test]
fn an_answer_that_breaks_off_is_told_from_a_whole_one() {
    let whole = answer(b"HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 2\r\n\r\nab");
    let whole = whole.expect("an answer");
    assert_eq!(
        (whole.status, whole.is_whole, whole.header("etag")),
        (200, true, Some("\"a\""))
    );
    let cut = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab").expect("an answer");
    assert!(!cut.is_whole);
    assert!(
        answer(b"HTTP/1.1 304 Not Modified\r\n\r\n")
            .expect("an answer")
            .is_whole
    );
    assert!(answer(b"HTTP/1.1 200 OK\r\nContent-Le").is_none());
}
