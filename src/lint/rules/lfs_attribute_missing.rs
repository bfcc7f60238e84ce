//! `lfs-attribute-missing`.

use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "lfs-attribute-missing",
    severity: Severity::Error,
    summary: "`.gitattributes` does not make SPKs Git LFS objects",
    explain: "Without the line for `*.spk`, git-lfs neither fetches nor pushes the SPKs, and an SPK that somebody commits by hand \
        becomes part of git's history. `spkrepo init` writes the line.",
    help: "put this line there: `*.spk filter=lfs diff=lfs merge=lfs -text`",
    inputs: &[],
    checks: &[Check::Source(|context, findings| {
        const PATH: &str = ".gitattributes";
        let text = context.text(PATH).unwrap_or_default();
        let is_rule = |line: &str| {
            let mut words = line.split_whitespace();
            words
                .next()
                .is_some_and(|pattern| pattern.ends_with("*.spk") || pattern == "*")
                && words.any(|word| word == "filter=lfs")
        };
        if !context.view.trees.is_empty() && !text.lines().any(is_rule) {
            findings.add(Place::file(PATH), "no line says `*.spk filter=lfs`");
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn spks_are_git_lfs_objects() {
        let mut repo = Repo::sound();
        assert_eq!(repo.findings("lfs-attribute-missing"), [""; 0]);
        repo.put(".gitattributes", "# *.spk filter=lfs\n*.png -text\n");
        assert_eq!(
            repo.findings("lfs-attribute-missing"),
            [".gitattributes:1: no line says `*.spk filter=lfs`"]
        );
    }
}
