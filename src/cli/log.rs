//! `spkrepo log`.

use std::fmt::Write as _;

use super::error::CliError;
use super::{Context, Status};
use crate::history::{Event, LogEntry, What, log};
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
        entry.author,
        entry.subject
    );
    for event in &entry.events {
        writeln!(out, "    {}", words(event)).expect("writing to a text cannot fail");
    }
    out
}

fn words(event: &Event) -> String {
    let parts = [
        Some(&event.package),
        event.version.as_ref(),
        event.build.as_ref(),
    ];
    let what: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    let what = what.join(" ");
    match &event.what {
        What::Added { channel } => format!("{what}: added on {channel}"),
        What::Edited { path } => format!("{what}: edited {path}"),
        What::Moved { from, to } => format!("{what}: {from} → {to}"),
        What::Removed => format!("{what}: removed"),
        What::Replaced => format!("{what}: other bytes"),
        What::Signed { fingerprint } => format!("{what}: signed by {fingerprint}"),
        What::Unsigned => format!("{what}: signature removed"),
        What::Unyanked => format!("{what}: unyanked"),
        What::Yanked { reason } => format!("{what}: yanked: {reason}"),
    }
}
