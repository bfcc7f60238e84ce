//! Catalogs that no cache has: after a commit, for queries that nobody asked before, and how much memory those take.

use std::time::{Duration, Instant};

use crate::measure::{line, median, resident, time, timed, title};
use crate::support::http::Connection;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::{change_one, many};

const ROUNDS: usize = 9;
const RELEASES: usize = 4;
const DISTINCT: usize = 2000;
const RANDOM: usize = 100_000;
const QUERY: &str = "/?arch=apollolake&build=64570&major=7&minor=2&language=enu";
const PLATFORMS: [&str; 6] = [
    "apollolake",
    "avoton",
    "rtd1296",
    "armada38x",
    "cypress",
    "unheard_of",
];

pub(crate) fn run() {
    let (sandbox, builds) = many(100, RELEASES);
    let server = Server::start(&sandbox, "");
    title(&format!(
        "catalogs that are not kept yet, {builds} builds (medians)"
    ));
    let warm = after_commits(&sandbox, &server);
    let mut connection = server.connect();
    for (what, query) in [
        (
            "another query, all offered",
            "/?arch=apollolake&major=7&minor=2&build=",
        ),
        (
            "another query, nothing offered",
            "/?arch=unheard_of&major=7&minor=2&build=",
        ),
    ] {
        let each = distinct(&mut connection, query);
        time(
            &format!("{what} ({DISTINCT})"),
            each,
            Some(("one that is kept", warm)),
        );
    }
    remembering(&server);
}

/// Commits to one package each time, and asks at once when it is served; returns how long an answer that is kept takes.
fn after_commits(sandbox: &Sandbox, server: &Server) -> Duration {
    let (mut cold, mut warm, mut length) = (Vec::new(), Vec::new(), 0);
    let mut connection = server.connect();
    for round in 0..ROUNDS {
        change_one(sandbox, RELEASES, &format!("round {round}"));
        let head = sandbox.head();
        while !connection.get("/readyz").text().contains(&head) {
            std::thread::sleep(Duration::from_millis(5));
        }
        cold.push(timed(|| {
            length = connection.get(QUERY).status(200).body.len();
        }));
        for _ in 0..50 {
            warm.push(timed(|| drop(connection.get(QUERY).status(200))));
        }
    }
    let warm = median(&warm);
    time("one that is kept, for comparison", warm, None);
    time(
        &format!("the first after a commit, {} kB", length / 1000),
        median(&cold),
        Some(("one that is kept", warm)),
    );
    warm
}

/// Asks for each of many builds of DSM; returns how long an answer takes.
fn distinct(connection: &mut Connection, query: &str) -> Duration {
    let times: Vec<_> = (0..DISTINCT)
        .map(|number| {
            let target = format!("{query}{}", 64_571 + number);
            timed(|| drop(connection.get(&target).status(200)))
        })
        .collect();
    median(&times)
}

/// Asks what nobody ever asked, again and again.
fn remembering(server: &Server) {
    let before = peak(server);
    let mut connection = server.connect();
    let (mut state, start) = (0x9e37_79b9_7f4a_7c15_u64, Instant::now());
    for _ in 0..RANDOM {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let platform = PLATFORMS[usize::try_from(state % 6).expect("less than 6")];
        let build = state >> 8 & 0xffff;
        let target = format!(
            "/?arch={platform}&build={build}&major={}&language=l{state:x}&unique=synology_{platform}_{state:x}",
            state >> 32 & 7
        );
        connection.get(&target).status(200);
    }
    let rate = format!("{:.0}/s", RANDOM as f64 / start.elapsed().as_secs_f64());
    line(&format!("{RANDOM} random queries, one by one"), &rate, "");
    let Some((before, after)) = before.zip(peak(server)) else {
        return line("peak of memory", "?", "only Linux tells");
    };
    let (value, ratio) = (format!("{after:.0} MB"), after / before);
    let remark = format!("{ratio:.2} × the {before:.0} MB before them");
    line("peak of memory after them", &value, &remark);
}

/// Returns the most memory that the server ever had, in megabytes.
fn peak(server: &Server) -> Option<f64> {
    resident(server.id()).map(|[_, peak]| peak)
}
