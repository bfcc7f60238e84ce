//! The lines of `INFO` as keys and raw values, whatever wrote them.
//!
//! The developer guide calls INFO a "Properties File", Synology's toolkit sources it as a shell script, and DSM reads
//! it with a parser of its own. This one takes what all of them take, and warns of what they read differently.

use std::collections::BTreeMap;

use super::super::error::SpkError;
use super::super::text::{clean, decode, lines, printable};
use super::super::warning::{Warning, Warnings};
use super::quote::{self, Quoted};

/// A value and the line that it begins in, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::spk) struct Entry {
    /// The line of an earlier value that is another one.
    pub(in crate::spk) contradicts: Option<usize>,
    pub(in crate::spk) line: usize,
    pub(in crate::spk) value: String,
}

pub(in crate::spk) type Entries = BTreeMap<String, Entry>;

/// Keys of one INFO; real ones have less than a hundred.
const MAX_KEYS: usize = 2000;

/// Reads the keys and values; the value of a key that is stated twice is the last, as in a shell.
pub(in crate::spk) fn parse(bytes: &[u8], warnings: &mut Warnings) -> Result<Entries, SpkError> {
    let decoded = decode(bytes);
    if let Some(line) = decoded.not_utf8 {
        let place = "INFO".to_owned();
        warnings.push(Warning::NotUtf8 { line, place });
    }
    let lines = lines(&decoded.text).enumerate();
    if let Some((index, _)) = lines.clone().find(|(_, text)| text.contains('\0')) {
        return Err(SpkError::NulInInfo { line: index + 1 });
    }
    let mut entries = Entries::new();
    let mut rest = lines;
    while let Some((index, text)) = rest.next() {
        let line = index + 1;
        if is_comment(text) {
            continue;
        }
        let Some((key, raw)) = assignment(text) else {
            let text = printable(text.trim().as_bytes());
            let place = "INFO".to_owned();
            warnings.push(Warning::Line { line, place, text });
            continue;
        };
        let more = rest.clone().map(|(_, text)| text);
        let (value, taken) = value(key, raw, line, more, warnings);
        // Skips the lines that the value goes on over.
        rest.by_ref().take(taken).for_each(drop);
        insert(
            &mut entries,
            key,
            Entry {
                contradicts: None,
                line,
                value,
            },
            warnings,
        )?;
    }
    Ok(entries)
}

fn insert(
    entries: &mut Entries,
    key: &str,
    mut entry: Entry,
    warnings: &mut Warnings,
) -> Result<(), SpkError> {
    if let Some(earlier) = entries.get(key) {
        let differs = (earlier.value != entry.value).then_some(earlier.line);
        entry.contradicts = earlier.contradicts.or(differs);
        warnings.push(Warning::DuplicateKey {
            first: earlier.line,
            key: key.to_owned(),
            line: entry.line,
        });
    }
    entries.insert(key.to_owned(), entry);
    // Millions of keys of three bytes take many times their size in memory.
    if entries.len() > MAX_KEYS {
        return Err(SpkError::TooMany {
            max: MAX_KEYS,
            place: "INFO".to_owned(),
            what: "keys",
        });
    }
    Ok(())
}

fn is_comment(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || text.starts_with(['#', ';'])
}

/// Splits `key=value`; spaces around the `=` are tolerated although a shell would not.
fn assignment(text: &str) -> Option<(&str, &str)> {
    let (key, value) = text.split_once('=')?;
    let key = key.trim();
    let begins = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let valid = begins
        && key.len() <= 100
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    valid.then_some((key, value.trim()))
}

/// Returns the value that begins with `raw`, and how many of the lines after it belong to it.
fn value<'a>(
    key: &str,
    raw: &str,
    line: usize,
    more: impl Iterator<Item = &'a str>,
    warnings: &mut Warnings,
) -> (String, usize) {
    let Some((mark, first)) = quote::open(raw) else {
        return (clean(raw), 0);
    };
    if let Some(value) = quote::closed(first, mark) {
        return (clean(&value), 0);
    }
    if let Some((value, taken)) = several_lines(first, mark, more) {
        return (clean(&value), taken);
    }
    let key = key.to_owned();
    match quote::closed_within(first, mark) {
        Quoted::Followed { value, text } => {
            if !text.starts_with(['#', ';']) {
                let text = printable(text.as_bytes());
                warnings.push(Warning::TrailingText { key, line, text });
            }
            (clean(&value), 0)
        }
        Quoted::Open { value } => {
            warnings.push(Warning::Unterminated { key, line });
            (clean(&value), 0)
        }
    }
}

/// Reads on until a line ends with the closing quote; a line that looks like a key means that the quote was forgotten.
fn several_lines<'a>(
    first: &str,
    mark: char,
    more: impl Iterator<Item = &'a str>,
) -> Option<(String, usize)> {
    let mut value = quote::unescape(first, mark);
    for (index, text) in more.enumerate() {
        if assignment(text).is_some() {
            return None;
        }
        value.push('\n');
        if let Some(last) = quote::closed(text.trim_end(), mark) {
            value.push_str(&last);
            return Some((value, index + 1));
        }
        value.push_str(&quote::unescape(text, mark));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (Vec<(String, String)>, Vec<String>) {
        let mut warnings = Warnings::default();
        let entries = parse(bytes, &mut warnings).expect("few keys");
        let values = entries
            .into_iter()
            .map(|(key, entry)| (key, entry.value))
            .collect();
        (
            values,
            warnings
                .into_vec()
                .iter()
                .map(ToString::to_string)
                .collect(),
        )
    }

    fn check(text: &str, expected: &[(&str, &str)], warnings: &[&str]) {
        let (values, found) = read(text.as_bytes());
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        assert_eq!(values, expected, "{text:?}");
        assert_eq!(found, warnings, "{text:?}");
    }

    #[test]
    fn any_line_end_a_mark_comments_and_blank_lines_are_read_alike() {
        for text in [
            "a=\"1\"\nb=\"2\"\n",
            "a=\"1\"\r\nb=\"2\"",
            "a=\"1\"\rb=\"2\"\r",
            "\u{feff}# comment\n\n; other\n a = \"1\" \nb\t='2'\n",
            "a=1  \nb= 2\n",
        ] {
            check(text, &[("a", "1"), ("b", "2")], &[]);
        }
    }

    #[test]
    fn quotes_inside_a_value_are_kept() {
        check(r#"a="x "y" z""#, &[("a", "x \"y\" z")], &[]);
        check(r#"a="x \"y\"""#, &[("a", "x \"y\"")], &[]);
        check(r"a='it\ is'", &[("a", r"it\ is")], &[]);
        check("a=\"\"\nb=", &[("a", ""), ("b", "")], &[]);
        check(r#"a="C:\\""#, &[("a", r"C:\")], &[]);
    }

    #[test]
    fn a_value_goes_on_until_a_line_ends_with_the_quote() {
        check(
            "a=\"x\ny \"z\" v\n\nw\"\nb=1",
            &[("a", "x\ny \"z\" v\n\nw"), ("b", "1")],
            &[],
        );
        check("a=\"\nx\\\"\ny\"", &[("a", "x\"\ny")], &[]);
    }

    #[test]
    fn a_forgotten_quote_ends_with_its_line() {
        check(
            "a=\"x\nb=\"2\"\nc=\"z",
            &[("a", "x"), ("b", "2"), ("c", "z")],
            &[
                "INFO:1: the value of `a` has no closing quote, it is taken to end with the line",
                "INFO:3: the value of `c` has no closing quote, it is taken to end with the line",
            ],
        );
    }

    #[test]
    fn text_after_the_quote_is_left_out() {
        check(
            "a=\"1\" # why\nb=\"2\" x\nc=3",
            &[("a", "1"), ("b", "2"), ("c", "3")],
            &["INFO:2: `x` after the closing quote of `b` is left out"],
        );
    }

    #[test]
    fn duplicates_and_odd_lines_name_their_line() {
        check(
            "a=1\nnonsense\na=2\n1x=3\n",
            &[("a", "2")],
            &[
                "INFO:2: not understood: `nonsense`",
                "INFO:3: `a` is stated again (first in line 1), the last value counts",
                "INFO:4: not understood: `1x=3`",
            ],
        );
    }

    #[test]
    fn other_encodings_are_read_as_latin1() {
        let (values, warnings) = read(b"a=\"1\"\nb=\"caf\xe9\"\n");
        assert_eq!(values[1].1, "café");
        assert_eq!(warnings, ["INFO:2: not UTF-8, read as Latin-1"]);
    }

    #[test]
    fn control_characters_are_dropped() {
        check("a=\"x\x1b[0my\"", &[("a", "x[0my")], &[]);
    }

    #[test]
    fn a_nul_is_refused() {
        let error = parse(b"a=1\npackage=\"a\0b\"\n", &mut Warnings::default());
        assert!(matches!(error, Err(SpkError::NulInInfo { line: 2 })));
    }

    #[test]
    fn too_many_keys_are_refused() {
        let text: String = (0..=MAX_KEYS).map(|n| format!("k{n}=\n")).collect();
        let error = parse(text.as_bytes(), &mut Warnings::default());
        assert!(matches!(error, Err(SpkError::TooMany { .. })));
    }
}
