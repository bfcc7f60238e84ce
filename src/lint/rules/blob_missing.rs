//! `blob-missing`.

use crate::lint::inside::Look;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "blob-missing",
    severity: Severity::Error,
    summary: "an SPK that is nowhere to be had",
    explain: "A clone need not have any SPK, so one that is not here is nothing wrong. With `--blobs`, git-lfs is asked for each of \
        them: one that it cannot bring was never pushed, or is lost, and no NAS can install the build.",
    help: "push it from where it was added, with `git lfs push --all origin`; if it is lost, yank the build and add a new one",
    inputs: &[],
    checks: &[Check::Blob(|_, spot, look, findings| {
        if let Look::Missing { reason } = look {
            let sha256 = spot.build.doc.spk.sha256;
            let message = format!("the SPK {sha256} cannot be fetched: {reason}");
            findings.add(spot.key("spk.sha256"), message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::Look;
    use crate::lint::testing::Repo;

    #[test]
    fn only_what_was_asked_for_and_did_not_come_is_missing() {
        let repo = Repo::sound();
        let path = "packages/app/1.0-1/dsm7.2-64570-x86_64.toml";
        assert_eq!(repo.findings("blob-missing"), [""; 0]);
        let reason = "not found".to_owned();
        let look = |at: &str| match at == path {
            true => Look::Missing {
                reason: reason.clone(),
            },
            false => Look::Unread,
        };
        let found = repo.findings_with("blob-missing", look);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with(&format!("{path}:8: the SPK ")),
            "{found:?}"
        );
        assert!(
            found[0].ends_with(" cannot be fetched: not found"),
            "{found:?}"
        );
    }
}
