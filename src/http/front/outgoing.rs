//! Sends an answer: head and small body in one write, files by the system where it can.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};

use super::answer_head;
use super::event::Failure;
use super::framing::Persistence;
use super::stream::Stream;
use crate::http::reply::{Body, Reply};

/// One read of a file, and one write.
const PIECE: usize = 256 << 10;
/// What the system is asked to send at once.
#[cfg(target_os = "linux")]
const MOST: usize = 1 << 20;
/// Bodies up to here are copied behind the head: that costs less than a second write.
const SMALL: usize = 32 << 10;

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
}

impl Sink for Stream {
    #[cfg(target_os = "linux")]
    fn send_file(&mut self, file: &File, offset: u64, length: u64) -> Option<io::Result<u64>> {
        let socket = self.unencrypted()?;
        Some(sendfile(socket, file, offset, length))
    }
}

impl Sink for Box<dyn Write + Send> {}

/// Sends from the file to the socket within the system. The files here are never changed, so it does no harm that what is
/// under way is not copied.
#[cfg(target_os = "linux")]
fn sendfile(
    socket: &std::net::TcpStream,
    file: &File,
    mut offset: u64,
    length: u64,
) -> io::Result<u64> {
    let end = offset + length;
    let start = offset;
    while offset < end {
        let piece = usize::try_from(end - offset)
            .unwrap_or(usize::MAX)
            .min(MOST);
        match rustix::fs::sendfile(socket, file, Some(&mut offset), piece) {
            Ok(0) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
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
    let mut sent = Sent {
        bytes: 0,
        end: End::Whole,
    };
    let result = BUFFER.with_borrow_mut(|buffer| {
        buffer.clear();
        answer_head::write(buffer, reply, persistence);
        match &reply.body {
            _ if head_only || !answer_head::has_body(reply.status) => Ok(writer.write_all(buffer)?),
            Body::Bytes(bytes) => send_bytes(writer, buffer, bytes.as_slice(), &mut sent.bytes),
            Body::Empty => Ok(writer.write_all(buffer)?),
            Body::File {
                file,
                length,
                offset,
            } => send_file(writer, buffer, file, *offset, *length, &mut sent.bytes),
        }?;
        Ok(writer.flush()?)
    });
    if let Err(failure) = result {
        sent.end = classify(failure);
    }
    sent
}

fn send_bytes(
    writer: &mut impl Write,
    buffer: &mut Vec<u8>,
    body: &[u8],
    sent: &mut u64,
) -> Result<(), Failure> {
    let (first, rest) = body.split_at(body.len().min(SMALL));
    buffer.extend_from_slice(first);
    writer.write_all(buffer)?;
    *sent += first.len() as u64;
    for piece in rest.chunks(PIECE) {
        writer.write_all(piece)?;
        *sent += piece.len() as u64;
    }
    Ok(())
}

/// Sends `length` bytes from `offset` of `file` behind the head that `buffer` holds.
fn send_file(
    writer: &mut impl Sink,
    buffer: &mut Vec<u8>,
    file: &File,
    offset: u64,
    length: u64,
    sent: &mut u64,
) -> Result<(), Failure> {
    if length <= SMALL as u64 {
        return copy_file(writer, buffer, file, offset, length, sent);
    }
    writer.write_all(buffer)?;
    buffer.clear();
    let Some(result) = writer.send_file(file, offset, length) else {
        return copy_file(writer, buffer, file, offset, length, sent);
    };
    *sent += result?;
    match length - *sent {
        0 => Ok(()),
        missing => Err(Failure::ShortFile { missing }),
    }
}

/// Sends the bytes by way of `buffer`, the first of them behind what it holds.
fn copy_file(
    writer: &mut impl Write,
    buffer: &mut Vec<u8>,
    mut file: &File,
    offset: u64,
    length: u64,
    sent: &mut u64,
) -> Result<(), Failure> {
    file.seek(SeekFrom::Start(offset))?;
    let mut left = length;
    loop {
        let before = buffer.len();
        let piece = left.min((PIECE - before.min(PIECE)) as u64);
        file.take(piece).read_to_end(buffer)?;
        let read = (buffer.len() - before) as u64;
        writer.write_all(buffer)?;
        *sent += read;
        left -= read;
        if left == 0 {
            return Ok(());
        }
        if read < piece {
            return Err(Failure::ShortFile { missing: left });
        }
        buffer.clear();
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
    use super::*;

    /// Counts the writes that reach it.
    #[derive(Default)]
    struct Wire {
        bytes: Vec<u8>,
        writes: usize,
    }

    impl Sink for Wire {}

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
    fn file_that_ends_early_breaks_the_answer_off() {
        let reply = Reply::file("a/b", file(b"short"), 100);
        let sent = send(&mut Wire::default(), &reply, Persistence::Keep, false);
        assert!(matches!(
            sent.end,
            End::Broken(Failure::ShortFile { missing: 95 })
        ));
    }
}
