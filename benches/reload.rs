//! Starting, following and remembering at 10,000 and at 100,000 builds, so that growth can be seen.

use std::time::{Duration, Instant};

use crate::measure::{line, median, resident, time, timed, title};
use crate::support::http::Connection;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::{change_one, many};

const ROUNDS: usize = 5;
const COMMITS: usize = 20;
const RELEASES: usize = 10;
const QUERY: &str = "/?arch=apollolake&build=64570&major=7&minor=2&language=enu";
/// Between two looks of the program at the reference: on average, half of it is waited.
const LOOKS: Duration = Duration::from_millis(200);
/// Where the program keeps what it has parsed.
const CACHE: &str = "repo/spkrepo/cache";
const PLATFORMS: [&str; 8] = [
    "apollolake",
    "avoton",
    "rtd1296",
    "armada38x",
    "geminilake",
    "braswell",
    "alpine",
    "88f6281",
];

pub(crate) fn run() {
    for packages in [200, 2000] {
        let (sandbox, builds) = many(packages, RELEASES);
        title(&format!(
            "{builds} builds of {packages} packages, packed (medians of {ROUNDS}; of {COMMITS} commits)"
        ));
        starting(&sandbox);
        following(&sandbox);
    }
}

/// Starts with the pack in memory: what a disk takes is the disk's.
fn starting(sandbox: &Sandbox) {
    let cold = (0..ROUNDS).map(|_| {
        fs_err::remove_dir_all(sandbox.path(CACHE)).ok();
        started(sandbox)
    });
    let cold = times(
        "start without a cache, until it listens",
        &cold.map(|(_, times)| times).collect::<Vec<_>>(),
    );
    let server = started(sandbox).0;
    let size = cache_size(sandbox);
    drop(server);
    let warm = (0..ROUNDS).map(|_| started(sandbox).1);
    let warm = times("start with a cache", &warm.collect::<Vec<_>>());
    time("", warm, Some(("without", cold)));
    line("", &format!("{:.1} MB", size / 1e6), "the cache");
}

/// Shows the times by the clock and by the processor; returns the first.
fn times(what: &str, times: &[(Duration, Duration)]) -> Duration {
    let clock = median(&times.iter().map(|times| times.0).collect::<Vec<_>>());
    let processor = median(&times.iter().map(|times| times.1).collect::<Vec<_>>());
    time(what, clock, None);
    time("of processor time", processor, None);
    clock
}

/// Starts a server; returns how long it took until it listens, and how much of that the processors were busy.
fn started(sandbox: &Sandbox) -> (Server, (Duration, Duration)) {
    let start = Instant::now();
    let server = Server::start(sandbox, "");
    let clock = start.elapsed();
    let processor = cpu(&server).unwrap_or_default();
    (server, (clock, processor))
}

/// Waits until the server, which has just started, has written its cache; returns the bytes.
fn cache_size(sandbox: &Sandbox) -> f64 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let files = fs_err::read_dir(sandbox.path(CACHE)).into_iter().flatten();
        let mut files = files
            .filter_map(Result::ok)
            .filter(|file| !file.file_name().to_string_lossy().starts_with('.'));
        if let Some(file) = files.next() {
            return file.metadata().map_or(0.0, |data| data.len() as f64);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    0.0
}

fn following(sandbox: &Sandbox) {
    fs_err::remove_dir_all(sandbox.path(CACHE)).ok();
    let server = Server::start(sandbox, "");
    cache_size(sandbox);
    memory(&server, "after a start without a cache");
    drop(server);
    let server = Server::start(sandbox, "");
    memory(&server, "after a start with a cache");
    let mut connection = server.connect();
    let first = timed(|| drop(connection.get(QUERY).status(200)));
    time("the first catalog", first, None);
    for platform in PLATFORMS {
        connection
            .get(&QUERY.replace("apollolake", platform))
            .status(200);
    }
    memory(&server, "after queries of eight platforms");
    commits(sandbox, &server, &mut connection);
    memory(
        &server,
        &format!("after {COMMITS} commits and queries between them"),
    );
}

/// Commits to one package each time and waits until the commit is served; then asks for a catalog, twice.
fn commits(sandbox: &Sandbox, server: &Server, connection: &mut Connection) {
    let (mut seen, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    let mut busy = Duration::ZERO;
    let mut length = 0;
    for round in 0..COMMITS {
        let before = cpu(server).unwrap_or_default();
        change_one(sandbox, RELEASES, &format!("round {round}"));
        let start = Instant::now();
        let head = sandbox.head();
        while !connection.get("/readyz").text().contains(&head) {
            std::thread::sleep(Duration::from_millis(10));
        }
        seen.push(start.elapsed());
        busy += cpu(server).unwrap_or_default() - before;
        first.push(timed(|| {
            length = connection.get(QUERY).status(200).body.len();
        }));
        second.push(timed(|| drop(connection.get(QUERY).status(200))));
    }
    let least = seen.iter().min().copied().unwrap_or_default();
    time(
        "one package changed, until it is served",
        median(&seen),
        None,
    );
    time("", least, None);
    line(
        "",
        "",
        &format!(
            "the median, and the least: up to {} ms pass until the next look",
            LOOKS.as_millis()
        ),
    );
    let each = busy / u32::try_from(COMMITS).expect("a few");
    time(
        "of processor time for each commit, looks included",
        each,
        None,
    );
    time("the first catalog of a commit", median(&first), None);
    line("", &format!("{} kB", length / 1000), "");
    time(
        "the same catalog again",
        median(&second),
        Some(("the first", median(&first))),
    );
}

fn memory(server: &Server, when: &str) {
    match resident(server.id()) {
        Some([now, peak]) => line(
            &format!("memory {when}"),
            &format!("{now:.0} MB"),
            &format!("{peak:.0} MB at its peak"),
        ),
        None => line("memory", "?", "only Linux tells"),
    }
}

/// Returns how much processor time the server has used.
fn cpu(server: &Server) -> Option<Duration> {
    // proc_pid_stat(5): user and system time are the 14th and 15th field, in hundredths of a second.
    let stat = fs_err::read_to_string(format!("/proc/{}/stat", server.id())).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks.map(|ticks| ticks.parse().unwrap_or(0)).sum();
    Some(Duration::from_millis(ticks * 10))
}
