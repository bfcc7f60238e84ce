//! An object store that speaks S3, with signatures and all: s3s-fs, which keeps objects as files. It ends with the test.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::sandbox::Sandbox;
use super::tool::tool;

/// What it lets in.
pub(crate) const KEY: &str = "AKIASPKREPOTEST";
pub(crate) const SECRET: &str = "a+secret/that-nobody-may-see";
/// A bucket that is there.
pub(crate) const BUCKET: &str = "spks";
/// What the names of objects begin with.
pub(crate) const PREFIX: &str = "blobs";
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Somebody else may take the port in between.
const ATTEMPTS: usize = 5;

/// A running store.
pub(crate) struct S3Server {
    child: Child,
    folder: PathBuf,
    host: String,
}

impl S3Server {
    /// Starts one with an empty bucket, and leaves its credentials where programs look: in the sandbox's `~/.aws`.
    pub(crate) fn start(sandbox: &Sandbox) -> Self {
        let text =
            format!("[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n");
        fs::create_dir_all(sandbox.path("home/.aws")).expect("a writable folder");
        fs::write(sandbox.path("home/.aws/credentials"), text).expect("a writable folder");
        let folder = sandbox.path("s3");
        fs::create_dir_all(folder.join(BUCKET)).expect("a writable folder");
        Self::start_in(&folder)
    }

    /// Starts one whose buckets are folders of `folder`.
    pub(crate) fn start_in(folder: &Path) -> Self {
        for _ in 0..ATTEMPTS {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let host = listener.local_addr().expect("a bound socket").to_string();
            drop(listener);
            if let Some(child) = spawn(folder, &host) {
                return Self {
                    child,
                    folder: folder.to_owned(),
                    host,
                };
            }
        }
        panic!("s3s-fs ends at once");
    }

    /// Returns host and port.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns what to write into `spkrepo.toml`.
    pub(crate) fn table(&self, name: &str) -> String {
        table(name, &self.host)
    }

    /// Returns the file in which it keeps a blob.
    pub(crate) fn object(&self, oid: &str) -> PathBuf {
        let folder = self.folder.join(BUCKET).join(PREFIX);
        folder.join(&oid[..2]).join(&oid[2..4]).join(oid)
    }

    /// Kills it; connections are cut.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child of this process");
        self.child.wait().expect("a child of this process");
    }

    /// Starts it again at the same address, with what it had kept.
    pub(crate) fn restart(&mut self) {
        self.kill();
        self.child = spawn(&self.folder, &self.host).expect("the port is free again");
    }
}

/// Returns what to write into `spkrepo.toml` for a store that is reached at `host`.
pub(crate) fn table(name: &str, host: &str) -> String {
    format!(
        "\n[[blobs.remote]]\nname = \"{name}\"\nurl = \"s3://{BUCKET}/{PREFIX}\"\nendpoint = \"http://{host}\"\n"
    )
}

impl Drop for S3Server {
    fn drop(&mut self) {
        // It may have been killed already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Starts the program and waits until it listens; returns nothing when it ends instead.
fn spawn(folder: &Path, host: &str) -> Option<Child> {
    let (address, port) = host.split_once(':').expect("host and port");
    let mut child = Command::new(tool("s3s-fs"))
        .args(["--host", address, "--port", port])
        .args(["--access-key", KEY, "--secret-key", SECRET])
        .arg(folder)
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("`s3s-fs` is needed (see .ci/test): {error}"));
    let start = Instant::now();
    while TcpStream::connect(host).is_err() {
        if child.try_wait().expect("a child of this process").is_some() {
            return None;
        }
        assert!(start.elapsed() < PATIENCE, "s3s-fs does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    Some(child)
}
