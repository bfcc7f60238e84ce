//! `spkrepo serve --lfs`: Git LFS's own client, and others, against this repository.

mod client;
mod hostile;
mod proxied;
mod refused;
mod spec;

use fs_err as fs;
use serde_json::{Value, json};

use crate::remote::Shared;
use crate::support::digest::sha256;
use crate::support::http::{Connection, Response};
use crate::support::outcome::Outcome;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::upload::{basic, people};

const JSON: &str = "application/vnd.git-lfs+json";

/// A bare package source whose server answers Git LFS, and the clone `repo`.
pub(crate) struct Host {
    /// The token of somebody who may do everything.
    pub(crate) ada: String,
    pub(crate) server: Server,
    pub(crate) shared: Shared,
}

impl Host {
    /// Starts a server with more options.
    pub(crate) fn start(options: &str) -> Self {
        let shared = Shared::new();
        let [ada, _] = people(&shared.sandbox);
        shared.git("repo", "push --quiet origin main");
        let server = serve(&shared.sandbox, options);
        Self {
            ada,
            server,
            shared,
        }
    }

    /// Has git-lfs of a clone ask the server, and whoever uses git in this test have `token`.
    pub(crate) fn use_in(&self, clone: &str, token: &str) {
        let host = self.server.host();
        use_at(&self.shared, clone, &format!("http://{host}/info/lfs"));
        remember(&self.shared, &format!("http://me:{token}@{host}"));
    }

    /// Asks the batch API.
    #[track_caller]
    pub(crate) fn batch(
        &self,
        operation: &str,
        token: &str,
        objects: &[(&str, usize)],
    ) -> Response {
        batch(self.server.host(), operation, token, objects)
    }

    /// Sends an object by itself.
    #[track_caller]
    pub(crate) fn put(&self, oid: &str, token: &str, bytes: &[u8]) -> Response {
        put(self.server.host(), oid, token, bytes)
    }

    pub(crate) fn object(&self, oid: &str) -> std::path::PathBuf {
        let path = format!("remote.git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
        self.shared.sandbox.path(&path)
    }

    /// Demands that nothing half-written is in the store.
    #[track_caller]
    pub(crate) fn nothing_is_left(&self) {
        let left = || self.shared.sandbox.files("remote.git/lfs/tmp");
        let start = std::time::Instant::now();
        while !left().is_empty() {
            assert!(start.elapsed().as_secs() < 20, "{:?}", left());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

pub(crate) fn serve(sandbox: &Sandbox, options: &str) -> Server {
    let mut command = sandbox.spkrepo(&format!("serve --port 0 --lfs {options}"));
    command.current_dir(sandbox.path("remote.git"));
    Server::spawn(command)
}

/// Has git-lfs of a clone ask at `url`.
pub(crate) fn use_at(shared: &Shared, clone: &str, url: &str) {
    shared.git(clone, "lfs install --local");
    shared.git(clone, &format!("config lfs.url {url}"));
}

/// Has the user's credential helper know an address with user name and password.
pub(crate) fn remember(shared: &Shared, url: &str) {
    let file = shared.sandbox.path("credentials");
    fs::write(&file, format!("{url}\n")).expect("writable");
    let helper = format!("store --file={}", file.display());
    shared.git(
        "repo",
        &format!("config --global credential.helper '{helper}'"),
    );
}

/// Runs git in a clone; it may fail.
pub(crate) fn try_git(shared: &Shared, clone: &str, line: &str) -> Outcome {
    let folder = shared.sandbox.path(clone).display().to_string();
    shared.sandbox.try_git(&format!("-C {folder} {line}"))
}

#[track_caller]
pub(crate) fn batch(
    host: &str,
    operation: &str,
    token: &str,
    objects: &[(&str, usize)],
) -> Response {
    let object = |(oid, size): &(&str, usize)| json!({"oid": oid, "size": size});
    let objects: Vec<Value> = objects.iter().map(object).collect();
    let body = json!({"operation": operation, "transfers": ["basic"], "objects": objects});
    let basic = basic(token);
    let mut headers = vec![
        ("Accept", JSON),
        ("Content-Type", JSON),
        ("Connection", "close"),
    ];
    if !token.is_empty() {
        headers.push(("Authorization", &basic));
    }
    let body = body.to_string();
    let mut connection = Connection::open(host);
    connection.request("POST", "/info/lfs/objects/batch", &headers, body.as_bytes())
}

#[track_caller]
pub(crate) fn put(host: &str, oid: &str, token: &str, bytes: &[u8]) -> Response {
    let target = format!("/info/lfs/objects/{oid}");
    let basic = basic(token);
    let headers = [("Authorization", basic.as_str()), ("Connection", "close")];
    Connection::open(host).request("PUT", &target, &headers, bytes)
}

#[track_caller]
pub(crate) fn message(response: &Response) -> String {
    assert_eq!(response.header("content-type"), Some(JSON));
    let json = response.json();
    json["message"].as_str().expect("a message").to_owned()
}

/// Returns bytes that no other test has, and their SHA-256.
pub(crate) fn bytes(seed: u8, count: usize) -> (Vec<u8>, String) {
    let bytes: Vec<u8> = (0..count)
        .map(|at| (at as u8).wrapping_mul(31) ^ (at >> 8) as u8 ^ seed)
        .collect();
    let oid = sha256(&bytes);
    (bytes, oid)
}
