//! What a build needs of other packages: `install_dep_packages` and conf/PKG_DEPS.
//!
//! Developer guide, "INFO optional fields": packages are separated by colons, each perhaps with one of `=`, `<`, `>`, `<=`
//! and `>=` and a version.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::context::Context;
use crate::model::channel::Channel;
use crate::model::doc::Install;
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::repo::{Build, Package};

/// One package that a build needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    pub(super) bounds: Vec<(Bound, Version)>,
    /// The key that states it.
    pub(super) key: &'static str,
    pub(super) name: PackageName,
}

/// How a version is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Above,
    AtLeast,
    AtMost,
    Below,
    Exactly,
}

const LIST: &str = "install.install_dep_packages";
const TABLE: &str = "install.conf_deppkgs";

/// Returns what is needed, and each part that cannot be read with its key.
pub(super) fn dependencies(install: &Install) -> (Vec<Dependency>, Vec<(&'static str, String)>) {
    let (mut found, mut odd) = (Vec::new(), Vec::new());
    let list = install.install_dep_packages.as_deref().unwrap_or_default();
    for part in list
        .split(':')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        match parse(part) {
            Some(dependency) => found.push(dependency),
            None => odd.push((LIST, part.to_owned())),
        }
    }
    for (name, keys) in &install.conf_deppkgs {
        let version = |key: &str| keys.get(key).map(|version| version.parse::<Version>());
        let bounds = [
            (Bound::AtLeast, version("pkg_min_ver")),
            (Bound::AtMost, version("pkg_max_ver")),
        ];
        let bounds = bounds
            .into_iter()
            .filter_map(|(bound, version)| Some((bound, version?.ok()?)));
        match name.parse() {
            Ok(name) => found.push(Dependency {
                bounds: bounds.collect(),
                key: TABLE,
                name,
            }),
            Err(_) => odd.push((TABLE, name.clone())),
        }
    }
    (found, odd)
}

fn parse(part: &str) -> Option<Dependency> {
    let end = part.find(['<', '>', '=']).unwrap_or(part.len());
    let (name, rest) = part.split_at(end);
    let name = name.trim().parse().ok()?;
    let operators = [
        (">=", Bound::AtLeast),
        ("<=", Bound::AtMost),
        (">", Bound::Above),
        ("<", Bound::Below),
        ("=", Bound::Exactly),
    ];
    let bounds = match operators
        .into_iter()
        .find(|(sign, _)| rest.starts_with(sign))
    {
        None => Vec::new(),
        Some((sign, bound)) => vec![(bound, rest[sign.len()..].trim().parse().ok()?)],
    };
    Some(Dependency {
        bounds,
        key: LIST,
        name,
    })
}

impl Dependency {
    /// Returns whether `version` is one that is needed.
    pub(super) fn allows(&self, version: &Version) -> bool {
        self.bounds.iter().all(|(bound, stated)| {
            let order = if version.counts_as(stated) {
                Ordering::Equal
            } else {
                version.cmp(stated)
            };
            match bound {
                Bound::Above => order.is_gt(),
                Bound::AtLeast => order.is_ge(),
                Bound::AtMost => order.is_le(),
                Bound::Below => order.is_lt(),
                Bound::Exactly => order.is_eq(),
            }
        })
    }

    /// Returns whether `package` has what is needed on `channel`, or on one that is more settled.
    pub(super) fn is_met_by(&self, package: &Package, channel: Channel) -> bool {
        let mut releases = package.releases.values();
        releases.any(|release| {
            let is_offered =
                |build: &Build| build.offered_on().is_some_and(|offered| offered >= channel);
            self.allows(&release.version) && release.builds.values().any(is_offered)
        })
    }
}

/// Returns the packages of this source that the newest offered release of `package` needs.
pub(super) fn needs(context: &Context<'_>, package: &Package) -> BTreeSet<PackageName> {
    let mut releases = package.releases.values().rev();
    let is_offered = |build: &&Build| build.offered_on().is_some();
    let newest = releases.find(|release| release.builds.values().any(|build| is_offered(&build)));
    let builds = newest
        .into_iter()
        .flat_map(|release| release.builds.values().filter(is_offered));
    let names = builds.flat_map(|build| dependencies(&build.install).0);
    let here = names
        .map(|dependency| dependency.name)
        .filter(|name| context.view.trees.contains_key(name));
    here.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_with_their_bounds() {
        let install: Install = toml::from_str(
            "install_dep_packages = 'PHP7.3:Web Station>=3.0.0-0309 : python>2.7.3-3:a<:b/c'\n\
             conf_deppkgs = { Perl = { pkg_min_ver = '5', dsm_min_ver = '6.0' } }\n",
        )
        .expect("valid");
        let (found, odd) = dependencies(&install);
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["PHP7.3", "Web Station", "python", "Perl"]);
        assert_eq!(odd, [(LIST, "a<".to_owned()), (LIST, "b/c".to_owned())]);
        let allows =
            |index: usize, version: &str| found[index].allows(&version.parse().expect("valid"));
        assert!(
            allows(0, "1")
                && allows(1, "3.0.0-0309")
                && allows(1, "3.0.0-309")
                && !allows(1, "2.9-1")
        );
        assert!(
            !allows(2, "2.7.3-3") && allows(2, "2.7.3-4") && !allows(3, "4.9") && allows(3, "5")
        );
    }
}
