//! `check` of 20,000 builds, whole and of one package's change, against what git needs to say what has changed.

use std::process::Command;
use std::time::Duration;

use crate::measure::{median, run as execute, time, timed, title};
use crate::support::sandbox::Sandbox;
use crate::support::source::{change_one, many};

const ROUNDS: usize = 5;

pub(crate) fn run() {
    let (sandbox, builds) = many(400, 10);
    sandbox.git("branch before");
    change_one(&sandbox, 10, "with a change");
    title(&format!("check of {builds} builds (medians of {ROUNDS})"));
    let listing = git(&sandbox, "ls-tree -r HEAD");
    time("git ls-tree -r HEAD", listing, None);
    let whole = check(&sandbox, "check");
    time(
        "check, metadata alone",
        whole,
        Some(("git ls-tree", listing)),
    );
    let stat = git(&sandbox, "diff --stat before HEAD");
    time("git diff --stat of one package's change", stat, None);
    let change = check(&sandbox, "check --changed-since before");
    time("check --changed-since", change, Some(("git diff", stat)));
    time("", change, Some(("the whole check", whole)));
}

fn git(sandbox: &Sandbox, line: &str) -> Duration {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    timed_all(|| sandbox.command("git", &words))
}

/// A check that finds something ends with 1, which is no failure here.
fn check(sandbox: &Sandbox, line: &str) -> Duration {
    timed_all(|| {
        let script = "\"$0\" \"$@\" || test $? = 1".to_owned();
        let program = env!("CARGO_BIN_EXE_spkrepo").to_owned();
        let words = line.split(' ').map(str::to_owned);
        let arguments = ["-c".to_owned(), script, program].into_iter().chain(words);
        sandbox.command("sh", &arguments.collect::<Vec<_>>())
    })
}

fn timed_all(command: impl Fn() -> Command) -> Duration {
    let times: Vec<Duration> = (0..ROUNDS)
        .map(|_| timed(|| execute(&mut command())))
        .collect();
    median(&times)
}
