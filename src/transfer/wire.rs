//! Asks the server of a remote, and words what goes wrong.

use super::error::TransferError;
use super::remote::{Found, Reading};
use crate::web::{Answer, Asking, Transport};

/// A remote's server.
#[derive(Clone)]
pub(super) struct Wire {
    /// What people call the remote.
    pub(super) name: String,
    pub(super) transport: Transport,
}

/// Bytes of an answer that may say why it is no good one.
pub(super) const REASON: u64 = 16 << 10;
/// Characters of it that are shown.
const SHOWN: usize = 300;

impl Wire {
    /// Asks, and returns whatever is answered.
    pub(super) fn ask(&self, asking: Asking<'_, '_>) -> Result<Answer, TransferError> {
        self.transport
            .ask(asking)
            .map_err(|source| TransferError::Web {
                remote: self.name.clone(),
                source,
            })
    }

    /// Returns the error that an answer with a status stands for that is not a good one.
    pub(super) fn refused(
        &self,
        answer: Answer,
        reason: impl Fn(&[u8]) -> String,
    ) -> TransferError {
        let (status, url) = (answer.status(), answer.shown_url().to_owned());
        let reason = answer
            .bytes(REASON)
            .map(|bytes| line(&reason(&bytes)))
            .unwrap_or_default();
        let remote = self.name.clone();
        match status {
            401 | 403 => TransferError::Denied {
                reason: match reason.is_empty() {
                    true => format!("`{url}` answered with status {status}"),
                    false => reason,
                },
                remote,
            },
            _ => TransferError::Status {
                reason,
                remote,
                status,
                url,
            },
        }
    }
}

/// Returns a text of somebody else's as one short line.
pub(super) fn line(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

/// Returns what a good answer to HEAD says of a blob.
pub(super) fn found(answer: &Answer) -> Option<Found> {
    let modified = answer.header("last-modified");
    Some(Found {
        modified: modified.and_then(date),
        size: answer.length()?,
    })
}

/// Reads a date as HTTP has it (RFC 9110 §5.6.7).
pub(super) fn date(text: &str) -> Option<jiff::Timestamp> {
    httpdate::parse_http_date(text).ok()?.try_into().ok()
}

/// Returns the header that asks for the bytes from `from` on (RFC 9110 §14.2).
pub(super) fn range(from: u64) -> Option<(&'static str, String)> {
    (from > 0).then(|| ("Range", format!("bytes={from}-")))
}

/// Returns the bytes of a good answer to a request with [`range`]: from where it says, or from the beginning.
pub(super) fn reading(answer: Answer) -> Reading {
    let begin = answer.header("content-range").and_then(begin);
    let from = match answer.status() {
        206 => begin.unwrap_or_default(),
        _ => 0,
    };
    Reading {
        from,
        source: Box::new(answer.reader()),
    }
}

/// Returns where the bytes of `bytes 5-9/10` begin (RFC 9110 §14.4).
fn begin(range: &str) -> Option<u64> {
    let (begin, _) = range.strip_prefix("bytes ")?.split_once('-')?;
    begin.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_where_it_begins() {
        assert_eq!(begin("bytes 5-9/10"), Some(5));
        assert_eq!(begin("bytes */10"), None);
        assert_eq!(range(0), None);
        assert_eq!(range(5), Some(("Range", "bytes=5-".to_owned())));
    }

    #[test]
    fn what_a_server_says_is_one_short_line() {
        assert_eq!(line("a\n\tb\x1b[2J  c"), "a b [2J c");
        assert_eq!(line(&"x".repeat(1000)).len(), SHOWN);
    }
}
