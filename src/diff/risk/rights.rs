//! What a package may newly do on a NAS, and scripts that do it.

use super::Severity::{High, Low, Medium};
use super::{Found, NAMED};
use crate::diff::compare::{PackageDiff, Status};
use crate::diff::line::Line;
use crate::diff::powers::{PowerChange, PowerKind, ROOT_BY_DEFAULT};

pub(super) fn powers(diff: &PackageDiff) -> Vec<Found> {
    let gained = |kinds: &[PowerKind]| -> Vec<&PowerChange> {
        let gained = diff.powers.iter().filter(|change| change.gained);
        gained
            .filter(|change| kinds.contains(&change.power.kind))
            .collect()
    };
    let names = |changes: &[&PowerChange]| -> Vec<String> {
        changes
            .iter()
            .map(|change| change.power.name.clone())
            .collect()
    };
    let mut found = Vec::new();
    let users = gained(&[PowerKind::RunsAs]);
    if users
        .iter()
        .any(|change| matches!(change.power.name.as_str(), "root" | "system"))
    {
        let line = Line::said("its scripts and programs run as root");
        found.push(("root-privilege-added", High, line));
    } else if users
        .iter()
        .any(|change| change.power.name == ROOT_BY_DEFAULT)
    {
        let line = Line::said(
            "its scripts run as root: DSM before 7 does that unless conf/privilege says otherwise",
        );
        found.push(("root-privilege-added", Medium, line));
    }
    let root = gained(&[PowerKind::AsRoot]);
    if !root.is_empty() {
        let line =
            Line::said("as root or with rights of their own: ").quote_all(names(&root), NAMED);
        found.push(("root-privilege-added", High, line));
    }
    let is_port = |change: &&&PowerChange| {
        change.power.kind == PowerKind::Port || change.power.name == "port-config"
    };
    let asked = gained(&[PowerKind::Port, PowerKind::Resource]);
    let ports: Vec<&PowerChange> = asked.iter().filter(is_port).copied().collect();
    for change in ports {
        let line = match change.power.kind {
            PowerKind::Port => Line::said("its interface is at port ").quote(&change.power.name),
            _ => Line::said("has DSM open ports: ")
                .quote(&change.power.name)
                .say(" in conf/resource"),
        };
        found.push(("new-port", Medium, line));
    }
    let others: Vec<&PowerChange> = asked
        .iter()
        .filter(|change| !is_port(change))
        .copied()
        .collect();
    if !others.is_empty() {
        let line = Line::said("asks DSM for ").quote_all(names(&others), NAMED);
        found.push(("new-resource", Medium, line));
    }
    let related = gained(&[
        PowerKind::Breaks,
        PowerKind::ConflictsWith,
        PowerKind::DependsOn,
        PowerKind::Replaces,
    ]);
    if !related.is_empty() && diff.status == Status::Changed {
        let line = Line::said("other packages matter to it: ").quote_all(names(&related), NAMED);
        found.push(("dependency-changed", Low, line));
    }
    found
}

pub(super) fn scripts(diff: &PackageDiff) -> Vec<Found> {
    let mut names: Vec<String> = diff
        .scripts
        .iter()
        .map(|script| script.path.clone())
        .collect();
    let stated = diff
        .powers
        .iter()
        .filter(|change| change.power.kind == PowerKind::Script);
    names.extend(stated.map(|change| format!("scripts/{}", change.power.name)));
    names.sort();
    names.dedup();
    if names.is_empty() || diff.status != Status::Changed {
        return Vec::new();
    }
    let line = Line::said("new, changed or gone: ").quote_all(names, NAMED);
    vec![("script-changed", Medium, line)]
}

/// What nobody has looked at may be anything.
pub(super) fn unread(diff: &PackageDiff) -> Vec<Found> {
    let builds = diff.scripts_unread.len();
    let line = || {
        Line::said(format!(
            "the scripts of {builds} builds are not compared: their SPKs are not here"
        ))
    };
    (builds > 0)
        .then(|| ("scripts-unread", Low, line()))
        .into_iter()
        .collect()
}
