//! `exception-unused`.

use crate::lint::rule::{About, Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "exception-unused",
    severity: Severity::Warning,
    summary: "an exception that covers nothing",
    explain: "It would hide the next real mistake of its kind. Only said when everything was looked at that it could cover: an \
        exception from a rule that looks into SPKs counts as unused only when all of them were read.",
    help: "remove it",
    inputs: &[],
    checks: &[Check::Exceptions(About::Unused)],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    fn exception(rule: &str, more: &str) -> String {
        format!("\n[[exceptions]]\nrule = \"{rule}\"\nreason = \"as agreed\"\n{more}")
    }

    #[test]
    fn an_exception_covers_something() {
        let mut repo = Repo::sound();
        repo.replace("packages/app/2.0-1/release.toml", "https:", "http:");
        let path = "packages/app/package.toml";
        repo.append(path, &exception("url-not-https", "version = \"2.0-1\"\n"));
        assert_eq!(repo.findings("exception-unused"), [""; 0]);
        assert_eq!(repo.outcome(|_| crate::lint::Look::Unread).excepted, 1);
        repo.append(path, &exception("url-not-https", "version = \"1.0-1\"\n"));
        repo.append(path, &exception("url-not-http", ""));
        repo.append(path, &exception("hash-mismatch", ""));
        assert_eq!(
            repo.findings("exception-unused"),
            [
                "packages/app/package.toml:9: the exception from `url-not-https` covers nothing",
                "packages/app/package.toml:14: there is no rule `url-not-http`",
            ],
            "no SPK was looked into, so nobody knows of `hash-mismatch`"
        );
    }

    #[test]
    fn the_settings_except_packages_or_all() {
        let mut repo = Repo::sound();
        repo.replace("packages/app/2.0-1/release.toml", "https:", "http:");
        let one = exception("url-not-https", "package = \"app\"\n");
        let other = exception("url-not-https", "package = \"other\"\n");
        repo.put("spkrepo.toml", format!("format = 1\n{one}{other}"));
        assert_eq!(repo.findings("url-not-https"), [""; 0]);
        assert_eq!(
            repo.findings("exception-unused"),
            ["spkrepo.toml:9: the exception from `url-not-https` covers nothing"]
        );
    }

    #[test]
    fn of_what_was_not_looked_at_nothing_is_said() {
        let mut repo = Repo::sound();
        repo.append(
            "packages/app/package.toml",
            &exception("url-not-https", "version = \"1.0-1\"\n"),
        );
        repo.commit();
        repo.replace("packages/app/2.0-1/release.toml", "Fixed", "Mended");
        assert_eq!(repo.findings("exception-unused"), [""; 0]);
        repo.replace("packages/app/1.0-1/release.toml", "Fixed", "Mended");
        assert_eq!(repo.findings("exception-unused").len(), 1);
    }
}
