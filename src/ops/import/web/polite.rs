//! Asks no more often than it should, waits when it is told to, and tries again what may pass.

use std::time::{Duration, Instant, SystemTime};

use super::pace::Pace;
use super::{BOUNDS, Manners};
use crate::web::{Client, Fetch, Fetched, WebError};

/// Asks one server after another, one request at a time.
#[derive(Debug)]
pub(crate) struct Polite {
    client: Client,
    /// Whether anything was ever answered: an address that is wrong is not tried again.
    has_answered: bool,
    pace: Pace,
}

/// How often a request is sent that is answered badly.
const ATTEMPTS: u32 = 4;
/// The longest wait that a server may ask for.
const LONGEST: Duration = Duration::from_secs(300);
const FIRST_WAIT: Duration = Duration::from_secs(1);

impl Polite {
    pub(crate) fn new(manners: &Manners) -> Self {
        Self {
            client: Client::new(BOUNDS, manners.roots.clone()),
            has_answered: false,
            pace: Pace::new(manners.rate),
        }
    }

    /// Asks, and returns the last answer when no attempt got a good one.
    pub(super) fn ask(&mut self, fetch: &Fetch<'_>) -> Result<Fetched, WebError> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            self.pause();
            let answer = self.client.fetch(fetch);
            let wait = match &answer {
                Ok(answer) => {
                    self.has_answered = true;
                    match answer.status() {
                        429 | 503 => wait(answer.header("retry-after"), attempt, SystemTime::now()),
                        500 | 502 | 504 => wait(None, attempt, SystemTime::now()),
                        _ => None,
                    }
                }
                Err(WebError::Failed { .. } | WebError::TimedOut { .. }) if self.has_answered => {
                    wait(None, attempt, SystemTime::now())
                }
                Err(_) => None,
            };
            match wait {
                Some(wait) if attempt < ATTEMPTS => std::thread::sleep(wait),
                _ => return answer,
            }
        }
    }

    /// Waits until the next request may be sent.
    fn pause(&mut self) {
        std::thread::sleep(self.pace.wait(Instant::now()));
    }
}

/// Returns how long to wait before the next attempt; not at all when the server wants longer than anybody waits.
///
/// `Retry-After` is a number of seconds or a date (RFC 9110 §10.2.3).
fn wait(retry_after: Option<&str>, attempt: u32, now: SystemTime) -> Option<Duration> {
    let stated = retry_after.map(str::trim).and_then(|text| {
        let seconds = text.parse().map(Duration::from_secs).ok();
        let until = || {
            let date = httpdate::parse_http_date(text).ok()?;
            Some(date.duration_since(now).unwrap_or_default())
        };
        seconds.or_else(until)
    });
    let wait = stated.unwrap_or(FIRST_WAIT * 2_u32.saturating_pow(attempt - 1));
    (wait <= LONGEST).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_how_long_to_wait_within_bounds() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let seconds =
            |text: Option<&str>, attempt| wait(text, attempt, now).map(|wait| wait.as_secs());
        assert_eq!(seconds(Some("7"), 1), Some(7));
        assert_eq!(seconds(Some("300"), 3), Some(300));
        assert_eq!(seconds(Some("301"), 1), None);
        assert_eq!(
            seconds(Some("99999999999999999999"), 1),
            Some(1),
            "no number"
        );
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        assert_eq!(seconds(Some(&date), 1), Some(90));
        let past = httpdate::fmt_http_date(now - Duration::from_secs(90));
        assert_eq!(seconds(Some(&past), 1), Some(0));
        for (attempt, expected) in [(1, 1), (2, 2), (3, 4)] {
            assert_eq!(seconds(None, attempt), Some(expected));
            assert_eq!(seconds(Some("soon"), attempt), Some(expected));
        }
    }
}
