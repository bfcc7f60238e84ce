//! `overlapping-range`.

use crate::catalog::competition;
use crate::lint::context::Spot;
use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "overlapping-range",
    severity: Severity::Error,
    summary: "two builds of a release between which nothing decides",
    explain: "A device must have exactly one best build. The higher minimum DSM wins, then the closer platform. Two builds with the \
        same minimum and a platform in common would be picked by chance. `add` refuses the second one.",
    help: "give one of the two another minimum DSM or other platforms",
    inputs: &[],
    checks: &[Check::Release(|_, package, release, findings| {
        let builds: Vec<_> = release.builds.values().collect();
        for (index, build) in builds.iter().enumerate() {
            for other in &builds[..index] {
                if let Some(arch) = competition(&build.doc, &other.doc) {
                    let message = format!(
                        "on {arch}, nothing decides between this build and {}",
                        other.id
                    );
                    let spot = Spot {
                        build,
                        package,
                        release,
                    };
                    findings.add(spot.key("arch"), message);
                }
            }
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_device_has_one_best_build() {
        let mut repo = Repo::sound();
        repo.build("app/2.0-1", "apollolake", "7.2-64570", "");
        assert_eq!(repo.findings("overlapping-range"), [""; 0]);
        repo.replace(
            "packages/app/2.0-1/dsm7.2-64570-x86_64.toml",
            "[\"x86_64\"]",
            "[\"apollolake\", \"x86_64\"]",
        );
        assert_eq!(
            repo.findings("overlapping-range"),
            [
                "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:2: on apollolake, nothing decides between this build \
              and dsm7.2-64570-apollolake"
            ]
        );
    }
}
