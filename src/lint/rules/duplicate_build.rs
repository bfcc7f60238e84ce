//! `duplicate-build`.

use std::collections::BTreeMap;

use crate::lint::context::Spot;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "duplicate-build",
    severity: Severity::Error,
    summary: "two builds with the same bytes or the same file",
    explain: "An SPK is for one release and one set of platforms, which INFO states. Two documents that name the same bytes cannot \
        both be right, and two that name the same file make one of them unreachable, since downloads go by the name of the file.",
    help: "remove the one that is wrong",
    inputs: &[],
    checks: &[Check::Package(|_, package, findings| {
        let mut bytes = BTreeMap::new();
        let mut files = BTreeMap::new();
        for release in package.releases.values() {
            for build in release.builds.values() {
                let spot = Spot {
                    build,
                    package,
                    release,
                };
                let spk = &build.doc.spk;
                if let Some(other) = bytes.insert(spk.sha256, spot.name()) {
                    findings.add(
                        spot.key("spk.sha256"),
                        format!("{other} has the same bytes"),
                    );
                }
                if let Some(other) = files.insert(&spk.file, spot.name()) {
                    findings.add(spot.key("spk.file"), format!("{other} has the same file"));
                }
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn each_build_has_bytes_and_a_file_of_its_own() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("duplicate-build"), [""; 0]);
        let text = repo.text("packages/app/1.0-1/dsm7.2-64570-x86_64.toml");
        repo.put("packages/app/2.0-1/dsm7.2-64570-x86_64.toml", text);
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        assert_eq!(
            repo.findings("duplicate-build"),
            [
                format!("{path}:6: app 1.0-1 (dsm7.2-64570-x86_64) has the same file"),
                format!("{path}:8: app 1.0-1 (dsm7.2-64570-x86_64) has the same bytes"),
            ]
        );
    }
}
