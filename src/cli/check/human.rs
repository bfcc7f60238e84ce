//! Findings, and what rules are, for people.

use std::fmt::Write as _;

use crate::cli::table::table;
use crate::lint::Rule;
use crate::ops::check::{Mended, Report};

/// Returns all findings and a line that sums them up.
pub(super) fn report(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let (severity, rule) = (finding.severity.as_str(), finding.rule);
        let column = finding
            .column
            .map(|column| format!(":{column}"))
            .unwrap_or_default();
        write!(
            out,
            "{severity}[{rule}]: {}\n  --> {}:{}{column}\n  help: {}\n\n",
            finding.message, finding.path, finding.line, finding.help
        )
        .expect("writing to a text cannot fail");
    }
    out + &summary(report) + "\n"
}

/// Returns what was looked at and found, in a line or two.
pub(super) fn summary(report: &Report) -> String {
    let summary = &report.summary;
    let mut found: Vec<String> = [
        (summary.errors, "error"),
        (summary.warnings, "warning"),
        (summary.notes, "note"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| counted(count, word))
    .collect();
    if found.is_empty() {
        found.push("nothing wrong".to_owned());
    }
    if summary.excepted > 0 {
        found.push(format!("{} excepted", summary.excepted));
    }
    let looked = format!(
        "{} of {}",
        counted(summary.builds, "build"),
        counted(summary.packages, "package")
    );
    let mut text = format!("{} in {looked}", found.join(", "));
    if summary.unread > 0 {
        let unread = counted(summary.unread, "SPK");
        write!(text, "; {unread} not looked into (`--blobs` does)")
            .expect("writing to a text cannot fail");
    }
    text
}

fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    }
}

/// Returns the rules, one in a line.
pub(super) fn list(rules: &[Rule]) -> String {
    let header = ["RULE", "SEVERITY", "WHAT IS WRONG"].map(str::to_owned);
    let rows = rules.iter().map(|rule| {
        let bytes = if rule.needs_blobs() {
            " (needs SPKs)"
        } else {
            ""
        };
        vec![
            rule.id.to_owned(),
            rule.severity.as_str().to_owned(),
            format!("{}{bytes}", rule.summary),
        ]
    });
    table(
        &std::iter::once(header.to_vec())
            .chain(rows)
            .collect::<Vec<_>>(),
    )
}

/// Returns all about one rule.
pub(super) fn explain(rule: &Rule) -> String {
    let (id, severity) = (rule.id, rule.severity.as_str());
    let bytes = if rule.needs_blobs() {
        "\n\nIt looks into the SPKs that are here; `spkrepo check --blobs` fetches the others."
    } else {
        ""
    };
    format!(
        "{id} ({severity}): {}\n\n{}{bytes}\n\nWhat to do: {}.\n\n{}\n",
        rule.summary,
        rule.explain,
        rule.help,
        rule.docs()
    )
}

/// Returns what was mended.
pub(super) fn mended(mended: &Mended) -> String {
    match &mended.renamed_to {
        Some(to) => format!("renamed {} to {to} ({})", mended.path, mended.rule),
        None => format!("rewrote {} ({})", mended.path, mended.rule),
    }
}
