//! Bytes of an SPK as text that is safe to show: valid UTF-8 without control characters.

use std::borrow::Cow;

/// Decoded bytes.
pub(super) struct Decoded<'a> {
    /// The first line that is not UTF-8 (counted from 1); the whole was then read as Latin-1.
    pub(super) not_utf8: Option<usize>,
    pub(super) text: Cow<'a, str>,
}

/// Decodes UTF-8 with or without a byte order mark, and anything else as Latin-1, which never fails.
pub(super) fn decode(bytes: &[u8]) -> Decoded<'_> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Decoded {
            not_utf8: None,
            text: text.into(),
        },
        Err(error) => Decoded {
            not_utf8: Some(lines(&latin1(&bytes[..error.valid_up_to()])).count().max(1)),
            text: latin1(bytes).into(),
        },
    }
}

/// Reads each byte as the character of that number.
pub(super) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// Splits at LF, CRLF and CR; the text after the last line end is a line too.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.find(['\n', '\r']) else {
            rest = None;
            return Some(text);
        };
        let ending = if text[end..].starts_with("\r\n") {
            2
        } else {
            1
        };
        rest = Some(&text[end + ending..]);
        Some(&text[..end])
    })
}

/// Drops control characters other than the newline, which break TOML, terminals and JSON clients; trims the ends.
pub(super) fn clean(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| *c == '\n' || !c.is_control())
        .collect();
    kept.trim().to_owned()
}

/// Returns untrusted bytes as one short line for a message.
pub(super) fn printable(bytes: &[u8]) -> String {
    const MAX: usize = 120;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * MAX)]);
    let mut line: String = text
        .chars()
        .take(MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(MAX).is_some() {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_dropped_and_other_encodings_are_latin1() {
        assert_eq!(decode(b"\xef\xbb\xbfa").text, "a");
        let decoded = decode(b"a\r\nb\xe9\n");
        assert_eq!(
            (decoded.text.as_ref(), decoded.not_utf8),
            ("a\r\nbé\n", Some(2))
        );
    }

    #[test]
    fn every_kind_of_line_end_splits() {
        assert_eq!(
            lines("a\nb\r\nc\rd\n").collect::<Vec<_>>(),
            ["a", "b", "c", "d", ""]
        );
    }

    #[test]
    fn control_characters_are_dropped_and_newlines_kept() {
        assert_eq!(clean(" a\u{1b}[1m\tb\0\nc \n"), "a[1m b\nc");
        assert_eq!(printable(b"a\n\x1b\xff"), "a\\n\\u{1b}\u{fffd}");
        assert!(printable(&[b'x'; 1000]).len() < 200);
    }
}
