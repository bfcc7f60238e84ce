//! `spkrepo show`.

use std::fmt::Write as _;

use super::error::CliError;
use super::table::size;
use super::{Context, Status};
use crate::model::arch::Arch;
use crate::model::doc::{BuildDoc, Permissions, Text};
use crate::ops::show::{BuildReport, ReleaseReport, Report, show};
use crate::ops::target::Target;

/// Show a package, its releases and their builds
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// All releases of the package, or the one that is named
    #[arg(value_name = "PACKAGE[@VERSION]")]
    target: Target,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Read this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let (repository, snapshot) = context.snapshot(args.rev.as_deref())?;
    let report = show(&repository, &snapshot, &args.target)?;
    if args.json {
        context.ui.json(&report);
    } else {
        context.ui.out(&text(&report));
    }
    Ok(Status::Done)
}

fn text(report: &Report) -> String {
    let mut out = format!("{}\n", report.package);
    if let Some(deprecated) = &report.doc.deprecated {
        line(&mut out, 1, "deprecated", &deprecated.reason);
    }
    line(
        &mut out,
        1,
        "maintainers",
        &report.doc.maintainers.join(", "),
    );
    for (name, link) in &report.doc.links {
        line(&mut out, 1, name, link);
    }
    line(&mut out, 1, "screenshots", &report.screenshots.join(", "));
    for release in &report.releases {
        release_text(&mut out, release);
    }
    out
}

fn release_text(out: &mut String, release: &ReleaseReport) {
    writeln!(out, "\n{}", release.version).expect("writing to a text cannot fail");
    text_lines(out, &release.doc.text);
    permission_lines(out, 1, &release.doc.permissions);
    let widths: Vec<String> = release.icons.iter().map(u32::to_string).collect();
    line(out, 1, "icons", &widths.join(", "));
    for build in &release.builds {
        build_text(out, build);
    }
}

/// Shows the texts that people see first.
pub(super) fn text_lines(out: &mut String, text: &Text) {
    let get = |field: &Option<String>| field.clone().unwrap_or_default();
    line(out, 1, "name", &get(&text.displayname));
    line(out, 1, "description", &get(&text.description));
    let languages: Vec<&str> = text.languages.keys().map(String::as_str).collect();
    line(out, 1, "languages", &languages.join(", "));
    line(
        out,
        1,
        "maintainer",
        &with_url(text.maintainer.as_ref(), text.maintainer_url.as_ref()),
    );
    line(
        out,
        1,
        "distributor",
        &with_url(text.distributor.as_ref(), text.distributor_url.as_ref()),
    );
    line(out, 1, "support", &get(&text.support_url));
    line(out, 1, "beta reports", &get(&text.report_url));
    line(out, 1, "changelog", &get(&text.changelog));
}

fn with_url(name: Option<&String>, url: Option<&String>) -> String {
    match (name, url) {
        (Some(name), Some(url)) => format!("{name} <{url}>"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    }
}

/// Shows what the package may do on the NAS.
pub(super) fn permission_lines(out: &mut String, depth: usize, permissions: &Permissions) {
    let list = |list: &Option<Vec<String>>| list.as_deref().unwrap_or_default().join(", ");
    let run_as = permissions
        .run_as
        .as_deref()
        .unwrap_or("not stated (root before DSM 7)");
    line(out, depth, "runs as", run_as);
    line(out, depth, "as root", &list(&permissions.root));
    line(out, depth, "resources", &list(&permissions.resources));
    line(out, depth, "scripts", &list(&permissions.scripts));
}

fn build_text(out: &mut String, build: &BuildReport) {
    let doc: &BuildDoc = &build.doc;
    writeln!(out, "  {}", build.build).expect("writing to a text cannot fail");
    line(out, 2, "channel", doc.channel.as_str());
    if let Some(yanked) = &doc.yanked {
        line(out, 2, "yanked", &yanked.reason);
    }
    let platforms: Vec<&str> = doc.arch.iter().map(Arch::as_str).collect();
    line(out, 2, "platforms", &platforms.join(" "));
    let maximum = doc
        .os_max_ver
        .map(|maximum| format!(" to {maximum}"))
        .unwrap_or_default();
    line(
        out,
        2,
        "system",
        &format!("{} {}{maximum}", doc.os_min_ver.os(), doc.os_min_ver),
    );
    line(out, 2, "file", &doc.spk.file);
    line(out, 2, "size", &size(doc.spk.size));
    line(out, 2, "sha256", &doc.spk.sha256.to_string());
    line(out, 2, "md5", &doc.spk.md5.to_string());
    if !doc.permissions.is_empty() {
        permission_lines(out, 2, &build.effective.permissions);
    }
    if !build.blob_is_here {
        line(out, 2, "blob", "not in this clone");
    }
}

/// Writes `key  value`, unless there is no value; further lines of a value are indented below the first.
pub(super) fn line(out: &mut String, depth: usize, key: &str, value: &str) {
    let indent = "  ".repeat(depth);
    let mut lines = value.lines().filter(|line| !line.trim().is_empty());
    let Some(first) = lines.next() else { return };
    writeln!(out, "{indent}{key:14}{first}").expect("writing to a text cannot fail");
    for next in lines {
        writeln!(out, "{indent}{:14}{next}", "").expect("writing to a text cannot fail");
    }
}
