//! `pointer-not-canonical`.

use crate::blob::Pointer;
use crate::git::{BlobId, Node};
use crate::lint::finding::{Fix, Place};
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::Release;

pub(super) const RULE: Rule = Rule {
    id: "pointer-not-canonical",
    severity: Severity::Warning,
    summary: "a Git LFS pointer in another form than git-lfs writes it",
    explain: "The specification has one form for each pointer: the lines `version`, `oid`, `size`, each ended by a line feed alone. \
        Git takes every other for another file, so that each `git lfs` command shows it as modified.",
    help: "let `spkrepo check --fix` write it anew",
    inputs: &[],
    checks: &[Check::Release(|context, package, release, findings| {
        let folder = Release::folder(&package.name, &release.version);
        let entries = context.entries(release.tree);
        for build in release.builds.values() {
            let spk = &build.doc.spk;
            let text = Pointer {
                oid: spk.sha256,
                size: spk.size,
            }
            .to_text();
            let entry = entries.iter().find(|entry| entry.name == spk.file);
            let Some(Node::Blob(blob)) = entry.map(|entry| entry.node) else {
                continue;
            };
            let path = format!("{folder}/{}", spk.file);
            // One that names other bytes is not mended by its form.
            let is_same =
                |bytes: Vec<u8>| Pointer::parse(&bytes).is_ok_and(|found| found.to_text() == text);
            if blob != BlobId::of(text.as_bytes())
                && context.bytes(&path, blob).is_some_and(is_same)
            {
                let message = "the pointer is not written as git-lfs writes it";
                let bytes = text.into_bytes();
                findings
                    .add(Place::file(&path), message)
                    .fix(Fix::Write { bytes, path });
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_pointer_has_one_form() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("pointer-not-canonical"), [""; 0]);
        let path = "packages/app/2.0-1/app_2.0-1_dsm7.2-64570-x86_64.spk";
        let text = repo.text(path);
        repo.put(path, text.replace('\n', "\r\n"));
        let expected = format!("{path}:1: the pointer is not written as git-lfs writes it");
        assert_eq!(repo.findings("pointer-not-canonical"), [expected]);
        assert_eq!(repo.fixed(path), Some(text));
    }
}
