//! `identity-drift`.

use crate::lint::inside::identity_differences;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "identity-drift",
    severity: Severity::Error,
    summary: "a document that says otherwise than the SPK what the build is for",
    explain: "The catalog is made from the documents. Texts may be corrected there; package, version, platforms, models and the \
        range of DSM must be those of INFO, since DSM checks them again and refuses to install what does not fit.",
    help: "state what INFO states; to change it, build the SPK anew and raise the version",
    inputs: &[],
    checks: &[Check::Spk(|_, spot, inside, findings| {
        let identity = inside
            .spk
            .as_ref()
            .ok()
            .and_then(|spk| spk.identity.as_ref());
        let Some(identity) = identity else {
            return;
        };
        let version = &spot.release.version;
        for one in identity_differences(spot.package, version, &spot.build.doc, identity) {
            findings.add(spot.key(one.key), one.message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    #[test]
    fn the_document_says_what_info_says() {
        let repo = Repo::sound();
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        let look = |info: &'static str| {
            move |at: &str| looked_into(at, "2.0-1", &spk(&[("INFO", info), SPK[1]]))
        };
        let info = SPK[0].1;
        assert_eq!(repo.findings_with("identity-drift", look(info)), [""; 0]);
        let other = "package=app\nversion=2.0-1\nos_min_ver=7.1-42661\narch=x86_64 armv8\nos_max_ver=7.2-99999\n";
        assert_eq!(
            repo.findings_with("identity-drift", look(other)),
            [
                format!(
                    "{path}:1: `os_max_ver` is `7.2-99999` in INFO and nothing in the repository"
                ),
                format!(
                    "{path}:2: `arch` is `armv8 x86_64` in INFO and `x86_64` in the repository"
                ),
                format!(
                    "{path}:3: `os_min_ver` is `7.1-42661` in INFO and `7.2-64570` in the repository"
                ),
            ]
        );
    }
}
