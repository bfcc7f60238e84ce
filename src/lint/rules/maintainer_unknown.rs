//! `maintainer-unknown`.

use crate::lint::context::package_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Input, Rule, Severity};
use crate::model::doc::nearest;
use crate::model::word::Word;

pub(super) const RULE: Rule = Rule {
    id: "maintainer-unknown",
    severity: Severity::Error,
    summary: "a maintainer who is nobody here",
    explain: "`maintainers` in `package.toml` names people by the word after `people.` in `maintainers.toml`. A name that is not \
        there answers for nothing.",
    help: "add the person to maintainers.toml, or name somebody else",
    inputs: &[Input::People],
    checks: &[Check::Package(|context, package, findings| {
        let people = &context.view.snapshot.people.people;
        for (index, name) in package.doc.maintainers.iter().enumerate() {
            if people.contains_key(name.as_str()) {
                continue;
            }
            let place = Place::key(package_path(&package.name), format!("maintainers.{index}"));
            let found = findings.add(place, format!("nobody in maintainers.toml is `{name}`"));
            if let Some(nearest) = nearest(name, people.keys().map(Word::as_str)) {
                found.help(format!("did you mean `{nearest}`?"));
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_maintainer_is_somebody() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("maintainer-unknown"), [""; 0]);
        repo.put(
            "packages/app/package.toml",
            "maintainers = [\n    \"tess\",\n    \"tom\",\n]\n",
        );
        let expected = ["packages/app/package.toml:3: nobody in maintainers.toml is `tom`"];
        assert_eq!(repo.findings("maintainer-unknown"), expected);
        repo.commit();
        repo.put("maintainers.toml", "[people.tom]\nname = \"Tom\"\n");
        assert_eq!(
            repo.findings("maintainer-unknown"),
            ["packages/app/package.toml:2: nobody in maintainers.toml is `tess`"],
            "though the package has not changed"
        );
    }
}
