//! Short names that people choose and that stand as keys in TOML: of persons and of tokens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A short name: lower-case letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Word(String);

/// Says why a text is no short name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is no short name: 1 to {} lower-case letters, digits, `-`, `_` and `.`",
    Word::MAX
)]
pub(crate) struct WordError {
    text: String,
}

impl Word {
    /// The most bytes that one has.
    const MAX: usize = 40;

    /// Returns the name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Word {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for Word {
    type Error = WordError;

    fn try_from(text: String) -> Result<Self, WordError> {
        let is_allowed =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if (1..=Self::MAX).contains(&text.len()) && text.bytes().all(is_allowed) {
            Ok(Self(text))
        } else {
            Err(WordError { text })
        }
    }
}

impl From<Word> for String {
    fn from(word: Word) -> Self {
        word.0
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for Word {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_quotes_in_toml_and_on_a_command_line_is_a_word() {
        for text in ["alice", "ci-x86_64", "v1.2", &"a".repeat(40)] {
            assert_eq!(text.parse::<Word>().expect("a word").as_str(), text);
        }
        for text in ["", "Alice", "a b", "a/b", "a\n", "é", &"a".repeat(41)] {
            assert!(text.parse::<Word>().is_err(), "{text:?}");
        }
    }
}
