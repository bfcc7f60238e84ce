//! `unknown-arch`.

use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "unknown-arch",
    severity: Severity::Warning,
    summary: "a platform that no known device has",
    explain: "`arch` and `exclude_arch` name platforms (`apollolake`), families (`x86_64`) or `noarch`. A device gets a build \
        when one of them is its own: a name that is misspelt is offered to nobody, and one that is excluded by a misspelt name \
        is offered after all. The table of platforms ends where this program was built; a newer platform is no mistake.",
    help: "mend the name, or except this build from the rule until a newer spkrepo knows the platform",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        let doc = &spot.build.doc;
        for (key, platforms) in [("arch", &doc.arch), ("exclude_arch", &doc.exclude_arch)] {
            for arch in platforms.iter().filter(|arch| !arch.is_known()) {
                let message = format!("`{arch}` is no platform or family that is known");
                let found = findings.add(spot.key(key), message);
                if let Some(nearest) = arch.nearest() {
                    found.help(format!("did you mean `{nearest}`?"));
                }
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::Look;
    use crate::lint::testing::Repo;

    #[test]
    fn a_platform_is_in_the_table_as_itself_or_as_a_family() {
        let mut repo = Repo::sound();
        let path = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml";
        repo.replace(
            path,
            "[\"x86_64\"]",
            "[\"x86_64\", \"noarch\", \"rtd1296\", \"853x\"]",
        );
        assert_eq!(repo.findings("unknown-arch"), [""; 0]);
        repo.replace(path, "\"rtd1296\"", "\"rtd1926\"");
        let place = "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:2";
        assert_eq!(
            repo.findings("unknown-arch"),
            [format!(
                "{place}: `rtd1926` is no platform or family that is known"
            )]
        );
        let outcome = repo.outcome(|_| Look::Unread);
        let finding = outcome
            .findings
            .iter()
            .find(|one| one.rule == "unknown-arch");
        assert_eq!(
            finding.map(|one| one.help.as_str()),
            Some("did you mean `rtd1296`?")
        );
    }
}
