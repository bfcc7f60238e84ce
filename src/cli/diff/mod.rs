//! `spkrepo diff`.

mod markdown;
mod page;
mod terminal;
mod words;

use super::error::CliError;
use super::{Context, Status};
use crate::ops::diff::{Asked, diff};

/// Show what a change does to devices, the risks first
///
/// Compares what devices are offered, not files. Without A, the difference is from where the branch left the main branch
/// (origin/HEAD, origin/main, origin/master, main or master, whichever is there first) to the working tree, or to HEAD when
/// everything is committed; on the main branch itself, what is not committed, or else the last commit. A alone stands for
/// A to the working tree or HEAD; A..B and A...B are git's. Nothing is written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The commit to compare with
    #[arg(value_name = "A")]
    from: Option<String>,
    /// The commit to look at
    #[arg(value_name = "B")]
    to: Option<String>,
    /// For people, for a comment on a pull request (at most 60,000 bytes), or for programs
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
}

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Human,
    Json,
    Markdown,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let repository = context.repository()?;
    let Args {
        from,
        to,
        format,
        json,
    } = args;
    let report = diff(&repository, &Asked { from, to })?;
    let ui = &context.ui;
    match format {
        _ if json => ui.json(&report),
        Format::Json => ui.json(&report),
        Format::Human => ui.out(&terminal::terminal(&page::page(&report), ui.is_coloured())),
        Format::Markdown => ui.out(&markdown::markdown(&page::page(&report))),
    }
    Ok(Status::Done)
}
