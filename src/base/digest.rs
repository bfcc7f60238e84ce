//! SHA-256 and MD5 values, and computing both of one stream in parallel.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use md5::Digest as _;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

/// Says that a text is not the digest it should be.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not {bits} bits in lower-case hexadecimal")]
pub(crate) struct DigestError {
    bits: usize,
    text: String,
}

macro_rules! digest_type {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub(crate) struct $name([u8; $bytes]);

        impl $name {
            /// Returns the value as bytes, for formats that do not have it in hexadecimal.
            pub(crate) fn as_bytes(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = DigestError;

            fn from_str(text: &str) -> Result<Self, DigestError> {
                parse_hex(text).map(Self).ok_or_else(|| DigestError {
                    bits: $bytes * 8,
                    text: text.chars().take(80).collect(),
                })
            }
        }

        impl TryFrom<String> for $name {
            type Error = DigestError;

            fn try_from(text: String) -> Result<Self, DigestError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
            }
        }
    };
}

digest_type! {
    /// The SHA-256 of an SPK: the name of its blob.
    Sha256, 32
}
digest_type! {
    /// The MD5 of an SPK, which Package Center checks, or of `package.tgz`, which INFO may state.
    Md5, 16
}

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Md5 {
    /// Returns the MD5 of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(md5::Md5::digest(bytes).into())
    }
}

impl Sha256 {
    /// Returns the SHA-256 of `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::of_parts(&[bytes])
    }

    /// Says whether the two are the same, in a time that does not tell how much of them is.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Returns the SHA-256 of `parts`, one after another.
    pub(crate) fn of_parts(parts: &[&[u8]]) -> Self {
        let mut state = Sha256Hasher::default();
        parts.iter().for_each(|part| state.update(part));
        state.finish()
    }

    /// Returns the SHA-256 of all that `source` has.
    pub(crate) fn of_stream(mut source: impl Read) -> io::Result<Self> {
        let mut state = Sha256Hasher::default();
        let mut buffer = vec![0; 1 << 18];
        loop {
            match source.read(&mut buffer)? {
                0 => return Ok(state.finish()),
                length => state.update(&buffer[..length]),
            }
        }
    }
}

/// Computes one SHA-256 incrementally: by ring, whose assembly takes half the time where a processor has no instructions for
/// it.
#[derive(Clone)]
pub(crate) struct Sha256Hasher(ring::digest::Context);

impl Default for Sha256Hasher {
    fn default() -> Self {
        Self(ring::digest::Context::new(&ring::digest::SHA256))
    }
}

impl Sha256Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Sha256 {
        let digest = self.0.finish();
        Sha256(digest.as_ref().try_into().expect("it has 256 bits"))
    }
}

/// Computes one MD5 incrementally.
#[derive(Clone, Default)]
pub(crate) struct Md5Hasher(md5::Md5);

impl Md5Hasher {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Md5 {
        Md5(self.0.finalize().into())
    }
}

/// The size and both digests of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digests {
    pub(crate) md5: Md5,
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
}

/// Bytes that are handed to the hashing threads at once: large enough that handing over costs nothing.
const CHUNK: usize = 256 * 1024;
/// Chunks that may wait for a hashing thread: bounds the memory, not the speed.
const WAITING: usize = 16;

/// Computes SHA-256 and MD5 of one stream, each in a thread of its own, while the caller reads on.
///
/// On a machine with two cores the stream takes as long as SHA-256 alone.
pub(crate) struct ParallelHasher {
    chunk: Vec<u8>,
    md5: Worker<Md5Hasher>,
    sha256: Worker<Sha256Hasher>,
    size: u64,
}

/// A thread that has a hasher `H`.
struct Worker<H> {
    jobs: SyncSender<Job<H>>,
    thread: JoinHandle<H>,
}

enum Job<H> {
    Chunk(Arc<Vec<u8>>),
    /// Sends a copy of the hasher as it is after all chunks before.
    Fork(SyncSender<H>),
}

impl<H: Clone + Default + Send + 'static> Worker<H> {
    fn spawn(update: fn(&mut H, &[u8])) -> Self {
        let (jobs, queue) = sync_channel(WAITING);
        let thread = std::thread::spawn(move || {
            let mut hasher = H::default();
            while let Ok(job) = queue.recv() {
                match job {
                    Job::Chunk(chunk) => update(&mut hasher, &chunk),
                    // Who asked and left needs no answer.
                    Job::Fork(reply) => reply.send(hasher.clone()).unwrap_or_default(),
                }
            }
            hasher
        });
        Self { jobs, thread }
    }

    fn give(&self, job: Job<H>) {
        self.jobs
            .send(job)
            .expect("the worker ends only after its sender is dropped");
    }

    fn fork(&self) -> H {
        let (reply, answer) = sync_channel(1);
        self.give(Job::Fork(reply));
        answer.recv().expect("hashing does not panic")
    }

    fn finish(self) -> H {
        drop(self.jobs);
        self.thread.join().expect("hashing does not panic")
    }
}

impl ParallelHasher {
    /// Starts the two threads.
    pub(crate) fn new() -> Self {
        Self {
            chunk: Vec::with_capacity(CHUNK),
            md5: Worker::spawn(Md5Hasher::update),
            sha256: Worker::spawn(Sha256Hasher::update),
            size: 0,
        }
    }

    /// Returns a hasher that has had the stream so far, and may be given another end.
    pub(crate) fn fork_sha256(&mut self) -> Sha256Hasher {
        self.hand_over();
        self.sha256.fork()
    }

    /// Adds `bytes` to the stream.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_at(bytes.len().min(CHUNK - self.chunk.len()));
            self.chunk.extend_from_slice(head);
            bytes = rest;
            if self.chunk.len() == CHUNK {
                self.hand_over();
            }
        }
    }

    fn hand_over(&mut self) {
        let chunk = Arc::new(std::mem::replace(
            &mut self.chunk,
            Vec::with_capacity(CHUNK),
        ));
        self.md5.give(Job::Chunk(Arc::clone(&chunk)));
        self.sha256.give(Job::Chunk(chunk));
    }

    /// Waits for both threads and returns what they found.
    pub(crate) fn finish(mut self) -> Digests {
        self.hand_over();
        Digests {
            md5: self.md5.finish().finish(),
            sha256: self.sha256.finish().finish(),
            size: self.size,
        }
    }
}

impl io::Write for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Write for ParallelHasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_has_the_digests_of_its_bytes_however_it_is_cut() {
        let bytes: Vec<u8> = (0..3 * CHUNK + 17).map(|i| (i % 251) as u8).collect();
        let mut md5 = Md5Hasher::default();
        md5.update(&bytes);
        let expected = Digests {
            md5: md5.finish(),
            sha256: Sha256::of(&bytes),
            size: bytes.len() as u64,
        };
        for cut in [1000, CHUNK, CHUNK + 1, bytes.len()] {
            let mut hasher = ParallelHasher::new();
            bytes.chunks(cut).for_each(|part| hasher.update(part));
            assert_eq!(hasher.finish(), expected, "cut every {cut} bytes");
        }
    }

    #[test]
    fn a_stream_may_be_given_another_end() {
        let mut hasher = ParallelHasher::new();
        hasher.update(&[1; CHUNK + 5]);
        let mut other = hasher.fork_sha256();
        other.update(b"other");
        hasher.update(b"one");
        let expected = |end: &[u8]| Sha256::of_parts(&[&[1; CHUNK + 5], end]);
        assert_eq!(other.finish(), expected(b"other"));
        assert_eq!(hasher.finish().sha256, expected(b"one"));
    }

    #[test]
    fn a_digest_is_lower_case_hexadecimal_of_its_length() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Sha256::of(b"").to_string(), text);
        assert_eq!(text.parse::<Sha256>().expect("valid"), Sha256::of(b""));
        assert!(text.to_uppercase().parse::<Sha256>().is_err());
        assert!(text[1..].parse::<Sha256>().is_err());
        assert!("zz".repeat(16).parse::<Md5>().is_err());
        assert!(Sha256::of(b"").is_same_as(&Sha256::of(b"")));
        assert!(!Sha256::of(b"").is_same_as(&Sha256::of(b"a")));
    }
}
