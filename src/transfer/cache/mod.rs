//! Blobs of remotes that are kept here as long as there is room, and read while they come.
//!
//! Whoever wants a blob gets its file, or the [`Flight`] that brings it: one for all who want the same. The bytes go
//! through the [folder](room), which is never larger than it may be. What a remote did wrong is [remembered](health) for a
//! while.

mod flight;
mod health;
mod room;
#[cfg(test)]
mod testing;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use flight::{Cut, Flight, Refusal};
use health::Health;
use room::{Asked, Folder, Room};

use super::error::TransferError;
use super::fetch::{Fetched, Manner, fetch_as};
use super::remote::{BlobRemote, Wanted};
use crate::base::digest::Sha256;

/// Remotes that several may use, in their order.
pub(crate) type Remotes = Arc<Vec<Box<dyn BlobRemote>>>;

/// How large a cache is and what it may do at once.
#[derive(Clone, Debug)]
pub(crate) struct CacheLimits {
    /// In bytes.
    pub(crate) capacity: u64,
    /// Downloads at the same time.
    pub(crate) fetches: usize,
}

/// A cache of blobs.
pub(crate) struct BlobCache {
    /// Of remotes that are asked for addresses, which some can say that give nothing.
    addressing: Health,
    pub(crate) counts: Counts,
    flights: Mutex<BTreeMap<Sha256, Arc<Flight>>>,
    folder: Folder,
    health: Health,
    limits: CacheLimits,
    on_failure: OnFailure,
    running: Mutex<usize>,
    turn: Condvar,
}

/// Is told that a blob could not be had.
pub(crate) type OnFailure = Box<dyn Fn(&Wanted, &Refusal) + Send + Sync>;

/// What has been counted since the start.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) failures: AtomicU64,
    pub(crate) fetched_bytes: AtomicU64,
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
}

/// A blob that somebody wants.
#[derive(Debug)]
pub(crate) enum Got {
    Coming(Arc<Flight>),
    Here(File),
}

/// How often a remote is tried that has sent nothing yet: somebody is waiting.
const ATTEMPTS: u32 = 2;
/// How often one that has, some ten seconds long: those who read would have to begin anew.
const ATTEMPTS_TO_GO_ON: u32 = 14;
/// How long a download waits for its turn and for room.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks for room, or for what somebody else downloads.
const LOOK: Duration = Duration::from_millis(50);
/// Downloads that wait, for each that may go on.
const QUEUE: usize = 8;

impl BlobCache {
    /// Takes up the folder, which may be there already.
    pub(crate) fn open(
        folder: PathBuf,
        limits: CacheLimits,
        on_failure: OnFailure,
    ) -> io::Result<Self> {
        Ok(Self {
            addressing: Health::default(),
            counts: Counts::default(),
            flights: Mutex::default(),
            folder: Folder::open(folder, limits.capacity)?,
            health: Health::default(),
            limits,
            on_failure,
            running: Mutex::new(0),
            turn: Condvar::new(),
        })
    }

    /// Returns the blob if it is here, and has it stay longer.
    pub(crate) fn here(&self, blob: &Wanted) -> Option<File> {
        let file = self.folder.store.open(blob.sha256, blob.size).ok()?;
        self.folder.touch(&file);
        self.counts.hits.fetch_add(1, Ordering::Relaxed);
        Some(file)
    }

    /// Returns the blob, or begins to bring it from the first of `remotes` that has it.
    pub(crate) fn get(self: &Arc<Self>, blob: &Wanted, remotes: &Remotes) -> Result<Got, Refusal> {
        if let Some(file) = self.here(blob) {
            return Ok(Got::Here(file));
        }
        self.check_size(blob)?;
        self.counts.misses.fetch_add(1, Ordering::Relaxed);
        let mut flights = self.flights();
        if let Some(flight) = flights.get(&blob.sha256) {
            return Ok(Got::Coming(Arc::clone(flight)));
        }
        // It may have come since.
        if let Ok(file) = self.folder.store.open(blob.sha256, blob.size) {
            return Ok(Got::Here(file));
        }
        if !self.health.may_look(blob.sha256, Instant::now()) {
            return Err(Refusal::JustFailed);
        }
        if flights.len() >= self.limits.fetches * QUEUE {
            return Err(Refusal::Busy);
        }
        let flight = Arc::new(Flight::new(blob.size));
        self.start(blob, remotes, &flight)?;
        flights.insert(blob.sha256, Arc::clone(&flight));
        Ok(Got::Coming(flight))
    }

    /// Says that a blob can never be here, if it cannot.
    pub(crate) fn check_size(&self, blob: &Wanted) -> Result<(), Refusal> {
        let (capacity, size) = (self.limits.capacity, blob.size);
        match size > capacity {
            true => Err(Refusal::TooLarge { capacity, size }),
            false => Ok(()),
        }
    }

    /// Says whether every remote said lately that it has not got the blob.
    pub(crate) fn is_nowhere(&self, sha256: Sha256) -> bool {
        self.health.is_nowhere(sha256, Instant::now())
    }

    /// Returns where anybody can download the blob, for as long as `valid`: at the first of `remotes` that has an address.
    pub(crate) fn address(
        &self,
        blob: &Wanted,
        remotes: &Remotes,
        valid: Duration,
    ) -> Option<String> {
        let now = Instant::now();
        let may_ask =
            |remote: &dyn BlobRemote| self.addressing.may_ask(remote.name(), blob.sha256, now);
        remotes
            .iter()
            .filter(|remote| may_ask(&***remote))
            .find_map(|remote| match remote.address(blob, valid) {
                Ok(address) => {
                    self.addressing.gave(remote.name(), blob.sha256);
                    address
                }
                Err(error) => {
                    let now = Instant::now();
                    self.addressing.refused(&**remote, blob.sha256, &error, now);
                    None
                }
            })
    }

    /// Says what remotes did wrong lately.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let now = Instant::now();
        let mut warnings = self.health.warnings(now);
        warnings.extend(self.addressing.warnings(now));
        warnings.dedup();
        warnings
    }

    /// Returns how many bytes are here or about to be, and how many may be.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.folder.used().unwrap_or_default(), self.limits.capacity)
    }

    fn start(
        self: &Arc<Self>,
        blob: &Wanted,
        remotes: &Remotes,
        flight: &Arc<Flight>,
    ) -> Result<(), Refusal> {
        let (cache, blob) = (Arc::clone(self), blob.clone());
        let (remotes, flight) = (Arc::clone(remotes), Arc::clone(flight));
        let thread = std::thread::Builder::new().name("fetch".to_owned());
        let started = thread.spawn(move || cache.fly(&blob, &remotes, &flight));
        started
            .map(drop)
            .map_err(|source| Refusal::Cache { source })
    }

    /// Brings a blob, and tells those who read it.
    fn fly(&self, blob: &Wanted, remotes: &Remotes, flight: &Flight) {
        // However it ends, those who wait are told.
        let landing = Landing {
            cache: self,
            blob,
            flight,
        };
        let deadline = Instant::now() + PATIENCE;
        let ended = match self.wait_for_turn(deadline) {
            Some(_turn) => self.bring(blob, remotes, flight, deadline),
            None => Err(Refusal::Busy),
        };
        landing.end(ended);
    }

    fn bring(
        &self,
        blob: &Wanted,
        remotes: &Remotes,
        flight: &Flight,
        deadline: Instant,
    ) -> Result<(), Refusal> {
        let Some(_room) = self.wait_for_room(blob, deadline)? else {
            return self.find(blob, flight);
        };
        let now = Instant::now();
        let asked: Vec<&dyn BlobRemote> = remotes
            .iter()
            .map(|remote| &**remote)
            .filter(|remote| self.health.may_ask(remote.name(), blob.sha256, now))
            .collect();
        if asked.is_empty() {
            return Err(Refusal::NoRemote);
        }
        match self.fetch(blob, &asked, flight) {
            Ok(Fetched::From { remote }) => {
                self.health.gave(&remote, blob.sha256);
                flight.arrived();
                Ok(())
            }
            Ok(Fetched::AlreadyThere) => self.find(blob, flight),
            Err(errors) => {
                self.health.failed(blob.sha256, &errors, Instant::now());
                Err(Refusal::Failed { errors })
            }
        }
    }

    fn fetch(
        &self,
        blob: &Wanted,
        remotes: &[&dyn BlobRemote],
        flight: &Flight,
    ) -> Result<Fetched, Vec<TransferError>> {
        let store = &self.folder.store;
        let path = store.partial_path(blob.sha256);
        let before = std::cell::Cell::new(None);
        let told = |length: u64| {
            let more = before
                .replace(Some(length))
                .map(|before| length.saturating_sub(before));
            let counted = &self.counts.fetched_bytes;
            counted.fetch_add(more.unwrap_or_default(), Ordering::Relaxed);
            flight.came(length, &path);
        };
        let manner = Manner {
            attempts: ATTEMPTS,
            attempts_to_go_on: ATTEMPTS_TO_GO_ON,
            failed: &|remote, error| {
                self.health
                    .refused(remote, blob.sha256, error, Instant::now());
            },
            told: &told,
        };
        fetch_as(remotes, blob, store, &manner)
    }

    /// Takes what somebody else has brought.
    fn find(&self, blob: &Wanted, flight: &Flight) -> Result<(), Refusal> {
        let found = self.folder.store.open(blob.sha256, blob.size);
        let file = found.map_err(|error| Refusal::Cache {
            source: io::Error::other(error),
        })?;
        flight.found(file);
        Ok(())
    }

    /// Returns room for a blob; nothing when another process has brought it meanwhile.
    fn wait_for_room(&self, blob: &Wanted, deadline: Instant) -> Result<Option<Room<'_>>, Refusal> {
        loop {
            if self.folder.store.contains(blob.sha256, blob.size) {
                return Ok(None);
            }
            let asked = self.folder.ask(blob.sha256, blob.size);
            match asked.map_err(|source| Refusal::Cache { source })? {
                Asked::Given(room) => return Ok(Some(room)),
                Asked::Full if Instant::now() >= deadline => return Err(Refusal::Busy),
                // Another process has it and goes on for as long as it takes.
                Asked::Full | Asked::Taken => std::thread::sleep(LOOK),
            }
        }
    }

    fn wait_for_turn(&self, deadline: Instant) -> Option<Turn<'_>> {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        let is_full = |running: &mut usize| *running >= self.limits.fetches;
        let waited = self.turn.wait_timeout_while(running, left, is_full);
        let (mut running, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *running += 1;
        Some(Turn(self))
    }

    fn flights(&self) -> MutexGuard<'_, BTreeMap<Sha256, Arc<Flight>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the downloads that may go on at the same time.
struct Turn<'a>(&'a BlobCache);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self
            .0
            .running
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *running -= 1;
        drop(running);
        self.0.turn.notify_one();
    }
}

/// A download that ends.
struct Landing<'a> {
    blob: &'a Wanted,
    cache: &'a BlobCache,
    flight: &'a Flight,
}

impl Landing<'_> {
    fn end(&self, ended: Result<(), Refusal>) {
        if let Err(refusal) = ended {
            self.cache.counts.failures.fetch_add(1, Ordering::Relaxed);
            (self.cache.on_failure)(self.blob, &refusal);
            self.flight.failed(Arc::new(refusal));
        }
    }
}

impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.cache.flights().remove(&self.blob.sha256);
        if std::thread::panicking() {
            let source = io::Error::other("the download was given up");
            self.flight.failed(Arc::new(Refusal::Cache { source }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::testing::Fake;
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    struct Place {
        cache: Arc<BlobCache>,
        root: tempfile::TempDir,
    }

    fn place(capacity: u64) -> Place {
        let root = tempfile::tempdir().expect("a temporary folder");
        let limits = CacheLimits {
            capacity,
            fetches: 4,
        };
        let cache = BlobCache::open(root.path().to_owned(), limits, Box::new(|_, _| {}));
        let cache = Arc::new(cache.expect("writable"));
        Place { cache, root }
    }

    fn bytes(length: usize, seed: u8) -> Vec<u8> {
        let bytes = (0..length).map(|at| (at % 251) as u8 ^ seed);
        bytes.collect()
    }

    fn wanted(bytes: &[u8]) -> Wanted {
        Wanted::new(Sha256::of(bytes), bytes.len() as u64)
    }

    fn remotes(fakes: &[&Arc<Fake>]) -> Remotes {
        let boxed = fakes
            .iter()
            .map(|fake| Box::new(Arc::clone(fake)) as Box<dyn BlobRemote>);
        Arc::new(boxed.collect())
    }

    /// Reads all that can be had, and says how it ended.
    fn read(got: Got, size: u64) -> (Vec<u8>, Result<(), Cut>) {
        let mut all = Vec::new();
        let mut take = |file: &File, offset: u64, length: u64| {
            let mut piece = vec![0; usize::try_from(length).expect("a small number")];
            file.read_exact_at(&mut piece, offset)
                .expect("as much as was said");
            all.extend_from_slice(&piece);
        };
        let flight = match got {
            Got::Here(file) => {
                take(&file, 0, size);
                return (all, Ok(()));
            }
            Got::Coming(flight) => flight,
        };
        let mut reader = flight.reader(0, size);
        loop {
            match reader.next(LONG) {
                Ok(Some(piece)) => take(&piece.file, piece.offset, piece.length),
                Ok(None) => return (all, Ok(())),
                Err(cut) => return (all, Err(cut)),
            }
        }
    }

    impl Place {
        fn get(&self, blob: &Wanted, remotes: &Remotes) -> (Vec<u8>, Result<(), Cut>) {
            match self.cache.get(blob, remotes) {
                Ok(got) => read(got, blob.size),
                Err(refusal) => (Vec::new(), Err(Cut::Refused(Arc::new(refusal)))),
            }
        }

        /// Waits until nothing is under way.
        fn settle(&self) {
            let start = Instant::now();
            while !self.cache.flights().is_empty() {
                assert!(start.elapsed() < LONG);
                std::thread::sleep(Duration::from_millis(1));
            }
        }

        fn left(&self) -> usize {
            let count = |folder: &str| {
                let entries = fs_err::read_dir(self.root.path().join(folder));
                entries.map_or(0, Iterator::count)
            };
            count("incomplete") + count("coming")
        }
    }

    #[test]
    fn a_hundred_who_want_the_same_at_once_cause_one_download() {
        let place = place(10 << 20);
        let content = bytes(3 << 20, 0);
        let fake = Arc::new(Fake::new("store", &content).slow());
        let (blob, remotes) = (wanted(&content), remotes(&[&fake]));
        let all = std::thread::scope(|threads| {
            let readers: Vec<_> = (0..100)
                .map(|_| threads.spawn(|| place.get(&blob, &remotes)))
                .collect();
            let read = readers
                .into_iter()
                .map(|reader| reader.join().expect("no panic"));
            read.collect::<Vec<_>>()
        });
        assert!(
            all.iter()
                .all(|(read, ended)| *read == content && ended.is_ok())
        );
        assert_eq!(fake.reads(), 1);
        place.settle();
        assert_eq!(place.left(), 0);
        let again = place.get(&blob, &remotes);
        assert!(again.0 == content && fake.reads() == 1);
    }

    #[test]
    fn what_is_not_the_blob_is_cut_before_its_end_and_the_next_remote_is_asked_next() {
        let place = place(10 << 20);
        let content = bytes(1 << 20, 0);
        let wrong = Arc::new(Fake::new("wrong", &bytes(1 << 20, 7)).slow());
        let right = Arc::new(Fake::new("right", &content));
        let (blob, remotes) = (wanted(&content), remotes(&[&wrong, &right]));
        let (read, ended) = place.get(&blob, &remotes);
        assert!(matches!(ended, Err(Cut::Anew)), "{ended:?}");
        assert!(read.len() < content.len());
        place.settle();
        assert!(place.get(&blob, &remotes).0 == content);
        assert_eq!((wrong.reads(), place.left()), (1, 0));
    }

    #[test]
    fn nothing_stays_of_what_no_remote_has_right_and_it_is_not_asked_for_again_at_once() {
        let place = place(10 << 20);
        let content = bytes(1 << 20, 0);
        let wrong = Arc::new(Fake::new("wrong", &bytes(1 << 20, 7)));
        let (blob, remotes) = (wanted(&content), remotes(&[&wrong]));
        for _ in 0..10 {
            let (read, ended) = place.get(&blob, &remotes);
            assert!(ended.is_err() && read.len() < content.len());
            place.settle();
        }
        assert_eq!(
            (wrong.reads(), place.left(), place.cache.size().0),
            (1, 0, 0)
        );
        assert!(place.cache.warnings()[0].contains("something else"));
    }

    #[test]
    fn a_download_that_is_interrupted_goes_on_with_the_next_remote_for_those_who_read() {
        let place = place(10 << 20);
        let content = bytes(2 << 20, 0);
        let short = Arc::new(Fake::new("short", &content[..1 << 20]));
        let right = Arc::new(Fake::new("right", &content));
        let (blob, remotes) = (wanted(&content), remotes(&[&short, &right]));
        let (read, ended) = place.get(&blob, &remotes);
        assert!(ended.is_ok() && read == content, "{ended:?}");
        assert_eq!(right.began(), [1 << 20], "what came is not asked for again");
    }

    #[test]
    fn a_remote_that_cannot_begin_in_the_middle_sends_all_and_nobody_is_cut() {
        let place = place(10 << 20);
        let content = bytes(2 << 20, 0);
        let short = Arc::new(Fake::new("short", &content[..1 << 20]));
        let right = Arc::new(Fake::new("right", &content).only_from_the_start());
        let (blob, remotes) = (wanted(&content), remotes(&[&short, &right]));
        let (read, ended) = place.get(&blob, &remotes);
        assert!(ended.is_ok() && read == content, "{ended:?}");
    }

    #[test]
    fn the_folder_is_never_larger_than_it_may_be() {
        let place = place(3 << 20);
        let contents: Vec<Vec<u8>> = (0..8).map(|seed| bytes(1 << 20, seed)).collect();
        let fakes: Vec<_> = contents
            .iter()
            .map(|content| Arc::new(Fake::new("store", content).slow()))
            .collect();
        std::thread::scope(|threads| {
            for (content, fake) in contents.iter().zip(&fakes) {
                threads.spawn(|| {
                    let (read, ended) = place.get(&wanted(content), &remotes(&[fake]));
                    assert!(ended.is_ok() && read == *content, "{ended:?}");
                });
            }
            for _ in 0..50 {
                assert!(place.cache.size().0 <= 3 << 20);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let large = place.get(&wanted(&bytes(4 << 20, 0)), &remotes(&[]));
        let refused = large.1.expect_err("it has no room");
        assert!(
            refused.to_string().contains("has room for 3145728"),
            "{refused}"
        );
    }
}
