//! `description-missing-enu`.

use crate::lint::context::release_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Build;

pub(super) const RULE: Rule = Rule {
    id: "description-missing-enu",
    severity: Severity::Warning,
    summary: "a release that says nothing in English",
    explain: "A NAS asks for texts in its language and gets those of `enu` where there are none, or `description`. Without both, \
        whoever has another language than those that are there sees an empty page.",
    help: "write `description` in `[text]`",
    inputs: &[],
    checks: &[Check::Release(|_, package, release, findings| {
        let is_told = |text: Option<&String>| text.is_some_and(|text| !text.trim().is_empty());
        let is_described = |build: &Build| {
            let text = &build.text;
            let english = text
                .languages
                .get("enu")
                .and_then(|local| local.description.as_ref());
            is_told(text.description.as_ref()) || is_told(english)
        };
        if !release.builds.values().all(is_described) {
            let place = Place::key(release_path(package, release), "text");
            findings.add(place, "there is no description in English");
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn everybody_can_read_something() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/release.toml";
        repo.replace(path, "description = \"Does what apps do\"\n", "");
        repo.append(path, "\n[text.languages.enu]\ndescription = \"Does it\"\n");
        assert_eq!(repo.findings("description-missing-enu"), [""; 0]);
        repo.replace(path, ".enu]", ".fre]");
        assert_eq!(
            repo.findings("description-missing-enu"),
            [format!("{path}:1: there is no description in English")]
        );
    }
}
