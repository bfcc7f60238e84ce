//! Requests per second of what is asked most, against nginx with the same bytes in files: catalogs as they are and in
//! gzip, and a large download.

use std::process::{Command, Stdio};

use fs_err as fs;

use crate::measure::{line, median, title};
use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::many;
use crate::support::spk::Spk;

const ROUNDS: usize = 5;
const CONNECTIONS: [usize; 3] = [1, 16, 32];
const QUERY: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";
/// Bytes of the download.
const LARGE: u64 = 200_000_000;

/// What is asked of both servers.
struct Question<'a> {
    name: String,
    ours: String,
    theirs: String,
    gzip: bool,
    connections: &'a [usize],
    /// What of wrk's report is compared.
    rate: &'static str,
}

pub(crate) fn run() {
    for packages in [4, 180] {
        let (sandbox, _) = many(packages, 1);
        let server = Server::start(&sandbox, "");
        for gzip in [false, true] {
            catalogs(&sandbox, &server, gzip);
        }
    }
    download();
}

fn catalogs(sandbox: &Sandbox, server: &Server, gzip: bool) {
    let body = server.get(QUERY).status(200).body;
    fs::write(sandbox.path("catalog.json"), &body).expect("a writable folder");
    let gzipped = Command::new("gzip")
        .args(["-9", "--keep", "--force"])
        .arg(sandbox.path("catalog.json"))
        .stdin(Stdio::null())
        .status();
    assert!(gzipped.expect("gzip is needed").success());
    let nginx = files(sandbox);
    let encoding = if gzip { " in gzip" } else { "" };
    compare(&Question {
        name: format!(
            "requests per second of a catalog of {:.1} kB{encoding}",
            body.len() as f64 / 1000.0
        ),
        ours: format!("http://{}{QUERY}", server.host()),
        theirs: format!("http://{}/catalog.json", nginx.host),
        gzip,
        connections: &CONNECTIONS,
        rate: "Requests/sec:",
    });
}

fn download() {
    let (sandbox, _) = many(1, 1);
    let spk = Spk::new("large", "1.0-1").payload_size(LARGE);
    sandbox.spk("large.spk", &spk);
    sandbox.run("add --channel stable ../large.spk").success();
    let server = Server::start(&sandbox, "");
    let entries = server.get(QUERY).status(200).json();
    let link = entries["packages"].as_array().and_then(|entries| {
        let large = entries.iter().find(|entry| entry["package"] == "large");
        large?["link"].as_str()
    });
    let nginx = files(&sandbox);
    compare(&Question {
        name: "downloads of 200 MB, bytes per second".to_owned(),
        ours: link.expect("it is offered").to_owned(),
        theirs: format!("http://{}/large.spk", nginx.host),
        gzip: false,
        connections: &[1, 4],
        rate: "Transfer/sec:",
    });
}

fn compare(question: &Question<'_>) {
    title(&format!(
        "{} (wrk -t2, or -t1 for one connection; medians of {ROUNDS})",
        question.name
    ));
    for connections in question.connections {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(wrk(&question.ours, *connections, question));
            theirs.push(wrk(&question.theirs, *connections, question));
        }
        let (ours, theirs) = (median(&ours), median(&theirs));
        line(
            &format!("nginx, {connections} connections"),
            &shown(theirs),
            "",
        );
        line(
            &format!("spkrepo serve, {connections} connections"),
            &shown(ours),
            &format!("{:.2} × nginx", ours / theirs),
        );
    }
}

fn shown(rate: f64) -> String {
    if rate > 1e8 {
        format!("{:.2} GB", rate / 1e9)
    } else {
        format!("{rate:.0}")
    }
}

/// Returns the rate; an answer that is no success ends the benchmark.
fn wrk(url: &str, connections: usize, question: &Question<'_>) -> f64 {
    let threads = connections.min(2);
    let mut command = Command::new("wrk");
    command.args([
        format!("-t{threads}"),
        format!("-c{connections}"),
        "-d2s".to_owned(),
    ]);
    if question.gzip {
        command.args(["-H", "Accept-Encoding: gzip"]);
    }
    let output = command.arg(url).output().expect("wrk is needed");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    for fault in ["Non-2xx", "Socket errors"] {
        assert!(!text.contains(fault), "{text}");
    }
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix(question.rate));
    rate.and_then(|rate| number(rate.trim()))
        .expect("wrk says a rate")
}

/// Reads `1.5MB` and the like.
fn number(text: &str) -> Option<f64> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "B" => 1.0,
        "KB" => 1024.0,
        "MB" => 1024.0 * 1024.0,
        "GB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(digits.parse::<f64>().ok()? * factor)
}

/// Starts nginx before the files of the sandbox.
fn files(sandbox: &Sandbox) -> Nginx {
    let http = format!(
        "access_log off; sendfile on; tcp_nopush on; gzip_static on; keepalive_requests 100000000;
         default_type application/json; server {{ listen LISTEN; root {}; }}",
        sandbox.root().display()
    );
    Nginx::start(sandbox, &http)
}
