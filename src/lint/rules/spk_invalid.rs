//! `spk-invalid`.

use crate::base::causes::with_causes;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "spk-invalid",
    severity: Severity::Error,
    summary: "an SPK that DSM cannot install",
    explain: "The bytes are no SPK, are cut off, are encrypted, or lack what every SPK has: INFO with a package, a version and a \
        minimum DSM, `package.tgz`, and a checksum that fits it. `add` refuses such files.",
    help: "yank the build, and add one that `spkrepo inspect` has no fault to find with",
    inputs: &[],
    checks: &[Check::Spk(|_, spot, inside, findings| match &inside.spk {
        Ok(spk) => {
            for defect in &spk.defects {
                findings.add(spot.key("spk.file"), defect.to_string());
            }
        }
        Err(error) if error.is_unsafe() => {}
        Err(error) => {
            findings.add(spot.key("spk.file"), with_causes(error));
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    #[test]
    fn an_spk_has_what_dsm_needs() {
        let repo = Repo::sound();
        let look = |bytes: Vec<u8>| move |at: &str| looked_into(at, "2.0-1", &bytes);
        assert_eq!(repo.findings_with("spk-invalid", look(spk(SPK))), [""; 0]);
        let place = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:6";
        assert_eq!(
            repo.findings_with("spk-invalid", look(spk(&SPK[..1]))),
            [format!(
                "{place}: the member `package.tgz` is missing: there is nothing to install"
            )]
        );
        let found = repo.findings_with("spk-invalid", look(b"nothing".to_vec()));
        assert!(found.len() == 1 && found[0].starts_with(place), "{found:?}");
    }
}
