//! Memory for parts that are under way, of which there is only so much, whatever is uploaded at the same time.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, PoisonError};

/// Buffers that are lent.
#[derive(Default)]
pub(super) struct Buffers {
    lent: Mutex<Lent>,
    returned: Condvar,
}

#[derive(Default)]
struct Lent {
    count: usize,
    free: Vec<Vec<u8>>,
}

/// A buffer, which goes back when it is dropped.
pub(super) struct Buffer<'a> {
    bytes: Vec<u8>,
    from: &'a Buffers,
}

/// How many there are.
const MOST: usize = 6;

impl Buffers {
    /// Returns a buffer of so many bytes, as soon as there is one.
    pub(super) fn take(&self, length: usize) -> Buffer<'_> {
        let lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let lent = self.returned.wait_while(lent, |lent| lent.count >= MOST);
        let mut lent = lent.unwrap_or_else(PoisonError::into_inner);
        lent.count += 1;
        let mut bytes = lent.free.pop().unwrap_or_default();
        drop(lent);
        bytes.resize(length, 0);
        Buffer { bytes, from: self }
    }
}

impl Deref for Buffer<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Drop for Buffer<'_> {
    fn drop(&mut self) {
        let mut lent = self
            .from
            .lent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        lent.count -= 1;
        lent.free.push(std::mem::take(&mut self.bytes));
        self.from.returned.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_finds_none_waits_for_one() {
        let buffers = Buffers::default();
        let mut all: Vec<Buffer<'_>> = (0..MOST).map(|length| buffers.take(length)).collect();
        std::thread::scope(|threads| {
            let waiting = threads.spawn(|| buffers.take(9).len());
            std::thread::sleep(std::time::Duration::from_millis(20));
            assert!(!waiting.is_finished());
            all.pop();
            assert_eq!(waiting.join().expect("no panic"), 9);
        });
    }
}
