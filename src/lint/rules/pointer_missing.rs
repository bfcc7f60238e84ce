//! `pointer-missing`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::Fault;

pub(super) const RULE: Rule = Rule {
    id: "pointer-missing",
    severity: Severity::Error,
    summary: "a build whose Git LFS pointer is missing",
    explain: "Without the pointer beside it, git-lfs neither fetches nor pushes the SPK that the document names, and a clone that is made \
        today cannot serve the build.",
    help: "restore the Git LFS pointer, or remove the build",
    inputs: &[],
    checks: &[Check::Problem(&[Fault::PointerMissing])],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn the_pointer_is_there() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("pointer-missing"), [""; 0]);
        let path = "packages/app/2.0-1/app_2.0-1_dsm7.2-64570-x86_64.spk";
        repo.remove(path);
        assert_eq!(
            repo.findings("pointer-missing"),
            [format!(
                "{path}:1: the file is missing, though `dsm7.2-64570-x86_64.toml` names it"
            )]
        );
    }
}
