//! Which version of DSM a build number belongs to: for devices that report the build alone, and for answers to all devices of
//! a version.

use std::collections::BTreeSet;

use crate::model::os_version::{Os, OsVersion};

/// A version, the first build number that belongs to it, and the newest one known.
pub(crate) type OsLine = (u32, u32, u32, u32);

/// Ascending (Synology's release notes and developer guide, to November 2026).
const DSM: [OsLine; 22] = [
    (2, 0, 731, 732),
    (2, 1, 844, 851),
    (2, 2, 942, 1045),
    (2, 3, 1118, 1167),
    (3, 0, 1337, 1417),
    (3, 1, 1594, 1748),
    (3, 2, 1922, 2031),
    (4, 0, 2166, 2265),
    (4, 1, 2636, 2851),
    (4, 2, 3160, 3320),
    (4, 3, 3776, 4244),
    (5, 0, 4418, 4627),
    (5, 1, 5004, 5358),
    (5, 2, 5565, 5967),
    (6, 0, 5891, 8754),
    (6, 1, 14715, 15284),
    (6, 2, 22259, 25556),
    (7, 0, 40000, 42218),
    (7, 1, 42446, 42962),
    (7, 2, 60000, 72806),
    (7, 3, 81000, 86009),
    (7, 4, 90000, 90080),
];

/// SRM counts its builds on its own: they overlap with those of DSM 5 and 6.
const SRM: [OsLine; 4] = [
    (1, 0, 6030, 6030),
    (1, 1, 6542, 6941),
    (1, 2, 7742, 8227),
    (1, 3, 9193, 9366),
];

/// Returns the known versions of a system, ascending.
pub(crate) fn lines(os: Os) -> &'static [OsLine] {
    match os {
        Os::Dsm => &DSM,
        Os::Srm => &SRM,
    }
}

/// Returns the newest known build of a version, for people who name a version alone: `7.2`, or `7` for its last.
pub(super) fn newest_build(os: Os, major: u32, minor: Option<u32>) -> Option<u32> {
    let mut lines = lines(os).iter().rev();
    lines
        .find(|line| line.0 == major && minor.is_none_or(|minor| line.1 == minor))
        .map(|line| line.3)
}

/// Returns the first build of a version, if it is known.
pub(crate) fn first_build(version: OsVersion) -> Option<u32> {
    let mut lines = lines(version.os()).iter();
    lines
        .find(|line| (line.0, line.1) == (version.major, version.minor))
        .map(|line| line.2)
}

/// Returns the first build of every line of DSM and SRM.
pub(super) fn first_builds() -> impl Iterator<Item = u32> {
    DSM.iter().chain(&SRM).map(|line| line.2)
}

/// Returns the version that `build` of `os` belongs to; a build after the last known one counts as the last version.
pub(super) fn version_of_build(os: Os, build: u32) -> OsVersion {
    let lines = lines(os);
    let line = lines
        .iter()
        .rev()
        .find(|line| line.2 <= build)
        .unwrap_or(&lines[0]);
    OsVersion {
        major: line.0,
        minor: line.1,
        build: Some(build),
    }
}

/// A version of DSM or SRM, and what a device that has it may report as its build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    pub(crate) os: Os,
}

/// Returns the last build of the last version: beyond it, nothing is known.
///
/// Those of DSM have five digits so far, and a maximum of 99999 means "any"; SRM is far from where the answers to DSM 7 begin.
fn last_build(os: Os) -> u32 {
    match os {
        Os::Dsm => 99_999,
        Os::Srm => 39_999,
    }
}

/// Returns the versions of `os` that are known or among `named`, ascending.
///
/// A version that is only named begins after all builds that are known of those
/// before it, so that no device of it is left out; two lines may share builds, since a device reports its version too.
pub(crate) fn all_lines(os: Os, named: &BTreeSet<(u32, u32)>) -> Vec<Line> {
    let rows = lines(os);
    let line = |(major, minor, first, last)| Line {
        first,
        last,
        major,
        minor,
        os,
    };
    let known = rows.iter().enumerate().map(|(at, row)| {
        let end = rows.get(at + 1).map_or(last_build(os), |next| next.2 - 1);
        line((row.0, row.1, row.2, end.max(row.3)))
    });
    let is_known = |version: &(u32, u32)| rows.iter().any(|row| (row.0, row.1) == *version);
    let unknown = named.iter().filter(|version| !is_known(version));
    let unknown = unknown.map(|version| {
        let before = rows.iter().rev().find(|row| (row.0, row.1) < *version);
        let first = before.map_or(0, |row| row.3 + 1);
        line((version.0, version.1, first, u32::MAX))
    });
    let mut lines: Vec<Line> = known.chain(unknown).collect();
    lines.sort_by_key(|line| (line.major, line.minor));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_number_tells_the_version() {
        let version = |os, build| version_of_build(os, build).to_string();
        assert_eq!(version(Os::Dsm, 64570), "7.2-64570");
        assert_eq!(version(Os::Dsm, 25556), "6.2-25556");
        assert_eq!(version(Os::Dsm, 4493), "5.0-4493");
        assert_eq!(version(Os::Dsm, 1), "2.0-1");
        assert_eq!(version(Os::Srm, 8017), "1.2-8017");
    }

    #[test]
    fn a_version_alone_stands_for_its_newest_build() {
        assert_eq!(newest_build(Os::Dsm, 7, Some(2)), Some(72806));
        assert_eq!(newest_build(Os::Dsm, 6, None), Some(25556));
        assert_eq!(newest_build(Os::Srm, 1, Some(3)), Some(9366));
        assert_eq!(newest_build(Os::Dsm, 8, None), None);
    }

    #[test]
    fn a_version_begins_with_a_build() {
        let first = |text: &str| first_build(text.parse().expect("a version"));
        assert_eq!(first("6.0"), Some(5891));
        assert_eq!(first("7.2"), Some(60000));
        assert_eq!(first("8.0"), None);
    }

    #[test]
    fn lines_have_every_build_and_the_versions_that_are_named() {
        let lines = all_lines(Os::Dsm, &BTreeSet::from([(7, 2), (8, 0)]));
        let line = |major, minor| {
            let mut lines = lines.iter();
            let line = lines.find(|line| (line.major, line.minor) == (major, minor));
            line.map(|line| (line.first, line.last))
        };
        assert_eq!(line(5, 2), Some((5565, 5967)));
        assert_eq!(line(7, 2), Some((60000, 80999)));
        assert_eq!(line(7, 4), Some((90000, 99999)));
        assert_eq!(line(8, 0), Some((90081, u32::MAX)));
        assert_eq!(lines.len(), DSM.len() + 1);
        for (build, line) in DSM.iter().map(|row| (row.3, (row.0, row.1))) {
            let of = lines.iter().find(|of| (of.major, of.minor) == line);
            let of = of.expect("every version has a line");
            assert!((of.first..=of.last).contains(&build), "{line:?} {build}");
        }
    }
}
