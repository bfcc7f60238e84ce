//! How many bodies are taken at the same time. More wait, and not for ever.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How long a place is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The places.
pub(super) struct Places {
    free: Mutex<usize>,
    left: Condvar,
}

/// One of them, until it is dropped.
pub(in crate::http) struct Place(Arc<Places>);

impl Places {
    pub(super) fn new(count: usize) -> Self {
        Self {
            free: Mutex::new(count),
            left: Condvar::new(),
        }
    }

    /// Waits for a place; there is none when all are taken for too long.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        self.take_within(PATIENCE)
    }

    fn take_within(self: &Arc<Self>, patience: Duration) -> Option<Place> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .left
            .wait_timeout_while(free, patience, |free| *free == 0);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *free = free.checked_sub(1)?;
        Some(Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_waited_for_until_somebody_leaves() {
        let places = Arc::new(Places::new(1));
        let first = places.take().expect("it is free");
        assert!(places.take_within(Duration::from_millis(20)).is_none());
        std::thread::scope(|scope| {
            let second = scope.spawn(|| places.take().is_some());
            std::thread::sleep(Duration::from_millis(20));
            drop(first);
            assert!(second.join().expect("no panic"));
        });
    }
}
