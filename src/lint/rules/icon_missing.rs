//! `icon-missing`.

use crate::lint::context::release_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "icon-missing",
    severity: Severity::Warning,
    summary: "a release that is offered without an icon",
    explain: "Package Center shows an empty square for it. `add` takes the icons out of the SPK; an SPK that has none needs one here.",
    help: "put a PNG of 72 by 72 pixels there as `icon_72.png`, and better one of 256 by 256 as `icon_256.png` besides",
    inputs: &[],
    checks: &[Check::Release(|_, package, release, findings| {
        let is_offered = release
            .builds
            .values()
            .any(|build| build.offered_on().is_some());
        if is_offered && release.icons.is_empty() {
            findings.add(
                Place::file(release_path(package, release)),
                "the release has no icon",
            );
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn what_is_offered_has_an_icon() {
        let mut repo = Repo::sound();
        repo.remove("packages/app/2.0-1/icon_256.png");
        assert_eq!(repo.findings("icon-missing"), [""; 0]);
        repo.remove("packages/app/2.0-1/icon_72.png");
        assert_eq!(
            repo.findings("icon-missing"),
            ["packages/app/2.0-1/release.toml:1: the release has no icon"]
        );
        repo.replace(
            "packages/app/2.0-1/dsm7.2-64570-x86_64.toml",
            "stable",
            "staged",
        );
        assert_eq!(repo.findings("icon-missing"), [""; 0]);
    }
}
