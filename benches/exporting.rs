//! An export of 2,000 builds whose SPKs are elsewhere, as CI writes it, beside what copies the same files.

use std::time::Duration;

use crate::measure::{line, median, run as execute, shell, time, timed, title};
use crate::support::sandbox::Sandbox;
use crate::support::source::many;

const ROUNDS: usize = 5;
const RELEASES: usize = 4;
const EXPORT: &str = "export --output ../site --url https://example.org/spk \
    --download-url 'https://example.org/releases/{tag}/{file}'";

pub(crate) fn run() {
    let (sandbox, builds) = many(100, RELEASES);
    title(&format!(
        "an export of {builds} builds, without their SPKs (medians of {ROUNDS})"
    ));
    let first = timed(|| execute(&mut sandbox.spkrepo(EXPORT)));
    let copy = timed_each(&sandbox, "rm -rf copy && cp -r site copy && sync -f copy");
    let links = timed_each(&sandbox, "rm -rf copy && cp -al site copy && sync -f copy");
    let packed = timed_each(&sandbox, "tar -cf site.tar site && sync -f site.tar");
    time("cp -r of it, synced", copy, None);
    time("cp -al of it, synced", links, None);
    time("tar of it, synced", packed, None);
    let reference = Some(("cp -r", copy));
    time("spkrepo export, the first", first, reference);
    let again: Vec<_> = (0..ROUNDS)
        .map(|_| timed(|| execute(&mut sandbox.spkrepo(EXPORT))))
        .collect();
    time(
        "spkrepo export over the one before",
        median(&again),
        reference,
    );
    let files = sandbox.files("site");
    let bytes: u64 = files.iter().map(|(_, size)| size).sum();
    let megabytes = format!("{:.0} MB", bytes as f64 / 1e6);
    let remark = format!("{} files; {} on this disk", files.len(), on_disk(&sandbox));
    line("what a host is given", &megabytes, &remark);
}

/// Files that are the same are one.
fn on_disk(sandbox: &Sandbox) -> String {
    let output = sandbox
        .command("du", &["-sm".to_owned(), "../site".to_owned()])
        .output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let megabytes = text.split_whitespace().next().unwrap_or("?");
    format!("{megabytes} MB")
}

fn timed_each(sandbox: &Sandbox, line: &str) -> Duration {
    let times: Vec<_> = (0..ROUNDS)
        .map(|_| timed(|| shell(sandbox.root(), line)))
        .collect();
    median(&times)
}
