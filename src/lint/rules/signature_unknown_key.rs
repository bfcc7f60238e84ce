//! `signature-unknown-key`.

use crate::lint::rule::{Check, Input, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "signature-unknown-key",
    severity: Severity::Error,
    summary: "a build that is signed by a key that is not under `keys/`",
    explain: "The catalog gives the certificates under `keys/` to DSM 5.1 to 6.2, which trusts no other. Without the certificate \
        nobody can tell whether the signature holds, and DSM takes the publisher for unknown.",
    help: "put the public certificate there: `gpg --armor --export FINGERPRINT > keys/FINGERPRINT.asc`",
    inputs: &[Input::Keys],
    checks: &[Check::Build(|context, spot, findings| {
        let Some(signature) = &spot.build.doc.signature else {
            return;
        };
        let fingerprint = &signature.fingerprint;
        let mut known = context.view.snapshot.keys.signers.iter();
        if !known.any(|certificate| certificate.fingerprint() == *fingerprint) {
            let message =
                format!("no certificate under `keys/` is {fingerprint}, which signed the build");
            findings.add(spot.key("signature.fingerprint"), message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn whoever_signs_is_known() {
        let mut repo = Repo::sound();
        let certificate = crate::pgp::testing::signer("tess").certificate;
        let fingerprint = certificate.fingerprint().to_string();
        repo.signed("app/2.0-1", &fingerprint);
        assert_eq!(
            repo.findings("signature-unknown-key"),
            [format!(
                "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:12: no certificate under `keys/` is {fingerprint}, \
                 which signed the build"
            )]
        );
        repo.put("keys/tess.asc", certificate.to_text());
        assert_eq!(repo.findings("signature-unknown-key"), [""; 0]);
    }
}
