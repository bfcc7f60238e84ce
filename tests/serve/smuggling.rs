//! A proxy and the server behind it never disagree on where a request ends (RFC 9112 §11.2): what the server answers is
//! what nginx asked it, whatever a client sends.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use fs_err as fs;

use super::{offering, wait_until};
use crate::support::http::Connection;
use crate::support::nginx::Nginx;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// Requests with two readings; `{hidden}` is the request that one of them has behind it.
const PAIRS: &[&str] = &[
    "POST /a HTTP/1.1\nHost: x\nContent-Length: 6\nTransfer-Encoding: chunked\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nContent-Length: 6\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: xchunked\nContent-Length: 4\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding : chunked\nContent-Length: 4\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding:\tchunked\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\nTransfer-Encoding: x\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nX: y\n Transfer-Encoding: chunked\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nFoo: bar\rTransfer-Encoding: chunked\n\n0\n\n{hidden}",
    "POST /a HTTP/1.0\nHost: x\nTransfer-Encoding: chunked\nConnection: keep-alive\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nContent-Length: 0\nContent-Length: 44\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nContent-Length: 44\nContent-Length: 0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nContent-Length: 0, 44\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nContent-Length: +0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nContent-Length: 0x2c\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nContent-Length : 0\n\n{hidden}",
    "GET /a HTTP/1.1\nHost: x\nContent-Length: 0\nX:\n {hidden}",
    "GET /a HTTP/1.1\nHost: x\nX: a\n\n{hidden}",
    "GET /a HTTP/1.1\nHost: x\nConnection: Content-Length\nContent-Length: 44\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nConnection: Transfer-Encoding\nTransfer-Encoding: chunked\n\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n0\nX: {hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n1;a=\"\n\"\na\n0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n00000000000000000\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n1\nab0\n\n{hidden}",
    "POST /a HTTP/1.1\nHost: x\nExpect: 100-continue\nContent-Length: 44\n\n{hidden}",
    "GET /a HTTP/1.1\nHost: x\nUpgrade: websocket\nConnection: Upgrade\n\n{hidden}",
    "GET /a HTTP/0.9\n\n{hidden}",
    "GET /a\n{hidden}",
    "GET http://x/a HTTP/1.1\nHost: y\n\n{hidden}",
];

/// Sends what is given with its line ends made those of HTTP, or left bare; takes what comes, and hangs up.
fn send(host: &str, text: &str) {
    let mut stream = TcpStream::connect(host).expect("a listening proxy");
    let patience = Some(Duration::from_millis(150));
    stream.set_read_timeout(patience).expect("a socket");
    stream.write_all(text.as_bytes()).expect("the proxy reads");
    let mut answer = [0; 4096];
    // It ends by an end or by waiting.
    while matches!(stream.read(&mut answer), Ok(1..)) {}
}

/// Returns the sorted targets of the lines that have `"METHOD TARGET…"`.
fn targets(log: &str) -> Vec<String> {
    let quoted = log.lines().filter_map(|line| line.split('"').nth(1));
    let mut targets: Vec<_> = quoted
        .filter_map(|request| request.split(' ').nth(1))
        .map(str::to_owned)
        .collect();
    targets.sort();
    targets
}

#[test]
fn server_answers_what_the_proxy_asked_and_nothing_else() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "--access-log text");
    let log = sandbox.path("asked.log");
    let http = format!(
        "log_format asked '\"$request_method $uri\" $upstream_status';
        map $upstream_status $is_asked {{ ~^[0-9] 1; default 0; }}
        access_log {} asked if=$is_asked;
        upstream source {{ server {}; keepalive 4; }}
        server {{ listen LISTEN; location / {{
            proxy_pass http://source;
            proxy_http_version 1.1;
            proxy_request_buffering off;
            proxy_set_header Connection '';
            proxy_set_header Host x;
        }} }}",
        log.display(),
        server.host()
    );
    let nginx = Nginx::start(&sandbox, &http);
    for (number, pair) in PAIRS.iter().enumerate() {
        for line_end in ["\r\n", "\n"] {
            let hidden = format!("GET /hidden/{number:02} HTTP/1.1\nHost: x\n\n");
            let text = pair
                .replace("{hidden}", &hidden)
                .replace("/a", &format!("/pair/{number}"))
                .replace('\n', line_end);
            send(&nginx.host, &text);
        }
        // Whoever comes next gets the answer to what was asked.
        let innocent = format!("/packages/innocent/{number}");
        let answer = Connection::open(&nginx.host).get(&innocent).status(404);
        assert_eq!(answer.json()["message"], "there is no such file");
    }
    let asked = || targets(&fs::read_to_string(&log).expect("nginx logs"));
    // nginx writes a line when it is done with a request.
    wait_until("every request is in both logs", || {
        asked() == targets(&server.log())
    });
    assert!(asked().len() > PAIRS.len());
}
