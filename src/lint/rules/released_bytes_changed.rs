//! `released-bytes-changed`.

use crate::lint::context::Spot;
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::channel::Channel;
use crate::model::doc::BuildDoc;
use crate::repo::Build;

pub(super) const RULE: Rule = Rule {
    id: "released-bytes-changed",
    severity: Severity::Error,
    summary: "a released build with other bytes than before",
    explain: "Whoever installed the build has other bytes than whoever installs it now, and both call them by the same version; \
        a NAS that has it never updates. Only a build that was staged may get other bytes, and one that is signed, or whose \
        signature is taken out, without any other change. Needs `--changed-since`.",
    help: "released bytes never change: restore them, and raise the number after the last `-` of the version for the new ones",
    inputs: &[],
    checks: &[Check::Compare(|context, package, release, findings| {
        let before = context.before_of(&package.name);
        let Some(before) = before.and_then(|package| package.releases.get(&release.version)) else {
            return;
        };
        for build in release.builds.values() {
            let mut olds = before.builds.values();
            let same = |old: &&Build| old.id == build.id || old.doc.spk.file == build.doc.spk.file;
            let Some(old) = olds.find(same) else {
                continue;
            };
            let (was, is) = (old.doc.spk.sha256, build.doc.spk.sha256);
            if old.doc.channel != Channel::Staged
                && was != is
                && !differ_by_signature(&old.doc, &build.doc)
            {
                let spot = Spot {
                    build,
                    package,
                    release,
                };
                let message = format!(
                    "the build had SHA-256 {was} when it was on `{}`, and has {is} now",
                    old.doc.channel
                );
                findings.add(spot.key("spk.sha256"), message);
            }
        }
    })],
};

/// What was signed, and what a signature was taken out of, is named by its digest without.
fn differ_by_signature(old: &BuildDoc, new: &BuildDoc) -> bool {
    let unsigned = |doc: &BuildDoc| {
        let signature = doc.signature.as_ref();
        signature.map_or(doc.spk.sha256, |signature| signature.unsigned_sha256)
    };
    unsigned(old) == unsigned(new)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn released_bytes_never_change() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        let text = repo.text(path);
        let old = text
            .split('"')
            .find(|part| part.len() == 64)
            .expect("a digest")
            .to_owned();
        let new = "0123456789abcdef".repeat(4);
        assert_eq!(
            repo.findings("released-bytes-changed"),
            [""; 0],
            "nothing to compare with"
        );
        repo.commit().replace(path, &old, &new).point(path);
        assert_eq!(
            repo.findings("released-bytes-changed"),
            [format!(
                "{path}:8: the build had SHA-256 {old} when it was on `stable`, and has {new} now"
            )]
        );
        let signature = format!(
            "\n[signature]\nfingerprint = \"{}\"\ntime = \"2026-01-02T03:04:05Z\"\nunsigned_sha256 = \"{old}\"\n",
            "AB".repeat(20)
        );
        repo.append(path, &signature);
        assert_eq!(
            repo.findings("released-bytes-changed"),
            [""; 0],
            "it was signed"
        );
    }

    #[test]
    fn staged_bytes_may() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        repo.replace(path, "stable", "staged").commit();
        let text = repo.text(path);
        let old = text
            .split('"')
            .find(|part| part.len() == 64)
            .expect("a digest")
            .to_owned();
        repo.replace(path, &old, &"ab".repeat(32)).point(path);
        assert_eq!(repo.findings("released-bytes-changed"), [""; 0]);
    }
}
