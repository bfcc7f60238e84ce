//! `spkrepo export`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::CliError;
use super::{Context, Status};
use crate::model::base_url::BaseUrl;
use crate::model::download_url::DownloadUrl;
use crate::ops::export::{Addresses, ExportError, Report, export};

/// Write the source as files for GitHub Pages, S3 or any web root
///
/// Writes one catalog per platform, version of DSM and channel, such as dsm7.2/apollolake.json, with icons, SPKs and a
/// page that tells people which address is theirs. The folder is replaced as a whole, and only if an export made it. The
/// same commit gives the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  spkrepo export --output site --url https://owner.github.io/repository
  spkrepo export --output site --download-url \\
    'https://github.com/owner/repository/releases/download/{tag}/{file}'")]
pub(super) struct Args {
    /// Write to this folder
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Where the files will be, instead of what spkrepo.toml says
    #[arg(long, value_name = "URL")]
    url: Option<BaseUrl>,
    /// Where the SPKs are, when they are not to be beside: {package}, {version}, {build}, {file},
    /// {sha256} and {tag} (PACKAGE-VERSION) stand for a build's own
    #[arg(long, value_name = "URL")]
    download_url: Option<DownloadUrl>,
    /// Export this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
    /// Append what was written as Markdown, as for $GITHUB_STEP_SUMMARY
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let (repository, snapshot) = context.snapshot(args.rev.as_deref())?;
    let addresses = Addresses::new(args.url, args.download_url, &snapshot.settings)?;
    let report = export(&repository, &snapshot, &addresses, &args.output)?;
    if let Some(path) = &args.summary {
        append(path, &summary(&report))?;
    }
    if args.json {
        context.ui.json(&report);
    } else {
        context.ui.out(&text(&report));
    }
    Ok(Status::Done)
}

fn append(path: &Path, text: &str) -> Result<(), ExportError> {
    let mut options = fs::OpenOptions::new();
    let file = options.create(true).append(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| ExportError::Write {
            path: path.to_owned(),
            source,
        })
}

fn text(report: &Report) -> String {
    let output = report.output.display();
    format!(
        "exported {} to {output}: {}\n{}/\n",
        &report.commit[..12],
        words(report),
        report.url
    )
}

fn words(report: &Report) -> String {
    let count = |number: usize, one: &str| match number {
        1 => format!("1 {one}"),
        many => format!("{many} {one}s"),
    };
    format!(
        "{}, {}, {}, {} in all, {:.1} MB",
        count(report.packages, "package"),
        count(report.catalogs, "catalog"),
        count(report.spks, "SPK"),
        count(report.files, "file"),
        report.bytes as f64 / 1e6
    )
}

fn summary(report: &Report) -> String {
    let mut text = format!(
        "### Package source\n\n<{}/> at `{}`: {}.\n",
        report.url,
        &report.commit[..12],
        words(report)
    );
    if !report.folders.is_empty() {
        text.push_str("\nFor `");
        text.push_str(&report.folders.join("`, `"));
        text.push_str("`.\n");
    }
    writeln!(text).expect("a text takes it");
    text
}
