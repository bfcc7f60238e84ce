//! `spkrepo add`.

use std::path::PathBuf;

use super::error::CliError;
use super::landing::{Landing, show_landed};
use super::table::{size, table};
use super::{Context, Status, hint, progress};
use crate::model::channel::Channel;
use crate::ops::add::{Input, Options, Outcome, Report, add};

/// Take SPKs in
///
/// Each SPK is read, checked and stored, and its build described in TOML, in one commit for all of them. Nothing is
/// written when one of them is refused. The order of the files does not matter.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// SPK files, folders of them, patterns such as 'out/*.spk', or - for standard input
    #[arg(required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Put the builds on this channel instead of the one that spkrepo.toml names
    #[arg(long)]
    channel: Option<Channel>,
    /// Make one commit per release
    #[arg(long)]
    commit_each: bool,
    /// Show what would be committed, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Keep the release's texts where an SPK says otherwise
    #[arg(long)]
    keep_texts: bool,
    /// Refuse SPKs that are signed already
    #[arg(long)]
    reject_signed: bool,
    /// Replace the bytes of a build that is still staged
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    landing: Landing,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let inputs: Vec<Input> = args
        .file
        .into_iter()
        .map(|path| {
            if path.as_os_str() == "-" {
                Input::Stdin
            } else {
                Input::Path(path)
            }
        })
        .collect();
    let options = Options {
        channel: args.channel,
        commit_each: args.commit_each,
        dry_run: args.dry_run,
        keep_texts: args.keep_texts,
        maintainers: Vec::new(),
        reject_signed: args.reject_signed,
        replace: args.replace,
    };
    let repository = args.landing.repository(context, "add")?;
    let progress = progress::progress(&context.ui);
    let report = add(
        &repository,
        &inputs,
        &mut std::io::stdin().lock(),
        &options,
        &*progress,
    )?;
    show(context, &report, args.json);
    Ok(Status::Done)
}

fn show(context: &Context, report: &Report, json: bool) {
    for file in &report.files {
        for warning in &file.warnings {
            context.ui.warning(&format!("{}: {warning}", file.file));
        }
    }
    if json {
        context.ui.json(report);
    } else if let Some(diff) = &report.diff {
        context.ui.out(diff);
    } else {
        context.ui.out(&table(&rows(report)));
    }
    for landed in &report.landed {
        show_landed(&context.ui, landed);
    }
    let staged = |file: &crate::ops::add::FileReport| {
        file.channel == Channel::Staged && file.outcome != Outcome::AlreadyThere
    };
    if let Some(file) = report
        .files
        .iter()
        .find(|file| staged(file))
        .filter(|_| report.diff.is_none())
    {
        let target = quoted(&format!("{}@{}", file.package, file.version));
        context
            .ui
            .hint(&hint::PROMOTE.replace("PACKAGE@VERSION", &target));
    }
}

/// Returns a word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "@._+-".contains(letter);
    if word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn rows(report: &Report) -> Vec<Vec<String>> {
    report
        .files
        .iter()
        .map(|file| {
            let outcome = match file.outcome {
                Outcome::Added => "added",
                Outcome::AlreadyThere => "already there",
                Outcome::Replaced => "replaced",
            };
            vec![
                outcome.to_owned(),
                format!("{} {}", file.package, file.version),
                file.platforms.clone(),
                file.range.clone(),
                file.channel.to_string(),
                size(file.size),
            ]
        })
        .collect()
}
