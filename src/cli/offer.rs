//! `spkrepo promote`, `yank` and `unyank`.

use super::error::CliError;
use super::landing::{Landing, show_landed};
use super::table::table;
use super::{Context, Status};
use crate::model::arch::Arch;
use crate::model::build_id::BuildId;
use crate::model::channel::Channel;
use crate::ops::offer::{Action, Outcome, offer};
use crate::ops::per_build::{BuildOutcome, Report};
use crate::ops::target::{DsmLine, Filters, Target};

/// Which builds, and what is shown.
#[derive(Debug, clap::Args)]
pub(super) struct Which {
    /// The release: the newest of the package unless a version is named
    #[arg(value_name = "PACKAGE[@VERSION]")]
    pub(super) target: Target,
    /// Only builds that name this platform or family
    #[arg(long)]
    arch: Vec<Arch>,
    /// Only builds whose minimum is this DSM: 7, 7.2 or 7.2-64570
    #[arg(long, value_name = "VERSION")]
    dsm: Vec<DsmLine>,
    /// Only the build with this id
    #[arg(long, value_name = "ID")]
    build: Vec<BuildId>,
    /// Show what would be committed, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) landing: Landing,
}

impl Which {
    /// Returns what the builds of the release are narrowed to.
    pub(super) fn filters(&self) -> Filters {
        Filters {
            arch: self.arch.clone(),
            build: self.build.clone(),
            dsm: self.dsm.clone(),
        }
    }
}

/// Offer a release on the next channel
///
/// Staged builds go to beta, builds on beta to stable. When the builds of the release are on several channels, all of
/// them go to the one after the lowest.
#[derive(Debug, clap::Args)]
pub(super) struct PromoteArgs {
    #[command(flatten)]
    which: Which,
    /// The channel to go to, past others
    #[arg(long, value_name = "CHANNEL")]
    to: Option<Channel>,
}

/// Withdraw a release from every channel
///
/// Devices are offered the release before it again. The SPK stays in the history and can still be downloaded by its
/// address. A NAS that has installed it keeps it.
#[derive(Debug, clap::Args)]
pub(super) struct YankArgs {
    #[command(flatten)]
    which: Which,
    /// What is wrong with it
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Take a yank back
#[derive(Debug, clap::Args)]
pub(super) struct UnyankArgs {
    #[command(flatten)]
    which: Which,
}

pub(super) fn promote(context: &Context, args: &PromoteArgs) -> Result<Status, CliError> {
    let action = Action::Promote { to: args.to };
    run(context, "promote", &args.which, &action)
}

pub(super) fn yank(context: &Context, args: YankArgs) -> Result<Status, CliError> {
    let reason = args.reason;
    run(context, "yank", &args.which, &Action::Yank { reason })
}

pub(super) fn unyank(context: &Context, args: &UnyankArgs) -> Result<Status, CliError> {
    run(context, "unyank", &args.which, &Action::Unyank)
}

fn run(
    context: &Context,
    command: &str,
    which: &Which,
    action: &Action,
) -> Result<Status, CliError> {
    let repository = which.landing.repository(context, command)?;
    let filters = which.filters();
    let report = offer(&repository, &which.target, &filters, action, which.dry_run)?;
    if which.json {
        context.ui.json(&report);
    } else if let Some(diff) = &report.diff {
        context.ui.out(diff);
    } else {
        context.ui.out(&text(&report, words));
    }
    show_landed(&context.ui, &report.landed);
    Ok(Status::Done)
}

/// Returns a line for each build.
pub(super) fn text<O>(report: &Report<O>, words: impl Fn(&O) -> String) -> String {
    let row = |build: &BuildOutcome<O>| {
        vec![
            format!("{} {}", report.package, report.version),
            build.platforms.clone(),
            build.range.clone(),
            words(&build.outcome),
        ]
    };
    table(&report.builds.iter().map(row).collect::<Vec<_>>())
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::AlreadyOn { channel } => format!("already on {channel}"),
        Outcome::AlreadyYanked => "already yanked".to_owned(),
        Outcome::NotYanked => "not yanked".to_owned(),
        Outcome::Promoted { from, to } => format!("{from} → {to}"),
        Outcome::StaysYanked => "stays yanked".to_owned(),
        Outcome::Unyanked { channel } => format!("unyanked, on {channel} again"),
        Outcome::Yanked { channel } => format!("yanked from {channel}"),
    }
}
