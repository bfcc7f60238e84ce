//! `spkrepo list`.

use super::error::CliError;
use super::table::table;
use super::{Context, Status};
use crate::site::{Row, list};

/// List the packages and which version is on which channel
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Read this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let (_, snapshot) = context.snapshot(args.rev.as_deref())?;
    let rows = list(&snapshot);
    if args.json {
        context.ui.json(&rows);
    } else if rows.is_empty() {
        context.ui.note("there are no packages yet");
        context
            .ui
            .hint("`spkrepo add FILE.spk` takes the first SPK in");
    } else {
        context.ui.out(&table(&cells(&rows)));
    }
    Ok(Status::Done)
}

fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    let version = |version: &Option<String>| version.clone().unwrap_or_else(|| "-".to_owned());
    let header = ["PACKAGE", "STABLE", "BETA", "STAGED", "BUILDS", "YANKED"].map(str::to_owned);
    let cells = rows.iter().map(|row| {
        vec![
            row.package.clone(),
            version(&row.stable),
            version(&row.beta),
            version(&row.staged),
            row.builds.to_string(),
            row.yanked.join(", "),
        ]
    });
    std::iter::once(header.to_vec()).chain(cells).collect()
}
