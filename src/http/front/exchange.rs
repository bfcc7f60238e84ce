//! One connection: requests and their answers in turn, until one of both ends it.

use std::io::Write;
use std::time::Duration;

use super::asked::Asked;
use super::backend::{guarded, guarded_welcome};
use super::event::Failure;
use super::framing::{Extent, Framing, Persistence, framing};
use super::gate::Gate;
use super::guests::Guest;
use super::incoming_body::{IncomingBody, LEAVE};
use super::outgoing::{self, End, Sent};
use super::rebuild::{Sender, rebuild};
use super::receive::{Lack, Receiver};
use super::refusal::Refusal;
use super::relay::{Answer, RelayError};
use super::request_id;
use super::stream::Stream;
use super::{Intake, Role, Welcome};
use crate::http::reply::Reply;
use crate::http::request::{Method, Request, RequestError};

/// How long a new connection is waited for once the server is to stop: its request may be under way.
const LAST_CALL: Duration = Duration::from_millis(250);

/// Answers what comes on `stream` until it ends.
pub(super) fn serve(gate: &Gate, guest: &Guest, mut stream: Stream, role: Role) {
    let mut receiver = Receiver::default();
    loop {
        match turn(gate, guest, &mut stream, &mut receiver, role) {
            Next::Another => guest.waits(),
            Next::Close => return stream.close(),
            Next::Drop => return,
        }
    }
}

/// What becomes of a connection.
enum Next {
    Another,
    /// It is closed so that what was sent arrives.
    Close,
    /// There is nobody any more.
    Drop,
}

fn turn(
    gate: &Gate,
    guest: &Guest,
    stream: &mut Stream,
    receiver: &mut Receiver,
    role: Role,
) -> Next {
    let idle = if gate.is_stopping() {
        LAST_CALL
    } else {
        gate.limits.idle_timeout
    };
    let head = match receiver.head(stream, &gate.limits, idle) {
        Ok(head) => head,
        Err(lack) => return give_up(gate, guest, stream, lack),
    };
    let mut asked = Asked::new(gate, head, guest.peer.ip(), stream.is_secure());
    let framing = match framing(&asked.head) {
        Ok(framing) => framing,
        Err(refusal) => return give_up(gate, guest, stream, refusal.into()),
    };
    let request = request(&asked, stream.is_secure());
    let welcome = match (&request, role) {
        (Ok(request), Role::Serve) if matches!(request.method, Method::Post | Method::Put) => {
            guarded_welcome(|| gate.handler.welcome(request))
        }
        _ => Welcome::Usual,
    };
    let exchange = |asked, stream| Exchange {
        asked,
        gate,
        persistence: framing.persistence,
        stream,
    };
    let request = match (welcome, request) {
        (Welcome::Refused(reply), Ok(request)) => {
            return exchange(asked, stream).turn_away(&request, reply, framing);
        }
        (Welcome::Taken { intake, user }, Ok(request)) => {
            asked.user = Some(user);
            guest.is_served();
            return exchange(asked, stream).take(&request, intake, receiver, framing);
        }
        (_, request) => request,
    };
    if let Err(refusal) = framing.check_size(gate.limits.body_size as u64) {
        return give_up(gate, guest, stream, refusal.into());
    }
    if framing.expects && !receiver.has_begun() && stream.write_all(LEAVE).is_err() {
        return Next::Drop;
    }
    let body = match receiver.body(stream, framing.body, &gate.limits) {
        Ok(body) => body,
        Err(lack) => return give_up(gate, guest, stream, lack),
    };
    guest.is_served();
    let request = request.map(|mut request| {
        request.body = body;
        request
    });
    exchange(asked, stream).answer(request, role)
}

/// Returns the request without its body.
fn request(asked: &Asked, secure: bool) -> Result<Request, RequestError> {
    let head = &asked.head;
    let request = Request::new(
        Method::from(head.method.as_str()),
        &head.target,
        head.headers.iter().cloned(),
        Vec::new(),
        asked.peer,
    );
    request.map(|request| request.of_client(asked.client).secured(secure))
}

/// Refuses what came, if it was anything.
fn give_up(gate: &Gate, guest: &Guest, stream: &mut Stream, lack: Lack) -> Next {
    let Lack::Refused(refusal) = lack else {
        return Next::Drop;
    };
    gate.refuse(stream, guest.peer, &refusal);
    Next::Close
}

/// Returns the answer that says why, and which rule is behind it.
pub(super) fn refused(refusal: &Refusal) -> Reply {
    let message = format!("{refusal} ({})", refusal.section());
    let reply = Reply::problem(refusal.status(), &message);
    match refusal {
        Refusal::Connections | Refusal::ConnectionsPerAddress => reply.with("Retry-After", "5"),
        _ => reply,
    }
}

/// A request that is whole, and where its answer goes.
struct Exchange<'a> {
    asked: Asked,
    gate: &'a Gate,
    persistence: Persistence,
    stream: &'a mut Stream,
}

impl Exchange<'_> {
    /// Answers a client whose body is not wanted.
    fn turn_away(mut self, request: &Request, reply: Reply, framing: Framing) -> Next {
        self.asked.route = self.gate.handler.matched(request).name;
        if framing.body != Extent::Length(0) {
            self.persistence = Persistence::Close;
        }
        self.send(reply)
    }

    /// Hands the body on as it comes. What is left of it unread ends the connection.
    fn take(
        mut self,
        request: &Request,
        intake: Box<dyn Intake>,
        receiver: &mut Receiver,
        framing: Framing,
    ) -> Next {
        self.asked.route = self.gate.handler.matched(request).name;
        let limits = &self.gate.limits;
        if let Err(refusal) = framing.check_size(limits.upload_size) {
            self.persistence = Persistence::Close;
            return self.send(refused(&refusal));
        }
        let mut body = IncomingBody::new(receiver, self.stream, framing, limits);
        let reply = guarded(|| intake.take(&mut body));
        let reply = body.failure().map_or(reply, refused);
        if !body.is_whole() {
            self.persistence = Persistence::Close;
        }
        self.send(reply)
    }

    fn answer(mut self, request: Result<Request, RequestError>, role: Role) -> Next {
        let request = match request {
            Ok(request) => request,
            Err(error) => return self.send(Reply::problem(400, &error.to_string())),
        };
        let handler = &self.gate.handler;
        match role {
            Role::Redirect => {
                self.asked.route = "redirect";
                return self.send(guarded(|| handler.redirect(&request)));
            }
            Role::Serve => {}
            Role::Watch => {
                self.asked.route = "watch";
                return self.send(guarded(|| handler.watch(&request)));
            }
        }
        let matched = handler.matched(&request);
        self.asked.route = matched.name;
        if matched.is_quick {
            return self.send(guarded(|| handler.answer(&request)));
        }
        let sender = Sender {
            client: request.client,
            peer: request.peer,
            secure: request.secure,
        };
        let clean = rebuild(&self.asked.head, request.body.len(), sender);
        let answer = self
            .gate
            .relay
            .ask(&clean, &request.body, self.asked.is_head());
        match answer {
            Ok(answer) => self.hand_on(answer),
            Err(source) => {
                let reply = unanswered(&source);
                let asked = self.asked.clone();
                asked.failed(self.gate, Failure::Relay { source });
                self.send(reply)
            }
        }
    }

    fn send(mut self, reply: Reply) -> Next {
        self.decide();
        let reply = reply.with(request_id::HEADER, self.asked.id.as_str());
        let sent = outgoing::send(self.stream, &reply, self.persistence, self.asked.is_head());
        self.finish(reply.status, sent)
    }

    /// No connection outlives a server that stops, which may have begun to while the answer was made.
    fn decide(&mut self) {
        if self.gate.is_stopping() {
            self.persistence = Persistence::Close;
        }
    }

    /// Hands an answer of the backend on, with what concerns this connection.
    fn hand_on(mut self, mut answer: Answer<'_>) -> Next {
        self.decide();
        let status = answer.status;
        let connection: &[u8] = match self.persistence {
            Persistence::Close => b"Connection: close\r\n",
            Persistence::Keep => b"",
            Persistence::KeepOld => b"Connection: keep-alive\r\n",
        };
        answer.head.extend_from_slice(connection);
        let id = format!("{}: {}\r\n\r\n", request_id::HEADER, self.asked.id);
        answer.head.extend_from_slice(id.as_bytes());
        let mut buffer = std::mem::take(&mut answer.head);
        let mut bytes = 0;
        let copied = answer.copy(|piece| {
            buffer.extend_from_slice(piece);
            self.stream.write_all(&buffer)?;
            buffer.clear();
            bytes += piece.len() as u64;
            Ok(())
        });
        let end = match copied {
            Ok(()) => End::Whole,
            Err(source) => outgoing::classify(Failure::Send { source }),
        };
        self.finish(status, Sent { bytes, end })
    }

    fn finish(self, status: u16, sent: Sent) -> Next {
        let next = match (&sent.end, self.persistence) {
            (End::Whole, Persistence::Keep | Persistence::KeepOld) => Next::Another,
            (End::Whole, Persistence::Close) => Next::Close,
            _ => Next::Drop,
        };
        match sent.end {
            End::Broken(failure) => self.asked.failed(self.gate, failure),
            End::HungUp | End::Whole => self.asked.answered(self.gate, status, sent.bytes),
        }
        next
    }
}

fn unanswered(error: &RelayError) -> Reply {
    match error {
        RelayError::Busy { .. } => {
            Reply::problem(503, "the server has too much to do").with("Retry-After", "5")
        }
        RelayError::Broken { .. } => Reply::problem(500, "the server made a mistake"),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::super::Options;
    use super::super::event::Event;
    use super::super::testing::Running;
    use super::*;
    use crate::http::limits::Limits;
    use crate::http::reply::SharedBytes;

    /// A path that is answered at once, and one that goes over the relay.
    const BOTH: [&str; 2] = ["/quick", "/relayed"];

    fn status(running: &Running, request: &str) -> u16 {
        running.ask(request).status
    }

    #[test]
    fn connection_is_kept_and_answers_come_in_order() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("GET /a HTTP/1.1\nHost: x\n\nGET /quick HTTP/1.1\nHost: x\n\n");
        for path in ["/a", "/quick"] {
            let answer = client.receive().expect("an answer");
            let headers = ["server", "connection"].map(|name| answer.header(name));
            assert_eq!((answer.text(), headers), (path, [Some("spkrepo"), None]));
            let date = answer.header("date").expect("a date");
            assert!(date.ends_with(" GMT"));
        }
    }

    #[test]
    fn connection_ends_when_the_request_asks_for_it() {
        let running = Running::echo();
        for path in BOTH {
            for rest in [
                "HTTP/1.1\nHost: x\nConnection: close\n\n",
                "HTTP/1.1\nHost: x\nConnection: keep-alive\nConnection: close\n\n",
                "HTTP/1.0\n\n",
            ] {
                let mut client = running.connect();
                client.send(&format!("GET {path} {rest}"));
                let answer = client.receive().expect("an answer");
                assert_eq!(answer.header("connection"), Some("close"));
                assert!(client.is_ended());
            }
        }
    }

    #[test]
    fn old_client_that_asks_for_it_keeps_its_connection() {
        let running = Running::echo();
        let mut client = running.connect();
        for path in BOTH {
            client.send(&format!("GET {path} HTTP/1.0\nConnection: keep-alive\n\n"));
            let answer = client.receive().expect("an answer");
            let found = (answer.text(), answer.header("connection"));
            assert_eq!(found, (path, Some("keep-alive")));
        }
    }

    #[test]
    fn offer_to_upgrade_is_passed_over_and_the_body_is_read() {
        let running = Running::new(|request| Reply::text(200, request.body.clone()));
        for path in BOTH {
            let answer = running.ask(&format!(
                "POST {path} HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: h2c\nContent-Length: 2\n\nab"
            ));
            assert_eq!((answer.status, answer.text()), (200, "ab"));
        }
    }

    #[test]
    fn head_gets_the_headers_of_get_and_no_body() {
        let running = Running::echo();
        let mut client = running.connect();
        for (path, length) in [("/quick", "6"), ("/relayed", "8")] {
            client.send(&format!(
                "HEAD {path} HTTP/1.1\nHost: x\n\nGET /b HTTP/1.1\nHost: x\n\n"
            ));
            let head = client.receive_head().expect("a head");
            assert_eq!(head.header("content-length"), Some(length));
            assert_eq!(client.receive().expect("an answer").text(), "/b");
        }
    }

    #[test]
    fn answers_without_body_end_with_their_head() {
        let running = Running::new(|_| Reply::new(304));
        let mut client = running.connect();
        for path in BOTH {
            client.send(&format!("GET {path} HTTP/1.1\nHost: x\n\n"));
            let answer = client.receive().expect("an answer");
            assert_eq!(
                (answer.status, answer.header("content-length")),
                (304, None)
            );
        }
    }

    #[test]
    fn panic_of_the_handler_is_a_500_and_others_are_answered() {
        let limits = Limits {
            relayed: 1,
            ..Limits::default()
        };
        let running = Running::limited(limits, |request| {
            assert_ne!(
                request.path.last().map(String::as_str),
                Some("panic"),
                "expected by the test"
            );
            Reply::text(200, "fine")
        });
        for path in BOTH {
            assert_eq!(
                status(&running, &format!("GET {path}/panic HTTP/1.1\nHost: x\n\n")),
                500
            );
            assert_eq!(
                status(&running, &format!("GET {path} HTTP/1.1\nHost: x\n\n")),
                200
            );
        }
    }

    #[test]
    fn form_arrives_however_it_is_sent() {
        let running = Running::new(|request| {
            Reply::text(200, request.parameters().get("a").unwrap_or_default())
        });
        let value = "v".repeat(5000);
        for path in BOTH {
            let head = format!(
                "POST {path} HTTP/1.1\nHost: x\nContent-Type: application/x-www-form-urlencoded\n"
            );
            for (extra, value) in [
                ("", "short"),
                ("", &value),
                ("Expect: 100-continue\n", "short"),
            ] {
                let length = value.len() + 2;
                let request = format!("{head}{extra}Content-Length: {length}\n\na={value}");
                assert_eq!(running.ask(&request).text(), value, "{extra}");
            }
            let chunked = format!("{head}Transfer-Encoding: chunked\n\n2\na=\n3\nxyz\n0\n\n");
            assert_eq!(running.ask(&chunked).text(), "xyz");
        }
    }

    #[test]
    fn client_that_waits_for_leave_gets_it_once() {
        let running = Running::new(|request| Reply::text(200, request.body.clone()));
        let mut client = running.connect();
        client.send("POST / HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 2\n\n");
        assert_eq!(client.receive_head().expect("leave").status, 100);
        client.send("ab");
        assert_eq!(client.receive_head().expect("an answer").status, 200);
    }

    #[test]
    fn client_that_waits_for_leave_is_refused_before_its_body_comes() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("POST / HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 70000\n\n");
        assert_eq!(client.receive_head().expect("an answer").status, 413);
    }

    #[test]
    fn refusal_is_a_message_with_its_rule_and_ends_the_connection() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("POST / HTTP/1.1\nHost: x\nContent-Length: 1\nContent-Length: 1\n\nGET / HTTP/1.1\nHost: x\n\n");
        let answer = client.receive().expect("an answer");
        assert_eq!(
            (answer.status, answer.header("connection")),
            (400, Some("close"))
        );
        assert_eq!(
            answer.text(),
            r#"{"message":"the request has not exactly one plain `Content-Length` (RFC 9112 §6.3)"}"#
        );
        assert!(client.is_ended());
        let event = running.event();
        assert!(
            matches!(
                event,
                Event::Refused {
                    cause: "length",
                    status: 400,
                    ..
                }
            ),
            "{event:?}"
        );
    }

    #[test]
    fn body_that_was_refused_is_taken_so_that_the_answer_arrives() {
        let running = Running::echo();
        let body = "b".repeat(3_000_000);
        let answer = running.ask(&format!(
            "POST / HTTP/1.1\nHost: x\nContent-Length: 3000000\n\n{body}"
        ));
        assert_eq!(answer.status, 413);
    }

    #[test]
    fn head_that_does_not_come_in_time_is_refused() {
        let limits = Limits {
            head_timeout: Duration::from_millis(100),
            idle_timeout: Duration::from_millis(400),
            body_timeout: Duration::from_millis(100),
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| Reply::new(204));
        for begun in [
            "G",
            "GET / HTTP/1.1\nHost: x\n",
            "POST / HTTP/1.1\nHost: x\nContent-Length: 1\n\n",
        ] {
            assert_eq!(status(&running, begun), 408, "{begun}");
        }
        let mut silent = running.connect();
        assert!(silent.is_ended());
    }

    #[test]
    fn trickling_does_not_win_time() {
        let limits = Limits {
            head_timeout: Duration::from_millis(200),
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| Reply::new(204));
        let mut client = running.connect();
        let started = Instant::now();
        client.patience(Duration::from_millis(20));
        client.send("GET / HTTP/1.1\n");
        let answer = loop {
            client.try_send("A: b\n");
            if let Some(answer) = client.receive_head() {
                break answer;
            }
            assert!(started.elapsed() < Duration::from_secs(5));
        };
        assert_eq!(answer.status, 408);
    }

    #[test]
    fn bodies_that_never_come_do_not_hold_up_others() {
        let limits = Limits {
            relayed: 2,
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| Reply::new(204));
        let mut waiting: Vec<_> = (0..8).map(|_| running.connect()).collect();
        for client in &mut waiting {
            client.send("POST / HTTP/1.1\nHost: x\nContent-Length: 2000\n\n");
        }
        assert_eq!(status(&running, "GET / HTTP/1.1\nHost: x\n\n"), 204);
    }

    #[test]
    fn clients_that_do_not_read_do_not_hold_up_others() {
        let large = SharedBytes::from(vec![0; 32 << 20]);
        let running = Running::new(move |request| match request.path_text().as_str() {
            "/quick/large" => Reply::bytes(200, "a/b", large.clone()),
            _ => Reply::text(200, "small"),
        });
        let mut stuck: Vec<_> = (0..12).map(|_| running.connect()).collect();
        for client in &mut stuck {
            client.send("GET /quick/large HTTP/1.1\nHost: x\n\n");
            client.receive_head().expect("the answer begins");
        }
        for path in BOTH {
            let answer = running.ask(&format!("GET {path} HTTP/1.1\nHost: x\n\n"));
            assert_eq!(answer.text(), "small");
        }
    }

    #[test]
    fn client_that_takes_nothing_is_given_up_and_answered_nothing_more() {
        let limits = Limits {
            send_timeout: Duration::from_millis(100),
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| Reply::bytes(200, "a/b", vec![0; 32 << 20]));
        for path in BOTH {
            let mut client = running.connect();
            client.send(&format!(
                "GET {path} HTTP/1.1\nHost: x\n\nGET /b HTTP/1.1\nHost: x\n\n"
            ));
            let event = running.event();
            let is_stalled = matches!(
                event,
                Event::Failed {
                    failure: Failure::Stalled,
                    ..
                }
            );
            assert!(is_stalled, "{event:?}");
            assert!(client.receive().is_none(), "neither answer comes whole");
        }
    }

    #[test]
    fn client_that_hangs_up_is_no_failure() {
        let running = Running::new(|_| Reply::bytes(200, "a/b", vec![0; 32 << 20]));
        for round in 0..20 {
            let mut client = running.connect();
            client.send(&format!("GET {} HTTP/1.1\nHost: x\n\n", BOTH[round % 2]));
            drop(client);
        }
        for _ in 0..20 {
            let event = running.event();
            assert!(
                matches!(event, Event::Answered { status: 200, .. }),
                "{event:?}"
            );
        }
    }

    #[test]
    fn events_tell_what_was_asked_and_sent() {
        let running = Running::echo();
        for (path, expected) in [("/quick?b=c", 6), ("/a?b=c", 2)] {
            running.ask(&format!("GET {path} HTTP/1.1\nHost: x\n\n"));
            let Event::Answered {
                asked,
                bytes,
                status,
                ..
            } = running.event()
            else {
                panic!("the request was answered");
            };
            assert_eq!((bytes, status), (expected, 200));
            assert_eq!((asked.method(), asked.target()), ("GET", path));
            assert_eq!((asked.version(), asked.scheme()), ("HTTP/1.1", "http"));
            assert!(asked.peer.is_loopback() && asked.client.is_loopback());
        }
    }

    #[test]
    fn each_answer_has_the_id_that_its_event_has() {
        let running = Running::echo();
        for path in BOTH.into_iter().chain(["/../etc"]) {
            let answer = running.ask(&format!(
                "GET {path} HTTP/1.1\nHost: x\nX-Request-Id: mine\n\n"
            ));
            let Event::Answered { asked, .. } = running.event() else {
                panic!("the request was answered");
            };
            assert_eq!(answer.header("x-request-id"), Some(asked.id.as_str()));
            assert_ne!(asked.id, "mine", "nobody trusts this client");
        }
        let answer = running.ask("GET / HTTP/3.0\nHost: x\n\n");
        let Event::Refused { id, .. } = running.event() else {
            panic!("the request was refused");
        };
        assert_eq!(answer.header("x-request-id"), Some(id.as_str()));
    }

    #[test]
    fn trusted_proxy_names_the_request_and_its_client() {
        let options = Options {
            serve: vec![(Ipv4Addr::LOCALHOST, 0).into()],
            trusted_proxies: vec!["127.0.0.0/8".parse().expect("a network")],
            ..Options::default()
        };
        let told = |request: &Request| format!("{} {}", request.client, request.peer);
        let running = Running::with(options, move |request| Reply::text(200, told(request)));
        for path in BOTH {
            let answer = running.ask(&format!(
                "GET {path} HTTP/1.1\nHost: x\nX-Request-Id: it.s-1\nX-Forwarded-For: 6.6.6.6, 192.0.2.7\n\n"
            ));
            assert_eq!(answer.text(), "192.0.2.7 127.0.0.1");
            assert_eq!(answer.header("x-request-id"), Some("it.s-1"));
            let Event::Answered { asked, .. } = running.event() else {
                panic!("the request was answered");
            };
            assert_eq!(asked.client.to_string(), "192.0.2.7");
            assert!(asked.peer.is_loopback());
        }
    }

    #[test]
    fn client_cannot_say_who_it_is() {
        let told = |request: &Request| format!("{} {}", request.client, request.peer);
        let running = Running::new(move |request| Reply::text(200, told(request)));
        for path in BOTH {
            let answer = running.ask(&format!(
                "GET {path} HTTP/1.1\nHost: x\nSpkrepo-Client: 6.6.6.6\nSpkrepo-Peer: 6.6.6.6\nSpkrepo-Ping: 1\n\n"
            ));
            assert_eq!((answer.status, answer.text()), (200, "127.0.0.1 127.0.0.1"));
        }
    }

    #[test]
    fn target_that_is_wrong_is_refused_and_the_connection_goes_on() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("GET /../etc HTTP/1.1\nHost: x\n\nGET /a HTTP/1.1\nHost: x\n\n");
        assert_eq!(client.receive().expect("an answer").status, 400);
        assert_eq!(client.receive().expect("an answer").text(), "/a");
    }

    #[test]
    fn more_requests_than_may_be_under_way_wait_for_their_turn() {
        let limits = Limits {
            relayed: 2,
            ..Limits::default()
        };
        let running = Running::limited(limits, |_| {
            thread::sleep(Duration::from_millis(20));
            Reply::new(204)
        });
        let ask = || status(&running, "GET / HTTP/1.1\nHost: x\n\n");
        let answers = thread::scope(|scope| {
            let asking: Vec<_> = (0..10).map(|_| scope.spawn(ask)).collect();
            asking
                .into_iter()
                .map(|asking| asking.join().expect("no panic"))
                .collect::<Vec<_>>()
        });
        assert_eq!(answers, [204; 10]);
    }
}
