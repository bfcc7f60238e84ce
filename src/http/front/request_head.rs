//! The request line and the headers (RFC 9112 §2 to §5), read strictly.
//!
//! What `httparse` lets pass and other servers may read in another way is refused here, so that a proxy before this
//! server and this server never disagree on where a request ends (RFC 9112 §11.2): lines that end in a bare LF, a name of
//! a protocol that is not HTTP. What it refuses itself: white space before a colon (§5.1), lines that are continued
//! (§5.2), control characters in a value.

use super::refusal::Refusal;

/// How much a head may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: usize,
    pub(super) headers: usize,
}

/// One request line and its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RequestHead {
    /// Names are in lower case; what of a value is not ASCII is replaced by `?`.
    pub(super) headers: Vec<(String, String)>,
    pub(super) method: String,
    /// Whether it is of HTTP/1.0.
    pub(super) old: bool,
    /// In ASCII: other bytes are escaped (RFC 3986 §2.1).
    pub(super) target: String,
}

impl RequestHead {
    /// Returns the values of the header `name`, which is in lower case.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.headers.iter().filter(move |(key, _)| key == name);
        headers.map(|(_, value)| value.as_str())
    }

    /// Says whether a comma-separated header `name` has the element `token`, whatever its case (RFC 9110 §5.6.1).
    pub(super) fn has_token(&self, name: &str, token: &str) -> bool {
        self.values(name)
            .flat_map(|value| value.split(','))
            .any(|element| element.trim().eq_ignore_ascii_case(token))
    }
}

#[cfg(test)]
impl RequestHead {
    /// Returns a GET of `target`; the names of the headers are in lower case.
    pub(super) fn example(target: &str, headers: &[(&str, &str)]) -> Self {
        let header = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            headers: headers.iter().map(header).collect(),
            method: "GET".to_owned(),
            old: false,
            target: target.to_owned(),
        }
    }
}

/// Returns the head at the beginning of `bytes` and its length, or nothing if it goes on behind them.
///
/// Empty lines before it are passed over (RFC 9112 §2.2) and count into its length.
pub(super) fn parse(bytes: &[u8], bounds: Bounds) -> Result<Option<(RequestHead, usize)>, Refusal> {
    let blank = blank_lines(bytes);
    let rest = &bytes[blank..];
    let mut headers = vec![httparse::EMPTY_HEADER; bounds.headers];
    let mut request = httparse::Request::new(&mut headers);
    match request.parse(rest) {
        Ok(httparse::Status::Complete(length)) if blank + length <= bounds.bytes => {
            check_line_ends(&rest[..length])?;
            Ok(Some((owned(&request), blank + length)))
        }
        Ok(httparse::Status::Partial) if bytes.len() < bounds.bytes => Ok(None),
        Ok(_) => Err(too_long(&rest[..rest.len().min(bounds.bytes)], bounds)),
        Err(error) => Err(malformed(error, rest, bounds)),
    }
}

fn blank_lines(bytes: &[u8]) -> usize {
    bytes
        .chunks_exact(2)
        .take_while(|pair| pair == b"\r\n")
        .count()
        * 2
}

fn check_line_ends(head: &[u8]) -> Result<(), Refusal> {
    let is_whole = |at: usize| head[at] != b'\n' || (at > 0 && head[at - 1] == b'\r');
    if (0..head.len()).all(is_whole) {
        Ok(())
    } else {
        Err(Refusal::LineEnd)
    }
}

fn owned(request: &httparse::Request<'_, '_>) -> RequestHead {
    let header = |header: &httparse::Header<'_>| {
        (
            header.name.to_ascii_lowercase(),
            header.value.iter().copied().map(plain).collect(),
        )
    };
    RequestHead {
        headers: request.headers.iter().map(header).collect(),
        method: request.method.unwrap_or_default().to_owned(),
        old: request.version == Some(0),
        target: escaped(request.path.unwrap_or_default()),
    }
}

fn plain(byte: u8) -> char {
    if byte.is_ascii() { byte.into() } else { '?' }
}

fn escaped(target: &str) -> String {
    if target.is_ascii() {
        return target.to_owned();
    }
    let escape = |byte: u8| match byte {
        byte if byte.is_ascii() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    target.bytes().map(escape).collect()
}

/// The request line alone is too long when its end has not been seen.
fn too_long(bytes: &[u8], bounds: Bounds) -> Refusal {
    let max = bounds.bytes;
    if bytes.contains(&b'\n') {
        Refusal::HeadTooLong { max }
    } else {
        Refusal::TargetTooLong { max }
    }
}

fn malformed(error: httparse::Error, bytes: &[u8], bounds: Bounds) -> Refusal {
    let what = match error {
        httparse::Error::TooManyHeaders => {
            return Refusal::TooManyHeaders {
                max: bounds.headers,
            };
        }
        _ if is_other_version(first_line(bytes)) => return Refusal::Version,
        httparse::Error::HeaderName => "the name of a header has a character that it must not have",
        httparse::Error::HeaderValue => {
            "the value of a header has a character that it must not have"
        }
        httparse::Error::NewLine => "a line ends where it must not",
        httparse::Error::Status | httparse::Error::Token | httparse::Error::Version => {
            "the first line is not a method, a target and a version"
        }
    };
    Refusal::Malformed { what }
}

fn first_line(bytes: &[u8]) -> &[u8] {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(bytes);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Says whether `line` is a request of HTTP/0.9, which has no version, or of one that is not known here.
fn is_other_version(line: &[u8]) -> bool {
    let words: Vec<_> = line.split(|byte| *byte == b' ').collect();
    match words[..] {
        [b"GET", target] => target.starts_with(b"/"),
        [_, _, version] => is_version(version) && !matches!(version, b"HTTP/1.0" | b"HTTP/1.1"),
        _ => false,
    }
}

/// `HTTP/` and two digits around a dot (RFC 9112 §2.3).
fn is_version(word: &[u8]) -> bool {
    matches!(word.strip_prefix(b"HTTP/"), Some([major, b'.', minor])
        if major.is_ascii_digit() && minor.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        bytes: 200,
        headers: 4,
    };

    fn refusal(head: &str) -> Refusal {
        parse(head.as_bytes(), BOUNDS).expect_err(head)
    }

    #[test]
    fn head_is_read_with_names_in_lower_case() {
        let bytes = b"GET /a?b=%20 HTTP/1.1\r\nHoSt: x\r\nA:  b c \r\n\r\nrest";
        let (head, length) = parse(bytes, BOUNDS).expect("valid").expect("whole");
        assert_eq!(&bytes[length..], b"rest");
        assert_eq!((head.method.as_str(), head.old), ("GET", false));
        assert_eq!(head.target, "/a?b=%20");
        let pairs = [("host", "x"), ("a", "b c")];
        assert_eq!(
            head.headers,
            pairs.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn head_that_goes_on_is_waited_for() {
        let bytes = b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end], BOUNDS), Ok(None), "{end}");
        }
        assert!(matches!(parse(bytes, BOUNDS), Ok(Some((_, length))) if length == bytes.len()));
    }

    #[test]
    fn line_must_end_in_cr_and_lf() {
        for head in [
            "GET / HTTP/1.1\nHost: x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\n\n",
        ] {
            assert_eq!(refusal(head), Refusal::LineEnd, "{head:?}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused() {
        for head in [
            "\u{16}\u{3}\u{1}\u{2}",
            "GET  / HTTP/1.1\r\n\r\n",
            "GET / HTTX/1.1\r\n\r\n",
            "GET\r\n\r\n",
            " GET / HTTP/1.1\r\n\r\n",
            "G\u{0}T / HTTP/1.1\r\n\r\n",
            "GET /\u{1} HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nA : b\r\n\r\n",
            "GET / HTTP/1.1\r\n: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n",
            "GET / HTTP/1.1\r\n A: b\r\n\r\n",
            "GET / HTTP/1.1\r\nA\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\u{0}\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n",
            "GET / HTTP/1.1\rA: b\r\n\r\n",
        ] {
            assert!(
                matches!(refusal(head), Refusal::Malformed { .. }),
                "{head:?}"
            );
        }
    }

    #[test]
    fn other_versions_are_named_as_such() {
        for head in [
            "GET /\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET / HTTP/1.2\r\n\r\n",
            "GET / HTTP/0.9\r\n\r\n",
        ] {
            assert_eq!(refusal(head), Refusal::Version, "{head:?}");
        }
    }

    #[test]
    fn head_that_is_too_long_is_told_from_a_target_that_is() {
        let long = "a".repeat(300);
        for (head, expected) in [
            (format!("GET /{long}"), 414),
            (format!("GET / HTTP/1.1\r\nA: {long}"), 431),
            (format!("GET / HTTP/1.1\r\nA: {long}\r\n\r\n"), 431),
            (
                "GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\n\r\n".to_owned(),
                431,
            ),
            ("\r\n".repeat(100), 414),
        ] {
            if head.len() >= BOUNDS.bytes || head.contains("E: 5") {
                assert_eq!(refusal(&head).status(), expected, "{head:?}");
            }
        }
    }

    #[test]
    fn bytes_that_are_not_ascii_are_escaped_or_replaced() {
        let bytes = "GET /ü HTTP/1.1\r\nA: ü\r\n\r\n".as_bytes();
        let (head, _) = parse(bytes, BOUNDS).expect("valid").expect("whole");
        assert_eq!(head.target, "/%C3%BC");
        assert_eq!(head.headers[0].1, "??");
    }
}
