//! A small HTTP/1.1 client over one connection that stays open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use flate2::read::GzDecoder;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) status: u16,
}

impl Response {
    /// Returns the value of a header, whose name is given in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(value)
    }

    /// Returns the body as text.
    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// Parses the body.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON: {error}\n{self:?}"))
    }

    /// Returns the body without its coding.
    #[track_caller]
    pub(crate) fn decoded(&self) -> Vec<u8> {
        if self.header("content-encoding") != Some("gzip") {
            return self.body.clone();
        }
        let mut bytes = Vec::new();
        let read = GzDecoder::new(&self.body[..]).read_to_end(&mut bytes);
        read.expect("gzip");
        bytes
    }

    /// Demands this status.
    #[track_caller]
    pub(crate) fn status(self, expected: u16) -> Self {
        let body = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, expected, "{:?}\n{body}", self.headers);
        self
    }
}

/// A connection to a server.
pub(crate) struct Connection {
    host: String,
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to `host`, such as `127.0.0.1:8080`.
    pub(crate) fn open(host: &str) -> Self {
        let stream = TcpStream::connect(host).expect("a listening server");
        Self::of(stream)
    }

    /// Takes a connection on which something was sent already.
    pub(crate) fn of(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("an open connection");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("an open connection");
        let host = stream.peer_addr().expect("an open connection").to_string();
        Self {
            host,
            stream: BufReader::new(stream),
        }
    }

    /// Asks for `target` by GET.
    #[track_caller]
    pub(crate) fn get(&mut self, target: &str) -> Response {
        self.request("GET", target, &[], b"")
    }

    /// Sends a request and reads its answer; `Host` and, with a body, `Content-Length` are added.
    #[track_caller]
    pub(crate) fn request(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let mut head = format!("{method} {target} HTTP/1.1\r\n");
        let names_host = headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("host"));
        if !names_host {
            head += &format!("Host: {}\r\n", self.host);
        }
        if !body.is_empty() {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        self.send(&[head.as_bytes(), b"\r\n", body].concat());
        self.response(method)
    }

    /// Sends any bytes, also such as no client should send.
    #[track_caller]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream
            .get_mut()
            .write_all(bytes)
            .expect("an open connection");
    }

    /// Reads the answer to a request of this method.
    #[track_caller]
    pub(crate) fn response(&mut self, method: &str) -> Response {
        let (status, headers) = self.head();
        let mut response = Response {
            body: Vec::new(),
            headers,
            status,
        };
        let has_body = method != "HEAD" && !matches!(status, 100..200 | 204 | 304);
        if has_body {
            response.body = self.body(&response);
        }
        response
    }

    /// Tells whether the server has closed the connection; waits for it to close or send.
    pub(crate) fn is_closed(&mut self) -> bool {
        !matches!(self.stream.fill_buf(), Ok(bytes) if !bytes.is_empty())
    }

    #[track_caller]
    fn head(&mut self) -> (u16, Vec<(String, String)>) {
        let start = self.line();
        let status = start
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status line: `{start}`"));
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            if line.is_empty() {
                return (status, headers);
            }
            let (name, value) = line
                .split_once(':')
                .unwrap_or_else(|| panic!("no header: `{line}`"));
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("an answer in time");
        line.strip_suffix("\r\n")
            .unwrap_or_else(|| panic!("a line without end: `{line}`"))
            .to_owned()
    }

    #[track_caller]
    fn body(&mut self, response: &Response) -> Vec<u8> {
        assert_eq!(
            response.header("transfer-encoding"),
            None,
            "answers are not chunked"
        );
        let mut body = Vec::new();
        match response.header("content-length") {
            Some(length) => {
                body.resize(length.parse().expect("a number"), 0);
                self.stream
                    .read_exact(&mut body)
                    .expect("as many bytes as were promised");
            }
            None => {
                self.stream
                    .read_to_end(&mut body)
                    .expect("an answer in time");
            }
        }
        body
    }
}

#[test]
fn two_requests_go_over_one_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = listener.local_addr().expect("a bound socket").to_string();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut requests = String::new();
        for answer in [
            "200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\n[]",
            "304 Not Modified\r\nContent-Length: 9\r\n\r\n",
        ] {
            let mut buffer = [0; 1000];
            let length = stream.read(&mut buffer).expect("a request");
            requests += &String::from_utf8_lossy(&buffer[..length]);
            write!(stream, "HTTP/1.1 {answer}").expect("an open connection");
        }
        requests
    });
    let mut connection = Connection::open(&host);
    let first = connection
        .request("POST", "/", &[("Host", "nas")], b"a=1")
        .status(200);
    assert_eq!((first.text(), first.header("x-a")), ("[]", Some("b")));
    assert_eq!(first.json(), serde_json::json!([]));
    let second = connection.get("/?a=1").status(304);
    assert_eq!(second.body, b"");
    assert!(connection.is_closed());
    assert_eq!(
        server.join().expect("the server does not panic"),
        format!(
            "POST / HTTP/1.1\r\nContent-Length: 3\r\nHost: nas\r\n\r\na=1GET /?a=1 HTTP/1.1\r\nHost: {host}\r\n\r\n"
        )
    );
}
