//! `spkrepo verify --url`.

use std::fmt::Write as _;

use super::error::CliError;
use super::roots::roots;
use super::{Context, Status};
use crate::model::base_url::BaseUrl;
use crate::ops::live::{Difference, Kind, Live, Report, compare};

/// Places that are named for one difference.
const SHOWN: usize = 3;

pub(super) fn run(
    context: &Context,
    url: &BaseUrl,
    against: &str,
    download: bool,
    json: bool,
) -> Result<Status, CliError> {
    let (_, snapshot) = context.snapshot(Some(against))?;
    let live = Live {
        download,
        roots: roots()?,
        url: url.clone(),
    };
    let report = compare(&snapshot, &live)?;
    if json {
        context.ui.json(&report);
    } else {
        for note in &report.notes {
            context.ui.warning(note);
        }
        context.ui.out(&text(&report));
    }
    Ok(if report.differences.is_empty() {
        Status::Done
    } else {
        Status::Problems
    })
}

fn text(report: &Report) -> String {
    let mut out = String::new();
    for Difference { at, what } in &report.differences {
        let more = match at.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named: Vec<&str> = at.iter().take(SHOWN).map(String::as_str).collect();
        writeln!(out, "{what}: {}{more}", named.join(", ")).expect("a text takes it");
    }
    let kind = match report.kind {
        Kind::Exported => "exported",
        Kind::Served => "served",
    };
    let verdict = match report.differences.len() {
        0 => "as at".to_owned(),
        1 => "1 difference from".to_owned(),
        many => format!("{many} differences from"),
    };
    writeln!(
        out,
        "{} ({kind}): {verdict} {}; {} catalogs, {} pictures and {} SPKs compared",
        report.url,
        &report.commit[..12],
        report.catalogs,
        report.pictures,
        report.spks
    )
    .expect("a text takes it");
    out
}
