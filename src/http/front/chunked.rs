//! Bodies in chunks (RFC 9112 §7.1), which a server must be able to read.
//!
//! Extensions and trailers are passed over: nothing here knows one. Sizes are `httparse`'s to read.

use super::refusal::Refusal;

/// A line with the size of a chunk, extensions and all.
const MAX_SIZE_LINE: usize = 1024;
/// All trailers.
const MAX_TRAILERS: usize = 4096;

/// Reads a body as its bytes come.
#[derive(Debug)]
pub(super) struct Decoder {
    max: u64,
    /// Bytes of body that the chunks until now have announced.
    promised: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    /// So much of a chunk is to come, and then its line end.
    Data(u64),
    Done,
    LineEnd,
    Size,
    /// So many bytes of trailers came.
    Trailers(usize),
}

impl Decoder {
    /// Returns a decoder of at most `max` bytes of body.
    pub(super) fn new(max: u64) -> Self {
        Self {
            max,
            promised: 0,
            state: State::Size,
        }
    }

    /// Says whether the end of the body has come.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Appends to `body` what `input` has of it, and returns how many bytes of `input` were used. Those that are left are
    /// an incomplete line, or follow the body.
    pub(super) fn decode(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<usize, Refusal> {
        let mut used = 0;
        while let Some(step) = self.step(&input[used..], body)? {
            used += step;
        }
        Ok(used)
    }

    /// Returns the number of bytes used, or nothing when more are needed or the end has come.
    fn step(&mut self, input: &[u8], body: &mut Vec<u8>) -> Result<Option<usize>, Refusal> {
        match self.state {
            State::Done => Ok(None),
            State::Size => self.size(input),
            State::Data(left) => Ok(self.data(input, left, body)),
            State::LineEnd => self.line_end(input),
            State::Trailers(seen) => self.trailer(input, seen),
        }
    }

    fn size(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        // `httparse` takes a size without digits for zero.
        if input.first().is_some_and(|byte| !byte.is_ascii_hexdigit()) {
            return Err(Refusal::Chunk);
        }
        match httparse::parse_chunk_size(input) {
            Ok(httparse::Status::Partial) if input.len() < MAX_SIZE_LINE => Ok(None),
            Ok(httparse::Status::Complete((used, _)))
                if used > MAX_SIZE_LINE || has_bare_line_end(&input[..used]) =>
            {
                Err(Refusal::Chunk)
            }
            Ok(httparse::Status::Complete((used, 0))) => {
                self.state = State::Trailers(0);
                Ok(Some(used))
            }
            Ok(httparse::Status::Complete((used, size))) => {
                let max = self.max;
                if size > max - self.promised {
                    return Err(Refusal::BodyTooLong { max });
                }
                self.promised += size;
                self.state = State::Data(size);
                Ok(Some(used))
            }
            Ok(httparse::Status::Partial) | Err(_) => Err(Refusal::Chunk),
        }
    }

    fn data(&mut self, input: &[u8], left: u64, body: &mut Vec<u8>) -> Option<usize> {
        let part = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
        body.extend_from_slice(&input[..part]);
        self.state = match left - part as u64 {
            0 => State::LineEnd,
            left => State::Data(left),
        };
        (part > 0).then_some(part)
    }

    fn line_end(&mut self, input: &[u8]) -> Result<Option<usize>, Refusal> {
        match input {
            [] | [b'\r'] => Ok(None),
            [b'\r', b'\n', ..] => {
                self.state = State::Size;
                Ok(Some(2))
            }
            _ => Err(Refusal::Chunk),
        }
    }

    fn trailer(&mut self, input: &[u8], seen: usize) -> Result<Option<usize>, Refusal> {
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
            return if seen + input.len() > MAX_TRAILERS {
                Err(Refusal::Chunk)
            } else {
                Ok(None)
            };
        };
        let used = end + 1;
        if has_bare_line_end(&input[..used]) || seen + used > MAX_TRAILERS {
            return Err(Refusal::Chunk);
        }
        self.state = if used == 2 {
            State::Done
        } else {
            State::Trailers(seen + used)
        };
        Ok(Some(used))
    }
}

/// Says whether an LF in `line` has no CR before it.
fn has_bare_line_end(line: &[u8]) -> bool {
    (0..line.len()).any(|at| line[at] == b'\n' && (at == 0 || line[at - 1] != b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes `input` as it comes in pieces; returns the body and what follows it.
    fn decode(input: &[u8], piece: usize) -> Result<(Vec<u8>, Vec<u8>), Refusal> {
        let (mut decoder, mut body, mut rest) = (Decoder::new(20), Vec::new(), Vec::new());
        for piece in input.chunks(piece) {
            rest.extend_from_slice(piece);
            let used = decoder.decode(&rest, &mut body)?;
            rest.drain(..used);
        }
        assert!(decoder.is_done(), "{input:?}");
        Ok((body, rest))
    }

    #[test]
    fn body_is_the_same_however_it_comes() {
        let input = b"3\r\nabc\r\n0A;x=\"y\"\r\n0123456789\r\n000\r\nTrailer: 1\r\n\r\nGET";
        for piece in 1..input.len() {
            let (body, rest) = decode(input, piece).expect("valid");
            assert_eq!(body, b"abc0123456789");
            assert_eq!(rest, b"GET");
        }
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for bad in [
            "x\r\n",
            "\r\n",
            "-1\r\n",
            "+1\r\na\r\n",
            "0x1\r\na\r\n",
            "1\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n\r\n",
            "0\r\nA: b\n\r\n",
            "0\r\n\n",
            "FFFFFFFFFFFFFFFFF\r\n",
        ] {
            let refused = Decoder::new(20).decode(bad.as_bytes(), &mut Vec::new());
            assert_eq!(refused, Err(Refusal::Chunk), "{bad:?}");
        }
    }

    #[test]
    fn lines_that_do_not_end_are_refused() {
        let size = format!("1;{}", "x".repeat(MAX_SIZE_LINE));
        let trailer = format!("0\r\nA: {}", "x".repeat(MAX_TRAILERS));
        let trailers = format!("0\r\n{}", "A: b\r\n".repeat(MAX_TRAILERS));
        // Found by the fuzzer: a line that is too long is so too when it comes whole.
        let whole = format!("{size}\r\na\r\n0\r\n\r\n");
        for bad in [size, trailer, trailers, whole] {
            let refused = Decoder::new(20).decode(bad.as_bytes(), &mut Vec::new());
            assert_eq!(refused, Err(Refusal::Chunk));
        }
    }

    #[test]
    fn chunks_together_keep_to_the_limit() {
        let refused = Refusal::BodyTooLong { max: 20 };
        for long in [
            "15\r\n",
            "14\r\n01234567890123456789\r\n1\r\n",
            "FFFFFFFFFFFFFFFF\r\n",
        ] {
            let found = Decoder::new(20).decode(long.as_bytes(), &mut Vec::new());
            assert_eq!(found, Err(refused.clone()), "{long}");
        }
        assert!(decode(b"14\r\n01234567890123456789\r\n0\r\n\r\n", 64).is_ok());
    }
}
