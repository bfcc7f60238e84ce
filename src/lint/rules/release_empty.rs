//! `release-empty`.

use crate::lint::context::release_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "release-empty",
    severity: Severity::Warning,
    summary: "a release without a build",
    explain: "A folder with texts and icons that describe nothing: the builds were removed by hand, or never added.",
    help: "remove the folder, or add a build",
    inputs: &[],
    checks: &[Check::Release(|context, package, release, findings| {
        // A document that cannot be read is a build, too.
        let entries = context.entries(release.tree);
        let mut documents = entries.iter().map(|entry| entry.name.as_str());
        if !documents.any(|name| name.ends_with(".toml") && name != "release.toml") {
            let place = Place::file(release_path(package, release));
            findings.add(
                place,
                format!("{} {} has no build", package.name, release.version),
            );
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_release_has_a_build() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("release-empty"), [""; 0]);
        repo.remove("packages/app/1.0-1/dsm7")
            .remove("packages/app/1.0-1/app");
        assert_eq!(
            repo.findings("release-empty"),
            ["packages/app/1.0-1/release.toml:1: app 1.0-1 has no build"]
        );
    }
}
