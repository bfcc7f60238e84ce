//! How many lines the misdeeds of clients may cost: what strangers cause must not fill a disk.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines of one span.
const LINES: usize = 20;
const SPAN: Duration = Duration::from_secs(60);

/// Lets some lines through in each minute and counts the others.
pub(super) struct Throttle(Mutex<Span>);

struct Span {
    lines: usize,
    start: Instant,
}

/// What becomes of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pass {
    No,
    Yes {
        /// Lines that were left out since the last one.
        left_out: usize,
    },
}

impl Throttle {
    pub(super) fn new(now: Instant) -> Self {
        let lines = 0;
        Self(Mutex::new(Span { lines, start: now }))
    }

    /// Says whether a line of `now` is written.
    pub(super) fn pass(&self, now: Instant) -> Pass {
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut left_out = 0;
        if now.saturating_duration_since(span.start) >= SPAN {
            left_out = span.lines.saturating_sub(LINES);
            *span = Span {
                lines: 0,
                start: now,
            };
        }
        span.lines += 1;
        if span.lines > LINES {
            Pass::No
        } else {
            Pass::Yes { left_out }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_those_of_a_minute_are_counted() {
        let start = Instant::now();
        let throttle = Throttle::new(start);
        let passes = |after: Duration| throttle.pass(start + after);
        for _ in 0..LINES {
            assert_eq!(passes(SPAN / 2), Pass::Yes { left_out: 0 });
        }
        for _ in 0..7 {
            assert_eq!(passes(SPAN / 2), Pass::No);
        }
        assert_eq!(passes(SPAN), Pass::Yes { left_out: 7 });
        assert_eq!(passes(SPAN * 3), Pass::Yes { left_out: 0 });
    }
}
