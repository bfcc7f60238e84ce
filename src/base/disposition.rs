//! Under which name a download is kept (RFC 6266).

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What `filename*` cannot have as it is: all but `attr-char` (RFC 8187 §3.2.1).
const NOT_ATTR_CHAR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// Returns the value of `Content-Disposition` for a file that is to be kept as `name`.
///
/// Without it a tool takes the end of the address, escapes and all.
pub(crate) fn attachment(name: &str) -> String {
    let plain: String = name.chars().map(plain).collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        // Those who know both take this one (RFC 6266 §4.3).
        write!(
            value,
            "; filename*=UTF-8''{}",
            utf8_percent_encode(name, NOT_ATTR_CHAR)
        )
        .expect("writing to a text cannot fail");
    }
    value
}

/// Escapes within quotes and percent signs are read differently by different browsers (RFC 6266, appendix D).
fn plain(letter: char) -> char {
    match letter {
        '"' | '\\' | '%' => '_',
        ' '..='~' => letter,
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_quoted_and_written_out_where_that_does_not_do() {
        for (name, expected) in [
            ("a_1.0-1.spk", "attachment; filename=\"a_1.0-1.spk\""),
            ("a[b] c;d.spk", "attachment; filename=\"a[b] c;d.spk\""),
            (
                "ü\"%\\\r\n.spk",
                "attachment; filename=\"______.spk\"; filename*=UTF-8''%C3%BC%22%25%5C%0D%0A.spk",
            ),
        ] {
            assert_eq!(attachment(name), expected);
        }
    }
}
