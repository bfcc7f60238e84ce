//! `hash-mismatch`.

use crate::lint::inside::{Look, digest_differences};
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "hash-mismatch",
    severity: Severity::Error,
    summary: "an SPK whose bytes are not those that its document states",
    explain: "A NAS compares the MD5 and the size that the catalog gives it with what it downloads, and refuses what differs. \
        The size of each blob that is here is always looked at, its digests when the blob is read.",
    help: "restore the blob, with `git lfs fetch` or from where it was built; the digests of a released SPK never change",
    inputs: &[],
    checks: &[
        Check::Blob(|_, spot, look, findings| {
            if let Look::Damaged { reason } = look {
                findings.add(spot.key("spk.size"), reason);
            }
        }),
        Check::Spk(|_, spot, inside, findings| {
            for difference in digest_differences(&spot.build.doc, &inside.digests) {
                findings.add(spot.key(difference.key), difference.message);
            }
        }),
    ],
};

#[cfg(test)]
mod tests {
    use crate::lint::Look;
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    const PATH: &str = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";

    #[test]
    fn the_digests_are_those_of_the_bytes() {
        let mut repo = Repo::sound();
        repo.truthful(&spk(SPK));
        let look = |bytes: Vec<u8>| move |at: &str| looked_into(at, "2.0-1", &bytes);
        assert_eq!(repo.findings_with("hash-mismatch", look(spk(SPK))), [""; 0]);
        let stated = repo.text(PATH);
        let stated: Vec<&str> = stated.split('"').filter(|part| part.len() >= 32).collect();
        let found = repo.findings_with("hash-mismatch", look(spk(&[("INFO", "package=other")])));
        assert_eq!(found.len(), 2);
        assert!(
            found[0].starts_with(&format!("{PATH}:8: the blob has SHA-256 ")),
            "{found:?}"
        );
        assert!(
            found[0].ends_with(&format!(" instead of {}", stated[1])),
            "{found:?}"
        );
        assert!(
            found[1].starts_with(&format!("{PATH}:9: the blob has MD5 ")),
            "{found:?}"
        );
    }

    #[test]
    fn a_blob_of_another_size_is_damaged_at_first_sight() {
        let repo = Repo::sound();
        let reason = "the blob has 1 bytes".to_owned();
        let look = |at: &str| match at {
            PATH => Look::Damaged {
                reason: reason.clone(),
            },
            _ => Look::Unread,
        };
        assert_eq!(
            repo.findings_with("hash-mismatch", look),
            [format!("{PATH}:7: the blob has 1 bytes")]
        );
    }
}
