//! `exception-expired`.

use crate::lint::rule::{About, Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "exception-expired",
    severity: Severity::Warning,
    summary: "an exception that is over",
    explain: "Somebody said `until` when it was bearable. What the exception covered is reported again from the day after.",
    help: "mend what it was for, or give it another `until` with a reason that still holds",
    inputs: &[],
    checks: &[Check::Exceptions(About::Expired)],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn an_exception_counts_to_the_end_of_its_last_day() {
        let mut repo = Repo::sound();
        repo.replace("packages/app/2.0-1/release.toml", "https:", "http:");
        let exception = "\n[[exceptions]]\nrule = \"url-not-https\"\nreason = \"moving\"\nuntil = \"2026-06-01\"\n";
        repo.append("packages/app/package.toml", exception);
        assert_eq!(repo.findings("exception-expired"), [""; 0]);
        assert_eq!(repo.findings("url-not-https"), [""; 0]);
        repo.replace("packages/app/package.toml", "06-01", "05-31");
        assert_eq!(
            repo.findings("exception-expired"),
            ["packages/app/package.toml:6: the exception from `url-not-https` ended on 2026-05-31"]
        );
        assert_eq!(
            repo.findings("url-not-https").len(),
            1,
            "it is reported again"
        );
        assert_eq!(
            repo.findings("exception-unused"),
            [""; 0],
            "it is over, not superfluous"
        );
    }
}
