//! Reading a repository of 20,000 builds, as commands do that need all of it.

use std::time::Duration;

use crate::measure::{median, run as execute, shell, time, timed, title};
use crate::support::sandbox::Sandbox;
use crate::support::source::many;

const ROUNDS: usize = 5;
const RELEASES: usize = 4;

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
}

fn list(sandbox: &Sandbox) {
    execute(&mut sandbox.spkrepo("list"));
}

fn timed_each(work: impl Fn()) -> Duration {
    let times: Vec<_> = (0..ROUNDS).map(|_| timed(&work)).collect();
    median(&times)
}
