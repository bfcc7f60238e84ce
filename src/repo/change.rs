//! A set of edits that becomes exactly one commit.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::git::Author;

/// The files that a change writes or removes, by path, and the words of its commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// Who it is by, when that is not whoever git knows here.
    pub(crate) author: Option<Author>,
    /// When it was made, in seconds since 1970, when that is not now.
    pub(crate) seconds: Option<i64>,
    /// The new bytes; absent for a file that goes.
    pub(crate) edits: BTreeMap<String, Option<Vec<u8>>>,
    pub(crate) message: Message,
}

/// The message of a commit: a subject, a body for people, trailers for programs (git-interpret-trailers(1)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) body: Vec<String>,
    pub(crate) subject: String,
    /// `Action`, `Package`, …: written as `Spkrepo-Action:` and so on, in this order.
    pub(crate) trailers: Vec<(&'static str, String)>,
}

impl Change {
    /// Sets the bytes of the file at `path`.
    pub(crate) fn put(&mut self, path: String, bytes: impl Into<Vec<u8>>) {
        self.edits.insert(path, Some(bytes.into()));
    }

    /// Removes the file at `path`.
    pub(crate) fn remove(&mut self, path: String) {
        self.edits.insert(path, None);
    }
}

impl Message {
    /// Returns the whole text.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("{}\n", one_line(&self.subject));
        if !self.body.is_empty() {
            text.push('\n');
            self.body.iter().for_each(|line| {
                text.push_str(line.trim_end());
                text.push('\n');
            });
        }
        if !self.trailers.is_empty() {
            text.push('\n');
        }
        for (key, value) in &self.trailers {
            writeln!(text, "Spkrepo-{key}: {}", one_line(value))
                .expect("writing to a text cannot fail");
        }
        text
    }
}

/// A line break in a reason must not begin a trailer of its own.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_a_subject_a_body_and_trailers_that_nobody_can_forge() {
        let message = Message {
            body: vec!["- one".to_owned()],
            subject: "yank a 1.0-1".to_owned(),
            trailers: vec![
                ("Action", "yank".to_owned()),
                ("Reason", "bad\n\nSpkrepo-Action: promote".to_owned()),
            ],
        };
        assert_eq!(
            message.to_text(),
            "yank a 1.0-1\n\n- one\n\nSpkrepo-Action: yank\nSpkrepo-Reason: bad Spkrepo-Action: promote\n"
        );
    }
}
