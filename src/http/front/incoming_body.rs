//! A body that is handed on as it comes: within a size, a time and a least rate, and in bounded memory.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use super::chunked::Decoder;
use super::framing::{Extent, Framing};
use super::receive::Receiver;
use super::refusal::Refusal;
use super::stream::{Stream, is_too_slow};
use crate::http::limits::Limits;

/// Allows a client to send its body (RFC 9110 §15.2.1).
pub(super) const LEAVE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// One read of a body in chunks.
const PIECE: usize = 64 << 10;

/// Reads the body of one request. Leave to send it is given when somebody begins to read.
pub(super) struct IncomingBody<'a> {
    /// Bytes that came.
    count: u64,
    deadline: Instant,
    failure: Option<Refusal>,
    frame: Frame,
    receiver: &'a mut Receiver,
    /// How long nothing may come.
    silence: Duration,
    stream: &'a mut Stream,
    /// The client waits for leave.
    waits: bool,
    /// How long the client was waited for, in all.
    waited: Duration,
}

enum Frame {
    Chunked {
        decoder: Decoder,
        /// Decoded and not handed on from `used` on.
        ready: Vec<u8>,
        used: usize,
    },
    /// So many bytes are to come.
    Length(u64),
}

impl<'a> IncomingBody<'a> {
    /// Begins the body that `framing` describes.
    pub(super) fn new(
        receiver: &'a mut Receiver,
        stream: &'a mut Stream,
        framing: Framing,
        limits: &Limits,
    ) -> Self {
        let frame = match framing.body {
            Extent::Length(length) => Frame::Length(length),
            Extent::Chunked => Frame::Chunked {
                decoder: Decoder::new(limits.upload_size),
                ready: Vec::new(),
                used: 0,
            },
        };
        Self {
            count: 0,
            deadline: Instant::now() + limits.upload_timeout,
            failure: None,
            frame,
            waits: framing.expects && !receiver.has_begun(),
            receiver,
            silence: limits.body_timeout,
            stream,
            waited: Duration::ZERO,
        }
    }

    /// Returns why the body did not come, if it did not.
    pub(super) fn failure(&self) -> Option<&Refusal> {
        self.failure.as_ref()
    }

    /// Says whether all of it was read, so that another request can follow.
    pub(super) fn is_whole(&self) -> bool {
        match &self.frame {
            Frame::Length(left) => *left == 0,
            Frame::Chunked {
                decoder,
                ready,
                used,
            } => decoder.is_done() && *used == ready.len(),
        }
    }

    fn next(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        if std::mem::take(&mut self.waits) && self.stream.write_all(LEAVE).is_err() {
            return Err(Refusal::BodyEnded);
        }
        match &mut self.frame {
            Frame::Length(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX);
                let most = most.min(buffer.len());
                let count = self.plain(&mut buffer[..most])?;
                self.frame = Frame::Length(self.left() - count as u64);
                Ok(count)
            }
            Frame::Chunked { .. } => self.chunks(buffer),
        }
    }

    fn left(&self) -> u64 {
        match self.frame {
            Frame::Length(left) => left,
            Frame::Chunked { .. } => 0,
        }
    }

    /// Takes what came with the head first.
    fn plain(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if !self.receiver.has_begun() {
            return self.receive(buffer);
        }
        let count = buffer.len().min(self.receiver.buffer.len());
        buffer[..count].copy_from_slice(&self.receiver.buffer[..count]);
        self.receiver.buffer.drain(..count);
        Ok(count)
    }

    fn chunks(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        loop {
            let Frame::Chunked {
                decoder,
                ready,
                used,
            } = &mut self.frame
            else {
                return Ok(0);
            };
            if *used < ready.len() {
                let count = buffer.len().min(ready.len() - *used);
                buffer[..count].copy_from_slice(&ready[*used..*used + count]);
                *used += count;
                return Ok(count);
            }
            ready.clear();
            *used = 0;
            let taken = decoder.decode(&self.receiver.buffer, ready)?;
            let (is_done, is_empty) = (decoder.is_done(), ready.is_empty());
            self.receiver.buffer.drain(..taken);
            match (is_done, is_empty) {
                (true, true) => return Ok(0),
                (_, false) => {}
                (false, true) => {
                    let mut piece = vec![0; PIECE];
                    let count = self.receive(&mut piece)?;
                    self.receiver.buffer.extend_from_slice(&piece[..count]);
                }
            }
        }
    }

    /// Waits for bytes, and gives a client up that sends none, or too few.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Refusal> {
        let start = Instant::now();
        let deadline = self.deadline.min(start + self.silence);
        let read = loop {
            match self.stream.read(buffer, deadline) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.waited += start.elapsed();
        match read {
            Ok(0) => Err(Refusal::BodyEnded),
            Ok(count) => {
                self.count += count as u64;
                let is_late = Instant::now() >= self.deadline;
                if is_late || is_too_slow(self.count, self.waited) {
                    return Err(Refusal::BodyTimeout);
                }
                Ok(count)
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Err(Refusal::BodyTimeout),
            Err(_) => Err(Refusal::BodyEnded),
        }
    }
}

impl Read for IncomingBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let failed = |refusal: &Refusal| io::Error::other(refusal.clone());
        if let Some(failure) = &self.failure {
            return Err(failed(failure));
        }
        self.next(buffer).map_err(|refusal| {
            let error = failed(&refusal);
            self.failure = Some(refusal);
            error
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::Options;
    use super::super::event::Event;
    use super::super::testing::{Client, Running};
    use crate::http::limits::Limits;

    /// A server that takes what is sent to `/take`, up to a thousand bytes, and answers with it.
    fn taking() -> Running {
        Running::with(
            Options {
                limits: Limits {
                    body_timeout: Duration::from_millis(300),
                    upload_size: 1000,
                    ..Limits::default()
                },
                serve: vec![(std::net::Ipv4Addr::LOCALHOST, 0).into()],
                ..Options::default()
            },
            |_| crate::http::reply::Reply::new(204),
        )
    }

    fn post(client: &mut Client, path: &str, headers: &str, body: &str) {
        client.send(&format!(
            "POST {path} HTTP/1.1\nHost: x\n{headers}\n\n{body}"
        ));
    }

    #[test]
    fn body_is_handed_on_however_it_comes_and_the_connection_goes_on() {
        let running = taking();
        let mut client = running.connect();
        for (headers, body) in [
            ("Content-Length: 3", "abc"),
            ("Transfer-Encoding: chunked", "1\na\n2;x\nbc\n0\nT: 1\n\n"),
            ("Content-Length: 3\nExpect: 100-continue", "abc"),
        ] {
            post(&mut client, "/take", headers, body);
            let answer = client.receive().expect("an answer");
            assert_eq!((answer.status, answer.text()), (201, "abc"), "{headers}");
        }
        let Event::Answered { asked, .. } = running.event() else {
            panic!("the request was answered");
        };
        assert_eq!(asked.user.as_deref(), Some("tess/ci"));
    }

    #[test]
    fn leave_is_given_only_when_the_body_is_wanted() {
        let running = taking();
        let expects = "Content-Length: 3\nExpect: 100-continue";
        let mut client = running.connect();
        post(&mut client, "/take", expects, "");
        assert_eq!(client.receive_head().expect("leave").status, 100);
        for (path, status) in [("/take/not", 401), ("/take/unread", 201)] {
            let mut client = running.connect();
            post(&mut client, path, expects, "");
            let head = client.receive_head().expect("an answer");
            assert_eq!(head.status, status);
            assert_eq!(head.header("connection"), Some("close"), "{path}");
        }
    }

    #[test]
    fn refusal_comes_before_a_body_that_never_comes() {
        let running = taking();
        let mut client = running.connect();
        post(
            &mut client,
            "/take/not",
            "Content-Length: 1000000000000",
            "",
        );
        let answer = client.receive().expect("an answer");
        let close = answer.header("connection").map(str::to_owned);
        assert_eq!((answer.status, close.as_deref()), (401, Some("close")));
    }

    #[test]
    fn body_beyond_the_size_is_refused_announced_or_not() {
        let running = taking();
        let long = format!("3e8\n{}\n1\nx\n0\n\n", "x".repeat(1000));
        for (headers, body) in [
            ("Content-Length: 1001", ""),
            ("Content-Length: 99999999999999999999999", ""),
            ("Transfer-Encoding: chunked", &long),
        ] {
            let mut client = running.connect();
            post(&mut client, "/take", headers, body);
            assert_eq!(
                client.receive().expect("an answer").status,
                413,
                "{headers}"
            );
            assert!(client.is_ended());
        }
    }

    #[test]
    fn body_that_does_not_come_whole_is_refused_and_ends_the_connection() {
        let running = taking();
        for (headers, body, status) in [
            ("Content-Length: 4", "abc", 408),
            ("Transfer-Encoding: chunked", "3\nab", 408),
            ("Transfer-Encoding: chunked", "3\nabc0\n", 400),
            ("Transfer-Encoding: chunked", "x\n", 400),
        ] {
            let mut client = running.connect();
            let started = Instant::now();
            post(&mut client, "/take", headers, body);
            let answer = client.receive().expect("an answer");
            assert_eq!(answer.status, status, "{headers} {body:?}");
            assert!(client.is_ended() && started.elapsed() < Duration::from_secs(5));
        }
        let mut client = running.connect();
        post(&mut client, "/take", "Content-Length: 4", "abc");
        let closed = client.0.get_ref().shutdown(std::net::Shutdown::Write);
        closed.expect("an open connection");
        let answer = client.receive().expect("an answer");
        let message = r#"{"message":"the body ended before it was whole (RFC 9112 §8)"}"#;
        assert_eq!((answer.status, answer.text()), (400, message));
    }

    #[test]
    fn what_follows_a_body_is_the_next_request() {
        let running = taking();
        let mut client = running.connect();
        post(
            &mut client,
            "/take",
            "Content-Length: 3",
            "abcGET /a HTTP/1.1\nHost: x\n\n",
        );
        assert_eq!(client.receive().expect("an answer").text(), "abc");
        assert_eq!(client.receive().expect("an answer").status, 204);
    }

    #[test]
    fn panic_of_what_takes_a_body_is_a_500() {
        let running = taking();
        let mut client = running.connect();
        post(&mut client, "/take/panic", "Content-Length: 3", "abc");
        assert_eq!(client.receive().expect("an answer").status, 500);
    }
}
