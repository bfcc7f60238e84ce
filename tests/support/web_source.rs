//! A web server for the tests that answers as the test says: also by cutting off, by never ending, by not answering at all.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    headers: Vec<(String, String)>,
    /// Path and query.
    pub(crate) target: String,
}

impl Asked {
    /// Returns the value of a header, whose name is given in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        let (_, value) = headers.find(|(known, _)| known == name)?;
        Some(value)
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Returns the value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) body: Vec<u8>,
    /// So many bytes of the body are sent, whatever is promised.
    pub(crate) cut: Option<usize>,
    /// The body is sent again and again, and its length is not told.
    pub(crate) endless: bool,
    pub(crate) headers: Vec<(&'static str, String)>,
    /// How long it takes to send a piece of 16 KiB.
    pub(crate) slowness: Duration,
    pub(crate) status: u16,
}

impl Told {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            cut: None,
            endless: false,
            headers: Vec::new(),
            slowness: Duration::ZERO,
            status: 200,
        }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::ok("")
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn send(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let mut head = format!("HTTP/1.1 {} x\r\nConnection: close\r\n", self.status);
        if !self.endless {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        let end = self.cut.unwrap_or(self.body.len()).min(self.body.len());
        loop {
            for piece in self.body[..end].chunks(16 << 10) {
                stream.write_all(piece)?;
                std::thread::sleep(self.slowness);
            }
            if !self.endless {
                return stream.flush();
            }
        }
    }
}

/// The server; it ends when dropped.
pub(crate) struct WebSource {
    asked: Arc<Mutex<Vec<Asked>>>,
    host: String,
    is_over: Arc<AtomicBool>,
}

impl WebSource {
    /// Starts a server that answers each request by `answer`, which is told the server's own address.
    pub(crate) fn start(answer: impl Fn(&Asked, &str) -> Told + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("it is bound").to_string();
        let source = Self {
            asked: Arc::default(),
            host: host.clone(),
            is_over: Arc::default(),
        };
        let (asked, is_over) = (Arc::clone(&source.asked), Arc::clone(&source.is_over));
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                let address = format!("http://{host}");
                std::thread::spawn(move || serve(stream, &asked, |asked| answer(asked, &address)));
            }
        });
        source
    }

    /// Returns the address, without a slash at its end.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.host)
    }

    /// Returns what was asked since the last call.
    pub(crate) fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().expect("no panic while noting"))
    }
}

impl Drop for WebSource {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        // Wakes it.
        TcpStream::connect(&self.host).ok();
    }
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<Asked>>, answer: impl Fn(&Asked) -> Told) {
    let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
    let Some(start) = lines.next() else { return };
    let target = start.split(' ').nth(1).unwrap_or_default().to_owned();
    let headers = lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        });
    let request = Asked {
        headers: headers.collect(),
        target,
    };
    asked
        .lock()
        .expect("no panic while noting")
        .push(request.clone());
    // A client that has enough hangs up.
    answer(&request).send(&mut stream).ok();
}
