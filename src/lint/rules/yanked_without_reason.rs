//! `yanked-without-reason`.

use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "yanked-without-reason",
    severity: Severity::Error,
    summary: "a build is withdrawn and nobody says why",
    explain: "The reason is shown by `show`, `explain` and the log, and is all that whoever still has the build can go by. A \
        `[yanked]` table whose `reason` is blank withdraws the build and leaves everybody guessing.",
    help: "say why in `reason`, or take the table out to offer the build again",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        let yanked = spot.build.doc.yanked.as_ref();
        if yanked.is_some_and(|yanked| yanked.reason.trim().is_empty()) {
            findings.add(spot.key("yanked.reason"), "the reason of the yank is empty");
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_yank_needs_words() {
        let mut repo = Repo::sound();
        repo.build(
            "app/1.0-1",
            "x86_64",
            "7.2-64570",
            "[yanked]\nreason = \"bad\"\n",
        );
        assert_eq!(repo.findings("yanked-without-reason"), [""; 0]);
        repo.build(
            "app/1.0-1",
            "x86_64",
            "7.2-64570",
            "[yanked]\nreason = \" \"\n",
        );
        assert_eq!(
            repo.findings("yanked-without-reason"),
            ["packages/app/1.0-1/dsm7.2-64570-x86_64.toml:12: the reason of the yank is empty"]
        );
    }
}
