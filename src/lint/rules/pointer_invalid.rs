//! `pointer-invalid`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::Fault;

pub(super) const RULE: Rule = Rule {
    id: "pointer-invalid",
    severity: Severity::Error,
    summary: "an SPK, or something else, where a Git LFS pointer should be",
    explain: "An SPK that is committed as itself stays in the history of every clone for ever, and is not what `serve` sends. It happens \
        where git-lfs is not installed, or `.gitattributes` does not name `*.spk`.",
    help: "install git-lfs and commit it anew, or use `spkrepo add`, which writes pointers by itself",
    inputs: &[],
    checks: &[Check::Problem(&[Fault::Pointer])],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_pointer_is_one() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("pointer-invalid"), [""; 0]);
        let path = "packages/app/2.0-1/app_2.0-1_dsm7.2-64570-x86_64.spk";
        repo.put(path, [0; 5120]);
        assert_eq!(
            repo.findings("pointer-invalid"),
            [format!(
                "{path}:1: the file is 5120 bytes long, too long for a Git LFS pointer"
            )]
        );
    }
}
