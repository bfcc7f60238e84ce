//! Splits a command line into words: spaces separate, `'…'` and `"…"` hold them together, nothing is escaped.

/// Returns the words of `line`.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ' | '\n') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    assert!(quote.is_none(), "a quote is left open: {line}");
    words.extend(word);
    words
}

#[test]
fn quotes_hold_words_together() {
    assert_eq!(words("add  a.spk"), ["add", "a.spk"]);
    assert_eq!(
        words("yank --reason 'bad \"build\"' ''"),
        ["yank", "--reason", "bad \"build\"", ""]
    );
    assert_eq!(words("--reason=\"it's bad\""), ["--reason=it's bad"]);
    assert_eq!(words(" "), [""; 0]);
}
