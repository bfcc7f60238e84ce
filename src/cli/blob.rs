//! `spkrepo blob`.

use clap::Subcommand;
use indicatif::ProgressBar;

use super::blob_remotes::{Remotes, borrowed, remotes};
use super::error::CliError;
use super::progress::total;
use super::table::{size, table};
use super::{Context, Status};
use crate::ops::blobs::{
    BlobsError, Failure, ListReport, Manner, Presence, PullReport, PushReport, Row, Scope,
    StatusReport, list, pull, push, status, wanted,
};
use crate::ops::target::Target;
use crate::repo::{Repository, Snapshot};
use crate::transfer::Wanted;

/// Carry SPKs to and from object stores, LFS servers and other places, and say where they are
///
/// The places are `[[blobs.remote]]` in spkrepo.toml; without any, the LFS server of the git remote is the one. Every byte is
/// compared with the SHA-256 that is its name, as it goes and as it comes. Credentials come from the environment and from
/// where the platform keeps them, never from the repository.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Upload the SPKs that remotes do not have
    Push(CarryArgs),
    /// Download the SPKs that are not here
    Pull(CarryArgs),
    /// Say for each SPK whether it is here and at each remote
    Status(Which),
    /// List what is in the store here, or at a remote, whether anything names it or not
    List(ListArgs),
}

/// Which SPKs, and where.
#[derive(Debug, clap::Args)]
struct Which {
    /// Only these packages or releases
    #[arg(value_name = "PACKAGE[@VERSION]")]
    target: Vec<Target>,
    /// Those of all branches and tags, with everything that was ever committed
    #[arg(long, conflicts_with = "target")]
    all: bool,
    /// Only this remote of spkrepo.toml; may be given several times
    #[arg(long, value_name = "NAME")]
    remote: Vec<String>,
    /// How many at the same time
    #[arg(long, value_name = "NUMBER", default_value = "8", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: u16,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What is carried, and whether.
#[derive(Debug, clap::Args)]
struct CarryArgs {
    #[command(flatten)]
    which: Which,
    /// Say what would be carried
    #[arg(long)]
    dry_run: bool,
}

/// Which place is listed.
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// A remote of spkrepo.toml; this machine, unless given
    remote: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// What a command is about.
struct Subject {
    blobs: Vec<Wanted>,
    remotes: Remotes,
    repository: Repository,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    match args.command {
        Command::Push(args) => run_push(context, &args),
        Command::Pull(args) => run_pull(context, &args),
        Command::Status(args) => run_status(context, &args),
        Command::List(args) => run_list(context, &args),
    }
}

impl Subject {
    fn new(context: &Context, which: &Which) -> Result<Self, CliError> {
        let (repository, snapshot) = context.snapshot(None)?;
        let scope = Scope {
            all: which.all,
            targets: which.target.clone(),
        };
        Ok(Self {
            blobs: wanted(&repository, &snapshot, &scope)?,
            remotes: remotes(
                context,
                &repository,
                &snapshot.settings.blobs,
                &which.remote,
            )?,
            repository,
        })
    }

    fn bytes(&self) -> u64 {
        self.blobs.iter().map(|blob| blob.size).sum()
    }
}

/// Has `bar` follow what is carried.
fn follow(bar: &ProgressBar) -> impl Fn(i64) + Sync {
    |step| match u64::try_from(step) {
        Ok(more) => bar.inc(more),
        Err(_) => bar.dec(step.unsigned_abs()),
    }
}

fn run_push(context: &Context, args: &CarryArgs) -> Result<Status, CliError> {
    let mut subject = Subject::new(context, &args.which)?;
    // What is meant by name is an error when nothing can be uploaded there.
    if args.which.remote.is_empty() {
        subject.remotes.retain(|remote| remote.is_writable());
    }
    let bytes = subject.bytes() * subject.remotes.len() as u64;
    let bar = total(&context.ui, "uploading", bytes);
    let told = follow(&bar);
    let manner = Manner {
        at_once: args.which.jobs.into(),
        dry_run: args.dry_run,
        told: &told,
    };
    let store = &subject.repository.blobs;
    let report = push(store, &subject.blobs, &borrowed(&subject.remotes), &manner);
    bar.finish_and_clear();
    let report = report?;
    if args.which.json {
        context.ui.json(&report);
    } else {
        show_push(context, &report, args.dry_run);
    }
    let failures = report.remotes.iter().flat_map(|remote| &remote.failures);
    ended(context, failures, "uploaded")
}

fn show_push(context: &Context, report: &PushReport, dry_run: bool) {
    if report.remotes.is_empty() {
        context
            .ui
            .note("nothing can be uploaded: all remotes are read-only");
    }
    for remote in &report.remotes {
        let verb = if dry_run { "would upload" } else { "uploaded" };
        let (name, there) = (&remote.remote, remote.there);
        let what = amount(remote.sent, remote.bytes);
        context
            .ui
            .out(&format!("{name}: {verb} {what}; {there} there already\n"));
    }
}

fn run_pull(context: &Context, args: &CarryArgs) -> Result<Status, CliError> {
    let subject = Subject::new(context, &args.which)?;
    let bar = total(&context.ui, "downloading", subject.bytes());
    let told = follow(&bar);
    let manner = Manner {
        at_once: args.which.jobs.into(),
        dry_run: args.dry_run,
        told: &told,
    };
    let store = &subject.repository.blobs;
    let report = pull(store, &subject.blobs, &borrowed(&subject.remotes), &manner);
    bar.finish_and_clear();
    if args.which.json {
        context.ui.json(&report);
    } else {
        show_pull(context, &report, args.dry_run);
    }
    ended(context, &report.failures, "downloaded")
}

fn show_pull(context: &Context, report: &PullReport, dry_run: bool) {
    let verb = if dry_run {
        "would download"
    } else {
        "downloaded"
    };
    let what = amount(report.fetched, report.bytes);
    context
        .ui
        .out(&format!("{verb} {what}; {} here already\n", report.here));
}

fn amount(count: usize, bytes: u64) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => format!("one SPK, {}", size(bytes)),
        count => format!("{count} SPKs, {}", size(bytes)),
    }
}

/// Ends a command that has carried all but `failures`.
fn ended<'a>(
    context: &Context,
    failures: impl IntoIterator<Item = &'a Failure>,
    verb: &'static str,
) -> Result<Status, CliError> {
    match show_failures(context, failures) {
        0 => Ok(Status::Done),
        count => Err(BlobsError::NotCarried { count, verb }.into()),
    }
}

/// Prints why; returns how many there are.
fn show_failures<'a>(context: &Context, failures: impl IntoIterator<Item = &'a Failure>) -> usize {
    let mut count = 0;
    for failure in failures {
        count += 1;
        let sha256 = failure.sha256.to_string();
        let name = failure.file.as_deref().unwrap_or(&sha256);
        for reason in &failure.reasons {
            context.ui.warning(&format!("{name}: {reason}"));
        }
    }
    count
}

fn run_status(context: &Context, which: &Which) -> Result<Status, CliError> {
    let subject = Subject::new(context, which)?;
    let store = &subject.repository.blobs;
    let remotes = borrowed(&subject.remotes);
    let report = status(store, &subject.blobs, &remotes, which.jobs.into());
    if which.json {
        context.ui.json(&report);
    } else {
        show_status(context, &report);
    }
    let lost = report.blobs.iter().any(Row::is_lost);
    let failures = show_failures(context, &report.failures);
    Ok(match lost || failures > 0 {
        true => Status::Problems,
        false => Status::Done,
    })
}

fn show_status(context: &Context, report: &StatusReport) {
    let mut header = vec!["SPK".to_owned(), "SIZE".to_owned(), "HERE".to_owned()];
    header.extend(report.remotes.iter().map(|name| name.to_uppercase()));
    let rows = report.blobs.iter().map(|row| {
        let name = row.file.clone().unwrap_or_else(|| row.sha256.to_string());
        let mut cells = vec![name, size(row.size), word(row.here).to_owned()];
        cells.extend(row.at.iter().map(|presence| word(*presence).to_owned()));
        cells
    });
    let rows: Vec<_> = std::iter::once(header).chain(rows).collect();
    context.ui.out(&table(&rows));
    let lost = report.blobs.iter().filter(|row| row.is_lost()).count();
    if lost > 0 {
        context.ui.warning(&format!("{lost} of them are nowhere"));
    }
}

fn word(presence: Presence) -> &'static str {
    match presence {
        Presence::Absent => "-",
        Presence::Damaged => "damaged",
        Presence::Present => "yes",
        Presence::Unknown => "?",
    }
}

fn run_list(context: &Context, args: &ListArgs) -> Result<Status, CliError> {
    let (repository, snapshot) = context.snapshot(None)?;
    let report = match &args.remote {
        None => list(&repository.blobs, None, &snapshot)?,
        Some(name) => at_remote(context, &repository, &snapshot, name)?,
    };
    if args.json {
        context.ui.json(&report);
        return Ok(Status::Done);
    }
    let rows = report.blobs.iter().map(|entry| {
        let file = entry.file.clone().unwrap_or_else(|| "-".to_owned());
        let modified = entry
            .modified
            .map(|time| time.strftime("%F %T").to_string());
        vec![
            entry.sha256.to_string(),
            size(entry.size),
            modified.unwrap_or_default(),
            file,
        ]
    });
    context.ui.out(&table(&rows.collect::<Vec<_>>()));
    Ok(Status::Done)
}

fn at_remote(
    context: &Context,
    repository: &Repository,
    snapshot: &Snapshot,
    name: &str,
) -> Result<ListReport, CliError> {
    let names = [name.to_owned()];
    let remotes = remotes(context, repository, &snapshot.settings.blobs, &names)?;
    let remote = borrowed(&remotes).into_iter().next();
    Ok(list(&repository.blobs, remote, snapshot)?)
}
