//! `pointer-toml-disagree`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::Fault;

pub(super) const RULE: Rule = Rule {
    id: "pointer-toml-disagree",
    severity: Severity::Error,
    summary: "a Git LFS pointer and a document that name different bytes",
    explain: "The pointer decides what git-lfs fetches and `serve` sends, the document what a NAS compares it with. When the two \
        disagree, every download is refused. It happens when one of the two is edited or merged without the other.",
    help: "released bytes never change: restore the two that belong together",
    inputs: &[],
    checks: &[Check::Problem(&[Fault::PointerDisagrees])],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn the_pointer_and_the_document_name_the_same_bytes() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("pointer-toml-disagree"), [""; 0]);
        repo.replace(
            "packages/app/2.0-1/dsm7.2-64570-x86_64.toml",
            "5120",
            "5121",
        );
        let found = repo.findings("pointer-toml-disagree");
        let place = "packages/app/2.0-1/app_2.0-1_dsm7.2-64570-x86_64.spk:1: the pointer names ";
        assert!(found.len() == 1 && found[0].starts_with(place), "{found:?}");
    }
}
