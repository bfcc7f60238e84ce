//! `spkrepo history`.

use super::error::CliError;
use super::happened::{because, words};
use super::table::table;
use super::visible::visible;
use super::{Context, Status};
use crate::history::{Happening, History, history};
use crate::ops::target::Target;

/// Tell the life of each release of a package: who did what, when and why
///
/// The newest release comes first, and of each the oldest event, also of releases that are gone. It is read from what each
/// commit changed, so commits made by hand and merges are told as well; what commands wrote into their commits adds reasons.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// All releases of the package, or the one that is named
    #[arg(value_name = "PACKAGE[@VERSION]")]
    target: Target,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// End at this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let repository = context.repository()?;
    let end = repository.commit(args.rev.as_deref())?;
    let Target { package, version } = &args.target;
    let report = history(&repository.store, end, package, version.as_ref())?;
    if report.releases.is_empty() && report.package_events.is_empty() {
        // Nothing of the kind was ever here; the newest commit knows what is.
        let (_, snapshot) = context.snapshot(args.rev.as_deref())?;
        args.target.release(&snapshot)?;
    }
    if args.json {
        context.ui.json(&report);
    } else {
        context.ui.out(&text(&report));
    }
    Ok(Status::Done)
}

fn text(report: &History) -> String {
    let name = visible(&report.package);
    let releases = report.releases.iter();
    let mut lives: Vec<(String, &[Happening])> = releases
        .map(|release| {
            (
                format!("{name} {}", visible(&release.version)),
                &release.events[..],
            )
        })
        .collect();
    if !report.package_events.is_empty() {
        lives.push((name, &report.package_events));
    }
    let lives = lives.into_iter().map(|(name, events)| {
        let rows = events.iter().map(row).collect::<Vec<_>>();
        let rows: String = table(&rows)
            .lines()
            .map(|line| format!("  {line}\n"))
            .collect();
        format!("{name}\n{rows}")
    });
    lives.collect::<Vec<_>>().join("\n")
}

fn row(event: &Happening) -> Vec<String> {
    let mut what = words(&event.what);
    match event.builds.as_slice() {
        [] => {}
        [one] => what.push_str(&format!(" ({one})")),
        builds => what.push_str(&format!(" ({} builds)", builds.len())),
    }
    if let Some(because) = because(event.reason.as_ref(), std::iter::once(&event.what)) {
        what.push_str(&format!(", {because}"));
    }
    vec![
        event.date.get(..10).unwrap_or(&event.date).to_owned(),
        event.commit[..10].to_owned(),
        visible(&event.author),
        what,
    ]
}
