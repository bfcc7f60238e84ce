//! `spkrepo gc`.

use std::time::SystemTime;

use super::blob_remotes::{Remotes, borrowed, remotes};
use super::error::CliError;
use super::landing::Patience;
use super::table::{size, table};
use super::{Context, Status, hint};
use crate::model::setting::Age;
use crate::ops::gc::{Copies, Options, PlaceReport, Report, gc};
use crate::repo::Repository;

/// Collect blobs that nothing names any more
///
/// Says what would be deleted; `--delete` deletes it. A blob stays while any branch, tag, reflog, index or other reference of
/// this repository or of its linked working trees leads to a commit that names it, and as long as it is young. Others may go
/// on writing meanwhile.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leave what is younger: 12h, 14d or 8w
    #[arg(long, value_name = "AGE", default_value = "14d")]
    older_than: Age,
    /// Delete it
    #[arg(long)]
    delete: bool,
    /// Collect a store outside of the repository (lfs.storage), which no other repository uses
    #[arg(long)]
    outside: bool,
    /// Collect this remote of spkrepo.toml, too, after every git remote was fetched; may be given several times
    #[arg(long, value_name = "NAME")]
    remote: Vec<String>,
    /// Collect all remotes of spkrepo.toml that can be written to
    #[arg(long, conflicts_with = "remote")]
    all_remotes: bool,
    /// Instead, drop local copies of SPKs that a remote has, but for those of HEAD
    #[arg(long)]
    local_copies: bool,
    /// With --local-copies: those of HEAD, too
    #[arg(long, requires = "local_copies")]
    all: bool,
    /// Collect remotes whatever the age, while nobody publishes
    #[arg(long, hide = true)]
    force_age: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let repository = args.patience.repository(context, "gc", None)?;
    let remotes = places(context, &repository, args)?;
    let copies = match args.all {
        true => Copies::All,
        false => Copies::BeforeHead,
    };
    let options = Options {
        copies: args.local_copies.then_some(copies),
        delete: args.delete,
        older_than: args.older_than.0,
        outside: args.outside,
        remotes: &borrowed(&remotes),
        whatever_age: args.force_age,
    };
    let report = gc(&repository, &options, SystemTime::now())?;
    if args.json {
        context.ui.json(&report);
        return Ok(Status::Done);
    }
    context.ui.out(&text(&report, args.older_than));
    if !report.deleted && report.places.iter().any(has_any) {
        context.ui.hint(hint::GC_DELETE);
    }
    Ok(Status::Done)
}

/// Opens the remotes that are collected, or that have what is dropped.
fn places(context: &Context, repository: &Repository, args: &Args) -> Result<Remotes, CliError> {
    let is_any = args.all_remotes || args.local_copies;
    if args.remote.is_empty() && !is_any {
        return Ok(Remotes::new());
    }
    let commit = repository.commit(None)?;
    let settings = repository.settings(commit)?;
    let mut all = remotes(context, repository, &settings.blobs, &args.remote)?;
    if args.remote.is_empty() {
        all.retain(|remote| remote.is_writable());
    }
    Ok(all)
}

fn has_any(place: &PlaceReport) -> bool {
    !place.collected.is_empty() || !place.leftovers.is_empty()
}

fn text(report: &Report, older_than: Age) -> String {
    let mut text = String::new();
    for place in &report.places {
        text.push_str(&table(&rows(place)));
        text.push_str(&summary(place, report.deleted, older_than));
    }
    text
}

fn rows(place: &PlaceReport) -> Vec<Vec<String>> {
    let blobs = place.collected.iter().map(|blob| {
        let date = blob.modified.map(|time| time.to_string()[..10].to_owned());
        let at = blob.at.as_ref().map(|at| format!("is at {at}"));
        vec![
            date.unwrap_or_default(),
            size(blob.size),
            blob.sha256.to_string(),
            at.unwrap_or_default(),
        ]
    });
    let leftovers = place.leftovers.iter().map(|leftover| {
        vec![
            "unfinished".to_owned(),
            size(leftover.size),
            leftover.path.display().to_string(),
            String::new(),
        ]
    });
    blobs.chain(leftovers).collect()
}

fn summary(place: &PlaceReport, deleted: bool, older_than: Age) -> String {
    let goes = if deleted { "deleted" } else { "would go" };
    let (gone, bytes) = (blobs(place.collected.len()), size(place.collected_bytes));
    let (named, young) = (place.named.blobs, place.young.blobs);
    let restored = match place.restored.len() {
        0 => String::new(),
        restored => format!("; {} uploaded again, named meanwhile", blobs(restored)),
    };
    let is_or_are = if named == 1 { "is" } else { "are" };
    format!(
        "{}: {gone} ({bytes}) {goes}; {named} {is_or_are} named, {young} younger than {older_than}{restored}\n",
        place.place
    )
}

fn blobs(count: usize) -> String {
    match count {
        1 => "1 blob".to_owned(),
        _ => format!("{count} blobs"),
    }
}
