//! `released-build-removed`.

use crate::lint::context::Spot;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Package;

pub(super) const RULE: Rule = Rule {
    id: "released-build-removed",
    severity: Severity::Error,
    summary: "a released build that is gone",
    explain: "Its address answers no more, nobody can say what whoever installed it has, and why it went is in no document. A yank \
        withdraws a build from every channel and keeps all that. Needs `--changed-since`.",
    help: "restore its files and use `spkrepo yank` with a reason",
    inputs: &[],
    checks: &[Check::Source(|context, findings| {
        let Some(before) = context.before else {
            return;
        };
        for package in before.snapshot.packages.values() {
            let now = context.view.snapshot.packages.get(&package.name);
            for release in package.releases.values() {
                for build in release.builds.values() {
                    let spot = Spot {
                        build,
                        package,
                        release,
                    };
                    if build.offered_on().is_some() && !is_there(&spot, now.map(|now| &**now)) {
                        let message =
                            format!("{} was on `{}` and is gone", spot.name(), build.doc.channel);
                        findings.add(Place::file(spot.path()), message);
                    }
                }
            }
        }
    })],
};

/// A document that was renamed is not gone.
fn is_there(spot: &Spot<'_>, now: Option<&Package>) -> bool {
    let release = now.and_then(|package| package.releases.get(&spot.release.version));
    release.is_some_and(|release| {
        let mut builds = release.builds.values();
        builds.any(|build| {
            build.id == spot.build.id || build.doc.spk.sha256 == spot.build.doc.spk.sha256
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn what_was_released_stays() {
        let mut repo = Repo::sound();
        repo.build(
            "app/2.0-1",
            "armv7",
            "6.2-23739",
            "[yanked]\nreason = \"bad\"\n",
        );
        repo.commit();
        let old = repo.text("packages/app/2.0-1/dsm7.2-64570-x86_64.toml");
        repo.remove("packages/app/2.0-1/dsm6.2")
            .remove("packages/app/2.0-1/dsm7.2");
        repo.put("packages/app/2.0-1/renamed.toml", old);
        assert_eq!(repo.findings("released-build-removed"), [""; 0]);
        repo.remove("packages/app/");
        let gone = |version: &str| {
            format!(
                "packages/app/{version}/dsm7.2-64570-x86_64.toml:1: app {version} (dsm7.2-64570-x86_64) was on `stable` \
                 and is gone"
            )
        };
        assert_eq!(
            repo.findings("released-build-removed"),
            ["1.0-1", "2.0-1"].map(gone)
        );
    }
}
