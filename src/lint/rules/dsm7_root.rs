//! `dsm7-root`.

use crate::lint::rule::{Check, Rule, Severity};

pub(super) const RULE: Rule = Rule {
    id: "dsm7-root",
    severity: Severity::Warning,
    summary: "a build for DSM 7 that wants to be root",
    explain: "DSM 7 refuses a package that is not Synology's own when conf/privilege asks for root, be it for all of it or for one \
        script. Only who has a developer's token on his NAS, or edits conf/privilege there afterwards, can use such a build.",
    help: "do without root; what needs it can be a resource worker, or a step that the user takes himself",
    inputs: &[],
    checks: &[Check::Build(|_, spot, findings| {
        let doc = &spot.build.doc;
        let (permissions, own) = (&spot.build.permissions, &doc.permissions);
        if doc.os_min_ver.major < 7 || doc.yanked.is_some() {
            return;
        }
        if permissions.run_as.as_deref() == Some("root") {
            let place = spot.section_key(own.run_as.is_some(), "permissions.run_as");
            findings.add(place, "DSM 7 refuses a package that runs as root");
        }
        if let Some(root) = permissions.root.as_ref().filter(|root| !root.is_empty()) {
            let place = spot.section_key(own.root.is_some(), "permissions.root");
            let message = format!(
                "DSM 7 refuses a package that has root for {}",
                root.join(", ")
            );
            findings.add(place, message);
        }
    })],
};

#[cfg(test)]
mod tests {
    use crate::lint::testing::Repo;

    #[test]
    fn a_package_for_dsm_7_is_never_root() {
        let mut repo = Repo::sound();
        repo.build(
            "app/2.0-1",
            "armv7",
            "6.2-23739",
            "[permissions]\nrun_as = \"root\"\n",
        );
        assert_eq!(repo.findings("dsm7-root"), [""; 0]);
        repo.build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            "[permissions]\nroot = [\"script postinst\"]\n",
        );
        repo.replace("packages/app/1.0-1/release.toml", "\"package\"", "\"root\"");
        assert_eq!(
            repo.findings("dsm7-root"),
            [
                "packages/app/1.0-1/release.toml:8: DSM 7 refuses a package that runs as root",
                "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:12: DSM 7 refuses a package that has root for script postinst",
            ]
        );
    }
}
