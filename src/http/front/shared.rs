//! What all threads of a server share: limits, handler, counts, and the signal to stop.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::quarantine::Quarantine;
use super::{Event, Handler, OnEvent, Options};

/// How often what has to end in time is looked at.
const POLL: Duration = Duration::from_millis(5);
/// Threads beyond the workers: one client can send any number of requests without reading an answer.
const MAX_THREADS: usize = 1024;

/// The state of a running server.
pub(super) struct Shared {
    /// Workers, of all lanes, that are at a request.
    busy: AtomicUsize,
    pub(super) handler: Handler,
    lost: AtomicUsize,
    pub(super) on_event: OnEvent,
    pub(super) options: Options,
    pub(super) quarantine: Quarantine,
    pub(super) signals: Arc<Signals>,
    /// Threads that serve one exchange each.
    threads: AtomicUsize,
}

impl Shared {
    pub(super) fn new(
        options: Options,
        handler: Handler,
        on_event: OnEvent,
        signals: Arc<Signals>,
    ) -> Self {
        Self {
            busy: AtomicUsize::new(0),
            handler,
            lost: AtomicUsize::new(0),
            on_event,
            options,
            quarantine: Quarantine::default(),
            signals,
            threads: AtomicUsize::new(0),
        }
    }

    /// Runs `work` counted as a worker's.
    pub(super) fn busy<T>(&self, work: impl FnOnce() -> T) -> T {
        let _counted = Counted::new(&self.busy);
        work()
    }

    /// Says whether so many workers are at work that one that waits for a client would be missed.
    pub(super) fn is_crowded(&self) -> bool {
        self.busy.load(Ordering::Relaxed) * 2 > self.options.workers
    }

    /// Runs `work` in a thread of its own, or in this one if there are too many or no more.
    pub(super) fn aside(self: &Arc<Self>, work: impl FnOnce(&Arc<Self>) + Send + 'static) {
        let slot = Arc::new(Mutex::new(Some(work)));
        let (shared, theirs) = (self.clone(), slot.clone());
        let thread = thread::Builder::new().name("http-aside".to_owned());
        let is_room = self.threads.load(Ordering::Relaxed) < MAX_THREADS;
        // A thread that cannot be started drops what it was to run, so the work stays here until one takes it.
        if !is_room || thread.spawn(move || shared.take(&theirs)).is_err() {
            self.take(&slot);
        }
    }

    fn take<W: FnOnce(&Arc<Self>)>(self: &Arc<Self>, slot: &Mutex<Option<W>>) {
        let work = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = work {
            let _counted = Counted::new(&self.threads);
            work(self);
        }
    }

    /// Counts a connection that is lost for good, and stops the server at the last that it can bear.
    pub(super) fn lose(&self, peer: IpAddr) {
        let total = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        (self.on_event)(Event::Lost { peer, total });
        if total >= self.options.max_lost {
            self.signals.stop();
        }
    }

    pub(super) fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }

    /// Waits, within the time of grace, until no exchange has a thread of its own.
    pub(super) fn wait_for_threads(&self) {
        self.wait_until(|| self.threads.load(Ordering::Acquire) == 0);
    }

    /// Waits, within the time of grace since the signal to stop, until `done`.
    pub(super) fn wait_until(&self, done: impl Fn() -> bool) {
        let deadline = self.signals.stopped_at().unwrap_or_else(Instant::now) + self.options.grace;
        while !done() && Instant::now() < deadline {
            thread::sleep(POLL);
        }
    }
}

struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The signal to stop, which can be waited for.
#[derive(Default)]
pub(super) struct Signals {
    since: Mutex<Option<Instant>>,
    stopping: AtomicBool,
    wake: Condvar,
}

impl Signals {
    pub(super) fn stop(&self) {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.get_or_insert_with(Instant::now);
        self.stopping.store(true, Ordering::Release);
        self.wake.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Waits for the signal, no longer than `limit`; says whether it is there.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .wake
            .wait_timeout_while(since, limit, |since| since.is_none());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_some()
    }

    fn stopped_at(&self) -> Option<Instant> {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
