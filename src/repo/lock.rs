//! The lock that one writer of a repository holds, in whichever process: the system takes it back when the process dies.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::manner::{Manner, News};
use super::write_error::WriteError;
use crate::base::atomic_file;

/// The lock; dropping it gives it back.
pub(super) struct Lock {
    _file: File,
}

/// Who holds the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    process: u32,
    purpose: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}, which runs `{}`", self.process, self.purpose)
    }
}

/// A wait that is shorter is not worth a word.
const SILENT: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(10);
/// A text about the holder is not longer.
const MAX_TEXT: u64 = 256;

impl Lock {
    /// Takes the lock of the repository whose files of spkrepo are in `folder`.
    pub(super) fn take(folder: &Path, manner: &Manner) -> Result<Self, WriteError> {
        let path = folder.join("lock");
        let failed = |source| WriteError::Lock {
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        // What the holder says of itself must stay.
        options.create(true).read(true).write(true).truncate(false);
        let opened = fs_err::create_dir_all(folder).and_then(|()| options.open(&path));
        let mut file = opened.map_err(failed)?;
        if !wait(&mut file, manner).map_err(failed)? {
            return Err(WriteError::Busy {
                holder: holder(&mut file),
                path: path.clone(),
                seconds: manner.lock_timeout.as_secs(),
            });
        }
        // Nobody depends on what it says.
        let _ = sign(&mut file, &manner.purpose);
        atomic_file::remove_leftovers(folder).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Waits for the lock; returns whether it was got in time.
fn wait(file: &mut File, manner: &Manner) -> io::Result<bool> {
    let start = Instant::now();
    let mut is_told = false;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        let waited = start.elapsed();
        if waited >= manner.lock_timeout {
            return Ok(false);
        }
        if waited >= SILENT && !is_told {
            let holder = holder(file);
            (manner.tell)(&News::Waiting { holder });
            is_told = true;
        }
        std::thread::sleep(POLL);
    }
}

fn sign(file: &mut File, purpose: &str) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    write!(file, "{} {purpose}", std::process::id())
}

fn holder(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MAX_TEXT).read_to_string(&mut text).ok()?;
    let (process, purpose) = text.split_once(' ')?;
    Some(Holder {
        process: process.parse().ok()?,
        purpose: purpose.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn who_waits_is_told_for_whom_and_gives_up() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let manner = Manner {
            purpose: "spkrepo promote".to_owned(),
            ..Manner::default()
        };
        let lock = Lock::take(folder.path(), &manner).expect("nobody else");
        let told = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&told);
        let second = Manner {
            lock_timeout: Duration::from_millis(1200),
            tell: Arc::new(move |news| sink.lock().expect("no panic").push(format!("{news:?}"))),
            ..Manner::default()
        };
        let error = Lock::take(folder.path(), &second)
            .err()
            .expect("it is taken");
        let expected = format!(
            "process {}, which runs `spkrepo promote`",
            std::process::id()
        );
        assert!(error.to_string().contains(&expected), "{error}");
        let told = told.lock().expect("no panic").join("\n");
        assert!(told.contains("spkrepo promote"), "{told}");
        drop(lock);
        Lock::take(folder.path(), &second).expect("it was given back");
    }
}
