//! `shadowed-build`.

use crate::catalog::is_reachable;
use crate::lint::rule::{Check, Input, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "shadowed-build",
    severity: Severity::Warning,
    summary: "a build that no device can ever get",
    explain: "It is offered, but whatever device it fits, another build of the same release wins: one with a higher minimum DSM or a \
        closer platform. Or it fits none at all, such as one for a DSM that never was. The same selection decides that answers a \
        NAS, with the `compatibility` of `spkrepo.toml`.",
    help: "remove or yank it, or mend its platforms and range",
    inputs: &[Input::Settings],
    checks: &[Check::Build(|context, spot, findings| {
        let compatibility = context.view.snapshot.settings.catalog.compatibility;
        if spot.build.offered_on().is_some()
            && spot.build.install.offline_install != Some(true)
            && !is_reachable(spot.release, spot.build, compatibility)
        {
            findings.add(spot.key("os_min_ver"), "no device can ever get the build");
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn some_device_gets_each_build() {
        let mut repo = Repo::sound();
        repo.build(
            "app/2.0-1",
            "apollolake",
            "7.2-64570",
            "os_max_ver = \"7.2-72806\"\n",
        );
        repo.build("app/2.0-1", "noarch", "3.1-1594", "");
        repo.build("app/2.0-1", "cypress", "1.3-9193", "");
        repo.build("app/2.0-1", "somenewplatform", "8.0-100000", "");
        assert_eq!(repo.findings("shadowed-build"), [""; 0]);
        repo.build("app/2.0-1", "armv8", "1.0-1233", "");
        assert_eq!(
            repo.findings("shadowed-build"),
            ["packages/app/2.0-1/dsm1.0-1233-armv8.toml:3: no device can ever get the build"]
        );
    }

    #[test]
    fn a_closer_platform_for_all_of_its_range_takes_everything() {
        let mut repo = Repo::sound();
        repo.build("app/2.0-1", "i686", "6.2-23739", "");
        repo.build(
            "app/2.0-1",
            "evansport",
            "6.2-23739",
            "os_max_ver = \"6.2-24922\"\n",
        );
        assert_eq!(repo.findings("shadowed-build"), [""; 0]);
        repo.replace(
            "packages/app/2.0-1/dsm6.2-23739-evansport.toml",
            "os_max_ver = \"6.2-24922\"\n",
            "",
        );
        assert_eq!(
            repo.findings("shadowed-build"),
            ["packages/app/2.0-1/dsm6.2-23739-i686.toml:3: no device can ever get the build"]
        );
    }
}
