//! One line for people, which knows which of its words are the program's and which the repository's.
//!
//! What stands in a repository is hostile: whoever shows a line must be able to show those words as they are, and no
//! markup of theirs.

use std::fmt;

use serde::{Serialize, Serializer};

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Span {
    /// Words of the repository.
    Quoted(String),
    /// Words of the program.
    Said(String),
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Line(Vec<Span>);

impl Line {
    /// Begins a line with words of the program.
    pub(crate) fn said(words: impl Into<String>) -> Self {
        Self::default().say(words)
    }

    /// Begins a line with words of the repository.
    pub(crate) fn quoted(words: impl Into<String>) -> Self {
        Self::default().quote(words)
    }

    /// Adds words of the program.
    pub(crate) fn say(mut self, words: impl Into<String>) -> Self {
        self.0.push(Span::Said(words.into()));
        self
    }

    /// Adds words of the repository.
    pub(crate) fn quote(mut self, words: impl Into<String>) -> Self {
        self.0.push(Span::Quoted(words.into()));
        self
    }

    /// Adds each of the words of the repository, with commas between them; those after the `most`-th are counted.
    pub(crate) fn quote_all<T: ToString>(
        mut self,
        words: impl IntoIterator<Item = T>,
        most: usize,
    ) -> Self {
        let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
        for (index, word) in words.iter().take(most).enumerate() {
            if index > 0 {
                self = self.say(", ");
            }
            self = self.quote(word.as_str());
        }
        match words.len().saturating_sub(most) {
            0 => self,
            more => self.say(format!(" and {more} more")),
        }
    }

    /// Adds another line to the end.
    pub(crate) fn join(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Returns the parts in their order.
    pub(crate) fn spans(&self) -> &[Span] {
        &self.0
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|span| match span {
            Span::Quoted(words) | Span::Said(words) => f.write_str(words),
        })
    }
}

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_counted_after_the_first_words() {
        let line = Line::said("new: ").quote_all(["a", "b", "c", "d"], 2);
        assert_eq!(line.to_string(), "new: a, b and 2 more");
        assert_eq!(line.spans()[1], Span::Quoted("a".to_owned()));
        let json = serde_json::to_string(&line).expect("a text");
        assert_eq!(json, "\"new: a, b and 2 more\"");
    }
}
