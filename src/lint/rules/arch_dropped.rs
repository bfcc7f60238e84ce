//! `arch-dropped`.

use std::collections::BTreeSet;

use crate::lint::context::release_path;
use crate::lint::finding::Place;
use crate::lint::rule::{Check, Rule, Severity};
use crate::model::arch::Arch;
use crate::model::os_version::Os;
use crate::repo::Release;

pub(super) const RULE: Rule = Rule {
    id: "arch-dropped",
    severity: Severity::Warning,
    summary: "a release that is not for all devices of the one before it",
    explain: "A NAS of a platform that is left out stays at the version it has, and nobody tells it. Compared are the platforms for \
        each major version of DSM, a family being as good as all its platforms. Without `--changed-since`, the newest release is \
        compared with the one before it.",
    help: "add the builds that are missing; if the platforms are given up, except the release from the rule and say so",
    inputs: &[],
    checks: &[Check::Release(|context, package, release, findings| {
        let Some(before) = context.predecessor(package, release) else {
            return;
        };
        let new = lines(release);
        let dropped = lines(before)
            .into_iter()
            .filter(|old| !is_covered(old, &new));
        let dropped: Vec<String> = dropped
            .map(|(os, major, arch)| format!("{arch} with {os} {major}"))
            .collect();
        if !release.builds.is_empty() && !dropped.is_empty() {
            let message = format!(
                "{} was for {}, and this is not",
                before.version,
                dropped.join(", ")
            );
            findings.add(Place::file(release_path(package, release)), message);
        }
    })],
};

type Line = (Os, u32, Arch);

/// Returns what a release is for.
fn lines(release: &Release) -> BTreeSet<Line> {
    let builds = release
        .builds
        .values()
        .filter(|build| build.doc.yanked.is_none());
    let lines = builds.flat_map(|build| {
        let minimum = build.doc.os_min_ver;
        build
            .doc
            .arch
            .iter()
            .map(move |arch| (minimum.os(), minimum.major, arch.clone()))
    });
    lines.collect()
}

fn is_covered((os, major, arch): &Line, new: &BTreeSet<Line>) -> bool {
    let covers = |platform: &Arch| {
        let mut new = new
            .iter()
            .filter(|(other, number, _)| (other, number) == (os, major));
        new.any(|(_, _, arch)| arch.covers(platform).is_some())
    };
    if covers(arch) {
        return true;
    }
    let mut parts = Arch::known()
        .filter(|platform| arch.covers(platform).is_some())
        .peekable();
    arch.is_family() && parts.peek().is_some() && parts.all(|platform| covers(&platform))
}

#[cfg(test)]
mod tests {
    use crate::lint::testing::{RELEASE, Repo};

    #[test]
    fn a_release_is_for_the_devices_of_the_one_before() {
        let mut repo = Repo::sound();
        repo.build("app/1.0-1", "apollolake", "7.0-40000", "")
            .build("app/1.0-1", "i686", "6.2-23739", "");
        repo.build("app/2.0-1", "evansport", "6.2-23739", "");
        assert_eq!(
            repo.findings("arch-dropped"),
            [""; 0],
            "a family and its platforms are the same"
        );
        repo.build("app/1.0-1", "armv8", "7.2-64570", "").build(
            "app/1.0-1",
            "armv7",
            "6.2-23739",
            "",
        );
        repo.build(
            "app/1.0-1",
            "noarch",
            "5.2-5644",
            "[yanked]\nreason = \"old\"\n",
        );
        assert_eq!(
            repo.findings("arch-dropped"),
            [
                "packages/app/2.0-1/release.toml:1: 1.0-1 was for armv7 with DSM 6, armv8 with DSM 7, and this is not"
            ]
        );
    }

    #[test]
    fn a_new_release_is_compared_with_what_was_there() {
        let mut repo = Repo::sound();
        repo.commit();
        repo.release("app/3.0-1", RELEASE)
            .build("app/3.0-1", "armv8", "7.2-64570", "");
        assert_eq!(
            repo.findings("arch-dropped"),
            ["packages/app/3.0-1/release.toml:1: 2.0-1 was for x86_64 with DSM 7, and this is not"]
        );
    }
}
