//! `url-not-https`.

use crate::lint::context::{package_path, texts};
use crate::lint::finding::{Findings, Place};
use crate::lint::rule::{Check, Input, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "url-not-https",
    severity: Severity::Warning,
    summary: "a link that is not https",
    explain: "Package Center shows the links of a package as they are, and who follows one trusts what comes back. Over plain http \
        anybody on the way can answer, and other schemes can do worse. Looked at are the links of `[text]`, those of \
        `package.toml`, and `url` of `spkrepo.toml`, with which every download begins.",
    help: "link to the https address",
    inputs: &[Input::Settings],
    checks: &[
        Check::Source(|context, findings| {
            let url = context.view.snapshot.settings.repository.url.as_deref();
            look(Place::key("spkrepo.toml", "repository.url"), url, findings);
        }),
        Check::Package(|_, package, findings| {
            for (name, url) in &package.doc.links {
                let key = format!("links.{name}");
                look(
                    Place::key(package_path(&package.name), key),
                    Some(url),
                    findings,
                );
            }
        }),
        Check::Release(|_, package, release, findings| {
            for (path, text) in texts(package, release) {
                for (key, url) in [
                    ("maintainer_url", &text.maintainer_url),
                    ("distributor_url", &text.distributor_url),
                    ("support_url", &text.support_url),
                    ("report_url", &text.report_url),
                    ("helpurl", &text.helpurl),
                ] {
                    let place = Place::key(&path, format!("text.{key}"));
                    look(place, url.as_deref(), findings);
                }
            }
        }),
    ],
};

/// A link that is empty is none.
fn look(place: Place, url: Option<&str>, findings: &mut Findings) {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return;
    };
    let is_https = url
        .get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
    if !is_https {
        findings.add(place, format!("the link `{url}` is not https"));
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn every_link_is_https() {
        let mut repo = Repo::sound();
        repo.append(
            "packages/app/package.toml",
            "[links]\nsource = \"HTTPS://example.org\"\n",
        );
        repo.replace(
            "packages/app/1.0-1/release.toml",
            "https://example.org/app",
            "",
        );
        assert_eq!(repo.findings("url-not-https"), [""; 0]);
        repo.append(
            "packages/app/package.toml",
            "issues = \"ftp://example.org\"\n",
        );
        repo.replace("packages/app/2.0-1/release.toml", "https:", "javascript:");
        repo.put(
            "spkrepo.toml",
            "format = 1\n[repository]\nurl = 'http://a.example'\n",
        );
        assert_eq!(
            repo.findings("url-not-https"),
            [
                "packages/app/2.0-1/release.toml:4: the link `javascript://example.org/app` is not https",
                "packages/app/package.toml:4: the link `ftp://example.org` is not https",
                "spkrepo.toml:3: the link `http://a.example` is not https",
            ]
        );
    }
}
