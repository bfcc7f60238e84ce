//! Opening a repository of 20,000 builds, following it, and the first catalog of a new commit.

use std::time::{Duration, Instant};

use crate::measure::{line, median, run as execute, shell, time, timed, title};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::{change_one, many};

const ROUNDS: usize = 5;
const RELEASES: usize = 4;
const QUERY: &str = "/?arch=apollolake&build=64570&major=7&minor=2&language=enu";
/// Between two looks of the program at the reference: on average, half of it is waited.
const LOOKS: Duration = Duration::from_millis(200);

pub(crate) fn run() {
    let (sandbox, builds) = many(1000, RELEASES);
    title(&format!(
        "a repository of {builds} builds, packed (medians of {ROUNDS})"
    ));
    let names = timed_each(|| shell(&sandbox.path("repo"), "git ls-tree -r HEAD | wc -l"));
    let blobs = timed_each(|| {
        let line = "git ls-tree -r --format='%(objectname)' HEAD | git cat-file --batch >/dev/null";
        shell(&sandbox.path("repo"), line);
    });
    time("git ls-tree -r HEAD | wc -l", names, None);
    time("git cat-file --batch of all files", blobs, None);
    let reference = Some(("git cat-file --batch", blobs));
    let cold = (0..ROUNDS).map(|_| {
        shell(&sandbox.path("repo"), "for pack in objects/pack/*; do dd of=$pack oflag=nocache conv=notrunc,fdatasync count=0; done");
        timed(|| list(&sandbox))
    });
    time(
        "spkrepo list, pack not in memory",
        median(&cold.collect::<Vec<_>>()),
        reference,
    );
    time(
        "spkrepo list, pack in memory",
        timed_each(|| list(&sandbox)),
        reference,
    );
    let started = Instant::now();
    let server = Server::start(&sandbox, "");
    time(
        "spkrepo serve, until it listens",
        started.elapsed(),
        reference,
    );
    follow(&sandbox, &server);
}

fn list(sandbox: &Sandbox) {
    execute(&mut sandbox.spkrepo("list"));
}

fn timed_each(work: impl Fn()) -> Duration {
    let times: Vec<_> = (0..ROUNDS).map(|_| timed(&work)).collect();
    median(&times)
}

/// Commits to one package and waits until the commit is served; then asks for a catalog, twice.
fn follow(sandbox: &Sandbox, server: &Server) {
    let (mut seen, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    let mut connection = server.connect();
    let mut length = 0;
    for round in 0..ROUNDS * 2 {
        change_one(sandbox, RELEASES, &format!("round {round}"));
        let start = Instant::now();
        let head = sandbox.head();
        while !connection.get("/readyz").text().contains(&head) {
            std::thread::sleep(Duration::from_millis(1));
        }
        seen.push(start.elapsed());
        first.push(timed(|| {
            length = connection.get(QUERY).status(200).body.len()
        }));
        second.push(timed(|| drop(connection.get(QUERY).status(200))));
    }
    time(
        "one package changed, until it is served",
        median(&seen),
        None,
    );
    line(
        "",
        "",
        &format!(
            "of which up to {} ms pass until the next look",
            LOOKS.as_millis()
        ),
    );
    time("the first catalog of a commit", median(&first), None);
    line("", &format!("{} kB", length / 1000), "");
    time(
        "the same catalog again",
        median(&second),
        Some(("the first", median(&first))),
    );
}
