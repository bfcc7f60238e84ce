//! Requests per second of a catalog that is made already, against nginx with the same bytes in a file.

use std::process::Command;

use fs_err as fs;

use crate::measure::{line, median, title};
use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::many;

const ROUNDS: usize = 3;
const CONNECTIONS: [usize; 3] = [1, 16, 32];
const QUERY: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";

pub(crate) fn run() {
    for packages in [4, 210] {
        let (sandbox, _) = many(packages, 1);
        let server = Server::start(&sandbox, "");
        let body = server.get(QUERY).status(200).body;
        let nginx = static_file(&sandbox, &body);
        title(&format!(
            "requests per second of a catalog of {:.1} kB (wrk -t2, or -t1 for one connection; medians of {ROUNDS})",
            body.len() as f64 / 1000.0
        ));
        for connections in CONNECTIONS {
            compare(&server, &nginx, connections);
        }
    }
}

fn compare(server: &Server, nginx: &Nginx, connections: usize) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(wrk(
            &format!("http://{}{QUERY}", server.host()),
            connections,
        ));
        theirs.push(wrk(
            &format!("http://{}/catalog.json", nginx.host),
            connections,
        ));
    }
    let (ours, theirs) = (median(&ours), median(&theirs));
    line(
        &format!("nginx, {connections} connections"),
        &format!("{theirs:.0}"),
        "",
    );
    let ratio = format!("{:.2} × nginx", ours / theirs);
    line(
        &format!("spkrepo serve, {connections} connections"),
        &format!("{ours:.0}"),
        &ratio,
    );
}

/// Returns the requests per second; an answer that is no success ends the benchmark.
fn wrk(url: &str, connections: usize) -> f64 {
    let threads = connections.min(2);
    let output = Command::new("wrk")
        .args([
            format!("-t{threads}"),
            format!("-c{connections}"),
            "-d2s".to_owned(),
            url.to_owned(),
        ])
        .output()
        .expect("wrk is needed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for fault in ["Non-2xx", "Socket errors"] {
        assert!(!text.contains(fault), "{text}");
    }
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"));
    rate.and_then(|rate| rate.trim().parse().ok())
        .expect("wrk says a rate")
}

/// Starts nginx with one file.
fn static_file(sandbox: &Sandbox, body: &[u8]) -> Nginx {
    fs::write(sandbox.path("catalog.json"), body).expect("a writable folder");
    let http = format!(
        "access_log off; sendfile on; keepalive_requests 100000000; default_type application/json;
         server {{ listen LISTEN; root {}; }}",
        sandbox.root().display()
    );
    Nginx::start(sandbox, &http)
}
