//! What a reviewer must look at first: each risk with a name, a severity and a line.

mod offered;
mod rights;
mod spks;
mod texts;

use serde::Serialize;

use super::compare::{PackageDiff, Status};
use super::line::Line;
use super::repository::RepositoryDiff;

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Risk {
    pub(crate) risk: &'static str,
    pub(crate) severity: Severity,
    /// Absent when it is about the whole repository.
    pub(crate) package: Option<String>,
    pub(crate) line: Line,
}

/// How much it matters, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    High,
    Medium,
    Low,
}

/// Names that are listed before the rest is counted.
const NAMED: usize = 5;

/// Returns the risks, the gravest first.
pub(super) fn risks(packages: &[PackageDiff], repository: &RepositoryDiff) -> Vec<Risk> {
    let mut risks: Vec<Risk> = texts::of_repository(repository);
    risks.extend(packages.iter().flat_map(of_package));
    risks.sort_by_key(|risk| risk.severity);
    // Who takes its place says what that means.
    risks.retain(|risk| {
        let is_replaced = |other: &PackageDiff| {
            matches!(&other.status, Status::Renamed { from } if Some(from) == risk.package.as_ref())
        };
        risk.risk != "package-removed" || !packages.iter().any(is_replaced)
    });
    risks
}

fn of_package(diff: &PackageDiff) -> Vec<Risk> {
    let found = [
        offered::status(diff),
        offered::offered(diff),
        rights::powers(diff),
        spks::bytes(diff),
        spks::signatures(diff),
        spks::yanks(diff),
        spks::sizes(diff),
        rights::scripts(diff),
        rights::unread(diff),
        texts::fields(diff),
    ];
    let risk = |(risk, severity, line)| Risk {
        risk,
        severity,
        package: Some(diff.package.clone()),
        line,
    };
    found.into_iter().flatten().map(risk).collect()
}

/// A risk of a package in the making.
type Found = (&'static str, Severity, Line);
