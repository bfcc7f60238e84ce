//! `version-not-increased`.

use crate::lint::context::release_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::BuildDoc;
use crate::repo::{Build, Package, Release};

pub(super) const RULE: Rule = Rule {
    id: "version-not-increased",
    severity: Severity::Error,
    summary: "a new version that is not above what devices have",
    explain: "A NAS is offered the highest version that fits it, and updates to a higher one only. A new release below one that is \
        offered for the same platforms and the same major version of DSM reaches nobody. A release for an older DSM, whose devices \
        have nothing newer, is no mistake. Two versions that differ by the way of writing alone (`1.0-1`, `1.00-1`) are never right.",
    help: "raise the version, or at least the number after its last `-`",
    inputs: &[],
    checks: &[
        Check::Package(|_, package, findings| {
            let releases: Vec<&Release> = package
                .releases
                .values()
                .map(|release| &**release)
                .collect();
            for pair in releases.windows(2) {
                let (one, other) = (&pair[0].version, &pair[1].version);
                if one.counts_as(other) {
                    let place = Place::file(release_path(package, pair[1]));
                    findings.add(
                        place,
                        format!("the version {other} counts the same as {one}"),
                    );
                }
            }
        }),
        Check::Compare(|context, package, release, findings| {
            let Some(before) = context.before_of(&package.name) else {
                return;
            };
            if before.releases.contains_key(&release.version) {
                return;
            }
            if let Some(above) = above(before, release) {
                let message = format!(
                    "the version {} is new, and devices have {} already",
                    release.version, above.version
                );
                findings.add(Place::file(release_path(package, release)), message);
            }
        }),
    ],
};

/// Returns the newest release that is offered to devices that `release` is for, and above it.
fn above<'a>(before: &'a Package, release: &Release) -> Option<&'a Release> {
    let mut newer = before.releases.range(&release.version..).rev();
    let meets = |old: &Build| {
        old.offered_on().is_some() && release.builds.values().any(|new| meet(&old.doc, &new.doc))
    };
    newer
        .find(|(_, old)| old.builds.values().any(meets))
        .map(|(_, old)| &**old)
}

/// Returns whether some device could have both.
fn meet(one: &BuildDoc, other: &BuildDoc) -> bool {
    let line = |doc: &BuildDoc| (doc.os_min_ver.os(), doc.os_min_ver.major);
    let covers = |one: &BuildDoc, other: &BuildDoc| {
        let mut platforms = one.arch.iter();
        platforms.any(|arch| other.arch.iter().any(|other| arch.covers(other).is_some()))
    };
    line(one) == line(other) && (covers(one, other) || covers(other, one))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{RELEASE, Repo};

    #[test]
    fn a_new_version_is_above_what_devices_have() {
        let mut repo = Repo::sound();
        repo.commit();
        repo.release("app/1.5-1", RELEASE)
            .build("app/1.5-1", "x86_64", "6.2-23739", "");
        repo.release("app/2.0-2", RELEASE)
            .build("app/2.0-2", "x86_64", "7.2-64570", "");
        assert_eq!(repo.findings("version-not-increased"), [""; 0]);
        repo.build("app/1.5-1", "apollolake", "7.0-40000", "");
        assert_eq!(
            repo.findings("version-not-increased"),
            [
                "packages/app/1.5-1/release.toml:1: the version 1.5-1 is new, and devices have 2.0-1 already"
            ]
        );
    }

    #[test]
    fn no_two_versions_count_the_same() {
        let mut repo = Repo::sound();
        repo.release("app/2.00-1", RELEASE)
            .build("app/2.00-1", "x86_64", "7.2-64570", "");
        assert_eq!(
            repo.findings("version-not-increased"),
            ["packages/app/2.00-1/release.toml:1: the version 2.00-1 counts the same as 2.0-1"]
        );
    }
}
