//! `spkrepo rollback`.

use super::error::CliError;
use super::landing::{Landing, show_landed};
use super::table::table;
use super::visible::visible;
use super::{Context, Status};
use crate::diff::{OfferChange, OfferKind};
use crate::model::name::PackageName;
use crate::ops::rollback::{Asked, BuildReport, Outcome, Report, rollback};

/// Offer again what was offered before, by a new commit
///
/// PACKAGE@VERSION makes that release the one that its devices are offered: newer builds for the same platforms and DSM, on
/// any channel, are yanked, and its own yanks are taken back. Nothing is deleted. A COMMIT gives packages the files that they
/// had there: what was changed since is changed back, and what was added since is removed, downloads too. Settings, people
/// and keys stay as they are in both cases; `git revert` changes those.
///
/// A NAS does not install an older version by itself: who has the newer one keeps it until a version above it is offered.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The release to offer again, or the commit to go back to
    #[arg(value_name = "PACKAGE@VERSION|COMMIT")]
    to: String,
    /// With a COMMIT: only this package
    #[arg(long, value_name = "NAME")]
    package: Vec<PackageName>,
    /// Why; it is what people are told of the yanks
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Go on although SPKs that would be offered again are not in this clone
    #[arg(long)]
    allow_missing: bool,
    /// Show what would be committed, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    landing: Landing,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let repository = args.landing.repository(context, "rollback")?;
    let is_json = args.json;
    let asked = Asked {
        allow_missing: args.allow_missing,
        dry_run: args.dry_run,
        packages: args.package,
        reason: args.reason,
        to: args.to,
    };
    let report = rollback(&repository, &asked)?;
    let ui = &context.ui;
    if is_json {
        ui.json(&report);
    } else if let Some(diff) = &report.diff {
        ui.out(diff);
    } else {
        ui.out(&text(&report));
    }
    let loses =
        |offer: &OfferChange| matches!(offer.change, OfferKind::Falls | OfferKind::Disappears);
    if report
        .packages
        .iter()
        .any(|package| package.offers.iter().any(loses))
    {
        ui.warning("a NAS does not install an older version by itself: who has the newer one keeps it until a version above it is offered");
    }
    show_landed(ui, &report.landed);
    Ok(Status::Done)
}

fn text(report: &Report) -> String {
    let mut rows = Vec::new();
    for package in &report.packages {
        for build in &package.builds {
            rows.push(vec![
                format!("{} {}", package.package, build.version),
                build.build.clone(),
                words(build).to_owned(),
            ]);
        }
    }
    if rows.is_empty() && report.commit.is_none() {
        return format!("{}: nothing has to change\n", visible(&report.to));
    }
    let mut text = table(&rows);
    for package in &report.packages {
        for offer in &package.offers {
            text.push_str(&line(&package.package, offer));
        }
    }
    text
}

fn words(build: &BuildReport) -> &'static str {
    match build.outcome {
        Outcome::Removed => "removed",
        Outcome::Restored => "as it was",
        Outcome::Unyanked => "offered again",
        Outcome::Yanked => "yanked",
    }
}

/// Says what devices are offered instead: `demo on x86_64, DSM 7.0 and later (stable): 2.0-2 → 1.0-1`.
fn line(package: &str, offer: &OfferChange) -> String {
    let version =
        |version: &Option<String>| version.clone().unwrap_or_else(|| "nothing".to_owned());
    let devices = format!(
        "{}, {}",
        offer.platforms.join(", "),
        offer.systems.join(", ")
    );
    let channels = offer.audience.channels();
    let (from, to) = (version(&offer.from), version(&offer.to));
    format!("{package} on {devices} ({channels}): {from} → {to}\n")
}
