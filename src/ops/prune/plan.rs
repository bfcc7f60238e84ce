//! Which builds go, which stay although newer ones have taken their place, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, BuildReport, Newer, Outcome, Per, PruneError};
use crate::diff::{OfferKind, offer_changes, offered};
use crate::model::build_id::BuildId;
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::ops::target::Target;
use crate::repo::{Build, Package, Snapshot};
use crate::site::listed;

/// Builds by package, version and id.
type Keys<'a> = BTreeSet<(&'a PackageName, &'a Version, &'a BuildId)>;

/// Returns the builds that are older than the newest releases of all their lines, in the order of names and versions.
pub(super) fn plan(snapshot: &Snapshot, asked: &Asked) -> Result<Vec<BuildReport>, PruneError> {
    let packages = packages(snapshot, asked)?;
    let exported: Keys<'_> = listed(snapshot)
        .map(|offer| (&offer.package.name, &offer.release.version, &offer.build.id))
        .collect();
    let rule = snapshot.settings.catalog.compatibility;
    let mut reports = Vec::new();
    for package in packages {
        let lines = lines(package, asked.per);
        let offered = offered(package, rule);
        for release in package.releases.values() {
            for build in release
                .builds
                .values()
                .filter(|build| is_asked(build, asked))
            {
                let Some(newer) = newer(&release.version, build, &lines, asked) else {
                    continue;
                };
                let outcome = if offered.contains(&(&release.version, &build.id)) {
                    let without = without(package, &release.version, &build.id);
                    let mut offers = offer_changes(Some(package), Some(&without), rule);
                    offers.retain(|offer| offer.change != OfferKind::StaysBehind);
                    Outcome::StillOffered { offers }
                } else if exported.contains(&(&package.name, &release.version, &build.id)) {
                    Outcome::Exported
                } else if asked.remove {
                    Outcome::Removed
                } else {
                    Outcome::Yanked
                };
                reports.push(BuildReport {
                    package: package.name.to_string(),
                    version: release.version.to_string(),
                    build: build.id.to_string(),
                    channel: build.doc.channel,
                    newer,
                    outcome,
                });
            }
        }
    }
    Ok(reports)
}

fn packages<'a>(snapshot: &'a Snapshot, asked: &Asked) -> Result<Vec<&'a Package>, PruneError> {
    if asked.packages.is_empty() {
        return Ok(snapshot
            .packages
            .values()
            .map(|package| &**package)
            .collect());
    }
    let of_name = |name: &PackageName| {
        let target = Target {
            package: name.clone(),
            version: None,
        };
        Ok(target.package(snapshot)?)
    };
    asked.packages.iter().map(of_name).collect()
}

/// What is staged waits to be offered, and what is yanked is not offered as it is.
fn is_asked(build: &Build, asked: &Asked) -> bool {
    match (&build.doc.yanked, build.offered_on()) {
        (Some(_), _) => asked.remove,
        (None, None) => asked.staged,
        (None, Some(_)) => true,
    }
}

/// Returns the lines that a build is in.
fn lines_of(build: &Build, per: Per) -> Vec<String> {
    let minimum = build.doc.os_min_ver;
    match per {
        Per::DsmLine => vec![format!(
            "{} {}.{}",
            minimum.os(),
            minimum.major,
            minimum.minor
        )],
        Per::Package => vec!["the package".to_owned()],
        Per::Platform => {
            let platforms = build.doc.arch.iter();
            platforms.map(|arch| arch.canonical().to_string()).collect()
        }
    }
}

/// Returns the releases of each line that are offered to anybody.
fn lines(package: &Package, per: Per) -> BTreeMap<String, BTreeSet<&Version>> {
    let mut lines: BTreeMap<String, BTreeSet<&Version>> = BTreeMap::new();
    for release in package.releases.values() {
        let builds = release.builds.values();
        for build in builds.filter(|build| build.offered_on().is_some()) {
            for line in lines_of(build, per) {
                lines.entry(line).or_default().insert(&release.version);
            }
        }
    }
    lines
}

/// Returns the releases that took the place of the build in each of its lines; nothing when there are not enough.
fn newer(
    version: &Version,
    build: &Build,
    lines: &BTreeMap<String, BTreeSet<&Version>>,
    asked: &Asked,
) -> Option<Vec<Newer>> {
    let of = lines_of(build, asked.per).into_iter().map(|line| {
        let versions = lines.get(&line)?.iter().rev().take(asked.keep);
        let versions: Vec<&Version> = versions.copied().collect();
        let is_enough = versions.len() == asked.keep && versions.iter().all(|of| *of > version);
        let versions = versions.iter().map(ToString::to_string).collect();
        is_enough.then_some(Newer { line, versions })
    });
    of.collect()
}

/// Returns the package without a build.
fn without(package: &Package, version: &Version, id: &BuildId) -> Package {
    let mut without = package.clone();
    if let Some(release) = without.releases.get_mut(version) {
        std::sync::Arc::make_mut(release).builds.remove(id);
    }
    without
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::testing::{BUILD, snapshot};
    use crate::model::channel::Channel;
    use crate::model::doc::{BuildDoc, Text};

    fn build(arch: &str, minimum: &str) -> BuildDoc {
        let mut doc = BUILD.clone();
        doc.arch = arch
            .split(' ')
            .map(|arch| arch.parse().expect("valid"))
            .collect();
        doc.os_min_ver = minimum.parse().expect("valid");
        doc
    }

    fn of(releases: &[(&str, Vec<BuildDoc>)]) -> Snapshot {
        let releases = releases
            .iter()
            .map(|(version, builds)| ((*version).to_owned(), builds.clone(), Text::default()));
        snapshot(
            &BTreeMap::from([("a".to_owned(), releases.collect())]),
            "same-major",
        )
    }

    fn asked(keep: usize, per: Per) -> Asked {
        Asked {
            branch: None,
            commit: false,
            dry_run: false,
            keep,
            packages: Vec::new(),
            per,
            reason: None,
            remove: false,
            staged: false,
        }
    }

    /// Returns version and outcome of each build that is older than the others.
    fn planned(snapshot: &Snapshot, asked: &Asked) -> Vec<(String, &'static str)> {
        let word = |outcome: &Outcome| match outcome {
            Outcome::Exported => "exported",
            Outcome::Removed => "removed",
            Outcome::StillOffered { .. } => "offered",
            Outcome::Yanked => "yanked",
        };
        let reports = plan(snapshot, asked).expect("all packages are there");
        reports
            .iter()
            .map(|report| (report.version.clone(), word(&report.outcome)))
            .collect()
    }

    fn pairs(expected: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
        expected
            .iter()
            .map(|(version, word)| ((*version).to_owned(), *word))
            .collect()
    }

    #[test]
    fn the_newest_of_each_line_stay() {
        let seven = || build("x86_64", "7.0-40000");
        let snapshot = of(&[
            ("1.0-1", vec![seven(), build("x86_64", "6.2-23739")]),
            ("1.0-2", vec![seven()]),
            ("1.0-3", vec![seven()]),
            ("1.0-4", vec![seven()]),
        ]);
        let yanked = pairs(&[("1.0-1", "yanked"), ("1.0-2", "yanked")]);
        assert_eq!(planned(&snapshot, &asked(2, Per::DsmLine)), yanked);
        assert_eq!(planned(&snapshot, &asked(4, Per::DsmLine)), []);
        let mut all = pairs(&[("1.0-1", "offered")]);
        all.extend(yanked);
        assert_eq!(planned(&snapshot, &asked(2, Per::Package)), all);
    }

    #[test]
    fn what_some_device_is_still_offered_stays_and_says_who() {
        let snapshot = of(&[
            ("1.0-1", vec![build("x86_64 armv7", "7.0-40000")]),
            ("1.0-2", vec![build("x86_64", "7.0-40000")]),
            ("1.0-3", vec![build("x86_64", "7.0-40000")]),
        ]);
        let reports = plan(&snapshot, &asked(1, Per::DsmLine)).expect("valid");
        let Outcome::StillOffered { offers } = &reports[0].outcome else {
            panic!("{reports:?}");
        };
        assert_eq!(offers[0].platforms, ["armv7"], "{offers:?}");
        assert_eq!(offers[0].change, OfferKind::Disappears);
        assert_eq!(reports[1].outcome, Outcome::Yanked);
        // Of its platforms, the older one has no newer release.
        assert_eq!(
            planned(&snapshot, &asked(1, Per::Platform)),
            pairs(&[("1.0-2", "yanked")])
        );
    }

    #[test]
    fn a_beta_does_not_take_the_place_of_what_is_stable() {
        let mut beta = build("x86_64", "7.0-40000");
        beta.channel = Channel::Beta;
        let stable = build("x86_64", "7.0-40000");
        let snapshot = of(&[("1.0-1", vec![stable]), ("1.0-2", vec![beta])]);
        assert_eq!(
            planned(&snapshot, &asked(1, Per::DsmLine)),
            pairs(&[("1.0-1", "offered")])
        );
    }

    #[test]
    fn what_fits_all_devices_of_a_version_alone_stays_in_what_is_exported() {
        let mut before = build("x86_64", "7.2-64000");
        before.os_max_ver = "7.2-69000".parse().ok();
        let snapshot = of(&[
            ("1.0-1", vec![build("x86_64", "7.2-60000")]),
            ("1.0-2", vec![before]),
            ("1.0-3", vec![build("x86_64", "7.2-69001")]),
            (
                "1.0-4",
                vec![{
                    let mut first = build("x86_64", "7.2-60000");
                    first.os_max_ver = "7.2-63999".parse().ok();
                    first
                }],
            ),
        ]);
        assert_eq!(
            planned(&snapshot, &asked(1, Per::DsmLine)),
            pairs(&[
                ("1.0-1", "exported"),
                ("1.0-2", "offered"),
                ("1.0-3", "offered")
            ])
        );
    }

    #[test]
    fn staged_and_yanked_builds_are_left_alone_unless_that_is_asked_for() {
        let mut staged = build("x86_64", "7.0-40000");
        staged.channel = Channel::Staged;
        let mut yanked = build("x86_64", "7.0-40000");
        let table = toml::Table::from_iter([("reason".to_owned(), "bad".into())]);
        yanked.yanked = Some(table.try_into().expect("`[yanked]` has a reason"));
        let snapshot = of(&[
            ("1.0-1", vec![staged]),
            ("1.0-2", vec![yanked]),
            ("1.0-3", vec![build("x86_64", "7.0-40000")]),
        ]);
        let plain = asked(1, Per::Package);
        assert_eq!(planned(&snapshot, &plain), []);
        let all = Asked {
            remove: true,
            staged: true,
            ..plain
        };
        assert_eq!(
            planned(&snapshot, &all),
            pairs(&[("1.0-1", "removed"), ("1.0-2", "removed")])
        );
    }
}
