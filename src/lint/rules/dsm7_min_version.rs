//! `dsm7-min-version`.

use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "dsm7-min-version",
    severity: Severity::Error,
    summary: "a build for DSM 7 that DSM 7 refuses",
    explain: "DSM 7 installs a package only when INFO states a minimum of 7.0-40000 or higher, and when conf/privilege says as whom \
        it runs. `[permissions]` without `run_as` and without `root` is a package without that file. (Developer guide, \"INFO \
        necessary fields\" and \"Privilege\".)",
    help: "build the SPK for DSM 7: os_min_ver of at least 7.0-40000, and conf/privilege with `run-as`",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        const FIRST: u32 = 40_000;
        let minimum = spot.build.doc.os_min_ver;
        if minimum.major < 7 || spot.build.doc.yanked.is_some() {
            return;
        }
        if minimum.build.is_none_or(|build| build < FIRST) {
            let message =
                format!("DSM 7 wants a minimum of 7.0-40000 or higher, and this is {minimum}");
            findings.add(spot.key("os_min_ver"), message);
        }
        let permissions = &spot.build.permissions;
        if permissions.run_as.is_none() && permissions.root.is_none() {
            let message =
                "DSM 7 wants conf/privilege, and the build has none: `run_as` is not stated";
            findings.add(spot.section_key(false, "permissions"), message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn dsm_7_wants_its_own_minimum_and_privileges() {
        let mut repo = Repo::sound();
        let release = "packages/app/2.0-1/release.toml";
        repo.build("app/2.0-1", "armv7", "6.2-23739", "");
        assert_eq!(repo.findings("dsm7-min-version"), [""; 0]);
        repo.build("app/2.0-1", "armv7", "7.0", "");
        repo.replace(release, "run_as = \"package\"", "scripts = [\"postinst\"]");
        assert_eq!(
            repo.findings("dsm7-min-version"),
            [
                "packages/app/2.0-1/dsm7.0-armv7.toml:3: DSM 7 wants a minimum of 7.0-40000 or higher, and this is 7.0",
                "packages/app/2.0-1/release.toml:7: DSM 7 wants conf/privilege, and the build has none: \
                 `run_as` is not stated",
            ]
        );
    }
}
