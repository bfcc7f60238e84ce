//! A remote that does what it is told.

use std::io::{self, Cursor, Read, Seek as _, SeekFrom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::base::digest::Sha256;
use crate::transfer::error::TransferError;
use crate::transfer::remote::{BlobRemote, Found, Listed, Put, Reading, Wanted};

/// A remote that gives the same bytes whatever it is asked for.
pub(super) struct Fake {
    began: Mutex<Vec<u64>>,
    bytes: Vec<u8>,
    begins_anywhere: bool,
    name: &'static str,
    pause: Duration,
    reads: AtomicUsize,
}

impl Fake {
    pub(super) fn new(name: &'static str, bytes: &[u8]) -> Self {
        Self {
            began: Mutex::default(),
            bytes: bytes.to_vec(),
            begins_anywhere: true,
            name,
            pause: Duration::ZERO,
            reads: AtomicUsize::new(0),
        }
    }

    /// Takes its time.
    pub(super) fn slow(self) -> Self {
        let pause = Duration::from_millis(5);
        Self { pause, ..self }
    }

    /// Cannot begin in the middle.
    pub(super) fn only_from_the_start(self) -> Self {
        Self {
            begins_anywhere: false,
            ..self
        }
    }

    /// Returns how often it was read.
    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::Relaxed)
    }

    /// Returns from where it was asked to begin.
    pub(super) fn began(&self) -> Vec<u64> {
        self.began.lock().expect("no panic").clone()
    }
}

/// Bytes that come slowly.
struct Slow {
    bytes: Cursor<Vec<u8>>,
    pause: Duration,
}

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        std::thread::sleep(self.pause);
        self.bytes.read(buffer)
    }
}

impl BlobRemote for Fake {
    fn name(&self) -> &str {
        self.name
    }

    fn shown(&self) -> String {
        self.name.to_owned()
    }

    fn is_writable(&self) -> bool {
        false
    }

    fn stat(&self, _blob: &Wanted) -> Result<Option<Found>, TransferError> {
        Ok(None)
    }

    fn read(&self, _blob: &Wanted, from: u64) -> Result<Reading, TransferError> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.began.lock().expect("no panic").push(from);
        let from = if self.begins_anywhere { from } else { 0 };
        let mut bytes = Cursor::new(self.bytes.clone());
        bytes.seek(SeekFrom::Start(from)).expect("memory can seek");
        let pause = self.pause;
        Ok(Reading {
            from,
            source: Box::new(Slow { bytes, pause }),
        })
    }

    fn put(&self, _blob: &Wanted, _source: &mut (dyn Read + Send)) -> Result<Put, TransferError> {
        Ok(Put::Done)
    }

    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError> {
        Ok(None)
    }

    fn delete(&self, _sha256: Sha256) -> Result<(), TransferError> {
        Ok(())
    }

    fn address(&self, _blob: &Wanted, _valid: Duration) -> Result<Option<String>, TransferError> {
        Ok(None)
    }
}

impl BlobRemote for Arc<Fake> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn shown(&self) -> String {
        (**self).shown()
    }

    fn is_writable(&self) -> bool {
        (**self).is_writable()
    }

    fn stat(&self, blob: &Wanted) -> Result<Option<Found>, TransferError> {
        (**self).stat(blob)
    }

    fn read(&self, blob: &Wanted, from: u64) -> Result<Reading, TransferError> {
        (**self).read(blob, from)
    }

    fn put(&self, blob: &Wanted, source: &mut (dyn Read + Send)) -> Result<Put, TransferError> {
        (**self).put(blob, source)
    }

    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError> {
        (**self).list()
    }

    fn delete(&self, sha256: Sha256) -> Result<(), TransferError> {
        (**self).delete(sha256)
    }

    fn address(&self, blob: &Wanted, valid: Duration) -> Result<Option<String>, TransferError> {
        (**self).address(blob, valid)
    }
}
