//! A time server for the tests: it takes the posted file apart and lets the test write whatever answer it wants.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::certificate::Certificate;

/// What was asked.
pub(crate) struct Posted {
    /// The bytes of the file.
    pub(crate) file: Vec<u8>,
    /// Request line and headers.
    pub(crate) head: String,
    /// The headers of the file's part.
    pub(crate) part: String,
}

/// Tells a server that nobody asks any more, whether the test went well or not.
struct Stop<'a> {
    address: String,
    stopped: &'a AtomicBool,
}

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Wakes it; it may have ended with an error.
        TcpStream::connect(&self.address).ok();
    }
}

/// Runs `test` with the address of a server that answers each request by `answer`; `tls` makes it speak TLS.
pub(crate) fn with_server<T>(
    tls: Option<&Certificate>,
    answer: impl Fn(&Posted, &mut dyn Write) + Sync,
    test: impl FnOnce(&str) -> T,
) -> T {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let stopped = AtomicBool::new(false);
    let config = tls.map(config);
    std::thread::scope(|scope| {
        let stop = Stop {
            address: address.clone(),
            stopped: &stopped,
        };
        scope.spawn(|| {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                serve(stream, config.as_ref(), &answer);
            }
        });
        let scheme = if tls.is_some() { "https" } else { "http" };
        let outcome = test(&format!("{scheme}://{address}/timestamp.php"));
        drop(stop);
        outcome
    })
}

fn config(certificate: &Certificate) -> Arc<ServerConfig> {
    let chain = CertificateDer::pem_file_iter(&certificate.cert).expect("a file in PEM");
    let chain = chain.collect::<Result<_, _>>().expect("certificates");
    let key = PrivateKeyDer::from_pem_file(&certificate.key).expect("a key in PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks them");
    let config = builder.with_no_client_auth();
    Arc::new(config.with_single_cert(chain, key).expect("a pair"))
}

fn serve(
    stream: TcpStream,
    config: Option<&Arc<ServerConfig>>,
    answer: &impl Fn(&Posted, &mut dyn Write),
) {
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).expect("a socket");
    match config {
        None => exchange(stream, answer),
        Some(config) => {
            let session = ServerConnection::new(Arc::clone(config)).expect("a valid configuration");
            let mut stream = StreamOwned::new(session, stream);
            exchange(&mut stream, answer);
            stream.conn.send_close_notify();
            stream.flush().ok();
        }
    }
}

/// A client that hangs up, as one does that does not trust the certificate, is not answered.
fn exchange(stream: impl Read + Write, answer: &impl Fn(&Posted, &mut dyn Write)) {
    let mut stream = BufReader::new(stream);
    if let Some(posted) = posted(&mut stream) {
        answer(&posted, stream.get_mut());
    }
}

fn posted(stream: &mut impl BufRead) -> Option<Posted> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let value = |name: &str| {
        let line = head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        });
        line.unwrap_or_else(|| panic!("no {name} in {head}"))
    };
    let mut body = vec![0; value("content-length").parse().expect("a number")];
    stream.read_exact(&mut body).ok()?;
    let kind = value("content-type").strip_prefix("multipart/form-data; boundary=");
    let boundary = kind.expect("a form with a file");
    let body = body.strip_prefix(format!("--{boundary}\r\n").as_bytes());
    let end = format!("\r\n--{boundary}--\r\n");
    let body = body.and_then(|body| body.strip_suffix(end.as_bytes()));
    let body = body.expect("one part between the boundaries");
    let at = body.windows(4).position(|window| window == b"\r\n\r\n");
    let at = at.expect("the end of the part's headers") + 4;
    Some(Posted {
        file: body[at..].to_vec(),
        part: String::from_utf8(body[..at].to_vec()).expect("ASCII"),
        head,
    })
}

/// Writes an answer; a client that has hung up needs none.
pub(crate) fn reply(to: &mut dyn Write, status: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    to.write_all(&[head.as_bytes(), body].concat())
        .and_then(|()| to.flush())
        .ok();
}
