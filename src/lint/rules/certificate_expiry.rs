//! `certificate-expiry`.

use jiff::SignedDuration;

use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::pgp::Standing;
use crate::repo::Keys;

pub(super) const RULE: Rule = Rule {
    id: "certificate-expiry",
    severity: Severity::Warning,
    summary: "a certificate under `keys/` that has ended or ends soon",
    explain: "DSM counts signatures of an expired or revoked key as none. A certificate is spoken of from 30 days before its end: \
        its owner can extend it, and nothing need be signed anew.",
    help: "have its owner extend it and put the new export in its place",
    inputs: &[],
    checks: &[Check::Source(|context, findings| {
        let keys = &context.view.snapshot.keys;
        for certificate in &keys.signers {
            let words = match certificate.standing(context.now) {
                Standing::Good { until: Some(until) }
                    if until.duration_since(context.now) <= SOON =>
                {
                    format!("expires at {until}")
                }
                Standing::Good { .. } => continue,
                Standing::Expired => "has expired".to_owned(),
                Standing::Revoked => "is revoked".to_owned(),
                Standing::Unusable => "is not bound by any signature that counts today".to_owned(),
            };
            let message = format!("the certificate {} {words}", certificate.fingerprint());
            findings.add(Place::file(Keys::FOLDER), message);
        }
    })],
};

const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::lint::testing::Repo;

    #[test]
    fn a_certificate_is_spoken_of_before_it_ends() {
        let certificate = crate::pgp::testing::signer("tess").certificate;
        let Standing::Good { until: Some(until) } = certificate.standing(Timestamp::now()) else {
            panic!("a new certificate is good and ends some day");
        };
        let mut repo = Repo::sound();
        repo.put("keys/tess.asc", certificate.to_text());
        repo.at(until - SignedDuration::from_hours(24 * 31));
        assert_eq!(repo.findings("certificate-expiry"), [""; 0]);
        let name = certificate.fingerprint();
        repo.at(until - SignedDuration::from_hours(24 * 29));
        assert_eq!(
            repo.findings("certificate-expiry"),
            [format!("keys:1: the certificate {name} expires at {until}")]
        );
        repo.at(until + SignedDuration::from_hours(1));
        assert_eq!(
            repo.findings("certificate-expiry"),
            [format!("keys:1: the certificate {name} has expired")]
        );
    }
}
