//! `spkrepo fsck`.

use jiff::Timestamp;

use super::blob_remotes::{Remotes, borrowed, remotes};
use super::error::CliError;
use super::landing::Patience;
use super::table::size;
use super::visible::visible;
use super::{Context, Status, hint, progress};
use crate::ops::fsck::{Finding, Options, Part, Repair, Report, Sample, fsck};
use crate::repo::{Repository, load_packages};

/// Check that everything the repository names is here, at its remotes, and whole
///
/// Git looks at its objects, references and logs; every document and pointer at the tip of each branch and tag is read; every
/// blob that any commit names is read here, and asked for at each remote for SPKs, where a sample is read, another one each
/// day. A clone may lack SPKs that a remote has: that is a note. Exits with 1 when there are faults.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Of how many blobs remotes are asked for all bytes
    #[arg(long, value_name = "PERCENT", default_value = "5%")]
    sample: Part,
    /// Take the sample by this instead of the day
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,
    /// Put in order what has a whole copy elsewhere: damaged files are moved to lfs/bad, and nothing else is lost
    #[arg(long)]
    repair: bool,
    /// Only this remote of spkrepo.toml; may be given several times
    #[arg(long, value_name = "NAME")]
    remote: Vec<String>,
    /// Ask no remote
    #[arg(long, conflicts_with = "remote")]
    no_remotes: bool,
    /// How many questions to a remote at the same time
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let repository = args.patience.repository(context, "fsck", None)?;
    let now = Timestamp::now();
    let remotes = match args.no_remotes {
        true => Remotes::new(),
        false => stated(context, &repository, &args.remote)?,
    };
    let options = Options {
        at_once: args.jobs.into(),
        remotes: &borrowed(&remotes),
        repair: args.repair,
        sample: Sample {
            part: args.sample,
            seed: args
                .seed
                .clone()
                .unwrap_or_else(|| now.to_string()[..10].to_owned()),
        },
    };
    let progress = progress::progress(&context.ui);
    let report = fsck(&repository, &options, now, &*progress)?;
    if args.json {
        context.ui.json(&report);
    } else {
        context.ui.out(&text(&report));
        let is_repairable = |finding: &Finding| finding.is_left() && finding.sha256.is_some();
        if !args.repair && report.findings.iter().any(is_repairable) {
            context.ui.hint(hint::FSCK_REPAIR);
        }
    }
    Ok(match report.summary.faults {
        0 => Status::Done,
        _ => Status::Problems,
    })
}

/// Opens the remotes that the settings at HEAD state. Without any, there is the git remote's LFS server, if there is a remote.
fn stated(
    context: &Context,
    repository: &Repository,
    names: &[String],
) -> Result<Remotes, CliError> {
    // Settings that cannot be read are found when the tips are.
    let loaded = repository.commit(None).ok().and_then(|commit| {
        load_packages(
            &repository.store,
            commit,
            Some(&std::collections::BTreeSet::new()),
        )
        .ok()
    });
    let blobs = loaded.map(|loaded| loaded.snapshot.settings.blobs);
    let blobs = blobs.unwrap_or_default();
    if names.is_empty() && blobs.remote.is_empty() && !repository.store.has_remote() {
        return Ok(Remotes::new());
    }
    remotes(context, repository, &blobs, names)
}

fn text(report: &Report) -> String {
    let mut text: String = report.findings.iter().map(described).collect();
    let summary = &report.summary;
    text.push_str(&format!(
        "{}; {}, {} named, {} here ({})",
        count(summary.faults, "fault"),
        count(summary.notes, "note"),
        summary.named,
        summary.local,
        size(summary.local_bytes)
    ));
    for remote in &summary.remotes {
        let (name, blobs, read) = (&remote.remote, remote.blobs, remote.read);
        text.push_str(&format!(", {blobs} at {name} ({read} read)"));
    }
    if summary.repaired > 0 {
        text.push_str(&format!("; {} repaired", summary.repaired));
    }
    text.push('\n');
    text
}

fn count(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}

/// Says what is wrong, where, and what became of it.
fn described(finding: &Finding) -> String {
    let word = if finding.is_note { "note" } else { "error" };
    let kind = serde_json::to_value(finding.kind).unwrap_or_default();
    let kind = kind.as_str().unwrap_or_default().to_owned();
    let mut text = format!("{word}[{kind}]: {}\n", visible(&finding.message));
    let commit = finding.commit.map(|commit| format!("{}:", commit.short()));
    if let Some(path) = &finding.path {
        let commit = commit.unwrap_or_default();
        text.push_str(&format!("  --> {commit}{}\n", visible(path)));
    }
    if let Some(sha256) = &finding.sha256 {
        let place = finding.place.as_deref().unwrap_or_default();
        text.push_str(&format!("  --> {} {sha256}\n", visible(place)));
    } else if let Some(place) = &finding.place {
        text.push_str(&format!("  --> {}\n", visible(place)));
    }
    match &finding.repair {
        Some(Repair::Done(what)) => text.push_str(&format!("  repaired: {}\n", visible(what))),
        Some(Repair::Failed(why)) => {
            text.push_str(&format!("  not repaired: {}\n", visible(why)));
        }
        None => {}
    }
    text
}
