//! A report in blocks, for people: what is said, apart from how it looks.

use super::words;
use crate::diff::{Diff, Line, PackageDiff, Risk, Severity};
use crate::ops::diff::{Report, Revision};

/// What is shown, from top to bottom.
pub(super) struct Page {
    pub(super) blocks: Vec<Block>,
    /// The command that shows all of it.
    pub(super) command: String,
}

/// A part of a page.
pub(super) enum Block {
    /// With its depth, from 2.
    Heading(usize, Line),
    List {
        title: Option<String>,
        items: Vec<Line>,
    },
    /// Differences of texts, each with its name.
    Patches {
        title: String,
        patches: Vec<(Line, String)>,
    },
    Table {
        head: Vec<&'static str>,
        rows: Vec<Vec<Line>>,
    },
    Text(Line),
}

/// Files that are named before the rest is counted.
const NAMED: usize = 10;

/// Returns the page of a report.
pub(super) fn page(report: &Report) -> Page {
    let diff = &report.diff;
    let mut blocks = vec![Block::Heading(2, title(report))];
    blocks.push(Block::Text(compared(report)));
    if diff.risks.is_empty() {
        blocks.push(Block::Text(Line::said("No risk was found.")));
    } else {
        blocks.push(Block::Heading(3, Line::said("Look at this first")));
        let items = diff.risks.iter().map(risk).collect();
        blocks.push(Block::List { title: None, items });
    }
    for package in &diff.packages {
        package_blocks(package, &mut blocks);
    }
    for package in &report.not_compared {
        blocks.push(Block::Heading(3, Line::quoted(package)));
        let line = "Not compared, since files of it cannot be read.";
        blocks.push(Block::Text(Line::said(line)));
    }
    let beside = words::repository(&diff.repository);
    if !beside.is_empty() {
        blocks.push(Block::Heading(3, Line::said("The repository itself")));
        blocks.push(Block::List {
            title: None,
            items: beside,
        });
    }
    if !report.other_files.is_empty() {
        let line =
            Line::said("Files beside the package source: ").quote_all(&report.other_files, NAMED);
        blocks.push(Block::Text(line.say(".")));
    }
    Page {
        blocks,
        command: command(report),
    }
}

fn title(report: &Report) -> Line {
    let diff = &report.diff;
    if !report.problems.is_empty() {
        return Line::said("Files cannot be read: a server would refuse this");
    }
    let seen: Vec<&str> = diff
        .packages
        .iter()
        .filter(|package| package.visible)
        .map(|package| package.package.as_str())
        .collect();
    match (seen.len(), diff.visible) {
        (_, false) if diff.packages.is_empty() && is_same(diff) => {
            Line::said("Nothing is different for devices")
        }
        (_, false) => Line::said("No device sees a difference"),
        (0, true) => Line::said("The keyrings or the links of the catalog are different"),
        (1, true) => Line::said("Devices see a difference in one package: ").quote_all(seen, 1),
        (count, true) => {
            Line::said(format!("Devices see a difference in {count} packages: ")).quote_all(seen, 4)
        }
    }
}

fn is_same(diff: &Diff) -> bool {
    let beside = &diff.repository;
    beside.keys.is_empty() && beside.people.is_empty() && beside.settings.is_empty()
}

fn compared(report: &Report) -> Line {
    let side = |line: Line, revision: &Revision| {
        let line = line.quote(&revision.name);
        match &revision.commit {
            Some(commit) if !revision.name.starts_with(&commit[..7]) => {
                line.say(format!(" ({})", &commit[..10]))
            }
            _ => line,
        }
    };
    let line = side(Line::said("Compared: "), &report.from).say(" → ");
    side(line, &report.to)
}

fn command(report: &Report) -> String {
    let side = |revision: &Revision| {
        revision
            .commit
            .as_ref()
            .map(|commit| commit[..10].to_owned())
    };
    match (side(&report.from), side(&report.to)) {
        (Some(from), Some(to)) => format!("spkrepo diff {from} {to}"),
        (Some(from), None) => format!("spkrepo diff {from}"),
        _ => "spkrepo diff".to_owned(),
    }
}

fn risk(risk: &Risk) -> Line {
    let mark = match risk.severity {
        Severity::High => "🔴 ",
        Severity::Medium => "🟠 ",
        Severity::Low => "🔵 ",
    };
    let line = Line::said(format!("{mark}**{}** ", risk.risk));
    let line = match &risk.package {
        Some(package) => line.quote(package).say(": "),
        None => line,
    };
    line.join(risk.line.clone())
}

fn package_blocks(package: &PackageDiff, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading(3, words::title(package)));
    if package.is_empty() {
        let line = "Only comments or the form of its files changed.";
        blocks.push(Block::Text(Line::said(line)));
        return;
    }
    if !package.visible {
        blocks.push(Block::Text(words::why_unseen(package)));
    }
    if !package.offers.is_empty() {
        blocks.push(Block::Table {
            head: vec![
                "what devices get",
                "before",
                "now",
                "platforms",
                "system",
                "channel",
            ],
            rows: package.offers.iter().map(words::offer).collect(),
        });
    }
    if !package.builds.is_empty() {
        blocks.push(Block::Table {
            head: vec!["build", "for", "what happened", "size", "SHA-256"],
            rows: package.builds.iter().map(words::build).collect(),
        });
    }
    for (title, items) in [
        ("What it may do:", words::powers(package)),
        ("Texts and settings:", words::fields(package)),
        ("Pictures:", words::pictures(package)),
    ] {
        if !items.is_empty() {
            let title = Some(title.to_owned());
            blocks.push(Block::List { title, items });
        }
    }
    if !package.scripts.is_empty() {
        let title = words::count(
            package.scripts.len(),
            "file of the SPK differs",
            "files of the SPKs differ",
        );
        let patches = package.scripts.iter().map(words::script).collect();
        blocks.push(Block::Patches { title, patches });
    }
    if !package.scripts_unread.is_empty() {
        let line = words::unread(package);
        blocks.push(Block::Text(line));
    }
}
