//! Writes lines behind the back of those who answer: they leave a line in memory and go on.
//!
//! A disk that is slow or full, or a pipe that nobody reads, costs lines, which are counted, and never an answer.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines that wait; more are lost.
const MAX_BYTES: usize = 8 << 20;
/// How long lines gather, so that a busy server writes many at once.
const GATHER: Duration = Duration::from_millis(20);

/// Makes what is written to, again when the log is to be opened again.
pub(super) type Open = Box<dyn Fn() -> io::Result<Box<dyn Write + Send>> + Send>;

/// A thread that writes.
pub(super) struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    lost: Arc<AtomicU64>,
    news: Condvar,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    is_over: bool,
    lines: u64,
    reopen: bool,
}

impl Writer {
    /// Starts the thread; lines that cannot be written are counted in `lost`.
    pub(super) fn start(
        sink: Box<dyn Write + Send>,
        open: Open,
        lost: Arc<AtomicU64>,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            lost,
            ..Shared::default()
        });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("access-log".to_owned());
        let thread = thread.spawn(move || of_thread.work(sink, &open))?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Leaves a line.
    pub(super) fn put(&self, line: &str) {
        let mut waiting = self.shared.lock();
        if waiting.bytes.len() + line.len() > MAX_BYTES {
            drop(waiting);
            self.shared.lose(1);
            return;
        }
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line.as_bytes());
        waiting.lines += 1;
        drop(waiting);
        if is_first {
            self.shared.news.notify_one();
        }
    }

    /// Has the following lines written to what is opened anew.
    pub(super) fn reopen(&self) {
        self.shared.lock().reopen = true;
        self.shared.news.notify_one();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

impl Writer {
    /// Writes what waits; what comes later is not written.
    pub(super) fn close(&self) {
        self.shared.lock().is_over = true;
        self.shared.news.notify_one();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // One that panicked has printed why.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn work(&self, mut sink: Box<dyn Write + Send>, open: &Open) {
        let mut is_torn = false;
        loop {
            let waiting = self.take();
            let bytes = &waiting.bytes[..];
            // What was written in part must not be the beginning of another line.
            let end: &[u8] = if is_torn && !bytes.is_empty() {
                b"\n"
            } else {
                b""
            };
            let written = sink.write_all(end).and_then(|()| sink.write_all(bytes));
            if written.and_then(|()| sink.flush()).is_err() {
                is_torn = true;
                self.lose(waiting.lines);
            } else if !bytes.is_empty() {
                is_torn = false;
            }
            // Where it cannot be opened, the old one is better than none.
            if waiting.reopen
                && let Ok(opened) = open()
            {
                (sink, is_torn) = (opened, false);
            }
            if waiting.is_over {
                return;
            }
        }
    }

    /// Waits for lines and takes all that there are.
    fn take(&self) -> Waiting {
        let is_idle =
            |waiting: &mut Waiting| waiting.bytes.is_empty() && !waiting.is_over && !waiting.reopen;
        let waited = self.news.wait_while(self.lock(), is_idle);
        let waiting = waited.unwrap_or_else(PoisonError::into_inner);
        if !waiting.is_over {
            drop(waiting);
            std::thread::sleep(GATHER);
            return std::mem::take(&mut *self.lock());
        }
        let mut waiting = waiting;
        std::mem::take(&mut *waiting)
    }

    fn lose(&self, lines: u64) {
        self.lost.fetch_add(lines, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Takes nothing while it is full.
    #[derive(Clone, Default)]
    struct Disk {
        is_full: Arc<AtomicBool>,
        taken: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut taken = self.taken.lock().expect("no panic");
            if self.is_full.load(Ordering::SeqCst) {
                if taken.ends_with(b"\n") {
                    taken.push(bytes[0]);
                    return Ok(1);
                }
                return Err(io::ErrorKind::StorageFull.into());
            }
            taken.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn wait_until(is_so: impl Fn() -> bool) {
        for _ in 0..500 {
            if is_so() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not become so");
    }

    #[test]
    fn lines_that_a_full_disk_does_not_take_are_counted_and_later_ones_are_whole() {
        let (disk, lost) = (Disk::default(), Arc::new(AtomicU64::new(0)));
        let open: Open = Box::new(|| Err(io::ErrorKind::NotFound.into()));
        let writer = Writer::start(Box::new(disk.clone()), open, Arc::clone(&lost));
        let writer = writer.expect("a thread");
        let taken = || String::from_utf8(disk.taken.lock().expect("no panic").clone());
        writer.put("one\n");
        wait_until(|| taken().as_deref() == Ok("one\n"));
        disk.is_full.store(true, Ordering::SeqCst);
        writer.put("two\n");
        wait_until(|| lost.load(Ordering::SeqCst) == 1);
        disk.is_full.store(false, Ordering::SeqCst);
        // What cannot be opened again is written on.
        writer.reopen();
        writer.put("three\n");
        drop(writer);
        assert_eq!(taken().as_deref(), Ok("one\nt\nthree\n"));
        assert_eq!(lost.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn lines_that_find_no_room_are_lost_at_once() {
        let (disk, lost) = (Disk::default(), Arc::new(AtomicU64::new(0)));
        let guard = disk.taken.lock().expect("no panic");
        let open: Open = Box::new(|| Err(io::ErrorKind::NotFound.into()));
        let writer = Writer::start(Box::new(disk.clone()), open, Arc::clone(&lost));
        let writer = writer.expect("a thread");
        let line = "x".repeat(1 << 20) + "\n";
        // As many as fit twice, and more: the thread holds one load at most.
        (0..32).for_each(|_| writer.put(&line));
        assert!(lost.load(Ordering::SeqCst) >= 16);
        drop(guard);
    }
}
