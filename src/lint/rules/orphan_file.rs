//! `orphan-file`.

use crate::git::Node;
use crate::lint::context::Context;
use crate::lint::finding::{Findings, Place};
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::{Keys, Package, Release};

pub(super) const RULE: Rule = Rule {
    id: "orphan-file",
    severity: Severity::Warning,
    summary: "a file that nothing refers to",
    explain: "Below `packages/` and `keys/`, every file has a meaning by its place and name. One without is left over from a build \
        that was removed, or is meant to be something and is not: an icon under another name, a certificate that does not end in \
        `.asc`. Nobody would notice.",
    help: "remove it, or give it the name that it should have",
    inputs: &[],
    checks: &[
        Check::Source(|context, findings| {
            folder(context, "packages", findings, |_, is_folder| is_folder);
            let is_key = |name: &str, is_folder: bool| {
                name.ends_with(".asc") || (is_folder && name == "timestamp")
            };
            folder(context, Keys::FOLDER, findings, is_key);
            folder(context, Keys::TIMESTAMPS, findings, is_key);
        }),
        Check::Package(|context, package, findings| {
            let path = Package::folder(&package.name);
            folder(context, &path, findings, |name, is_folder| {
                is_folder || name == "package.toml"
            });
            let shown = |name: &str| {
                package
                    .screenshots
                    .iter()
                    .any(|picture| picture.name == name)
            };
            folder(
                context,
                &format!("{path}/screenshots"),
                findings,
                |name, _| shown(name),
            );
        }),
        Check::Release(in_release),
    ],
};

fn in_release(
    context: &Context<'_>,
    package: &Package,
    release: &Release,
    findings: &mut Findings,
) {
    let path = Release::folder(&package.name, &release.version);
    let is_named = |name: &str| {
        let mut builds = release.builds.values();
        builds.any(|build| build.doc.spk.file == name)
    };
    folder(context, &path, findings, |name, is_folder| {
        let is_icon = release.icons.values().any(|icon| icon.name == name);
        // Documents that cannot be read are said to be that.
        !is_folder && (name.ends_with(".toml") || is_icon || is_named(name))
    });
}

/// Looks at the files of a folder; links are a matter of their own.
fn folder(
    context: &Context<'_>,
    path: &str,
    findings: &mut Findings,
    is_known: impl Fn(&str, bool) -> bool,
) {
    let Some(Node::Tree(tree)) = context.find(path) else {
        return;
    };
    for entry in context.entries(tree) {
        let is_folder = matches!(entry.node, Node::Tree(_));
        if entry.node != Node::Other && !is_known(&entry.name, is_folder) {
            let message = match is_folder {
                true => "the folder has no meaning here",
                false => "nothing refers to the file",
            };
            findings.add(Place::file(format!("{path}/{}", entry.name)), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn every_file_has_a_meaning() {
        let mut repo = Repo::sound();
        repo.put("packages/app/screenshots/1.png", "")
            .put("README.md", "");
        repo.put("keys/timestamp/clock.asc", "");
        assert_eq!(repo.findings("orphan-file"), [""; 0]);
        for path in [
            "keys/tess.gpg",
            "packages/README.md",
            "packages/app/1.0-1/PACKAGE_ICON.PNG",
            "packages/app/1.0-1/other.spk",
            "packages/app/1.0-1/old/x.toml",
            "packages/app/notes.txt",
            "packages/app/screenshots/1.txt",
        ] {
            repo.put(path, "");
        }
        assert_eq!(
            repo.findings("orphan-file"),
            [
                "keys/tess.gpg:1: nothing refers to the file",
                "packages/README.md:1: nothing refers to the file",
                "packages/app/1.0-1/PACKAGE_ICON.PNG:1: nothing refers to the file",
                "packages/app/1.0-1/old:1: the folder has no meaning here",
                "packages/app/1.0-1/other.spk:1: nothing refers to the file",
                "packages/app/notes.txt:1: nothing refers to the file",
                "packages/app/screenshots/1.txt:1: nothing refers to the file",
            ]
        );
    }
}
