//! What a package may do on a NAS, as single statements that can be gained and lost.

use std::collections::BTreeSet;

use serde::Serialize;

use super::pairs::Pair;
use crate::catalog::Offer;
use crate::model::doc::{Install, PackageBounds, Permissions};
use crate::model::os_version::Os;

/// Something that a package may do or asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Power {
    pub(crate) kind: PowerKind,
    pub(crate) name: String,
}

/// What kind of thing it is, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PowerKind {
    /// The user that its scripts and programs run as.
    RunsAs,
    /// A script or a program that runs as root.
    AsRoot,
    /// A worker of `conf/resource`.
    Resource,
    /// A port of its user interface.
    Port,
    Script,
    InstallType,
    Reboot,
    DependsOn,
    ConflictsWith,
    Breaks,
    Replaces,
    NeedsService,
    Wizard,
    License,
}

/// A power that some builds have and what they follow has not, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PowerChange {
    #[serde(flatten)]
    pub(crate) power: Power,
    pub(crate) gained: bool,
    pub(crate) builds: Vec<String>,
}

/// Returns what the builds of `pairs` gain and lose.
pub(super) fn compare(pairs: &[Pair<'_>]) -> Vec<PowerChange> {
    let mut changes: Vec<PowerChange> = Vec::new();
    for pair in pairs {
        let old = pair.old.map(powers).unwrap_or_default();
        let new = powers(pair.new);
        let lost = old.difference(&new).map(|power| (power, false));
        for (power, gained) in new.difference(&old).map(|power| (power, true)).chain(lost) {
            note(&mut changes, power, gained, pair.label());
        }
    }
    sort(&mut changes);
    changes
}

/// Adds a change, or one more build to a change that is known.
pub(super) fn note(changes: &mut Vec<PowerChange>, power: &Power, gained: bool, label: String) {
    let known = changes
        .iter_mut()
        .find(|change| change.power == *power && change.gained == gained);
    match known {
        Some(known) if known.builds.contains(&label) => {}
        Some(known) => known.builds.push(label),
        None => changes.push(PowerChange {
            power: power.clone(),
            gained,
            builds: vec![label],
        }),
    }
}

pub(super) fn sort(changes: &mut [PowerChange]) {
    changes.sort_by(|a, b| {
        (a.power.kind, b.gained, &a.power.name).cmp(&(b.power.kind, a.gained, &b.power.name))
    });
}

/// The user of a package for DSM before 7 that states none.
pub(super) const ROOT_BY_DEFAULT: &str = "root, as DSM before 7 has it";

/// Returns what a build may do.
fn powers(build: Offer<'_>) -> BTreeSet<Power> {
    let doc = &build.build.doc;
    let before_dsm7 = doc.os_min_ver.os() == Os::Dsm && doc.os_min_ver.major < 7;
    let mut powers = BTreeSet::new();
    permissions(&build.build.permissions, before_dsm7, &mut powers);
    install(&build.build.install, &mut powers);
    powers
}

fn add<T: ToString>(
    powers: &mut BTreeSet<Power>,
    kind: PowerKind,
    names: impl IntoIterator<Item = T>,
) {
    let power = |name: T| Power {
        kind,
        name: name.to_string(),
    };
    powers.extend(names.into_iter().map(power));
}

fn permissions(permissions: &Permissions, before_dsm7: bool, powers: &mut BTreeSet<Power>) {
    // Developer guide, "Privilege": without `conf/privilege`, DSM before 7 runs all scripts as root.
    let default = before_dsm7.then_some(ROOT_BY_DEFAULT);
    add(
        powers,
        PowerKind::RunsAs,
        permissions.run_as.as_deref().or(default),
    );
    add(powers, PowerKind::AsRoot, permissions.root.iter().flatten());
    add(
        powers,
        PowerKind::Resource,
        permissions.resources.iter().flatten(),
    );
    add(
        powers,
        PowerKind::Script,
        permissions.scripts.iter().flatten(),
    );
}

fn install(install: &Install, powers: &mut BTreeSet<Power>) {
    let mut packages = |kind, list: &Option<String>| {
        let names = list.iter().flat_map(|list| list.split(':'));
        add(
            powers,
            kind,
            names.map(str::trim).filter(|name| !name.is_empty()),
        );
    };
    packages(PowerKind::DependsOn, &install.install_dep_packages);
    packages(PowerKind::ConflictsWith, &install.install_conflict_packages);
    packages(PowerKind::Breaks, &install.install_break_packages);
    packages(PowerKind::Replaces, &install.install_replace_packages);
    let bounds = |(name, bounds): (&String, &PackageBounds)| {
        let bounds: Vec<String> = bounds
            .iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect();
        if bounds.is_empty() {
            name.clone()
        } else {
            format!("{name} ({})", bounds.join(", "))
        }
    };
    add(
        powers,
        PowerKind::DependsOn,
        install.conf_deppkgs.iter().map(bounds),
    );
    add(
        powers,
        PowerKind::ConflictsWith,
        install.conf_conxpkgs.iter().map(bounds),
    );
    for services in [&install.install_dep_services, &install.start_dep_services] {
        let names = services.iter().flat_map(|list| list.split_whitespace());
        add(powers, PowerKind::NeedsService, names);
    }
    for (name, is_there) in [
        ("install", install.install_wizard),
        ("upgrade", install.upgrade_wizard),
        ("uninstall", install.uninstall_wizard),
    ] {
        add(
            powers,
            PowerKind::Wizard,
            is_there.filter(|is| *is).map(|_| name),
        );
    }
    add(
        powers,
        PowerKind::License,
        install
            .license
            .filter(|is| *is)
            .map(|_| "a licence to accept"),
    );
    add(
        powers,
        PowerKind::InstallType,
        install
            .install_type
            .as_deref()
            .filter(|kind| !kind.is_empty()),
    );
    add(
        powers,
        PowerKind::Reboot,
        install
            .install_reboot
            .filter(|is| *is)
            .map(|_| "after installation"),
    );
}

/// Keys of `[install]` that are told as powers.
pub(super) const KEYS: [&str; 14] = [
    "install_dep_packages",
    "install_conflict_packages",
    "install_break_packages",
    "install_replace_packages",
    "install_dep_services",
    "start_dep_services",
    "install_wizard",
    "upgrade_wizard",
    "uninstall_wizard",
    "license",
    "install_type",
    "install_reboot",
    "conf_deppkgs",
    "conf_conxpkgs",
];
