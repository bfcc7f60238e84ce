//! How many requests a source is sent in a time.

use std::str::FromStr;
use std::time::{Duration, Instant};

/// So many requests in a second, a minute or an hour: `2/s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    interval: Duration,
}

/// Says that a text is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a rate such as `2/s`, `30/min` or `600/h`, one request a day at least")]
pub(crate) struct RateError {
    text: String,
}

const UNITS: [(&str, u64); 3] = [("s", 1), ("min", 60), ("h", 3600)];
const DAY: Duration = Duration::from_secs(86_400);

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let error = || RateError {
            text: text.chars().take(80).collect(),
        };
        let (count, unit) = text.split_once('/').ok_or_else(error)?;
        let count: u32 = count.trim().parse().map_err(|_| error())?;
        let mut units = UNITS.iter();
        let unit = units.find(|(name, _)| *name == unit.trim());
        let (_, seconds) = unit.ok_or_else(error)?;
        let interval = Duration::from_secs(*seconds).checked_div(count);
        let interval = interval.filter(|interval| *interval <= DAY);
        Ok(Self {
            interval: interval.ok_or_else(error)?,
        })
    }
}

/// Says when the next request may be sent.
#[derive(Debug)]
pub(super) struct Pace {
    next: Option<Instant>,
    rate: Rate,
}

impl Pace {
    pub(super) fn new(rate: Rate) -> Self {
        Self { next: None, rate }
    }

    /// Returns how long to wait before a request that would be sent `now`, which counts as sent after that.
    pub(super) fn wait(&mut self, now: Instant) -> Duration {
        let at = self.next.map_or(now, |next| next.max(now));
        self.next = Some(at + self.rate.interval);
        at - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_a_count_and_a_unit() {
        let interval = |text: &str| text.parse::<Rate>().map(|rate| rate.interval);
        assert_eq!(interval("2/s"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("30/min"), Ok(Duration::from_secs(2)));
        assert_eq!(interval("600 / h"), Ok(Duration::from_secs(6)));
        for text in ["", "2", "/s", "0/s", "-1/s", "2/d", "2.5/s", "s/2"] {
            assert!(interval(text).is_err(), "{text}");
        }
    }

    #[test]
    fn requests_are_as_far_apart_as_the_rate_says() {
        let mut pace = Pace::new("2/s".parse().expect("a rate"));
        let start = Instant::now();
        let wait = |pace: &mut Pace, after: u64| {
            let wait = pace.wait(start + Duration::from_millis(after));
            wait.as_millis()
        };
        assert_eq!(wait(&mut pace, 0), 0);
        assert_eq!(wait(&mut pace, 100), 400);
        assert_eq!(wait(&mut pace, 600), 400, "after the one that waited");
        assert_eq!(wait(&mut pace, 5_000), 0, "nothing is saved up");
        assert_eq!(wait(&mut pace, 5_001), 499);
    }
}
