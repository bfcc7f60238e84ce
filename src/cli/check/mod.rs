//! `spkrepo check`: what is asked for, and how the answer is shown.

mod github;
mod human;
mod sarif;

use clap::ValueEnum;
use jiff::Timestamp;

use super::blob_remotes::downloads;
use super::error::CliError;
use super::{Context, Status, progress};
use crate::lint::{RULES, Rule};
use crate::model::doc::nearest;
use crate::ops::check::{Options, Report, Skipped, check, mend};
use crate::repo::Manner;

/// Check that the package source keeps the rules
///
/// Looks at the working tree, or at a commit, from the metadata alone: a clone without any SPK will do. Exits with 1 when
/// there are errors. Exceptions are tables `[[exceptions]]` in package.toml and spkrepo.toml, which name a `rule` and a
/// `reason`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Look only at what differs from what REVISION and the checked commit have in common, and compare with that
    #[arg(long, value_name = "REVISION")]
    changed_since: Option<String>,
    /// Check this commit instead of the working tree
    #[arg(long, value_name = "REVISION")]
    at: Option<String>,
    /// Look into every SPK, and fetch those that are not here by git-lfs
    #[arg(long)]
    blobs: bool,
    /// How findings are printed
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Exit with 1 when there are warnings, too
    #[arg(long)]
    deny_warnings: bool,
    /// Mend in the working tree what can be mended without loss, and commit nothing
    #[arg(long, conflicts_with = "at")]
    fix: bool,
    /// Explain a rule
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// List the rules
    #[arg(long, conflicts_with = "explain")]
    rules: bool,
}

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// The whole report
    Json,
    /// Annotations of GitHub's workflows
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// Says that there is no such rule.
#[derive(Debug, thiserror::Error)]
#[error("there is no rule `{id}`")]
pub(super) struct UnknownRule {
    id: String,
    pub(super) nearest: Option<&'static str>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    if args.rules {
        context.ui.out(&human::list(RULES));
        return Ok(Status::Done);
    }
    if let Some(id) = &args.explain {
        context.ui.out(&human::explain(rule(id)?));
        return Ok(Status::Done);
    }
    let repository = context.repository()?.with_manner(Manner {
        download: Some(downloads(context)),
        ..Manner::default()
    });
    let options = Options {
        at: args.at.clone(),
        blobs: args.blobs,
        changed_since: args.changed_since.clone(),
    };
    let look = || {
        let progress = progress::progress(&context.ui);
        check(&repository, &options, Timestamp::now(), &*progress)
    };
    let mut report = look()?;
    if args.fix {
        let (mended, skipped) = mend(&repository, &report)?;
        for one in &mended {
            context.ui.note(&human::mended(one));
        }
        skipped.iter().for_each(|one| warn(context, one));
        report = look()?;
    }
    show(context, args.format, &report);
    Ok(if report.fails(args.deny_warnings) {
        Status::Problems
    } else {
        Status::Done
    })
}

fn rule(id: &str) -> Result<&'static Rule, UnknownRule> {
    let known = RULES.iter().find(|rule| rule.id == id);
    known.ok_or_else(|| UnknownRule {
        id: id.to_owned(),
        nearest: nearest(id, RULES.iter().map(|rule| rule.id)),
    })
}

fn warn(context: &Context, skipped: &Skipped) {
    context.ui.warning(&match skipped {
        Skipped::Again { path } => format!("{path}: there is more to mend, run it again"),
        Skipped::Dirty { path } => {
            format!("{path}: it has changes that are not committed, so it was left alone")
        }
    });
}

fn show(context: &Context, format: Format, report: &Report) {
    let ui = &context.ui;
    match format {
        Format::Human => ui.out(&human::report(report)),
        Format::Json => ui.json(report),
        Format::Github => {
            ui.out(&github::report(report));
            ui.note(&human::summary(report));
        }
        Format::Sarif => ui.json(&sarif::report(report, RULES)),
    }
}
