//! The only place that prints: results to standard output, everything else to standard error.

#![expect(clippy::print_stderr, reason = "this is where the program talks")]

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde::Serialize;

/// The terminal, or whatever standard output and standard error are.
#[derive(Debug)]
pub(super) struct Ui {
    is_terminal: bool,
}

impl Ui {
    pub(super) fn new() -> Self {
        Self {
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Returns whether somebody watches, so that progress is worth showing.
    pub(super) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Returns whether somebody can be asked for a password.
    pub(super) fn is_attended(&self) -> bool {
        self.is_terminal && std::io::stdin().is_terminal()
    }

    /// Returns whether results go to a terminal of somebody who has not asked for plain text (<https://no-color.org>).
    pub(super) fn is_coloured(&self) -> bool {
        let wants_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        std::io::stdout().is_terminal() && !wants_plain
    }

    /// Prints a result. A reader that hangs up (`| head`) has read enough.
    pub(super) fn out(&self, text: &str) {
        let mut stdout = std::io::stdout().lock();
        let _ = stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush());
    }

    /// Prints a report for programs.
    pub(super) fn json<T: Serialize>(&self, report: &T) {
        let mut text = serde_json::to_string_pretty(report).expect("reports have text keys");
        text.push('\n');
        self.out(&text);
    }

    /// Prints a line for people that is no result.
    pub(super) fn note(&self, text: &str) {
        eprintln!("{text}");
    }

    pub(super) fn warning(&self, text: &str) {
        eprintln!("warning: {text}");
    }

    pub(super) fn hint(&self, text: &str) {
        eprintln!("hint: {text}");
    }
}

/// Standard output, for whoever must know whether a line was written.
pub(super) struct Out;

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::io::stdout().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().flush()
    }
}

/// Prints what clap has to say: help and version are results, anything else is an error of usage.
pub(super) fn print_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
