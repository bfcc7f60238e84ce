//! `spkrepo serve --upload`: SPKs that people send with a token become commits of theirs.

mod clients;
mod commits;
mod hostile;
mod killed;
mod many;
mod raw;
mod reasons;
mod recorded;
mod refused;
mod signed;

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::http::{Connection, Response};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// How long a commit may take to be served.
const PATIENCE: Duration = Duration::from_secs(20);

/// A package source with people, whose server takes uploads.
pub(crate) struct Source {
    /// The token of somebody who may do everything.
    pub(crate) ada: String,
    /// The token of a developer who answers for packages that begin with `lib`, and for `tool`.
    pub(crate) dev: String,
    pub(crate) sandbox: Sandbox,
    pub(crate) server: Server,
}

impl Source {
    /// Starts a server with more options.
    pub(crate) fn start(options: &str) -> Self {
        Self::serve(Sandbox::initialized(), options)
    }

    /// Adds the people to a package source and serves it.
    pub(crate) fn serve(sandbox: Sandbox, options: &str) -> Self {
        let [ada, dev] = people(&sandbox);
        let server = Server::start(&sandbox, &format!("--upload {options}"));
        Self {
            ada,
            dev,
            sandbox,
            server,
        }
    }

    /// Sends an SPK as spksrc and the package server guide do.
    #[track_caller]
    pub(crate) fn send(&self, token: &str, spk: &[u8]) -> Response {
        send(self.server.host(), token, spk)
    }

    /// Sends an SPK of the admin's, which must be accepted.
    #[track_caller]
    pub(crate) fn publish(&self, spk: &Spk) -> serde_json::Value {
        self.send(&self.ada, &spk.bytes()).status(201).json()
    }

    /// Waits until the newest commit is served.
    #[track_caller]
    pub(crate) fn is_served(&self) {
        let head = self.sandbox.head();
        let start = Instant::now();
        while self.server.get("/readyz").json()["commit"] != head {
            assert!(start.elapsed() < PATIENCE, "{head} is not served");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts the server anew.
    pub(crate) fn restart(&mut self, options: &str) {
        self.server = Server::start(&self.sandbox, &format!("--upload {options}"));
    }
}

/// Makes the two people and a token of each.
pub(crate) fn people(sandbox: &Sandbox) -> [String; 2] {
    for line in [
        "maintainer add ada --name 'Ada Admin' --email ada@example.org --role admin",
        "maintainer add dev --name 'Dev Eloper' --role developer --package 'lib*'",
    ] {
        sandbox.run(line).success();
    }
    ["ada", "dev"].map(|nick| token(sandbox, nick, "ci", ""))
}

/// Makes a token.
#[track_caller]
pub(crate) fn token(sandbox: &Sandbox, nick: &str, label: &str, options: &str) -> String {
    let line = format!("token new {nick} --label {label} {options}");
    sandbox.run(&line).success().out().trim().to_owned()
}

/// Returns what HTTP Basic says of a token.
pub(crate) fn basic(token: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{token}:")))
}

#[track_caller]
pub(crate) fn send(host: &str, token: &str, spk: &[u8]) -> Response {
    let basic = basic(token);
    let headers = [("Authorization", basic.as_str()), ("Connection", "close")];
    Connection::open(host).request("POST", "/packages", &headers, spk)
}

/// Returns an SPK with what spkrepo demands: an icon.
pub(crate) fn spk(package: &str, version: &str) -> Spk {
    Spk::new(package, version).icon(72)
}

/// Returns the number that a variable says.
pub(crate) fn number_from(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Returns how often a test is to be repeated.
pub(crate) fn rounds(default: u64) -> u64 {
    number_from("SPKREPO_UPLOAD_ROUNDS").unwrap_or(default)
}
