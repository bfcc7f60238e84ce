//! Which version of DSM a build number belongs to, for devices that report the build alone.

use crate::model::os_version::{Os, OsVersion};

/// The first build number of each version, ascending (Synology's release notes and developer guide).
const DSM: [(u32, u32, u32); 21] = [
    (731, 2, 0),
    (844, 2, 1),
    (942, 2, 2),
    (1118, 2, 3),
    (1337, 3, 0),
    (1594, 3, 1),
    (1922, 3, 2),
    (2166, 4, 0),
    (2636, 4, 1),
    (3160, 4, 2),
    (3776, 4, 3),
    (4418, 5, 0),
    (5004, 5, 1),
    (5565, 5, 2),
    (5891, 6, 0),
    (14715, 6, 1),
    (22259, 6, 2),
    (40000, 7, 0),
    (42446, 7, 1),
    (60000, 7, 2),
    (81000, 7, 3),
];

/// SRM counts its builds on its own: they overlap with those of DSM 5 and 6.
const SRM: [(u32, u32, u32); 4] = [(6030, 1, 0), (6542, 1, 1), (7742, 1, 2), (9193, 1, 3)];

/// Returns the version that `build` of `os` belongs to; a build after the last known one counts as the last version.
pub(super) fn version_of_build(os: Os, build: u32) -> OsVersion {
    let lines: &[(u32, u32, u32)] = match os {
        Os::Dsm => &DSM,
        Os::Srm => &SRM,
    };
    let line = lines
        .iter()
        .rev()
        .find(|(first, ..)| *first <= build)
        .unwrap_or(&lines[0]);
    OsVersion {
        major: line.1,
        minor: line.2,
        build: Some(build),
    }
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
}
