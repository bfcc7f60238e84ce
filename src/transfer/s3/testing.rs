//! A server for tests that answers as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

/// A request as it came.
pub(super) struct Said {
    pub(super) body: Vec<u8>,
    headers: Vec<(String, String)>,
    /// Everything after `?`.
    pub(super) query: String,
    /// Method and path.
    pub(super) request: String,
}

/// Status, headers and content.
pub(super) type Answered = (u16, Vec<(&'static str, String)>, Vec<u8>);

impl Said {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Runs `test` with the address of a server that answers by `answer`.
pub(super) fn answering<T>(
    answer: impl Fn(&Said) -> Answered + Sync,
    test: impl FnOnce(&str) -> T,
) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let has_ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for stream in listener.incoming().flatten() {
                if has_ended.load(Ordering::SeqCst) {
                    return;
                }
                serve(&stream, &answer);
            }
        });
        let end = End {
            address: &address,
            has_ended: &has_ended,
        };
        let outcome = test(&format!("http://{address}"));
        drop(end);
        outcome
    })
}

/// Ends the server, whether the test went well or not.
struct End<'a> {
    address: &'a str,
    has_ended: &'a AtomicBool,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.has_ended.store(true, Ordering::SeqCst);
        // Wakes it.
        TcpStream::connect(self.address).ok();
    }
}

/// Answers one request of a connection; one that is cut in between gets no answer.
fn serve(mut stream: &TcpStream, answer: &impl Fn(&Said) -> Answered) -> Option<()> {
    let mut lines = BufReader::new(stream);
    let mut line = || {
        let mut line = String::new();
        lines.read_line(&mut line).ok()?;
        Some(line.trim_end().to_owned())
    };
    let start = line()?;
    let mut words = start.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut said = Said {
        body: Vec::new(),
        headers: Vec::new(),
        query: query.to_owned(),
        request: format!("{method} {path}"),
    };
    loop {
        let line = line()?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        said.headers
            .push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = said.header("content-length").unwrap_or("0").parse().ok()?;
    lines.take(length).read_to_end(&mut said.body).ok()?;
    if said.body.len() as u64 != length {
        return None;
    }
    let (status, headers, body) = answer(&said);
    let mut head = format!(
        "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    let body = if said.request.starts_with("HEAD") {
        &[][..]
    } else {
        &body
    };
    stream.write_all(format!("{head}\r\n").as_bytes()).ok()?;
    stream.write_all(body).ok()
}
