//! `invalid-document`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::doc::Fault;

pub(super) const RULE: Rule = Rule {
    id: "invalid-document",
    severity: Severity::Error,
    summary: "a document that cannot be read",
    explain: "Broken TOML, a key that is unknown, a value that is none, a file under `keys/` that is no certificate, a release \
        without `release.toml`. `serve` refuses a commit with any of them and serves the one before on. What else is wrong with \
        the same document is only found when it can be read.",
    help: "mend the document",
    inputs: &[],
    checks: &[Check::Problem(&[Fault::Document])],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_document_is_read_or_named() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("invalid-document"), [""; 0]);
        repo.replace(
            "packages/app/2.0-1/release.toml",
            "displayname",
            "dispayname",
        );
        repo.put("keys/tess.asc", "none");
        let found = repo.findings("invalid-document");
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("keys/tess.asc:1: "), "{found:?}");
        assert!(
            found[1].starts_with("packages/app/2.0-1/release.toml:2: unknown field `dispayname`"),
            "{found:?}"
        );
    }
}
