//! What is remembered of failures, so that not everybody who asks has to wait for the same one.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::base::digest::Sha256;
use crate::transfer::error::TransferError;
use crate::transfer::remote::BlobRemote;

/// How long a remote that does not answer is not asked, and how long those who come then wait for the one who tries it.
const DOWN: Duration = Duration::from_secs(10);
/// How long a blob is not looked for again.
const ABSENT: Duration = Duration::from_secs(5);
/// How long a remote is not asked for what it has something else as.
const DAMAGED: Duration = Duration::from_secs(60);
/// How long people are told of a failure that nothing has come after.
const LATELY: Duration = Duration::from_secs(300);
/// More is not remembered.
const MOST: usize = 10_000;

/// The failures of late.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// Until when a blob is not looked for.
    absent: BTreeMap<Sha256, Instant>,
    /// Until when a remote is not asked for a blob.
    damaged: BTreeMap<(String, Sha256), Instant>,
    /// Blobs that every remote said it has not.
    nowhere: BTreeMap<Sha256, Instant>,
    troubles: BTreeMap<String, Trouble>,
}

#[derive(Debug)]
struct Trouble {
    at: Instant,
    /// Until when it is not asked, if it does not answer at all.
    down: Option<Instant>,
    error: String,
}

impl Health {
    /// Says whether `blob` is worth looking for.
    pub(super) fn may_look(&self, blob: Sha256, now: Instant) -> bool {
        let memory = self.lock();
        memory.absent.get(&blob).is_none_or(|until| now >= *until)
    }

    /// Says whether `remote` may be asked for `blob`. Of one that did not answer, some are told yes again after a while, and
    /// the others wait for what becomes of them.
    pub(super) fn may_ask(&self, remote: &str, blob: Sha256, now: Instant) -> bool {
        let mut memory = self.lock();
        let damaged = memory.damaged.get(&(remote.to_owned(), blob));
        if damaged.is_some_and(|until| now < *until) {
            return false;
        }
        let trouble = memory.troubles.get_mut(remote);
        match trouble.and_then(|trouble| trouble.down.as_mut()) {
            Some(until) if now < *until => false,
            Some(until) => {
                *until = now + DOWN;
                true
            }
            None => true,
        }
    }

    /// Takes note that a remote has given something.
    pub(super) fn gave(&self, remote: &str, blob: Sha256) {
        let mut memory = self.lock();
        memory.troubles.remove(remote);
        memory.absent.remove(&blob);
        memory.nowhere.remove(&blob);
    }

    /// Takes note of why a remote did not give a blob.
    pub(super) fn refused(
        &self,
        remote: &dyn BlobRemote,
        blob: Sha256,
        error: &TransferError,
        now: Instant,
    ) {
        let mut memory = self.lock();
        match error {
            // What is wrong is on this side.
            TransferError::Absent { .. }
            | TransferError::Blob(_)
            | TransferError::Unnamed { .. } => return,
            TransferError::Damaged { .. } => {
                memory.tidy(now);
                let key = (remote.name().to_owned(), blob);
                memory.damaged.insert(key, now + DAMAGED);
            }
            _ => {}
        }
        let answers = matches!(
            error,
            TransferError::Damaged { .. }
                | TransferError::Interrupted { .. }
                | TransferError::Status { .. }
        );
        let trouble = Trouble {
            at: now,
            down: (!answers).then(|| now + DOWN),
            error: error.to_string(),
        };
        memory.troubles.insert(remote.name().to_owned(), trouble);
    }

    /// Takes note that nobody gave a blob, or that nobody has it.
    pub(super) fn failed(&self, blob: Sha256, errors: &[TransferError], now: Instant) {
        let mut memory = self.lock();
        memory.tidy(now);
        memory.absent.insert(blob, now + ABSENT);
        let is_absent = |error: &TransferError| matches!(error, TransferError::Absent { .. });
        if !errors.is_empty() && errors.iter().all(is_absent) {
            memory.nowhere.insert(blob, now + LATELY);
        }
    }

    /// Says whether every remote said lately that it has not got `blob`.
    pub(super) fn is_nowhere(&self, blob: Sha256, now: Instant) -> bool {
        let memory = self.lock();
        memory.nowhere.get(&blob).is_some_and(|until| now < *until)
    }

    /// Says what was wrong lately, remote by remote.
    pub(super) fn warnings(&self, now: Instant) -> Vec<String> {
        let memory = self.lock();
        let lately = memory
            .troubles
            .values()
            .filter(|trouble| now.saturating_duration_since(trouble.at) < LATELY);
        lately.map(|trouble| trouble.error.clone()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Memory {
    fn tidy(&mut self, now: Instant) {
        self.absent.retain(|_, until| now < *until);
        self.damaged.retain(|_, until| now < *until);
        self.nowhere.retain(|_, until| now < *until);
        while self.absent.len() >= MOST {
            self.absent.pop_first();
        }
        while self.damaged.len() >= MOST {
            self.damaged.pop_first();
        }
        while self.nowhere.len() >= MOST {
            self.nowhere.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::cache::testing::Fake;

    fn name(text: &str) -> Sha256 {
        Sha256::of(text.as_bytes())
    }

    fn silent() -> TransferError {
        TransferError::Denied {
            reason: "no key".to_owned(),
            remote: "store".to_owned(),
        }
    }

    #[test]
    fn one_tries_a_remote_again_that_did_not_answer_and_the_others_do_not_wait_for_it() {
        let (health, start) = (Health::default(), Instant::now());
        let remote = Fake::new("store", b"");
        assert!(health.may_ask("store", name("a"), start));
        health.refused(&remote, name("a"), &silent(), start);
        assert!(!health.may_ask("store", name("b"), start));
        assert_eq!(
            health.warnings(start),
            ["`store` does not let us in: no key"]
        );
        let later = start + DOWN;
        assert!(health.may_ask("store", name("b"), later));
        assert!(!health.may_ask("store", name("c"), later));
        health.gave("store", name("b"));
        assert!(health.may_ask("store", name("c"), later));
        assert_eq!(health.warnings(later), [""; 0]);
    }

    #[test]
    fn a_remote_is_not_asked_for_what_it_has_something_else_as_and_for_the_rest_it_is() {
        let (health, start) = (Health::default(), Instant::now());
        let damaged = TransferError::Damaged {
            reason: String::new(),
            remote: "store".to_owned(),
            sha256: name("a"),
        };
        health.refused(&Fake::new("store", b""), name("a"), &damaged, start);
        assert!(!health.may_ask("store", name("a"), start));
        assert!(health.may_ask("other", name("a"), start));
        assert!(health.may_ask("store", name("b"), start));
        assert!(health.may_ask("store", name("a"), start + DAMAGED));
    }

    #[test]
    fn what_nobody_gave_is_not_looked_for_a_moment_later_and_what_nobody_has_is_known() {
        let (health, start) = (Health::default(), Instant::now());
        let absent = TransferError::Absent {
            remote: "store".to_owned(),
            sha256: name("a"),
        };
        health.failed(name("a"), &[absent], start);
        health.failed(name("b"), &[silent()], start);
        assert!(!health.may_look(name("a"), start) && !health.may_look(name("b"), start));
        assert!(health.is_nowhere(name("a"), start) && !health.is_nowhere(name("b"), start));
        assert!(health.may_look(name("a"), start + ABSENT));
        assert_eq!(health.warnings(start), [""; 0]);
    }
}
