//! `privilege-escalated`.

use crate::lint::context::Spot;
use crate::lint::rule::{Check, Rule, Severity};
use crate::repo::{Build, Release};

pub(super) const RULE: Rule = Rule {
    id: "privilege-escalated",
    severity: Severity::Warning,
    summary: "a release that may do more on a NAS than the one before it",
    explain: "Compared are `run_as`, the scripts and programs that run as root, and the resources (ports, shares, …), for the same \
        major version of DSM. A user who updates is not asked again. Without `--changed-since`, the newest release is compared with \
        the one before it.",
    help: "look at what needs it; if it is meant so, except the release from the rule and say why",
    inputs: &[],
    checks: &[Check::Release(|context, package, release, findings| {
        let Some(before) = context.predecessor(package, release) else {
            return;
        };
        for build in release
            .builds
            .values()
            .filter(|build| build.doc.yanked.is_none())
        {
            let rivals = comparable(before, build);
            if rivals.is_empty() {
                continue;
            }
            let spot = Spot {
                build,
                package,
                release,
            };
            let (new, own) = (&build.permissions, &build.doc.permissions);
            if is_root(build) && !rivals.iter().any(|old| is_root(old)) {
                let place = spot.section_key(own.run_as.is_some(), "permissions.run_as");
                findings.add(
                    place,
                    format!("the package runs as root, which {} did not", before.version),
                );
            }
            let had = |has: fn(&Build) -> &Option<Vec<String>>, one: &String| {
                rivals
                    .iter()
                    .any(|old| has(old).as_ref().is_some_and(|list| list.contains(one)))
            };
            for one in new
                .root
                .iter()
                .flatten()
                .filter(|one| !had(|old| &old.permissions.root, one))
            {
                let place = spot.section_key(own.root.is_some(), "permissions.root");
                findings.add(
                    place,
                    format!("{one} runs as root, which {} did not have", before.version),
                );
            }
            for one in new
                .resources
                .iter()
                .flatten()
                .filter(|one| !had(|old| &old.permissions.resources, one))
            {
                let place = spot.section_key(own.resources.is_some(), "permissions.resources");
                findings.add(
                    place,
                    format!(
                        "the package has the resource {one}, which {} did not",
                        before.version
                    ),
                );
            }
        }
    })],
};

/// Returns the builds for the same DSM; of a line that is new, those of all others.
fn comparable<'a>(before: &'a Release, build: &Build) -> Vec<&'a Build> {
    let builds = || {
        before
            .builds
            .values()
            .filter(|old| old.doc.yanked.is_none())
    };
    let line = |one: &Build| (one.doc.os_min_ver.os(), one.doc.os_min_ver.major);
    let same: Vec<&Build> = builds().filter(|old| line(old) == line(build)).collect();
    if same.is_empty() {
        builds().collect()
    } else {
        same
    }
}

/// Before DSM 7, a package is root unless it says otherwise.
fn is_root(build: &Build) -> bool {
    match build.permissions.run_as.as_deref() {
        Some(user) => user == "root" || user == "system",
        None => build.doc.os_min_ver.major < 7,
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{RELEASE, Repo};

    #[test]
    fn the_newest_release_may_do_what_the_one_before_might() {
        let mut repo = Repo::sound();
        repo.build(
            "app/2.0-1",
            "x86_64",
            "6.2-23739",
            "[permissions]\nrun_as = \"package\"\n",
        );
        assert_eq!(repo.findings("privilege-escalated"), [""; 0]);
        repo.replace("packages/app/2.0-1/release.toml", "\"package\"", "\"root\"");
        repo.append(
            "packages/app/2.0-1/release.toml",
            "resources = [\"port-config\"]\n",
        );
        repo.build(
            "app/2.0-1",
            "x86_64",
            "7.2-64570",
            "[permissions]\nroot = [\"script preinst\"]\n",
        );
        assert_eq!(
            repo.findings("privilege-escalated"),
            [
                "packages/app/2.0-1/dsm7.2-64570-x86_64.toml:12: script preinst runs as root, which 1.0-1 did not have",
                "packages/app/2.0-1/release.toml:8: the package runs as root, which 1.0-1 did not",
                "packages/app/2.0-1/release.toml:9: the package has the resource port-config, which 1.0-1 did not",
            ]
        );
    }

    #[test]
    fn a_release_that_was_there_is_compared_with_itself() {
        let mut repo = Repo::sound();
        repo.commit();
        repo.replace("packages/app/1.0-1/release.toml", "\"package\"", "\"root\"");
        assert_eq!(
            repo.findings("privilege-escalated"),
            ["packages/app/1.0-1/release.toml:8: the package runs as root, which 1.0-1 did not"]
        );
        repo.commit();
        repo.release("app/1.1-1", &RELEASE.replace("\"package\"", "\"root\""));
        repo.build("app/1.1-1", "x86_64", "7.2-64570", "");
        assert_eq!(
            repo.findings("privilege-escalated"),
            [""; 0],
            "1.0-1 is root, too"
        );
    }
}
