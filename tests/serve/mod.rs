//! `spkrepo serve` from outside: over sockets, with git and other programs at work on the same repository.

mod catalog;
pub(crate) mod clients;
mod conditional;
pub(crate) mod deployed;
mod downloads;
mod fetched;
mod following;
mod gosspks;
mod lifecycle;
mod links;
mod load;
mod malformed;
mod mounted;
mod nas;
mod signals;
mod smuggling;
mod sspks;
mod starting;
mod tls;
mod watched;

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http::Response;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// What a DS918+ with DSM 7.2 asks.
const DSM72: &str =
    "arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";
/// What a DS415+ with DSM 6.2 asks.
const DSM62: &str =
    "arch=avoton&build=25556&major=6&minor=2&language=enu&unique=synology_avoton_415%2B";
/// A second is promised; a machine that runs all tests at once gets more.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes a package source that offers `spks` on the channel `stable`.
fn offering(spks: &[Spk]) -> Sandbox {
    let sandbox = Sandbox::initialized();
    for (number, spk) in spks.iter().enumerate() {
        sandbox.spk(&format!("in/{number}.spk"), spk);
    }
    sandbox.run("add --channel stable ../in").success();
    sandbox
}

/// Starts a server in another folder of the sandbox.
fn serve_in(sandbox: &Sandbox, folder: &str) -> Server {
    let mut command = sandbox.spkrepo("serve --port 0");
    command.current_dir(sandbox.path(folder));
    Server::spawn(command)
}

/// Returns the target of the catalog for a query.
fn catalog(query: &str) -> String {
    format!("/?{query}")
}

/// Returns the entries of a catalog of any shape.
#[track_caller]
fn entries(response: &Response) -> Vec<Value> {
    let json = response.json();
    let entries = json.get("packages").unwrap_or(&json);
    entries.as_array().expect("a list of packages").clone()
}

/// Returns the entries of a catalog as `package version`.
#[track_caller]
fn offers(response: &Response) -> Vec<String> {
    let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_owned();
    entries(response)
        .iter()
        .map(|entry| format!("{} {}", text(entry, "package"), text(entry, "version")))
        .collect()
}

/// Returns the path of the link in the first entry that the server answers to `query`.
#[track_caller]
fn download_path(server: &Server, query: &str) -> String {
    let entry = entries(&server.get(&catalog(query)).status(200)).remove(0);
    let link = entry["link"].as_str().expect("a link");
    path_of(link, server.host()).to_owned()
}

/// Returns the path of an address at `host`.
#[track_caller]
fn path_of<'a>(link: &'a str, host: &str) -> &'a str {
    link.strip_prefix(&format!("http://{host}"))
        .unwrap_or_else(|| panic!("`{link}` is not at {host}"))
}

/// Waits until `is_so`, and fails after some seconds.
#[track_caller]
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the server serves what HEAD of the sandbox's repository names.
#[track_caller]
fn wait_for_head(sandbox: &Sandbox, server: &Server) {
    let head = sandbox.head();
    wait_until("HEAD is served", || served_commit(server) == head);
}

/// Returns the commit that the server says it serves.
#[track_caller]
fn served_commit(server: &Server) -> String {
    let ready = server.get("/readyz").json();
    ready["commit"].as_str().expect("a commit").to_owned()
}
