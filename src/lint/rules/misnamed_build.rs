//! `misnamed-build`.

use crate::lint::finding::{Fix, Place};
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Build;

pub(super) const RULE: Rule = Rule {
    id: "misnamed-build",
    severity: Severity::Warning,
    summary: "a document whose name does not follow from what the build is for",
    explain: "The id of a build is derived from its minimum DSM and its platforms, so that two people who add the same build write \
        the same file. Under another name, the next `add` would put a second document beside it.",
    help: "let `spkrepo check --fix` rename it",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        let derived = spot.build.doc.derived_id();
        if derived == spot.build.id {
            return;
        }
        let message = format!(
            "the build is `{}` by its name and `{derived}` by what it is for",
            spot.build.id
        );
        let to = Build::path(&spot.package.name, &spot.release.version, &derived);
        let is_free = !spot.release.builds.contains_key(&derived);
        let found = findings.add(Place::file(spot.path()), message);
        if is_free {
            found.fix(Fix::Rename {
                from: spot.path(),
                to,
            });
        } else {
            found.help(format!(
                "`{derived}.toml` is there already: remove the one that is wrong"
            ));
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn the_name_follows_from_the_build() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("misnamed-build"), [""; 0]);
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        repo.replace(path, "7.2-64570\"\n", "7.1-42661\"\n");
        assert_eq!(
            repo.findings("misnamed-build"),
            [format!(
                "{path}:1: the build is `dsm7.2-64570-x86_64` by its name and `dsm7.1-42661-x86_64` by what it is for"
            )]
        );
    }
}
