//! `spkrepo verify`.

use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;

use super::error::CliError;
use super::{Context, Status, live, progress};
use crate::model::base_url::BaseUrl;
use crate::ops::keys::from_files;
use crate::ops::progress::Progress;
use crate::ops::target::Target;
use crate::ops::verify::{Item, Report, SignatureReport, State, Subject, builds, files};
use crate::repo::Keys;

/// Check SPKs and their signatures
///
/// Compares what the repository has of a build (blob, TOML, INFO) and checks its signature against the certificates under
/// keys/, without any network. An SPK without a signature is no problem. Exits with 1 when something is wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Releases (the newest of the package unless a version is named), or SPK files
    #[arg(
        value_name = "PACKAGE[@VERSION]|FILE.spk",
        required_unless_present_any = ["all", "url"]
    )]
    subject: Vec<Subject>,
    /// Check every build of the repository, and warn of certificates that expire within 30 days
    #[arg(long, conflicts_with = "subject")]
    all: bool,
    /// Check against the certificates in this file instead of those under keys/
    #[arg(long, value_name = "FILE")]
    keyring: Vec<PathBuf>,
    /// Compare the source at this address, exported or served, with a commit
    #[arg(long, value_name = "URL", conflicts_with_all = ["subject", "all", "keyring"])]
    url: Option<BaseUrl>,
    /// The commit that --url is compared with
    #[arg(
        long,
        value_name = "REVISION",
        requires = "url",
        default_value = "HEAD",
        hide_default_value = true
    )]
    against: String,
    /// Fetch every SPK of --url and hash it, instead of asking for its size
    #[arg(long, requires = "url")]
    download: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    if let Some(url) = &args.url {
        return live::run(context, url, &args.against, args.download, args.json);
    }
    let progress = progress::progress(&context.ui);
    let report = verify(context, args, &*progress)?;
    for warning in &report.warnings {
        context.ui.warning(warning);
    }
    if args.json {
        context.ui.json(&report);
    } else {
        context.ui.out(&text(&report));
    }
    Ok(if report.has_problems() {
        Status::Problems
    } else {
        Status::Done
    })
}

fn verify(context: &Context, args: &Args, progress: &dyn Progress) -> Result<Report, CliError> {
    let now = Timestamp::now();
    let (paths, targets) = split(&args.subject);
    // A file can be checked anywhere, if the certificates are named.
    let in_repository = args.all || !targets.is_empty() || args.keyring.is_empty();
    let mut keys = from_files(&args.keyring)?;
    let mut report = Report::default();
    if in_repository && let Some((repository, snapshot)) = opened(context, args, &targets)? {
        if args.keyring.is_empty() {
            keys = Keys::clone(&snapshot.keys);
        }
        let targets = (!args.all).then_some(targets.as_slice());
        report = builds(&repository, &snapshot, targets, &keys, now, progress)?;
    }
    report
        .checked
        .extend(files(&paths, &keys, now, progress)?.checked);
    Ok(report)
}

type Opened = (crate::repo::Repository, crate::repo::Snapshot);

/// Returns the repository; files alone can do without one.
fn opened(context: &Context, args: &Args, targets: &[Target]) -> Result<Option<Opened>, CliError> {
    match context.snapshot(None) {
        Ok(opened) => Ok(Some(opened)),
        Err(_) if !args.all && targets.is_empty() && context.repository().is_err() => Ok(None),
        Err(error) => Err(error),
    }
}

fn split(subjects: &[Subject]) -> (Vec<PathBuf>, Vec<Target>) {
    let mut paths = Vec::new();
    let mut targets = Vec::new();
    for subject in subjects {
        match subject {
            Subject::File(path) => paths.push(path.clone()),
            Subject::Release(target) => targets.push(target.clone()),
        }
    }
    (paths, targets)
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    for item in &report.checked {
        writeln!(out, "{}: {}", item.name, words(item)).expect("writing to a text cannot fail");
        for problem in &item.problems {
            writeln!(out, "  {problem}").expect("writing to a text cannot fail");
        }
        if !item.outside.is_empty() {
            let outside = item.outside.join(", ");
            writeln!(out, "  outside the signature: {outside}")
                .expect("writing to a text cannot fail");
        }
    }
    out
}

fn words(item: &Item) -> String {
    let Some(signature) = &item.signature else {
        return "not checked".to_owned();
    };
    let by = |signature: &SignatureReport| match (&signature.fingerprint, signature.time) {
        (Some(by), Some(time)) => format!(" by {by} at {time}"),
        (Some(by), None) => format!(" by {by}"),
        (None, _) => String::new(),
    };
    match signature.state {
        State::Bad => "bad signature".to_owned(),
        State::Empty => "an empty signature".to_owned(),
        State::Expired => "expired signature".to_owned(),
        State::Good => format!("good signature{}", by(signature)),
        State::None => "no signature".to_owned(),
        State::Revoked => "signature of a revoked key".to_owned(),
        State::UnknownKey => "signature of an unknown key".to_owned(),
    }
}
