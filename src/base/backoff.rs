//! Pauses between attempts that others make as well: longer each time, and random, so that they do not meet again.

use std::time::Duration;

/// The pauses of one effort.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    attempts: u32,
}

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

impl Backoff {
    /// Returns how often a pause was made.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Waits before the next attempt.
    pub(crate) fn pause(&mut self) {
        let mut random = [0; 1];
        // Without random bytes all wait equally long, which is no worse than before.
        let _ = getrandom::fill(&mut random);
        std::thread::sleep(self.next(f64::from(random[0]) / 255.0));
    }

    /// Returns a part of the longest pause that this attempt may have.
    fn next(&mut self, part: f64) -> Duration {
        let longest = FIRST * 2_u32.saturating_pow(self.attempts.min(10));
        self.attempts += 1;
        longest.min(LONGEST).mul_f64(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_may_be_short() {
        let mut backoff = Backoff::default();
        let longest: Vec<u128> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(longest, [50, 100, 200, 400, 800, 1600, 2000, 2000]);
        assert_eq!(backoff.next(0.0), Duration::ZERO);
        assert_eq!(backoff.attempts(), 9);
    }
}
