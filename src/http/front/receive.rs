//! Reads requests from a connection, one at a time, within bounds of size and time.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::chunked::Decoder;
use super::framing::Extent;
use super::refusal::Refusal;
use super::request_head::{self, Bounds, RequestHead};
use super::stream::Stream;
use crate::http::limits::Limits;

/// One read.
const PIECE: usize = 8 << 10;
/// What stays allocated between requests.
const KEPT: usize = 4 << 10;

/// What has come of a connection and is not used yet.
#[derive(Default)]
pub(super) struct Receiver {
    pub(super) buffer: Vec<u8>,
}

/// Why there is no request.
#[derive(Debug)]
pub(super) enum Lack {
    /// The client left, or was silent for too long between requests.
    Ended,
    Refused(Refusal),
}

impl From<Refusal> for Lack {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Receiver {
    /// Waits for a head; `idle` bounds the wait for its first byte.
    pub(super) fn head(
        &mut self,
        stream: &mut Stream,
        limits: &Limits,
        idle: Duration,
    ) -> Result<RequestHead, Lack> {
        let bounds = Bounds {
            bytes: limits.head_size,
            headers: limits.header_count,
        };
        let silence = Instant::now() + idle;
        let mut deadline = None;
        // What follows an earlier request may be a whole head.
        let mut news = true;
        loop {
            self.skip_blank_lines();
            if !self.buffer.is_empty() {
                let head_deadline =
                    *deadline.get_or_insert_with(|| Instant::now() + limits.head_timeout);
                if news && let Some((head, length)) = request_head::parse(&self.buffer, bounds)? {
                    self.buffer.drain(..length);
                    return Ok(head);
                }
                news = self.more(stream, head_deadline, Refusal::HeadTimeout)?;
            } else {
                self.buffer.shrink_to(KEPT);
                self.more(stream, silence, Refusal::HeadTimeout)
                    .map_err(|_| Lack::Ended)?;
                news = true;
            }
            news |= self.buffer.len() >= bounds.bytes;
        }
    }

    /// Reads the body that `extent` describes.
    pub(super) fn body(
        &mut self,
        stream: &mut Stream,
        extent: Extent,
        limits: &Limits,
    ) -> Result<Vec<u8>, Lack> {
        let deadline = Instant::now() + limits.body_timeout;
        match extent {
            Extent::Length(length) => {
                let length = usize::try_from(length).expect("it was compared with a limit");
                while self.buffer.len() < length {
                    self.more(stream, deadline, Refusal::BodyTimeout)?;
                }
                Ok(self.buffer.drain(..length).collect())
            }
            Extent::Chunked => self.chunks(stream, limits.body_size, deadline),
        }
    }

    /// Says whether some of a body has come already, so that its sender does not wait for leave.
    pub(super) fn has_begun(&self) -> bool {
        !self.buffer.is_empty()
    }

    fn chunks(
        &mut self,
        stream: &mut Stream,
        max: usize,
        deadline: Instant,
    ) -> Result<Vec<u8>, Lack> {
        let (mut decoder, mut body) = (Decoder::new(max as u64), Vec::new());
        loop {
            let used = decoder.decode(&self.buffer, &mut body)?;
            self.buffer.drain(..used);
            if decoder.is_done() {
                return Ok(body);
            }
            self.more(stream, deadline, Refusal::BodyTimeout)?;
        }
    }

    /// Reads once. Says whether what came can change what is known of a head: the end of its first line or of all of it.
    /// Looking at a long head again for each of its bytes would cost more than sending it.
    fn more(
        &mut self,
        stream: &mut Stream,
        deadline: Instant,
        late: Refusal,
    ) -> Result<bool, Lack> {
        let mut piece = [0; PIECE];
        match stream.read(&mut piece, deadline) {
            Ok(0) => Err(Lack::Ended),
            Ok(count) => {
                let old = self.buffer.len();
                self.buffer.extend_from_slice(&piece[..count]);
                Ok(is_news(&self.buffer, old))
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(late.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(false),
            Err(_) => Err(Lack::Ended),
        }
    }

    /// An old client may send a line too much after a body (RFC 9112 §2.2); that is no beginning of a request.
    fn skip_blank_lines(&mut self) {
        let blank = self
            .buffer
            .chunks_exact(2)
            .take_while(|pair| pair == b"\r\n");
        let length = blank.count() * 2;
        self.buffer.drain(..length);
    }
}

fn is_news(bytes: &[u8], old: usize) -> bool {
    let recent = &bytes[old.saturating_sub(3)..];
    let is_end = |window: &[u8]| window.starts_with(b"\n\n") || window == b"\n\r\n";
    let ends = recent.windows(3).any(is_end) || recent.ends_with(b"\n\n");
    // Few heads have their first line end later than their first piece.
    old == 0 || ends || (!bytes[..old].contains(&b'\n') && bytes[old..].contains(&b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn end_of_a_head_is_news_however_it_is_split() {
        for text in ["GET / HTTP/1.1\r\nA: b\r\n\r\n", "GET / HTTP/1.1\nA: b\n\n"] {
            let line_end = text.find('\n').expect("a line") + 1;
            for old in 1..text.len() {
                for end in old + 1..=text.len() {
                    let expected = end == text.len() || (old < line_end && end >= line_end);
                    assert_eq!(
                        is_news(&text.as_bytes()[..end], old),
                        expected,
                        "{text:?} {old} {end}"
                    );
                }
            }
        }
    }
}
