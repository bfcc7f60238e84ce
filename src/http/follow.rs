//! Follows a remote: asks it now and then, and at once when a webhook says so.
//!
//! What it finds goes into a reference; that this moved is noticed as for any other ([`super::live`]). While the remote
//! cannot be reached, what is there is served on.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use arc_swap::ArcSwapOption;

use super::notice::{Notice, OnNotice};
use crate::repo::{FollowError, Followed, Look};

/// How often it is seen that the server stops.
const LOOK: Duration = Duration::from_millis(200);
/// However often webhooks arrive, the remote is not asked more often.
const AT_MOST: Duration = Duration::from_secs(1);

/// What is known of the remote.
pub(super) struct Follower {
    /// Why it cannot be reached.
    failure: ArcSwapOption<String>,
    is_asked_for: Mutex<bool>,
    /// Seconds since 1970; none yet, if zero.
    last_success: AtomicU64,
    /// Why SPKs are missing.
    missing: ArcSwapOption<String>,
    shown: String,
    wake: Condvar,
}

impl Follower {
    pub(super) fn new(followed: &Followed) -> Self {
        Self {
            failure: ArcSwapOption::empty(),
            is_asked_for: Mutex::new(false),
            last_success: AtomicU64::new(0),
            missing: ArcSwapOption::empty(),
            shown: followed.shown(),
            wake: Condvar::new(),
        }
    }

    /// Has the remote asked at once.
    pub(super) fn ask(&self) {
        let mut is_asked_for = self
            .is_asked_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *is_asked_for = true;
        self.wake.notify_all();
    }

    /// Returns when the remote was last reached, in seconds since 1970; zero if it never was.
    pub(super) fn last_success(&self) -> u64 {
        self.last_success.load(Ordering::Relaxed)
    }

    /// Says what is wrong.
    pub(super) fn warnings(&self) -> Vec<String> {
        let failure = self
            .failure
            .load_full()
            .map(|why| match self.last_success() {
                0 => format!("{} was never reached: {why}", self.shown),
                seconds => format!(
                    "{} was last reached at {}: {why}",
                    self.shown,
                    time(seconds)
                ),
            });
        let missing = self.missing.load_full().map(|why| (*why).clone());
        failure.into_iter().chain(missing).collect()
    }

    /// Follows until `stop` is set, asking every `every`.
    pub(super) fn follow(
        &self,
        followed: &mut Followed,
        every: Duration,
        stop: &AtomicBool,
        notice: &OnNotice,
    ) {
        while !stop.load(Ordering::Relaxed) {
            let start = Instant::now();
            let look = followed.look();
            // What was ended with the server says nothing of the remote.
            if stop.load(Ordering::Relaxed) {
                return;
            }
            self.note(look, notice);
            self.rest(start, jittered(every), stop);
        }
    }

    fn rest(&self, start: Instant, every: Duration, stop: &AtomicBool) {
        let mut is_asked_for = self
            .is_asked_for
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while !stop.load(Ordering::Relaxed) {
            let rested = start.elapsed();
            if rested >= every || *is_asked_for && rested >= AT_MOST.min(every) {
                break;
            }
            let waited = self.wake.wait_timeout(is_asked_for, LOOK);
            is_asked_for = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        *is_asked_for = false;
    }

    fn note(&self, look: Result<Look, FollowError>, notice: &OnNotice) {
        let look = match look {
            Ok(look) => look,
            Err(error) => {
                if self.failure.load().is_none() {
                    notice(Notice::Unreachable { error: &error });
                }
                self.failure.store(Some(error.to_string().into()));
                return;
            }
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.last_success
            .store(now.unwrap_or_default().as_secs(), Ordering::Relaxed);
        if self.failure.swap(None).is_some() {
            notice(Notice::Reachable {
                remote: &self.shown,
            });
        }
        if look.is_rewritten {
            notice(Notice::Rewritten {
                remote: &self.shown,
            });
        }
        let is_new = self.missing.load().is_none();
        if let Some(error) = look.missing.as_ref().filter(|_| is_new) {
            notice(Notice::Incomplete { error });
        }
        self.missing
            .store(look.missing.map(|error| error.to_string().into()));
    }
}

/// Returns a time up to a tenth shorter or longer: many servers that were started together shall not ask together.
fn jittered(every: Duration) -> Duration {
    let mut random = [128; 1];
    // Without random bytes it is as long as it is.
    let _ = getrandom::fill(&mut random);
    every.mul_f64(0.9 + 0.2 * f64::from(random[0]) / 255.0)
}

fn time(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or_default();
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_is_a_tenth_longer_or_shorter_at_most() {
        for _ in 0..100 {
            let pause = jittered(Duration::from_secs(10));
            assert!((9.0..=11.0).contains(&pause.as_secs_f64()), "{pause:?}");
        }
    }
}
