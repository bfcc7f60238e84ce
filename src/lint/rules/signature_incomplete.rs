//! `signature-incomplete`.

use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Build;

pub(super) const RULE: Rule = Rule {
    id: "signature-incomplete",
    severity: Severity::Warning,
    summary: "a release or an SPK that is signed in part",
    explain: "A release of which some builds for DSM before 7 are signed and others are not was probably interrupted: what a user \
        sees then depends on his NAS. In an SPK, `[signature]` and the member `syno_signature.asc` belong together, and DSM's \
        signature says nothing of empty files and of links: such a member could be put there afterwards.",
    help: "run `spkrepo sign` for the release again: what is signed already stays as it is",
    inputs: &[],
    checks: &[
        Check::Release(|_, package, release, findings| {
            let builds = release.builds.values();
            let old: Vec<_> = builds
                .filter(|build| build.doc.os_min_ver.major < 7 && build.doc.yanked.is_none())
                .collect();
            if old.iter().all(|build| build.doc.signature.is_none()) {
                return;
            }
            for build in old.iter().filter(|build| build.doc.signature.is_none()) {
                let path = Build::path(&package.name, &release.version, &build.id);
                let message = "other builds of the release are signed, this one is not";
                findings.add(Place::file(path), message);
            }
        }),
        Check::Spk(|_, spot, inside, findings| {
            let place = || spot.key("signature");
            match (spot.build.doc.signature.is_some(), inside.is_signed) {
                (true, false) => {
                    findings.add(
                        place(),
                        "`[signature]` says who signed the SPK, which has no signature",
                    );
                }
                (false, true) => {
                    findings.add(
                        place(),
                        "the SPK has a signature, and no `[signature]` says whose",
                    );
                }
                _ => {}
            }
            if !inside.outside.is_empty() {
                let outside = inside.outside.join("`, `");
                findings.add(
                    place(),
                    format!("the signature says nothing of `{outside}`"),
                );
            }
        }),
    ],
};

#[cfg(test)]
mod tests {
    use crate::lint::Look;
    use crate::lint::testing::{Repo, SPK, looked_into, spk};

    #[test]
    fn all_builds_are_signed_or_none() {
        let mut repo = Repo::sound();
        repo.build("app/2.0-1", "x86_64", "6.2-23739", "");
        repo.build("app/2.0-1", "armv7", "6.2-23739", "");
        assert_eq!(repo.findings("signature-incomplete"), [""; 0]);
        let table = "[signature]\nfingerprint = \"ABABABABABABABABABABABABABABABABABABABAB\"\n\
            time = \"2026-01-02T03:04:05Z\"\nunsigned_sha256 = \
            \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"\n";
        repo.build("app/2.0-1", "armv7", "6.2-23739", table);
        assert_eq!(
            repo.findings("signature-incomplete"),
            [
                "packages/app/2.0-1/dsm6.2-23739-x86_64.toml:1: other builds of the release are signed, this one is not"
            ]
        );
    }

    #[test]
    fn the_document_and_the_member_belong_together_and_cover_all() {
        let mut repo = Repo::sound();
        let look = |is_signed: bool, outside: &'static [&'static str]| {
            move |at: &str| match looked_into(at, "2.0-1", &spk(SPK)) {
                Look::Read(mut inside) => {
                    inside.is_signed = is_signed;
                    inside.outside = outside.iter().map(|&path| path.to_owned()).collect();
                    Look::Read(inside)
                }
                other => other,
            }
        };
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        assert_eq!(
            repo.findings_with("signature-incomplete", look(false, &[])),
            [""; 0]
        );
        assert_eq!(
            repo.findings_with("signature-incomplete", look(true, &["INFO"])),
            [
                format!("{path}:1: the SPK has a signature, and no `[signature]` says whose"),
                format!("{path}:1: the signature says nothing of `INFO`"),
            ]
        );
        repo.signed("app/2.0-1", "AB");
        assert_eq!(
            repo.findings_with("signature-incomplete", look(false, &[])),
            [format!(
                "{path}:11: `[signature]` says who signed the SPK, which has no signature"
            )]
        );
    }
}
