//! `case-collision`.

use std::collections::BTreeMap;

use crate::lint::finding::{Findings, Place};
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::repo::{Package, Release};

pub(super) const RULE: Rule = Rule {
    id: "case-collision",
    severity: Severity::Error,
    summary: "two names that differ by capitals alone",
    explain: "A clone on Windows or macOS has only one of the two: the other is shown as changed and would be committed over. \
        Looked at are packages, versions, and the files of a release.",
    help: "rename one of them",
    inputs: &[],
    checks: &[
        Check::Source(|context, findings| {
            let names = context.view.trees.keys().map(PackageName::as_str);
            collisions("packages", names, findings, |name| {
                context.view.snapshot.packages.contains_key(name)
            });
        }),
        Check::Package(|_, package, findings| {
            let names = package.releases.keys().map(Version::as_str);
            collisions(&Package::folder(&package.name), names, findings, |_| true);
        }),
        Check::Release(|context, package, release, findings| {
            let entries = context.entries(release.tree);
            let names = entries.iter().map(|entry| entry.name.as_str());
            let folder = Release::folder(&package.name, &release.version);
            collisions(&folder, names, findings, |_| true);
        }),
    ],
};

/// Reports the later of two names, if either is looked at.
fn collisions<'a>(
    folder: &str,
    names: impl Iterator<Item = &'a str>,
    findings: &mut Findings,
    is_looked_at: impl Fn(&str) -> bool,
) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.to_lowercase(), name)
            && (is_looked_at(name) || is_looked_at(other))
        {
            let message = format!("`{name}` and `{other}` differ by capitals alone");
            findings.add(Place::file(format!("{folder}/{name}")), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn names_differ_by_more_than_capitals() {
        let mut repo = Repo::sound();
        repo.put("packages/apple/package.toml", "maintainers = []\n");
        assert_eq!(repo.findings("case-collision"), [""; 0]);
        repo.put("packages/App/package.toml", "maintainers = []\n");
        repo.put("packages/app/1.0-1/Icon_72.png", "");
        assert_eq!(
            repo.findings("case-collision"),
            [
                "packages/app:1: `app` and `App` differ by capitals alone",
                "packages/app/1.0-1/icon_72.png:1: `icon_72.png` and `Icon_72.png` differ by capitals alone",
            ]
        );
        repo.commit();
        repo.put("packages/apple/package.toml", "maintainers = [\"tess\"]\n");
        assert_eq!(
            repo.findings("case-collision"),
            [""; 0],
            "neither has changed"
        );
    }
}
