//! Sends an answer: head and small body in one write, files by the system where it can.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use super::answer_head;
use super::event::Failure;
use super::framing::Persistence;
use super::stream::Stream;
use crate::http::reply::{Body, Reply};
use crate::transfer::Flight;

/// One read of a file, and one write.
const PIECE: usize = 256 << 10;
/// What the system is asked to send at once.
#[cfg(target_os = "linux")]
const MOST: usize = 1 << 20;
/// Bodies up to here are copied behind the head: that costs less than a second write.
const SMALL: usize = 32 << 10;
/// How long nothing may come of what is still fetched.
const SILENCE: Duration = Duration::from_secs(60);

/// How sending went.
pub(super) struct Sent {
    /// Bytes of the body that were handed to the socket.
    pub(super) bytes: u64,
    pub(super) end: End,
}

/// Whether the answer is whole.
pub(super) enum End {
    Broken(Failure),
    HungUp,
    Whole,
}

/// What takes an answer.
pub(super) trait Sink: Write {
    /// Has the system send a part of a file, where that is possible; returns how much of it was sent before the end of the
    /// file.
    fn send_file(&mut self, _file: &File, _offset: u64, _length: u64) -> Option<io::Result<u64>> {
        None
    }

    /// Takes note that for so long there was nothing to be sent, which is no fault of the client's.
    fn has_waited(&mut self, _time: Duration) {}
}

impl Sink for Stream {
    fn has_waited(&mut self, time: Duration) {
        Self::has_waited(self, time);
    }

    #[cfg(target_os = "linux")]
    fn send_file(&mut self, file: &File, offset: u64, length: u64) -> Option<io::Result<u64>> {
        self.unencrypted()?;
        Some(sendfile(self, file, offset, length))
    }
}

impl Sink for Box<dyn Write + Send> {}

/// Sends from the file to the socket within the system. The files here are never changed, so it does no harm that what is
/// under way is not copied.
#[cfg(target_os = "linux")]
fn sendfile(stream: &mut Stream, file: &File, mut offset: u64, length: u64) -> io::Result<u64> {
    let end = offset + length;
    let start = offset;
    while offset < end {
        let socket = stream.unencrypted().expect("the caller has looked");
        let piece = usize::try_from(end - offset)
            .unwrap_or(usize::MAX)
            .min(MOST);
        match rustix::fs::sendfile(socket, file, Some(&mut offset), piece) {
            Ok(0) => break,
            Ok(count) => stream.has_sent(count as u64)?,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(offset - start)
}

/// Sends `reply`, without its body if `head_only`.
pub(super) fn send<S: Sink>(
    writer: &mut S,
    reply: &Reply,
    persistence: Persistence,
    head_only: bool,
) -> Sent {
    thread_local! {
        static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        answer_head::write(buffer, reply, persistence);
        let mut outgoing = Outgoing {
            head: buffer.len(),
            buffer,
            sent: 0,
            writer,
        };
        let has_body = !head_only && answer_head::has_body(reply.status);
        let result = match has_body {
            true => outgoing.body(&reply.body),
            false => Ok(()),
        };
        let end = match result.and_then(|()| outgoing.finish()) {
            Ok(()) => End::Whole,
            Err(failure) => classify(failure),
        };
        Sent {
            bytes: outgoing.sent,
            end,
        }
    })
}

/// An answer that is being sent.
struct Outgoing<'a, S> {
    /// What is written next.
    buffer: &'a mut Vec<u8>,
    /// How much of it is no part of the body.
    head: usize,
    /// Bytes of the body that were handed to the socket.
    sent: u64,
    writer: &'a mut S,
}

impl<S: Sink> Outgoing<'_, S> {
    fn body(&mut self, body: &Body) -> Result<(), Failure> {
        match body {
            Body::Bytes(bytes) => Ok(self.bytes(bytes.as_slice())?),
            Body::Empty => Ok(()),
            Body::File {
                file,
                length,
                offset,
            } => self.file(file, *offset, *length),
            Body::Growing {
                flight,
                length,
                offset,
            } => self.growing(flight, *offset, *length),
            Body::Parts(parts) => parts.iter().try_for_each(|part| self.body(part)),
            Body::Promised { length, .. } => Err(Failure::ShortFile { missing: *length }),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        let (first, rest) = bytes.split_at(bytes.len().min(SMALL));
        self.make_room(first.len())?;
        self.buffer.extend_from_slice(first);
        for piece in rest.chunks(PIECE) {
            self.write()?;
            self.writer.write_all(piece)?;
            self.sent += piece.len() as u64;
        }
        Ok(())
    }

    fn file(&mut self, file: &File, offset: u64, length: u64) -> Result<(), Failure> {
        if length <= SMALL as u64 {
            return self.copy(file, offset, length);
        }
        self.write()?;
        let Some(result) = self.writer.send_file(file, offset, length) else {
            return self.copy(file, offset, length);
        };
        let sent = result?;
        self.sent += sent;
        match length - sent {
            0 => Ok(()),
            missing => Err(Failure::ShortFile { missing }),
        }
    }

    /// Sends what is there of a file that is still coming, and waits for the rest. Only this connection's thread waits.
    fn growing(&mut self, flight: &Flight, offset: u64, length: u64) -> Result<(), Failure> {
        let mut reader = flight.reader(offset, length);
        loop {
            // Whoever waits has had all there is.
            self.write()?;
            let start = Instant::now();
            let piece = reader.next(SILENCE);
            self.writer.has_waited(start.elapsed());
            let Some(piece) = piece.map_err(|source| Failure::Fetch { source })? else {
                return Ok(());
            };
            self.piece(&piece.file, piece.offset, piece.length)?;
        }
    }

    /// Sends a part of a file that others read from as well.
    fn piece(&mut self, file: &File, mut offset: u64, mut left: u64) -> Result<(), Failure> {
        if let Some(result) = self.writer.send_file(file, offset, left) {
            let sent = result?;
            self.sent += sent;
            offset += sent;
            left -= sent;
        }
        while left > 0 {
            let piece = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
            self.buffer.resize(piece, 0);
            let read = file.read_at(self.buffer, offset)?;
            self.buffer.truncate(read);
            if read == 0 {
                return Err(Failure::ShortFile { missing: left });
            }
            self.write()?;
            offset += read as u64;
            left -= read as u64;
        }
        Ok(())
    }

    /// Sends the bytes by way of the buffer, the first of them behind what it holds.
    fn copy(&mut self, mut file: &File, offset: u64, length: u64) -> Result<(), Failure> {
        file.seek(SeekFrom::Start(offset))?;
        let mut left = length;
        while left > 0 {
            let piece = left.min(PIECE as u64);
            self.make_room(usize::try_from(piece).unwrap_or(PIECE))?;
            let read = file.take(piece).read_to_end(self.buffer)? as u64;
            left -= read;
            if read < piece {
                self.write()?;
                return Err(Failure::ShortFile { missing: left });
            }
        }
        Ok(())
    }

    /// Sends first what would make the buffer too large.
    fn make_room(&mut self, length: usize) -> io::Result<()> {
        let after = self.buffer.len() + length;
        if self.buffer.len() > self.head && after > PIECE {
            self.write()?;
        }
        Ok(())
    }

    fn write(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.writer.write_all(self.buffer)?;
        self.sent += (self.buffer.len() - self.head) as u64;
        self.head = 0;
        self.buffer.clear();
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Failure> {
        self.write()?;
        Ok(self.writer.flush()?)
    }
}

impl From<io::Error> for Failure {
    fn from(source: io::Error) -> Self {
        Self::Send { source }
    }
}

pub(super) fn classify(failure: Failure) -> End {
    let kind = match &failure {
        Failure::Send { source } => source.kind(),
        _ => return End::Broken(failure),
    };
    match kind {
        ErrorKind::BrokenPipe
        | ErrorKind::ConnectionAborted
        | ErrorKind::ConnectionReset
        | ErrorKind::NotConnected => End::HungUp,
        // What a time-out for sending looks like depends on the system.
        ErrorKind::WouldBlock | ErrorKind::TimedOut => End::Broken(Failure::Stalled),
        _ => End::Broken(failure),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::http::reply::Kept;
    use crate::transfer::Refusal;

    /// Counts the writes that reach it.
    #[derive(Default)]
    struct Wire {
        bytes: Vec<u8>,
        writes: usize,
    }

    impl Sink for Wire {}

    /// A download that comes as far as it is told to.
    struct Fetched {
        flight: Arc<Flight>,
        folder: tempfile::TempDir,
    }

    impl Fetched {
        fn new(bytes: &[u8]) -> Self {
            let folder = tempfile::tempdir().expect("a temporary folder");
            fs_err::write(folder.path().join("blob"), bytes).expect("writable");
            let flight = Arc::new(Flight::new(bytes.len() as u64));
            Self { flight, folder }
        }

        fn come(&self, length: usize) {
            let path = self.folder.path().join("blob");
            self.flight.came(length as u64, &path);
        }
    }

    impl Write for Wire {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.bytes.extend_from_slice(bytes);
            self.writes += 1;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(bytes).expect("room for the test's bytes");
        file
    }

    #[test]
    fn head_and_small_body_go_out_in_one_write() {
        let mut wire = Wire::default();
        let sent = send(
            &mut wire,
            &Reply::text(200, "body"),
            Persistence::Keep,
            false,
        );
        assert_eq!((wire.writes, sent.bytes), (1, 4));
        assert!(wire.bytes.ends_with(b"\r\n\r\nbody"));
    }

    #[test]
    fn head_only_has_the_length_of_the_body_and_not_the_body() {
        let mut wire = Wire::default();
        let sent = send(
            &mut wire,
            &Reply::text(200, "body"),
            Persistence::Keep,
            true,
        );
        let text = String::from_utf8(wire.bytes).expect("heads are ASCII");
        assert!(text.contains("Content-Length: 4\r\n") && text.ends_with("\r\n\r\n"));
        assert_eq!(sent.bytes, 0);
    }

    #[test]
    fn large_bodies_arrive_whole_from_memory_and_from_files() {
        let bytes: Vec<u8> = (0..700_001_u32)
            .map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1])
            .collect();
        for reply in [
            Reply::bytes(200, "a/b", bytes.clone()),
            Reply::file("a/b", file(&bytes), bytes.len() as u64),
        ] {
            let mut wire = Wire::default();
            let sent = send(&mut wire, &reply, Persistence::Keep, false);
            assert_eq!(sent.bytes, bytes.len() as u64);
            assert!(wire.bytes.ends_with(&bytes) && wire.writes <= 4);
        }
    }

    #[test]
    fn parts_arrive_one_after_the_other() {
        let bytes: Vec<u8> = (0..900_001_u32).map(|n| n.to_le_bytes()[1]).collect();
        let whole = Reply::file("a/b", file(&bytes), bytes.len() as u64).body;
        let ranges = [(0, 10), (500_000, 40_000), (70_000, 300_000), (7, 1)];
        let mut expected = Vec::new();
        let mut reply = Reply::new(206);
        let parts = ranges.iter().flat_map(|&(first, length)| {
            let part = usize::try_from(first).expect("a small number");
            expected.extend_from_slice(b"head");
            expected
                .extend_from_slice(&bytes[part..][..usize::try_from(length).expect("so is it")]);
            [Body::Bytes("head".into()), whole.part(first, length)]
        });
        reply.body = Body::Parts(parts.collect());
        let mut wire = Wire::default();
        let sent = send(&mut wire, &reply, Persistence::Keep, false);
        assert!(matches!(sent.end, End::Whole));
        assert_eq!(sent.bytes, expected.len() as u64);
        assert!(wire.bytes.ends_with(&expected));
        let length = format!("Content-Length: {}\r\n", expected.len());
        assert!(String::from_utf8_lossy(&wire.bytes[..200]).contains(&length));
    }

    #[test]
    fn part_that_ends_early_breaks_the_answer_off() {
        let short = Reply::file("a/b", file(b"short"), 100_000).body;
        let mut reply = Reply::new(206);
        reply.body = Body::Parts(vec![
            Body::Bytes("head".into()),
            short,
            Body::Bytes("end".into()),
        ]);
        let mut wire = Wire::default();
        let sent = send(&mut wire, &reply, Persistence::Keep, false);
        assert!(matches!(
            sent.end,
            End::Broken(Failure::ShortFile { missing: 99_995 })
        ));
        assert!(sent.bytes == 9 && wire.bytes.ends_with(b"headshort"));
    }

    #[test]
    fn file_that_is_fetched_arrives_whole_and_in_parts_and_never_to_its_end_when_it_is_wrong() {
        let bytes: Vec<u8> = (0..600_001_u32).map(|n| n.to_le_bytes()[1]).collect();
        for (is_right, parts) in [(true, 1), (true, 3), (false, 1), (false, 3)] {
            let fetched = Fetched::new(&bytes);
            let flight = &fetched.flight;
            let mut reply = Reply::promised("a/b", bytes.len() as u64);
            if parts > 1 {
                let part = |first| reply.body.part(first, 200_000);
                reply.body = Body::Parts([0, 200_000, 400_000].map(part).into());
            }
            reply.body = reply.body.kept(&Kept::Flight(Arc::clone(flight)));
            let mut wire = Wire::default();
            let sent = std::thread::scope(|threads| {
                let sending = threads.spawn(|| send(&mut wire, &reply, Persistence::Keep, false));
                for length in [1, 1000, 300_000, bytes.len()] {
                    fetched.come(length);
                    std::thread::sleep(Duration::from_millis(5));
                }
                match is_right {
                    true => flight.arrived(),
                    false => flight.failed(Arc::new(Refusal::NoRemote)),
                }
                sending.join().expect("no panic")
            });
            if is_right {
                assert!(matches!(sent.end, End::Whole));
                let expected = &bytes[..reply.body.length().try_into().expect("small")];
                assert!(wire.bytes.ends_with(expected));
            } else {
                assert!(matches!(sent.end, End::Broken(Failure::Fetch { .. })));
                assert!(sent.bytes < bytes.len() as u64 / parts);
            }
        }
    }

    #[test]
    fn promise_that_nobody_keeps_breaks_the_answer_off() {
        let mut wire = Wire::default();
        let sent = send(
            &mut wire,
            &Reply::promised("a/b", 9),
            Persistence::Keep,
            false,
        );
        assert!(matches!(
            sent.end,
            End::Broken(Failure::ShortFile { missing: 9 })
        ));
    }

    #[test]
    fn file_that_ends_early_breaks_the_answer_off() {
        let reply = Reply::file("a/b", file(b"short"), 100);
        let sent = send(&mut Wire::default(), &reply, Persistence::Keep, false);
        assert!(matches!(
            sent.end,
            End::Broken(Failure::ShortFile { missing: 95 })
        ));
    }
}
