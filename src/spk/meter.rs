//! Watches the reader below `tar`: where it is, whether it ended, and that headers stay short.
//!
//! `tar` reads long names (GNU `L`, `K`) and PAX records into memory whatever their size. Between two members it only
//! gets a budget of bytes.

use std::cell::Cell;
use std::io::{self, Read};

/// What is known of a metered reader; shared with who drives `tar`.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    /// Bytes that may still be read; none while the content of a member is read.
    budget: Cell<Option<u64>>,
    ended: Cell<bool>,
    failed: Cell<bool>,
    overdrawn: Cell<bool>,
    position: Cell<u64>,
}

impl Gauge {
    /// Limits what is read from now on to `bytes`, or no longer.
    pub(super) fn set_budget(&self, bytes: Option<u64>) {
        self.budget.set(bytes);
    }

    /// Returns whether the reader came to its end.
    pub(super) fn ended(&self) -> bool {
        self.ended.get()
    }

    /// Returns whether the reader below failed.
    pub(super) fn failed(&self) -> bool {
        self.failed.get()
    }

    /// Returns whether more was asked for than the budget.
    pub(super) fn overdrawn(&self) -> bool {
        self.overdrawn.get()
    }

    /// Returns how many bytes were read.
    pub(super) fn position(&self) -> u64 {
        self.position.get()
    }
}

/// A reader with a [`Gauge`].
pub(super) struct Metered<'a, R> {
    gauge: &'a Gauge,
    source: R,
}

impl<'a, R: Read> Metered<'a, R> {
    pub(super) fn new(source: R, gauge: &'a Gauge) -> Self {
        Self { gauge, source }
    }

    /// Returns how many of `wanted` bytes the budget allows.
    fn allowed(&self, wanted: usize) -> io::Result<usize> {
        match self.gauge.budget.get() {
            None => Ok(wanted),
            Some(0) => {
                self.gauge.overdrawn.set(true);
                Err(io::Error::other("the budget for headers is used up"))
            }
            Some(budget) => Ok(usize::try_from(budget).map_or(wanted, |budget| wanted.min(budget))),
        }
    }

    fn book(&self, count: usize) {
        let count = count as u64;
        self.gauge.ended.set(count == 0);
        self.gauge.position.set(self.gauge.position.get() + count);
        let budget = self.gauge.budget.get();
        self.gauge
            .budget
            .set(budget.map(|budget| budget.saturating_sub(count)));
    }
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let allowed = self.allowed(buffer.len())?;
        loop {
            match self.source.read(&mut buffer[..allowed]) {
                Ok(count) => {
                    self.book(count);
                    return Ok(count);
                }
                // `tar` takes an interrupted read for a failure.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.gauge.failed.set(true);
                    return Err(error);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_budget_is_read() {
        let gauge = Gauge::default();
        let mut reader = Metered::new(io::repeat(1), &gauge);
        gauge.set_budget(Some(10));
        let mut bytes = [0; 8];
        assert_eq!(reader.read(&mut bytes).expect("within"), 8);
        assert_eq!(reader.read(&mut bytes).expect("within"), 2);
        assert!(reader.read(&mut bytes).is_err() && gauge.overdrawn());
        gauge.set_budget(None);
        assert_eq!(reader.read(&mut bytes).expect("no budget"), 8);
        assert_eq!(
            (gauge.position(), gauge.ended(), gauge.failed()),
            (18, false, false)
        );
    }

    #[test]
    fn the_end_is_noticed() {
        let gauge = Gauge::default();
        let mut bytes = Vec::new();
        Metered::new(&b"abc"[..], &gauge)
            .read_to_end(&mut bytes)
            .expect("memory");
        assert!(gauge.ended());
        assert_eq!(gauge.position(), 3);
    }
}
