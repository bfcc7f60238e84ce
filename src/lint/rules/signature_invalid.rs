//! `signature-invalid`.

use crate::lint::rule::{Check, Input, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "signature-invalid",
    severity: Severity::Error,
    summary: "a signature inside an SPK that does not hold",
    explain: "DSM 5.1 to 6.2 refuses an SPK whose signature is bad as a broken package. Looked at is what `verify` looks at: \
        whether it fits the bytes, whether it or its key has expired or is revoked, and whether the key is under `keys/`.",
    help: "run `spkrepo verify`, and sign the build anew when nothing else explains it",
    inputs: &[Input::Keys],
    checks: &[Check::Spk(|_, spot, inside, findings| {
        for problem in &inside.signature_problems {
            findings.add(spot.key("signature"), problem);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::Look;
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    #[test]
    fn a_signature_holds() {
        let mut repo = Repo::sound();
        repo.signed("app/2.0-1", "AB");
        let look = |problem: Option<&'static str>| {
            move |at: &str| match looked_into(at, "2.0-1", &spk(SPK)) {
                Look::Read(mut inside) => {
                    inside.signature_problems = problem.map(str::to_owned).into_iter().collect();
                    Look::Read(inside)
                }
                other => other,
            }
        };
        assert_eq!(repo.findings_with("signature-invalid", look(None)), [""; 0]);
        assert_eq!(
            repo.findings_with("signature-invalid", look(Some("the signature is bad"))),
            ["packages/app/2.0-1/dsm7.2-64570-x86_64.toml:11: the signature is bad"]
        );
    }
}
