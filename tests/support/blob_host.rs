//! A server of blobs by their names that takes its time, sends what is wrong, or breaks off, as it is told.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::digest::sha256;

/// The server. It goes on until the tests end.
pub(crate) struct BlobHost {
    pub(crate) host: String,
    shared: Arc<Shared>,
}

/// How it sends.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// Bytes of the body after which the connection is cut.
    pub(crate) cut_after: Option<usize>,
    /// Nobody is answered: connections are closed at once.
    pub(crate) is_down: bool,
    /// Bytes of one write; all at once, if absent.
    pub(crate) piece: Option<usize>,
    /// Before each write.
    pub(crate) pause: Duration,
    /// A part that is asked for is not given, but the whole.
    pub(crate) whole_only: bool,
}

#[derive(Default)]
struct Shared {
    blobs: Mutex<BTreeMap<String, Arc<Vec<u8>>>>,
    manner: Mutex<Manner>,
    /// From where each GET began, and of what.
    reads: Mutex<Vec<(String, usize)>>,
    sending: AtomicUsize,
    most_sending: AtomicUsize,
}

impl BlobHost {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("a bound socket").to_string();
        let shared = Arc::new(Shared::default());
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&of_thread);
                // A client that hangs up is no fault.
                std::thread::spawn(move || shared.answer(stream).ok());
            }
        });
        Self { host, shared }
    }

    /// Has a blob, and returns its name.
    pub(crate) fn put(&self, bytes: Vec<u8>) -> String {
        let name = sha256(&bytes);
        self.put_as(&name, bytes);
        name
    }

    /// Has bytes under any name.
    pub(crate) fn put_as(&self, name: &str, bytes: Vec<u8>) {
        let mut blobs = self.shared.blobs.lock().expect("no panic");
        blobs.insert(name.to_owned(), Arc::new(bytes));
    }

    pub(crate) fn remove(&self, name: &str) {
        self.shared.blobs.lock().expect("no panic").remove(name);
    }

    /// Sends otherwise from now on.
    pub(crate) fn manner(&self, manner: Manner) {
        *self.shared.manner.lock().expect("no panic") = manner;
    }

    /// Returns from where each GET of a blob began.
    pub(crate) fn reads(&self, name: &str) -> Vec<usize> {
        let reads = self.shared.reads.lock().expect("no panic");
        let of_name = reads.iter().filter(|(read, _)| read == name);
        of_name.map(|(_, from)| *from).collect()
    }

    /// Returns how many blobs were sent at the same time at most.
    pub(crate) fn most_at_once(&self) -> usize {
        self.shared.most_sending.load(Ordering::SeqCst)
    }

    /// Returns the address of all blobs, as `spkrepo.toml` has it.
    pub(crate) fn template(&self) -> String {
        format!("http://{}/{{sha256}}", self.host)
    }
}

impl Shared {
    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let manner = || self.manner.lock().expect("no panic").clone();
        if manner().is_down {
            return Ok(());
        }
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        let (mut line, mut from) = (String::new(), 0);
        reader.read_line(&mut line)?;
        loop {
            let mut header = String::new();
            reader.read_line(&mut header)?;
            let header = header.trim().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            let range = header.strip_prefix("range: bytes=");
            from = range
                .and_then(|range| range.trim_end_matches('-').parse().ok())
                .unwrap_or(from);
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next(), words.next().unwrap_or_default());
        let name = target.trim_start_matches('/').to_owned();
        let blob = self.blobs.lock().expect("no panic").get(&name).cloned();
        let Some(blob) = blob else {
            let none = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            return stream.write_all(none.as_bytes());
        };
        if method == Some("GET") {
            let mut reads = self.reads.lock().expect("no panic");
            reads.push((name, from));
        }
        let from = if manner().whole_only { 0 } else { from };
        self.send(&mut stream, &blob, from, method == Some("GET"), &manner())
    }

    fn send(
        &self,
        stream: &mut TcpStream,
        blob: &[u8],
        from: usize,
        has_body: bool,
        manner: &Manner,
    ) -> std::io::Result<()> {
        let (length, left) = (blob.len(), blob.len().saturating_sub(from));
        let status = match from {
            0 => "200 OK\r\n".to_owned(),
            _ => format!(
                "206 Partial Content\r\nContent-Range: bytes {from}-{}/{length}\r\n",
                length - 1
            ),
        };
        let head = format!("HTTP/1.1 {status}Content-Length: {left}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        if !has_body {
            return Ok(());
        }
        let sending = self.sending.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_sending.fetch_max(sending, Ordering::SeqCst);
        let sent = Self::body(stream, &blob[length - left..], manner);
        self.sending.fetch_sub(1, Ordering::SeqCst);
        sent
    }

    fn body(stream: &mut TcpStream, bytes: &[u8], manner: &Manner) -> std::io::Result<()> {
        let end = manner.cut_after.unwrap_or(bytes.len()).min(bytes.len());
        let piece = manner.piece.unwrap_or(bytes.len()).max(1);
        for piece in bytes[..end].chunks(piece) {
            std::thread::sleep(manner.pause);
            stream.write_all(piece)?;
        }
        Ok(())
    }
}

#[test]
fn a_blob_is_sent_whole_in_part_and_cut() {
    let host = BlobHost::start();
    let name = host.put(b"0123456789".to_vec());
    let get = |headers: &[(&str, &str)]| {
        let mut connection = super::http::Connection::open(&host.host);
        connection.request("GET", &format!("/{name}"), headers, b"")
    };
    assert_eq!(get(&[]).status(200).text(), "0123456789");
    let part = get(&[("Range", "bytes=4-")]).status(206);
    assert_eq!(part.text(), "456789");
    assert_eq!(host.reads(&name), [0, 4]);
    host.manner(Manner {
        cut_after: Some(5),
        ..Manner::default()
    });
    let cut = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| get(&[])));
    assert!(cut.is_err(), "fewer bytes than were promised");
}
