//! How often an address has shown a token that is not accepted: whoever guesses is slowed down.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::http::front::network_of;

/// Failures of one address within [`WINDOW`] before it is not listened to any more.
const MOST: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are remembered: with more, those whose time is over are forgotten, and then all.
const REMEMBERED: usize = 10_000;

/// The failures of all addresses.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<IpAddr, Failures>>);

struct Failures {
    count: u32,
    since: Instant,
}

impl Attempts {
    /// Returns how long `client` has to wait, if it has to.
    pub(super) fn wait(&self, client: IpAddr) -> Option<Duration> {
        self.wait_at(client, Instant::now())
    }

    /// Counts a failure of `client`.
    pub(super) fn failed(&self, client: IpAddr) {
        self.failed_at(client, Instant::now());
    }

    fn wait_at(&self, client: IpAddr, now: Instant) -> Option<Duration> {
        let all = self.lock();
        let failures = all.get(&network_of(client))?;
        let left = WINDOW.saturating_sub(now.saturating_duration_since(failures.since));
        (failures.count >= MOST && !left.is_zero()).then_some(left)
    }

    fn failed_at(&self, client: IpAddr, now: Instant) {
        let is_over = |failures: &Failures| now.saturating_duration_since(failures.since) >= WINDOW;
        let mut all = self.lock();
        if all.len() >= REMEMBERED {
            all.retain(|_, failures| !is_over(failures));
        }
        if all.len() >= REMEMBERED {
            all.clear();
        }
        let begin = || Failures {
            count: 0,
            since: now,
        };
        let failures = all.entry(network_of(client)).or_insert_with(begin);
        if is_over(failures) {
            *failures = begin();
        }
        failures.count += 1;
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Failures>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn ten_failures_a_minute_are_enough_and_others_are_not_concerned() {
        let attempts = Attempts::default();
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let client = address("2001:db8::1");
        for second in 0..10 {
            assert_eq!(attempts.wait_at(client, after(second)), None);
            attempts.failed_at(client, after(second));
        }
        let wait = attempts.wait_at(address("2001:db8::2"), after(10));
        assert_eq!(wait, Some(Duration::from_secs(50)), "one network is one");
        assert_eq!(
            attempts.wait_at(address("2001:db8:0:1::1"), after(10)),
            None
        );
        assert_eq!(attempts.wait_at(address("192.0.2.1"), after(10)), None);
        assert_eq!(attempts.wait_at(client, after(60)), None);
        attempts.failed_at(client, after(61));
        assert_eq!(attempts.wait_at(client, after(62)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for number in 0..3 * u32::try_from(REMEMBERED).expect("small") {
            attempts.failed_at(std::net::Ipv4Addr::from_bits(number).into(), now);
        }
        assert!(attempts.lock().len() <= REMEMBERED);
    }
}
