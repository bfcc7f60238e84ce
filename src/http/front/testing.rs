//! A server on loopback and a client that sends what it is told, for tests of the front end.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Event, FrontError, Handler, Intake, Matched, Options, Role, Server, Stopper, Welcome};
use crate::http::limits::Limits;
use crate::http::reply::Reply;
use crate::http::request::Request;

/// Longer than anything takes, so that a test that hangs fails.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server, stopped when dropped.
pub(super) struct Running {
    pub(super) address: SocketAddr,
    events: Mutex<Receiver<Event>>,
    run: Option<JoinHandle<Result<(), FrontError>>>,
    pub(super) stopper: Stopper,
}

/// Answers with a function: at once what is below `/quick`, and by the relay everything else. What is posted to `/take` is
/// taken as it comes.
struct Function<F>(F);

impl<F: Fn(&Request) -> Reply + Send + Sync + 'static> Handler for Function<F> {
    fn answer(&self, request: &Request) -> Reply {
        self.0(request)
    }

    fn matched(&self, request: &Request) -> Matched {
        let is_quick = request.path.first().is_some_and(|first| first == "quick");
        let name = "test";
        Matched { is_quick, name }
    }

    fn redirect(&self, request: &Request) -> Reply {
        Reply::new(308).with("Location", format!("https://there{}", request.path_text()))
    }

    fn watch(&self, _request: &Request) -> Reply {
        Reply::text(200, "watched")
    }

    fn welcome(&self, request: &Request) -> Welcome {
        match request.path_text().as_str() {
            "/take/not" => Welcome::Refused(Reply::problem(401, "who are you?")),
            path if path.starts_with("/take") => Welcome::Taken {
                intake: Box::new(Echo {
                    path: path.to_owned(),
                }),
                user: "tess/ci".to_owned(),
            },
            _ => Welcome::Usual,
        }
    }
}

/// Answers with the body.
struct Echo {
    path: String,
}

impl Intake for Echo {
    fn take(self: Box<Self>, body: &mut dyn Read) -> Reply {
        assert_ne!(self.path, "/take/panic", "expected by the test");
        let mut bytes = Vec::new();
        if self.path != "/take/unread" && body.read_to_end(&mut bytes).is_err() {
            return Reply::problem(500, "the front end knows better");
        }
        Reply::bytes(201, "a/b", bytes)
    }
}

impl Running {
    pub(super) fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::limited(Limits::default(), handler)
    }

    pub(super) fn limited(
        limits: Limits,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let options = Options {
            limits,
            serve: vec![(Ipv4Addr::LOCALHOST, 0).into()],
            ..Options::default()
        };
        Self::with(options, handler)
    }

    pub(super) fn with(
        options: Options,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let server = Server::bind(options).expect("a free port");
        let (address, stopper) = (server.local_addrs(Role::Serve)[0], server.stopper());
        let (sender, events) = channel();
        // A test that ended looks at no more events.
        let on_event = Arc::new(move |event| drop(sender.send(event)));
        let handler = Arc::new(Function(handler));
        let run = std::thread::spawn(move || server.run(handler, on_event));
        Self {
            address,
            events: Mutex::new(events),
            run: Some(run),
            stopper,
        }
    }

    /// Returns a server that answers each path with itself.
    pub(super) fn echo() -> Self {
        Self::new(|request| Reply::text(200, request.path_text()))
    }

    pub(super) fn connect(&self) -> Client {
        Client::new(self.address)
    }

    /// Sends one request on a connection of its own; returns the answer.
    pub(super) fn ask(&self, request: &str) -> Answer {
        let mut client = self.connect();
        client.send(request);
        client.receive().expect("an answer")
    }

    pub(super) fn event(&self) -> Event {
        let events = self
            .events
            .lock()
            .expect("no test panics while it holds it");
        events.recv_timeout(PATIENCE).expect("an event")
    }

    /// Waits for `run` to return.
    pub(super) fn join(mut self) -> Result<(), FrontError> {
        self.run
            .take()
            .expect("nobody joined before")
            .join()
            .expect("no panic")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopper.stop();
        self.run.take().map(JoinHandle::join);
    }
}

/// One connection.
pub(super) struct Client(pub(super) BufReader<TcpStream>);

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) head: String,
    pub(super) status: u16,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a valid time");
        Self(BufReader::new(stream))
    }

    pub(super) fn patience(&self, limit: Duration) {
        self.0
            .get_ref()
            .set_read_timeout(Some(limit))
            .expect("a valid time");
    }

    /// Sends `text` with its line ends made those of HTTP.
    pub(super) fn send(&mut self, text: &str) {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        self.0
            .get_mut()
            .write_all(&bytes)
            .expect("the server reads");
    }

    /// Sends `text` to a server that may have hung up.
    pub(super) fn try_send(&mut self, text: &str) {
        let bytes = text.replace('\n', "\r\n").into_bytes();
        // What became of it shows in what is received.
        let _ = self.0.get_mut().write_all(&bytes);
    }

    /// Returns the next final answer; nothing if the connection ends, or in time brings nothing.
    pub(super) fn receive(&mut self) -> Option<Answer> {
        let answer = self.receive_head()?;
        if answer.status == 100 {
            self.receive()
        } else {
            self.receive_body(answer)
        }
    }

    /// Returns the next answer without reading a body.
    pub(super) fn receive_head(&mut self) -> Option<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).unwrap_or(0) == 0 {
                return None;
            }
        }
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        Some(Answer {
            body: Vec::new(),
            status: status.expect("a status"),
            head,
        })
    }

    fn receive_body(&mut self, mut answer: Answer) -> Option<Answer> {
        let length = answer
            .header("content-length")
            .map_or(0, |length| length.parse().expect("a number"));
        answer.body.resize(length, 0);
        self.0.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }

    /// Says whether the server ends the connection, with nothing sent before.
    pub(super) fn is_ended(&mut self) -> bool {
        matches!(self.0.read(&mut [0]), Ok(0))
    }
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the test's bodies are text")
    }
}
