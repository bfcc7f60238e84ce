//! `diff` of a change of one package in a source of 20,000 builds, against git's own summary of the same commits.

use std::time::Duration;

use crate::measure::{line, median, run as execute, time, timed, title};
use crate::support::sandbox::Sandbox;
use crate::support::source::{change_one, many};

const PACKAGES: usize = 1000;
const RELEASES: usize = 4;
const ROUNDS: usize = 9;

fn spkrepo(sandbox: &Sandbox, arguments: &str) -> Duration {
    timed(|| execute(&mut sandbox.spkrepo(arguments)))
}

fn git(sandbox: &Sandbox, arguments: &str) -> Duration {
    let words: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    timed(|| execute(&mut sandbox.command("git", &words)))
}

pub(crate) fn run() {
    let (sandbox, builds) = many(PACKAGES, RELEASES);
    change_one(&sandbox, RELEASES, "better than before");
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(git(&sandbox, "diff --stat HEAD~1 HEAD"));
        times[1].push(spkrepo(&sandbox, "diff HEAD~1 HEAD"));
        times[2].push(spkrepo(&sandbox, "diff --format markdown"));
        times[3].push(spkrepo(&sandbox, "history package-00000"));
    }
    let [reference, named, default, history] = times.map(|times| median(&times));
    title(&format!(
        "diff of one package among {builds} builds (medians of {ROUNDS})"
    ));
    time("git diff --stat HEAD~1 HEAD", reference, None);
    let reference = Some(("git diff --stat", reference));
    time(
        "spkrepo diff HEAD~1 HEAD (at most 300 ms)",
        named,
        reference,
    );
    time("spkrepo diff --format markdown", default, reference);
    time("spkrepo history PACKAGE", history, reference);
    line(
        "",
        "",
        "git compares two trees; diff asks as every class of devices",
    );
}
