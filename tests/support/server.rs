//! A running `spkrepo serve` that ends with the test.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::http::{Connection, Response};
use super::sandbox::Sandbox;

/// How long starting and stopping may take.
const PATIENCE: Duration = Duration::from_secs(20);
const SCHEME_END: &str = "://";

/// The server; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    host: String,
    log: Arc<Mutex<String>>,
}

impl Server {
    /// Starts `spkrepo serve --port 0` with more options in the sandbox's repository and waits for its address.
    pub(crate) fn start(sandbox: &Sandbox, options: &str) -> Self {
        Self::spawn(sandbox.spkrepo(&format!("serve --port 0 {options}")))
    }

    /// Starts any command that prints `http://127.0.0.1:<port>` or the same by HTTPS.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("an executable file");
        let log = Arc::new(Mutex::new(String::new()));
        let (sender, addresses) = channel();
        collect(child.stdout.take().expect("piped"), &log, sender.clone());
        collect(child.stderr.take().expect("piped"), &log, sender);
        let mut server = Self {
            child,
            host: String::new(),
            log,
        };
        server.host = match addresses.recv_timeout(PATIENCE) {
            Ok(host) => host,
            Err(RecvTimeoutError::Disconnected) => panic!("the server ended:\n{}", server.log()),
            Err(RecvTimeoutError::Timeout) => {
                panic!("the server printed no address:\n{}", server.log())
            }
        };
        server
    }

    /// Returns host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns what the server has printed so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no panic while logging").clone()
    }

    /// Opens a connection that stays open.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(&self.host)
    }

    /// Asks for `target` over a connection of its own.
    #[track_caller]
    pub(crate) fn get(&self, target: &str) -> Response {
        self.request("GET", target, &[], b"")
    }

    /// Sends a request over a connection of its own.
    #[track_caller]
    pub(crate) fn request(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let headers = [headers, &[("Connection", "close")]].concat();
        self.connect().request(method, target, &headers, body)
    }

    /// Sends a signal, such as `HUP`.
    #[track_caller]
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .expect("a POSIX system");
        assert!(
            sent.success(),
            "the server had ended before:\n{}",
            self.log()
        );
    }

    /// Sends a signal, such as `TERM`, waits for the end and returns the exit code.
    #[track_caller]
    pub(crate) fn stop(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a child of this process") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("the server goes on after SIG{signal}:\n{}", self.log());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only when it has ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads lines into the log and sends the address of the first line that has one.
fn collect(pipe: impl Read + Send + 'static, log: &Arc<Mutex<String>>, addresses: Sender<String>) {
    let log = Arc::clone(log);
    std::thread::spawn(move || {
        let mut addresses = Some(addresses);
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            log.lock()
                .expect("no panic while logging")
                .push_str(&format!("{line}\n"));
            if let Some(host) = address(&line)
                && let Some(addresses) = addresses.take()
            {
                // Nobody listens any more once the other pipe brought the address.
                addresses.send(host.to_owned()).ok();
            }
        }
    });
}

/// Returns host and port of `http://127.0.0.1:<port>`, or with `https`, within a line.
fn address(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(SCHEME_END)?;
    let port = rest.strip_prefix("127.0.0.1:")?;
    let end = port
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(port.len());
    (end > 0).then(|| &rest[.."127.0.0.1:".len() + end])
}

#[test]
fn the_address_is_found_in_a_line() {
    assert_eq!(
        address("listening on http://127.0.0.1:4711/"),
        Some("127.0.0.1:4711")
    );
    assert_eq!(
        address("listening on http://127.0.0.1:4711, ready"),
        Some("127.0.0.1:4711")
    );
    assert_eq!(address("at https://127.0.0.1:4711"), Some("127.0.0.1:4711"));
    assert_eq!(address("see http://example.org"), None);
}

#[test]
fn a_server_is_stopped_by_a_signal_and_keeps_its_log() {
    let mut command = Command::new("sh");
    command.args([
        "-c",
        "echo starting; echo listening on http://127.0.0.1:9 >&2; exec sleep 60",
    ]);
    let mut server = Server::spawn(command);
    assert_eq!(server.host(), "127.0.0.1:9");
    assert_eq!(server.stop("TERM"), None);
    assert!(server.log().contains("listening"));
}
