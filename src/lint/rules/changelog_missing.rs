//! `changelog-missing`.

use crate::lint::context::release_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Build;

pub(super) const RULE: Rule = Rule {
    id: "changelog-missing",
    severity: Severity::Note,
    summary: "a new version that does not say what is new",
    explain: "Package Center shows `changelog` before it updates a package. The first release of a package needs none, and neither \
        does one that is only staged.",
    help: "write `changelog` in `[text]`",
    inputs: &[],
    checks: &[Check::Release(|_, package, release, findings| {
        let is_first = package.releases.keys().next() == Some(&release.version);
        let is_silent = |build: &Build| {
            let changelog = build.text.changelog.as_deref();
            build.offered_on().is_some() && changelog.is_none_or(|text| text.trim().is_empty())
        };
        if !is_first && release.builds.values().any(is_silent) {
            let place = Place::key(release_path(package, release), "text");
            findings.add(place, "the release does not say what is new");
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_new_version_says_what_is_new() {
        let mut repo = Repo::sound();
        let changelog = "changelog = \"<ul><li>Fixed it</li></ul>\"\n";
        repo.replace("packages/app/1.0-1/release.toml", changelog, "");
        assert_eq!(
            repo.findings("changelog-missing"),
            [""; 0],
            "the first one need not"
        );
        repo.replace("packages/app/2.0-1/release.toml", changelog, "");
        assert_eq!(
            repo.findings("changelog-missing"),
            ["packages/app/2.0-1/release.toml:1: the release does not say what is new"]
        );
    }
}
