//! One download that many read from while it goes on.
//!
//! The bytes are in a file that grows. Whoever reads gets what is there, but for the last byte of what they want: that is
//! given once the whole is what its name says. When what came is thrown away and comes anew, those who have read some of
//! it are told to stop, since nobody can make a whole of the two.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::transfer::error::TransferError;

/// A download that is under way, or was.
#[derive(Debug)]
pub(crate) struct Flight {
    news: Condvar,
    /// Bytes of the whole.
    size: u64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    end: End,
    file: Option<Arc<File>>,
    /// Counts the times that it began anew.
    generation: u64,
    length: u64,
}

#[derive(Clone, Debug, Default)]
enum End {
    Failed(Arc<Refusal>),
    #[default]
    Open,
    Whole,
}

/// Says why a blob cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("too much is being fetched already")]
    Busy,
    #[error("the cache cannot be used")]
    Cache {
        #[source]
        source: io::Error,
    },
    #[error("no remote gave it: {}", listed(.errors))]
    Failed { errors: Vec<TransferError> },
    #[error("it could not be had a moment ago")]
    JustFailed,
    #[error("no remote can be asked at the moment")]
    NoRemote,
    #[error("it has {size} bytes, and the cache has room for {capacity}")]
    TooLarge { capacity: u64, size: u64 },
}

fn listed(errors: &[TransferError]) -> String {
    let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
    errors.join("; ")
}

/// Says why somebody who reads gets no more.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Cut {
    #[error("what came was not the blob, and comes anew")]
    Anew,
    #[error(transparent)]
    Refused(Arc<Refusal>),
    #[error("nothing came for too long")]
    Silent,
}

/// Somebody who reads a part.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    end: u64,
    flight: &'a Flight,
    /// The generation that something was read of.
    generation: Option<u64>,
    position: u64,
}

/// A part of the file that can be read now.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) file: Arc<File>,
    pub(crate) length: u64,
    pub(crate) offset: u64,
}

impl Flight {
    pub(crate) fn new(size: u64) -> Self {
        Self {
            news: Condvar::new(),
            size,
            state: Mutex::default(),
        }
    }

    /// Takes note that `length` bytes are at `path`.
    pub(crate) fn came(&self, length: u64, path: &Path) {
        let mut state = self.lock();
        if state.file.is_none() || length < state.length {
            // Without the file nobody reads; the download itself finds out what is wrong with it.
            state.file = File::open(path).ok().map(Arc::new);
            state.generation += 1;
        }
        state.length = length;
        drop(state);
        self.news.notify_all();
    }

    /// Takes note that what came is whole.
    pub(crate) fn arrived(&self) {
        self.lock().end = End::Whole;
        self.news.notify_all();
    }

    /// Takes note that the whole is in `file`, from somewhere else.
    pub(super) fn found(&self, file: File) {
        let mut state = self.lock();
        state.file = Some(Arc::new(file));
        state.generation += 1;
        state.length = self.size;
        state.end = End::Whole;
        drop(state);
        self.news.notify_all();
    }

    pub(crate) fn failed(&self, refusal: Arc<Refusal>) {
        self.lock().end = End::Failed(refusal);
        self.news.notify_all();
    }

    /// Waits until something is there to be read, so that whoever is to be told that there is nothing can be.
    pub(crate) fn begun(&self, patience: Duration) -> Result<(), Cut> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            match &state.end {
                End::Failed(refusal) => return Err(Cut::Refused(Arc::clone(refusal))),
                End::Whole => return Ok(()),
                End::Open if state.file.is_some() && state.length > 0 => return Ok(()),
                End::Open => state = self.wait(state, deadline)?,
            }
        }
    }

    /// Reads `length` bytes from `offset`.
    pub(crate) fn reader(&self, offset: u64, length: u64) -> Reader<'_> {
        Reader {
            end: offset + length,
            flight: self,
            generation: None,
            position: offset,
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
    ) -> Result<MutexGuard<'a, State>, Cut> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Cut::Silent);
        }
        let waited = self.news.wait_timeout(state, left);
        Ok(waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reader<'_> {
    /// Returns what comes next, once it is there; nothing after the end. Silence is borne for as long as `patience`.
    pub(crate) fn next(&mut self, patience: Duration) -> Result<Option<Piece>, Cut> {
        if self.position >= self.end {
            return Ok(None);
        }
        let deadline = Instant::now() + patience;
        let mut state = self.flight.lock();
        loop {
            if self.generation.is_some_and(|read| read != state.generation) {
                return Err(Cut::Anew);
            }
            let until = match &state.end {
                End::Failed(refusal) => return Err(Cut::Refused(Arc::clone(refusal))),
                End::Open => state.length.min(self.end - 1),
                End::Whole => self.end,
            };
            if let Some(file) = state.file.as_ref().filter(|_| until > self.position) {
                let piece = Piece {
                    file: Arc::clone(file),
                    length: until - self.position,
                    offset: self.position,
                };
                self.generation = Some(state.generation);
                self.position = until;
                return Ok(Some(piece));
            }
            state = self.flight.wait(state, deadline)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt as _;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    struct Growing {
        flight: Flight,
        folder: tempfile::TempDir,
    }

    impl Growing {
        fn new(size: u64) -> Self {
            Self {
                flight: Flight::new(size),
                folder: tempfile::tempdir().expect("a temporary folder"),
            }
        }

        fn come(&self, bytes: &str) {
            let path = self.folder.path().join("blob");
            fs_err::write(&path, bytes).expect("writable");
            self.flight.came(bytes.len() as u64, &path);
        }
    }

    fn text(piece: Result<Option<Piece>, Cut>) -> Option<String> {
        let piece = piece.expect("it comes")?;
        let mut bytes = vec![0; usize::try_from(piece.length).expect("a small number")];
        let read = piece.file.read_exact_at(&mut bytes, piece.offset);
        read.expect("as much as was said");
        Some(String::from_utf8(bytes).expect("letters"))
    }

    #[test]
    fn what_is_there_is_read_at_once_and_the_last_byte_when_the_whole_is_right() {
        let growing = Growing::new(10);
        let mut reader = growing.flight.reader(0, 10);
        assert!(matches!(reader.next(SHORT), Err(Cut::Silent)));
        growing.come("0123");
        assert_eq!(text(reader.next(SHORT)).as_deref(), Some("0123"));
        growing.come("0123456789");
        assert_eq!(text(reader.next(SHORT)).as_deref(), Some("45678"));
        assert!(matches!(reader.next(SHORT), Err(Cut::Silent)));
        growing.flight.arrived();
        assert_eq!(text(reader.next(SHORT)).as_deref(), Some("9"));
        assert_eq!(text(reader.next(SHORT)), None);
    }

    #[test]
    fn the_last_byte_of_a_part_waits_for_the_whole_as_well() {
        let growing = Growing::new(10);
        growing.come("012345");
        let mut reader = growing.flight.reader(1, 3);
        assert_eq!(text(reader.next(SHORT)).as_deref(), Some("12"));
        assert!(matches!(reader.next(SHORT), Err(Cut::Silent)));
        growing.flight.arrived();
        assert_eq!(text(reader.next(SHORT)).as_deref(), Some("3"));
        assert_eq!(text(growing.flight.reader(5, 0).next(SHORT)), None);
    }

    #[test]
    fn who_has_read_what_was_wrong_is_cut_and_who_has_not_gets_what_is_right() {
        let growing = Growing::new(4);
        growing.come("wro");
        let mut early = growing.flight.reader(0, 4);
        let mut late = growing.flight.reader(3, 1);
        assert_eq!(text(early.next(SHORT)).as_deref(), Some("wro"));
        growing.come("");
        growing.come("good");
        growing.flight.arrived();
        assert!(matches!(early.next(SHORT), Err(Cut::Anew)));
        assert_eq!(text(late.next(SHORT)).as_deref(), Some("d"));
    }

    #[test]
    fn whoever_waits_hears_that_it_failed() {
        let growing = Growing::new(4);
        let (began, read) = std::thread::scope(|threads| {
            let began = threads.spawn(|| growing.flight.begun(Duration::from_secs(20)));
            let read = threads.spawn(|| {
                let mut reader = growing.flight.reader(0, 4);
                reader.next(Duration::from_secs(20)).map(|_| ())
            });
            std::thread::sleep(SHORT);
            growing.flight.failed(Arc::new(Refusal::NoRemote));
            (began.join(), read.join())
        });
        for cut in [began, read] {
            let cut = cut.expect("no panic").expect_err("it failed");
            assert!(matches!(cut, Cut::Refused(_)), "{cut}");
        }
    }

    #[test]
    fn what_came_by_another_way_is_whole() {
        let growing = Growing::new(4);
        let mut reader = growing.flight.reader(0, 4);
        let path = growing.folder.path().join("other");
        fs_err::write(&path, "good").expect("writable");
        growing.flight.found(File::open(&path).expect("readable"));
        growing.flight.begun(SHORT).expect("it is there");
        assert_eq!(text(reader.next(SHORT)).as_deref(), Some("good"));
    }
}
