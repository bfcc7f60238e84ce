//! `invalid-name`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::Fault;

pub(super) const RULE: Rule = Rule {
    id: "invalid-name",
    severity: Severity::Error,
    summary: "a file or folder whose name says nothing",
    explain: "Folders below `packages/` are names of packages and versions, documents below them ids of builds. One whose name cannot \
        be any of these is not read.",
    help: "rename it",
    inputs: &[],
    checks: &[Check::Problem(&[Fault::Name])],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_name_is_one() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("invalid-name"), [""; 0]);
        repo.put("packages/app/1 0/release.toml", "");
        assert_eq!(
            repo.findings("invalid-name"),
            ["packages/app/1 0:1: `1 0` has the character ' ', which cannot be in a version"]
        );
    }
}
