//! Quoted values: where they end, and what a backslash means in them.
//!
//! As in a shell, `\"` and `\\` are escapes inside double quotes, and nothing is inside single ones. Unlike in a shell, a
//! quote inside the value needs no backslash: hand-made INFO files have them, and the last quote of the line counts.

/// A value that does not simply end with its line.
pub(super) enum Quoted {
    /// There is text after the last quote.
    Followed { text: String, value: String },
    /// There is no quote.
    Open { value: String },
}

/// Returns the quotation mark that `raw` begins with, and what follows it.
pub(super) fn open(raw: &str) -> Option<(char, &str)> {
    let mark = raw
        .chars()
        .next()
        .filter(|mark| matches!(mark, '"' | '\''))?;
    Some((mark, &raw[1..]))
}

/// Returns the value, if `text` ends with the closing quote.
pub(super) fn closed(text: &str, mark: char) -> Option<String> {
    let inner = text.strip_suffix(mark)?;
    (!ends_escaped(inner, mark)).then(|| unescape(inner, mark))
}

/// Returns the value up to the last quote inside `text`.
pub(super) fn closed_within(text: &str, mark: char) -> Quoted {
    let last = text
        .rmatch_indices(mark)
        .find(|(at, _)| !ends_escaped(&text[..*at], mark));
    match last {
        None => Quoted::Open {
            value: unescape(text, mark),
        },
        Some((at, _)) => Quoted::Followed {
            text: text[at + 1..].trim().to_owned(),
            value: unescape(&text[..at], mark),
        },
    }
}

/// Returns whether a quote after `text` would be escaped: an odd number of backslashes precedes it.
fn ends_escaped(text: &str, mark: char) -> bool {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    mark == '"' && backslashes % 2 == 1
}

/// Resolves the escapes.
pub(super) fn unescape(text: &str, mark: char) -> String {
    if mark != '"' {
        return text.to_owned();
    }
    let mut value = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match characters.peek() {
            Some(next @ ('"' | '\\')) if c == '\\' => {
                value.push(*next);
                characters.next();
            }
            _ => value.push(c),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_closed_by_a_quote_that_is_not_escaped() {
        assert_eq!(closed(r#"a""#, '"').as_deref(), Some("a"));
        assert_eq!(closed(r#"a\""#, '"'), None);
        assert_eq!(closed(r#"a\\""#, '"').as_deref(), Some(r"a\"));
        assert_eq!(closed(r"a\'", '\'').as_deref(), Some(r"a\"));
        assert_eq!(closed("a", '"'), None);
    }

    #[test]
    fn only_quotes_and_backslashes_are_escaped() {
        assert_eq!(unescape(r#"\n \"x\" \\ \"#, '"'), r#"\n "x" \ \"#);
    }
}
