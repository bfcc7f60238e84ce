//! `spkrepo prune-releases`.

use clap::ValueEnum;

use super::error::CliError;
use super::landing::{Landing, show_landed};
use super::table::table;
use super::{Context, Status, hint};
use crate::diff::OfferChange;
use crate::model::name::PackageName;
use crate::ops::prune::{Asked, BuildReport, Outcome, Per, Report, prune};

/// Propose to withdraw releases that newer ones have replaced
///
/// Says which builds are older than the newest releases of their lines, and proposes to yank them, or with --remove to remove
/// them. Only what no device is offered any more goes. With --commit, the proposal is a commit on a branch of its own, for
/// review. What is removed stays in the history, and so do its SPKs until `spkrepo gc` finds that nothing names them.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these packages
    #[arg(value_name = "PACKAGE")]
    packages: Vec<PackageName>,
    /// How many of the newest releases of each line stay
    #[arg(long, value_name = "NUMBER", default_value = "3")]
    keep: usize,
    /// What a line is
    #[arg(long, value_enum, default_value = "dsm-line")]
    per: Kind,
    /// Remove the files instead of yanking: downloads end, and addresses of an exported source may
    #[arg(long)]
    remove: bool,
    /// Staged builds, too
    #[arg(long)]
    staged: bool,
    /// Why; it is what people are told of the yanks
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Commit the proposal on a branch of its own
    #[arg(long, conflicts_with = "dry_run")]
    commit: bool,
    /// The branch, instead of one named after the day of the newest commit
    #[arg(long, value_name = "NAME", requires = "commit")]
    branch: Option<String>,
    /// Show what would be committed, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    landing: Landing,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The builds for a version of DSM, such as 7.2
    DsmLine,
    /// All builds of a package
    Package,
    /// The builds that name a platform; one that names several must be old for each of them
    Platform,
}

impl From<Kind> for Per {
    fn from(line: Kind) -> Self {
        match line {
            Kind::DsmLine => Self::DsmLine,
            Kind::Package => Self::Package,
            Kind::Platform => Self::Platform,
        }
    }
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let repository = args.landing.repository(context, "prune-releases")?;
    let asked = Asked {
        branch: args.branch,
        commit: args.commit || args.landing.pushes(),
        dry_run: args.dry_run,
        keep: args.keep,
        packages: args.packages,
        per: args.per.into(),
        reason: args.reason,
        remove: args.remove,
        staged: args.staged,
    };
    let report = prune(&repository, &asked)?;
    let ui = &context.ui;
    if args.json {
        ui.json(&report);
    } else if let Some(diff) = &report.diff {
        ui.out(diff);
    } else {
        ui.out(&text(&report));
    }
    if let Some(branch) = &report.branch {
        ui.note(&format!("the proposal is the branch {branch}"));
    } else if !args.json && !args.dry_run && report.builds.iter().any(|build| build.outcome.goes())
    {
        ui.hint(hint::PRUNE_COMMIT);
    }
    show_landed(ui, &report.landed);
    Ok(Status::Done)
}

fn text(report: &Report) -> String {
    let going = report.builds.iter().filter(|build| build.outcome.goes());
    let rows: Vec<_> = report.builds.iter().map(row).collect();
    let (going, kept) = (going.clone().count(), rows.len() - going.count());
    let word = if report.commit.is_some() {
        ""
    } else {
        "would "
    };
    let builds = |count| match count {
        1 => "1 build".to_owned(),
        many => format!("{many} builds"),
    };
    format!(
        "{}{} {word}go; {} {} although newer releases replace {}\n",
        table(&rows),
        builds(going),
        builds(kept),
        if kept == 1 { "stays" } else { "stay" },
        if kept == 1 { "it" } else { "them" },
    )
}

fn row(build: &BuildReport) -> Vec<String> {
    let newer = || {
        let newer = build.newer.iter().map(|newer| {
            let versions = newer.versions.join(", ");
            format!("{} has {versions}", newer.line)
        });
        newer.collect::<Vec<_>>().join("; ")
    };
    let (word, why) = match &build.outcome {
        Outcome::Exported => (
            "stays",
            "is what exported catalogs of a whole version of DSM have".to_owned(),
        ),
        Outcome::Removed => ("removed", newer()),
        Outcome::StillOffered { offers } => ("stays", still(offers)),
        Outcome::Yanked => ("yanked", newer()),
    };
    vec![
        format!("{} {}", build.package, build.version),
        build.build.clone(),
        word.to_owned(),
        why,
    ]
}

/// Says who is offered it, the first of them.
fn still(offers: &[OfferChange]) -> String {
    let Some(first) = offers.first() else {
        return "is still offered".to_owned();
    };
    let more = match offers.len() {
        1 => "",
        _ => " and others",
    };
    format!(
        "{} with {} ({}) are offered it{more}",
        first.platforms.join(", "),
        first.systems.join(", "),
        first.audience.channels()
    )
}
