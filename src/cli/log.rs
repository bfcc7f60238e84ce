//! `spkrepo log`.

use std::fmt::Write as _;

use super::error::CliError;
use super::happened::{because, words};
use super::visible::visible;
use super::{Context, Status};
use crate::history::{Event, LogEntry, log};
use crate::model::name::PackageName;

/// Tell what happened to packages, newest first
///
/// The story is read from what each commit changed, so commits made by hand and merges are told as well.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only this package
    package: Option<PackageName>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Stop after this many commits
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = usize::MAX, hide_default_value = true)]
    limit: usize,
    /// Begin at this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let repository = context.repository()?;
    let start = repository.commit(args.rev.as_deref())?;
    let entries = log(&repository.store, start, args.package.as_ref(), args.limit)?;
    if args.json {
        context.ui.json(&entries);
    } else {
        context
            .ui
            .out(&entries.iter().map(text).collect::<String>());
    }
    Ok(Status::Done)
}

fn text(entry: &LogEntry) -> String {
    let date = entry.date.get(..10).unwrap_or(&entry.date);
    let mut out = format!(
        "{}  {date}  {}: {}\n",
        &entry.commit[..10],
        visible(&entry.author),
        visible(&entry.subject)
    );
    for event in &entry.events {
        writeln!(out, "    {}", line(event)).expect("writing to a text cannot fail");
    }
    let whats = entry.events.iter().map(|event| &event.what);
    if let Some(because) = because(entry.reason.as_ref(), whats) {
        writeln!(out, "    {because}").expect("writing to a text cannot fail");
    }
    out
}

fn line(event: &Event) -> String {
    let parts = [
        Some(&event.package),
        event.version.as_ref(),
        event.build.as_ref(),
    ];
    let what: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    format!("{}: {}", visible(&what.join(" ")), words(&event.what))
}
