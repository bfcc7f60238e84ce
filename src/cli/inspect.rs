//! `spkrepo inspect`.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::error::CliError;
use super::show::{line, permission_lines, text_lines};
use super::table::size;
use super::{Context, Status};
use crate::ops::inspect::inspect;
use crate::spk::Report;

/// Show what is in an SPK
///
/// Exits with 1 when an SPK can be read but `add` would refuse it, and with 2 when it cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// SPK files, or - for standard input
    #[arg(required = true, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// Print the reports as JSON, one object per file
    #[arg(long)]
    json: bool,
}

/// A file and what is in it.
#[derive(Serialize)]
struct Inspected {
    file: String,
    #[serde(flatten)]
    report: Report,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let mut status = Status::Done;
    let mut failure = None;
    for path in &args.file {
        let path_or_stdin = (path.as_os_str() != "-").then_some(path.as_path());
        match inspect(path_or_stdin, &mut std::io::stdin().lock()) {
            Ok(report) => {
                if !report.defects.is_empty() {
                    status = Status::Problems;
                }
                let file = path.display().to_string();
                show(context, &Inspected { file, report }, args.json);
            }
            // The other files are shown all the same; the last failure is the one that is reported at the end.
            Err(error) => {
                if let Some(earlier) = failure.replace(CliError::from(error)) {
                    earlier.report(&context.ui);
                }
            }
        }
    }
    failure.map_or(Ok(status), Err)
}

fn show(context: &Context, inspected: &Inspected, json: bool) {
    if json {
        context.ui.json(inspected);
    } else {
        context.ui.out(&text(inspected));
    }
}

fn text(inspected: &Inspected) -> String {
    let report = &inspected.report;
    let unknown = || "?".to_owned();
    let mut out = String::new();
    writeln!(
        out,
        "{}: {} {}",
        inspected.file,
        report.package.clone().unwrap_or_else(unknown),
        report.version.clone().unwrap_or_else(unknown)
    )
    .expect("writing to a text cannot fail");
    platform_lines(&mut out, report);
    text_lines(&mut out, &report.text);
    dependency_lines(&mut out, report);
    permission_lines(&mut out, 1, &report.permissions);
    content_lines(&mut out, report);
    for warning in &report.warnings {
        line(&mut out, 1, "warning", warning);
    }
    for defect in &report.defects {
        line(&mut out, 1, "refused", defect);
    }
    out
}

fn platform_lines(out: &mut String, report: &Report) {
    let platforms = &report.platforms;
    line(out, 1, "platforms", &platforms.arch.join(" "));
    line(out, 1, "but not", &platforms.exclude_arch.join(" "));
    line(out, 1, "models", &platforms.model.join(" "));
    line(out, 1, "no models", &platforms.exclude_model.join(" "));
    let os = report.os.name.map(|os| os.to_string()).unwrap_or_default();
    let range: Vec<&str> = [&report.os.min, &report.os.max]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    line(
        out,
        1,
        "system",
        format!("{os} {}", range.join(" to ")).trim(),
    );
}

fn dependency_lines(out: &mut String, report: &Report) {
    let install = &report.install;
    let get = |field: &Option<String>| field.clone().unwrap_or_default();
    line(out, 1, "needs", &get(&install.install_dep_packages));
    line(
        out,
        1,
        "conflicts",
        &get(&install.install_conflict_packages),
    );
    line(out, 1, "services", &get(&install.start_dep_services));
    let wizards = [
        ("install", report.wizards.install),
        ("upgrade", report.wizards.upgrade),
        ("uninstall", report.wizards.uninstall),
    ];
    let wizards: Vec<&str> = wizards
        .into_iter()
        .filter(|(_, there)| *there)
        .map(|(name, _)| name)
        .collect();
    line(out, 1, "wizards", &wizards.join(", "));
    line(
        out,
        1,
        "licence",
        if report.license {
            "must be accepted"
        } else {
            ""
        },
    );
}

fn content_lines(out: &mut String, report: &Report) {
    let icons: Vec<String> = report
        .icons
        .iter()
        .map(|icon| icon.width.to_string())
        .collect();
    line(out, 1, "icons", &icons.join(", "));
    let screenshots: Vec<&str> = report
        .screenshots
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    line(out, 1, "screenshots", &screenshots.join(", "));
    if let Some(package) = &report.package_tgz {
        line(
            out,
            1,
            "package.tgz",
            &format!("{}, {}", size(package.bytes), word(&package.compression)),
        );
    }
    line(out, 1, "signature", &word(&report.signature));
    let members = &report.members;
    line(
        out,
        1,
        "archive",
        &format!(
            "{}, {} files, {}",
            report.container,
            members.count,
            size(members.bytes)
        ),
    );
}

/// Returns the word that stands for `value` in JSON.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
