//! `beta-in-stable`.

use crate::lint::rule::{Check, Rule, Severity};
use crate::model::channel::Channel;

pub(super) const RULE: Rule = Rule {
    id: "beta-in-stable",
    severity: Severity::Warning,
    summary: "a build that calls itself a beta, on the channel for everybody",
    explain: "`beta = true`, or a `report_url`, marks an entry as beta for DSM before 7, which shows it under Beta Packages only. \
        A version that has `alpha`, `beta`, `rc` or `pre` in it says the same to people.",
    help: "move the build to the channel `beta`, or take the mark away",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        if spot.build.offered_on() != Some(Channel::Stable) {
            return;
        }
        let (text, own) = (&spot.build.text, &spot.build.doc.text);
        if text.beta == Some(true) {
            let place = spot.section_key(own.beta.is_some(), "text.beta");
            findings.add(place, "the build is on `stable` and says `beta = true`");
        }
        if text
            .report_url
            .as_deref()
            .is_some_and(|url| !url.is_empty())
        {
            let place = spot.section_key(own.report_url.is_some(), "text.report_url");
            findings.add(
                place,
                "the build is on `stable` and has a `report_url`, which marks betas",
            );
        }
        if let Some(word) = unsettled(spot.release.version.as_str()) {
            let message = format!("the build is on `stable` and its version says `{word}`");
            findings.add(spot.key("channel"), message);
        }
    })],
};

/// Returns the part of a version that says that it is not the last word.
fn unsettled(version: &str) -> Option<String> {
    let lower = version.to_ascii_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphabetic());
    let found = words.find(|word| matches!(*word, "alpha" | "beta" | "rc" | "pre"));
    found.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{RELEASE, Repo};

    #[test]
    fn a_beta_is_on_the_channel_for_betas() {
        let mut repo = Repo::sound();
        let marks = "changelog = \"x\"\nbeta = true\nreport_url = \"https://example.org\"\n";
        repo.release(
            "app/3.0.rc1-1",
            &RELEASE.replace("changelog = \"<ul><li>Fixed it</li></ul>\"\n", marks),
        );
        repo.build("app/3.0.rc1-1", "x86_64", "7.2-64570", "");
        let path = "packages/app/3.0.rc1-1/dsm7.2-64570-x86_64.toml";
        assert_eq!(
            repo.findings("beta-in-stable"),
            [
                format!("{path}:1: the build is on `stable` and its version says `rc`"),
                "packages/app/3.0.rc1-1/release.toml:6: the build is on `stable` and says `beta = true`".to_owned(),
                "packages/app/3.0.rc1-1/release.toml:7: the build is on `stable` and has a `report_url`, which marks \
                 betas".to_owned(),
            ]
        );
        repo.replace(path, "stable", "beta");
        assert_eq!(repo.findings("beta-in-stable"), [""; 0]);
    }
}
