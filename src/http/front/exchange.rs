//! One request and its answer.
//!
//! A worker should not wait for a client: a body that has yet to come is read in a thread of its own, and answers are
//! sent from threads of their own while most workers are at work. A slow client then costs threads, one or two for
//! each of its requests, and holds nobody up. There is a limit to these threads, beyond which workers wait after all.

use std::io::{Cursor, Write};
use std::mem;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use tiny_http::{Header, Response, StatusCode};

use super::framing::{self, Framing, Refusal};
use super::incoming::{self, Persistence};
use super::outgoing::{self, End};
use super::shared::Shared;
use super::{Event, Failure};
use crate::http::reply::{Body, Reply};
use crate::http::request::Method;

/// Serves one request.
pub(super) fn serve(shared: &Arc<Shared>, request: tiny_http::Request) {
    let framing = framing::inspect(&request, shared.options.max_body);
    if framing.poisonous {
        lose(shared, request, &framing);
    } else if framing.pending {
        shared.aside(move |shared| receive(shared, request, &framing));
    } else {
        receive(shared, request, &framing);
    }
}

fn receive(shared: &Arc<Shared>, mut request: tiny_http::Request, framing: &Framing) {
    let about = About::of(&request);
    match &framing.refusal {
        Some(refusal) if framing.pending && !refusal.is_ambiguous() => {
            refuse_unread(shared, request, &about, refusal);
        }
        Some(refusal) => respond(
            shared,
            request,
            about,
            refused(refusal),
            refusal.is_ambiguous(),
        ),
        None => match incoming::read_body(&mut request, framing.body) {
            Ok(body) => {
                let reply = answer(shared, &request, &about, body);
                respond(shared, request, about, reply, false);
            }
            Err(source) => {
                about.failed(shared, Failure::Receive { source });
                // A request that is dropped as it is would be answered by the library.
                drop(request.into_writer());
            }
        },
    }
}

fn refused(refusal: &Refusal) -> Reply {
    Reply::problem(refusal.status(), &refusal.to_string())
}

/// Has the handler answer; a panic is its failure alone.
fn answer(shared: &Shared, request: &tiny_http::Request, about: &About, body: Vec<u8>) -> Reply {
    let request = match incoming::convert(request, body) {
        Ok(request) => request,
        Err(error) => return Reply::problem(400, &error.to_string()),
    };
    catch_unwind(AssertUnwindSafe(|| (shared.handler)(request))).unwrap_or_else(|_| {
        about.failed(shared, Failure::Panicked);
        Reply::problem(500, "the server made a mistake")
    })
}

fn respond(
    shared: &Arc<Shared>,
    request: tiny_http::Request,
    about: About,
    reply: Reply,
    give_up: bool,
) {
    let persistence = match incoming::persistence(&request) {
        Persistence::Keep | Persistence::KeepOld if give_up => Persistence::GiveUp,
        persistence => persistence,
    };
    let turn = Turn {
        about,
        persistence,
        reply,
        writer: request.into_writer(),
    };
    if shared.is_crowded() {
        shared.aside(move |shared| turn.take(shared));
    } else {
        turn.take(shared);
    }
}

/// An answer that may have to wait for others on its connection.
struct Turn {
    about: About,
    persistence: Persistence,
    reply: Reply,
    writer: Box<dyn Write + Send>,
}

impl Turn {
    fn take(mut self, shared: &Shared) {
        // Returns when the answers to earlier requests on the connection are sent, so that what these did to it is
        // known; what later requests see is settled before the writer is dropped.
        let ready = self.writer.flush();
        if ready.is_err() || shared.quarantine.has(self.about.peer) {
            return;
        }
        if self.persistence == Persistence::GiveUp {
            shared.quarantine.add(self.about.peer);
        }
        let persistence = if shared.signals.is_stopping() {
            Persistence::Close
        } else {
            self.persistence
        };
        let sent = outgoing::send(
            &mut *self.writer,
            &self.reply,
            persistence,
            self.about.head_only,
        );
        if let End::Broken(failure) = sent.end {
            shared.quarantine.add(self.about.peer);
            self.about.failed(shared, failure);
        } else {
            self.about.answered(shared, self.reply.status, sent.bytes);
        }
    }
}

/// Answers before the body is read, since its sender may wait for that; then the library reads the body.
fn refuse_unread(shared: &Shared, request: tiny_http::Request, about: &About, refusal: &Refusal) {
    if shared.quarantine.has(about.peer) {
        return drop(request.into_writer());
    }
    let reply = refused(refusal);
    let header = |name: &str, value: &str| {
        Header::from_bytes(name, value).expect("the front end's headers are ASCII")
    };
    let mut headers: Vec<_> = reply
        .headers()
        .map(|(name, value)| header(name, value))
        .collect();
    headers.push(header("Server", "spkrepo"));
    let body = refusal_body(&reply);
    let length = body.len();
    let response = Response::new(
        StatusCode(reply.status),
        headers,
        Cursor::new(body),
        Some(length),
        None,
    );
    match request.respond(response) {
        Ok(()) => about.answered(shared, reply.status, length as u64),
        Err(source) => about.failed(shared, Failure::Send { source }),
    }
}

fn refusal_body(reply: &Reply) -> Vec<u8> {
    match &reply.body {
        Body::Bytes(bytes) => bytes.as_slice().to_vec(),
        _ => Vec::new(),
    }
}

/// Refuses a request that must never be dropped, and gives its connection up for good.
///
/// Of all ways to answer, only that of an upgrade leaves the body's reader whole. It insists on sending a head of its own
/// first; as an interim one (RFC 9110 §15.2) that does no harm.
fn lose(shared: &Shared, request: tiny_http::Request, framing: &Framing) {
    let peer = incoming::peer(&request);
    let max = shared.options.max_body;
    let length = framing.body;
    let refusal = Refusal::LongBody { length, max };
    let mut stream =
        mem::ManuallyDrop::new(request.upgrade("HTTP/1.1", Response::new_empty(StatusCode(100))));
    if !shared.quarantine.has(peer) {
        outgoing::send(&mut **stream, &refused(&refusal), Persistence::Close, false);
    }
    shared.lose(peer.ip());
}

/// What events say of a request.
struct About {
    head_only: bool,
    method: String,
    peer: SocketAddr,
    since: Instant,
    target: String,
}

impl About {
    fn of(request: &tiny_http::Request) -> Self {
        let method = request.method().as_str();
        Self {
            head_only: Method::from(method) == Method::Head,
            method: method.to_owned(),
            peer: incoming::peer(request),
            since: Instant::now(),
            target: request.url().to_owned(),
        }
    }

    fn answered(&self, shared: &Shared, status: u16, bytes: u64) {
        (shared.on_event)(Event::Answered {
            bytes,
            method: self.method.clone(),
            micros: u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX),
            peer: self.peer.ip().to_canonical(),
            status,
            target: self.target.clone(),
        });
    }

    fn failed(&self, shared: &Shared, failure: Failure) {
        (shared.on_event)(Event::Failed {
            failure,
            method: self.method.clone(),
            peer: self.peer.ip().to_canonical(),
            target: self.target.clone(),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use super::super::Options;
    use super::super::testing::Running;
    use super::*;

    fn status(running: &Running, request: &str) -> u16 {
        running.ask(request).status
    }

    #[test]
    fn connection_is_kept_and_answers_come_in_order() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("GET /a HTTP/1.1\nHost: x\n\nGET /b HTTP/1.1\nHost: x\n\n");
        let first = client.receive().expect("an answer");
        assert_eq!(
            (
                first.text(),
                first.header("server"),
                first.header("connection")
            ),
            ("/a", Some("spkrepo"), None)
        );
        assert!(
            first
                .header("date")
                .is_some_and(|date| date.ends_with(" GMT"))
        );
        assert_eq!(client.receive().expect("another").text(), "/b");
    }

    #[test]
    fn connection_ends_when_the_request_asks_for_it() {
        let running = Running::echo();
        for request in [
            "GET /a HTTP/1.1\nHost: x\nConnection: close\n\n",
            "GET /a HTTP/1.0\n\n",
        ] {
            let mut client = running.connect();
            client.send(request);
            assert_eq!(
                client.receive().expect("an answer").header("connection"),
                Some("close")
            );
            assert!(client.is_ended());
        }
    }

    #[test]
    fn offer_to_upgrade_is_passed_over_and_the_body_is_read() {
        let running = Running::new(|request| Reply::text(200, request.body));
        let answer = running.ask(
            "POST / HTTP/1.1\nHost: x\nConnection: Upgrade\nUpgrade: h2c\nContent-Length: 2\n\nab",
        );
        assert_eq!(
            (answer.text(), answer.header("connection")),
            ("ab", Some("close"))
        );
    }

    #[test]
    fn wish_to_close_that_the_library_overlooks_is_kept() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("GET /a HTTP/1.1\nHost: x\nConnection: keep-alive\nConnection: close\n\n");
        assert_eq!(
            client.receive().expect("an answer").header("connection"),
            Some("close")
        );
        client.send("GET /b HTTP/1.1\nHost: x\n\n");
        client.patience(Duration::from_millis(100));
        assert!(client.receive().is_none());
    }

    #[test]
    fn old_client_that_asks_for_it_keeps_its_connection() {
        let running = Running::echo();
        let mut client = running.connect();
        for path in ["/a", "/b"] {
            client.send(&format!("GET {path} HTTP/1.0\nConnection: keep-alive\n\n"));
            let answer = client.receive().expect("an answer");
            assert_eq!(
                (answer.text(), answer.header("connection")),
                (path, Some("keep-alive"))
            );
        }
    }

    #[test]
    fn head_gets_the_headers_of_get_and_no_body() {
        let running = Running::echo();
        let mut client = running.connect();
        client.send("HEAD /abc HTTP/1.1\nHost: x\n\nGET /b HTTP/1.1\nHost: x\n\n");
        assert_eq!(
            client
                .receive_head()
                .expect("a head")
                .header("content-length"),
            Some("4")
        );
        assert_eq!(client.receive().expect("an answer").text(), "/b");
    }

    #[test]
    fn panic_of_the_handler_is_a_500_and_the_worker_lives_on() {
        let options = Options {
            workers: 1,
            ..Options::default()
        };
        let running = Running::with(options, |request| {
            assert_ne!(request.path_text(), "/panic", "expected by the test");
            Reply::text(200, "fine")
        });
        assert_eq!(status(&running, "GET /panic HTTP/1.1\nHost: x\n\n"), 500);
        assert!(matches!(
            running.event(),
            Event::Failed {
                failure: Failure::Panicked,
                ..
            }
        ));
        assert_eq!(status(&running, "GET / HTTP/1.1\nHost: x\n\n"), 200);
    }

    #[test]
    fn form_arrives_whether_it_was_announced_or_comes_at_once() {
        let running = Running::new(|request| {
            Reply::text(200, request.parameters().get("a").unwrap_or_default())
        });
        let value = "v".repeat(5000);
        let head = "POST / HTTP/1.1\nHost: x\nContent-Type: application/x-www-form-urlencoded\n";
        for (extra, value) in [
            ("", "short"),
            ("", &value),
            ("Expect: 100-continue\n", "short"),
        ] {
            let length = value.len() + 2;
            let answer = running.ask(&format!(
                "{head}{extra}Content-Length: {length}\n\na={value}"
            ));
            assert_eq!(answer.text(), value, "{extra}");
        }
    }

    #[test]
    fn body_that_is_too_long_is_refused_before_it_comes() {
        let running = Running::echo();
        for head in [
            "POST / HTTP/1.1\nContent-Length: 65537",
            "GET / HTTP/1.1\nContent-Length: 1025",
        ] {
            assert_eq!(
                status(&running, &format!("{head}\nHost: x\n\n")),
                413,
                "{head}"
            );
        }
    }

    #[test]
    fn connection_goes_on_after_a_body_that_was_refused() {
        let running = Running::echo();
        let mut client = running.connect();
        let body = "b".repeat(70_000);
        client.send(&format!(
            "POST / HTTP/1.1\nHost: x\nContent-Length: 70000\n\n{body}GET /b HTTP/1.1\nHost: x\n\n"
        ));
        assert_eq!(client.receive().expect("an answer").status, 413);
        assert_eq!(client.receive().expect("another").text(), "/b");
    }

    #[test]
    fn announced_terabytes_are_refused_and_the_process_lives_on() {
        let running = Running::echo();
        let request = "POST / HTTP/1.1\nHost: x\nContent-Length: 10000000000000\n\n";
        for count in 1..=3 {
            let mut client = running.connect();
            client.send(request);
            let answer = client.receive().expect("an answer");
            assert_eq!(
                (answer.status, answer.header("connection")),
                (413, Some("close"))
            );
            assert!(matches!(running.event(), Event::Lost { total, .. } if total == count));
        }
        assert_eq!(status(&running, "GET / HTTP/1.1\nHost: x\n\n"), 200);
    }

    #[test]
    fn server_ends_with_an_error_when_it_lost_too_many_connections() {
        let options = Options {
            max_lost: 2,
            ..Options::default()
        };
        let running = Running::with(options, |_| Reply::new(200));
        let ask = || {
            running
                .ask("POST / HTTP/1.1\nHost: x\nContent-Length: 10000000000000\n\n")
                .status
        };
        assert_eq!((ask(), ask()), (413, 413));
        assert!(matches!(
            running.join(),
            Err(super::super::FrontError::Lost { count: 2 })
        ));
    }

    #[test]
    fn request_without_a_certain_end_is_refused_and_what_follows_is_not_answered() {
        let running = Running::echo();
        for (headers, expected) in [
            ("Transfer-Encoding: chunked\n\n", 501),
            ("Transfer-Encoding: identity\n\n", 501),
            ("Transfer-Encoding: chunked\nContent-Length: 3\n\n", 501),
            ("Content-Length: 0\nContent-Length: 40\n\n", 400),
            ("Content-Length: +0\n\n", 400),
            ("Content-Length: 99999999999999999999999\n\n", 400),
            ("Content-Length: 0, 0\n\n", 400),
        ] {
            let mut client = running.connect();
            client.send(&format!(
                "POST / HTTP/1.1\nHost: x\n{headers}GET /smuggled HTTP/1.1\nHost: x\n\n"
            ));
            let answer = client.receive().expect("an answer");
            assert_eq!(
                (answer.status, answer.header("connection")),
                (expected, Some("close")),
                "{headers}"
            );
            client.patience(Duration::from_millis(100));
            assert!(client.receive().is_none(), "{headers}");
        }
    }

    #[test]
    fn request_must_name_one_host() {
        let running = Running::echo();
        assert_eq!(status(&running, "GET / HTTP/1.1\n\n"), 400);
        assert_eq!(
            status(&running, "GET / HTTP/1.1\nHost: a\nHost: b\n\n"),
            400
        );
        assert_eq!(status(&running, "GET / HTTP/1.0\n\n"), 200);
    }

    #[test]
    fn target_that_is_too_long_or_wrong_is_refused() {
        let running = Running::echo();
        assert_eq!(
            status(
                &running,
                &format!("GET /{} HTTP/1.1\nHost: x\n\n", "a".repeat(17 << 10))
            ),
            414
        );
        assert_eq!(status(&running, "GET /../etc HTTP/1.1\nHost: x\n\n"), 400);
    }

    #[test]
    fn bodies_that_never_come_do_not_hold_up_others() {
        let options = Options {
            workers: 2,
            ..Options::default()
        };
        let running = Running::with(options, |_| Reply::new(204));
        let mut waiting: Vec<_> = (0..8).map(|_| running.connect()).collect();
        for client in &mut waiting {
            client.send("POST / HTTP/1.1\nHost: x\nContent-Length: 2000\n\n");
        }
        assert_eq!(status(&running, "GET / HTTP/1.1\nHost: x\n\n"), 204);
    }

    #[test]
    fn clients_that_do_not_read_do_not_hold_up_others() {
        let options = Options {
            workers: 4,
            ..Options::default()
        };
        let large = crate::http::reply::SharedBytes::from(vec![0; 32 << 20]);
        let running = Running::with(options, move |request| match request.path_text().as_str() {
            "/large" => Reply::bytes(200, "a/b", large.clone()),
            _ => Reply::text(200, "small"),
        });
        let mut stuck: Vec<_> = (0..12).map(|_| running.connect()).collect();
        for client in &mut stuck {
            client.send("GET /large HTTP/1.1\nHost: x\n\n");
            client.receive_head().expect("the answer begins");
        }
        assert_eq!(running.ask("GET / HTTP/1.1\nHost: x\n\n").text(), "small");
    }

    #[test]
    fn client_that_takes_nothing_is_given_up_and_answered_nothing_more() {
        let send_timeout = Duration::from_millis(100);
        let options = Options {
            send_timeout,
            ..Options::default()
        };
        let running = Running::with(options, |_| Reply::bytes(200, "a/b", vec![0; 32 << 20]));
        let mut client = running.connect();
        client.send("GET /a HTTP/1.1\nHost: x\n\nGET /b HTTP/1.1\nHost: x\n\n");
        let event = running.event();
        assert!(
            matches!(
                event,
                Event::Failed {
                    failure: Failure::Stalled,
                    ..
                }
            ),
            "{event:?}"
        );
        client.patience(Duration::from_millis(300));
        assert!(
            client.receive().is_none(),
            "the rest of the first answer and the second never come"
        );
    }

    #[test]
    fn client_that_hangs_up_is_no_failure() {
        let running = Running::new(|_| Reply::bytes(200, "a/b", vec![0; 32 << 20]));
        for _ in 0..50 {
            let mut client = running.connect();
            client.send("GET / HTTP/1.1\nHost: x\n\n");
            drop(client);
        }
        for _ in 0..50 {
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
        running.ask("GET /a?b=c HTTP/1.1\nHost: x\n\n");
        let Event::Answered {
            bytes,
            method,
            peer,
            status,
            target,
            ..
        } = running.event()
        else {
            panic!("the request was answered");
        };
        assert_eq!(
            (bytes, method.as_str(), status, target.as_str()),
            (2, "GET", 200, "/a?b=c")
        );
        assert!(peer.is_loopback());
    }

    #[test]
    fn stopping_answers_what_is_under_way_and_returns() {
        let running = Running::new(|_| {
            thread::sleep(Duration::from_millis(300));
            Reply::text(200, "late")
        });
        let mut client = running.connect();
        let _idle = running.connect();
        client.send("GET / HTTP/1.1\nHost: x\n\n");
        thread::sleep(Duration::from_millis(100));
        let started = Instant::now();
        running.stopper.stop();
        running.join().expect("an orderly end");
        assert!(started.elapsed() < Duration::from_secs(2));
        let answer = client.receive().expect("an answer");
        assert_eq!(
            (answer.text(), answer.header("connection")),
            ("late", Some("close"))
        );
    }
}
