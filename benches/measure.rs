//! Times, medians and how they are shown.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Begins a part of the report.
pub(crate) fn title(text: &str) {
    println!("\n{text}");
}

/// Shows one line: what, the value, and a remark.
pub(crate) fn line(what: &str, value: &str, remark: &str) {
    println!("  {what:54} {value:>12}  {remark}");
}

/// Shows a time, and its ratio to a reference when there is one.
pub(crate) fn time(what: &str, value: Duration, reference: Option<(&str, Duration)>) {
    let remark = reference.map(|(name, reference)| {
        let ratio = value.as_secs_f64() / reference.as_secs_f64();
        format!("{ratio:.2} × {name}")
    });
    let text = format!("{:.1} ms", value.as_secs_f64() * 1000.0);
    line(what, &text, &remark.unwrap_or_default());
}

/// Returns the middle one.
pub(crate) fn median<T: Copy + PartialOrd>(values: &[T]) -> T {
    let mut values = values.to_vec();
    values.sort_by(|a, b| a.partial_cmp(b).expect("times are numbers"));
    values[values.len() / 2]
}

/// Returns how long `work` took.
pub(crate) fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Runs a command to its end with nothing on the terminal; one that fails ends the benchmark.
pub(crate) fn run(command: &mut Command) {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {status}");
}

/// Runs a line of shell in `folder`.
pub(crate) fn shell(folder: &Path, line: &str) {
    run(Command::new("sh").args(["-ec", line]).current_dir(folder));
}

/// Returns how much memory a process has now and had at most, in megabytes.
pub(crate) fn resident(id: u32) -> Option<[f64; 2]> {
    let status = fs_err::read_to_string(format!("/proc/{id}/status")).ok()?;
    let megabytes = |key: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kibibytes * 1.024 / 1000.0)
    };
    Some([megabytes("VmRSS:")?, megabytes("VmHWM:")?])
}
