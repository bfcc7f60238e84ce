//! Text of the repository as it may be shown: nothing that moves a cursor, turns writing round or cannot be seen.

/// Characters that are shown of a long value.
const MAX: usize = 300;

/// Returns the text in one line; a character that would not show as itself is written as `\u{1b}`, a line end as `⏎`.
pub(super) fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' => out.push('⏎'),
            letter if is_hidden(letter) => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// Returns the beginning of a long text, and how much more there is.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX) {
        None => text.to_owned(),
        Some((end, _)) => {
            let more = text[end..].chars().count();
            format!("{}… ({more} more characters)", &text[..end])
        }
    }
}

/// Controls, and what Unicode has to order, join or hide other characters ("Trojan Source", CVE-2021-42574).
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelt() {
        assert_eq!(visible("a\u{1b}[2J\tb\r\nc"), "a\\u{1b}[2J\\u{9}b\\u{d}⏎c");
        assert_eq!(
            visible("\u{202e}gpj\u{200b}.exe"),
            "\\u{202e}gpj\\u{200b}.exe"
        );
        assert_eq!(visible("Überraschung 漢字"), "Überraschung 漢字");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let text = "é".repeat(MAX + 2);
        assert!(shortened(&text).ends_with("é… (2 more characters)"));
        assert_eq!(shortened("short"), "short");
    }
}
