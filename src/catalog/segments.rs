//! One answer for all devices of a platform and a version of DSM: what each of them may have, and where in the version
//! what they are offered changes.
//!
//! A file on a plain web root cannot see who asks. It is right for a set of devices when each of its entries fits each of
//! them. Bounds are intervals of builds, so what fits the first and the last build of a segment fits all between them.

use std::collections::BTreeSet;

use super::device::Device;
use super::generation::{FIRST_BUILDS, Generation};
use super::os_lines::Line;
use super::select::{concerns, normal_models};
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::model::os_version::OsVersion;
use crate::repo::{Build, Snapshot};

/// Where in a line what devices are offered may change, by the documents alone: yanking and promoting change no segment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Segments {
    /// Whether a build ends within the line, so that its first devices are offered what not all of them are.
    pub(crate) has_maximum: bool,
    /// The first builds of the segments after the first one, ascending.
    pub(crate) starts: Vec<u32>,
}

impl Line {
    /// Returns the device of the line that has a platform, an asked channel and a build of DSM.
    pub(crate) fn device(&self, arch: &Arch, channel: Channel, unique: &str, build: u32) -> Device {
        Device {
            arch: arch.clone(),
            channel,
            language: String::new(),
            os: self.os,
            unique: unique.to_owned(),
            version: OsVersion {
                build: Some(build),
                major: self.major,
                minor: self.minor,
            },
        }
    }
}

/// Returns the segments of `line` for devices of `arch`; nothing when no build was ever released for any of them.
pub(crate) fn segments(snapshot: &Snapshot, line: &Line, arch: &Arch) -> Option<Segments> {
    let compatibility = snapshot.settings.catalog.compatibility;
    let at = |build| line.device(arch, Channel::Beta, "", build);
    let (first, last) = (at(line.first), at(line.last));
    let concerned: Vec<&Build> = snapshot
        .builds()
        .map(|(_, _, build)| build)
        .filter(|build| concerns(build, compatibility, &first, &last))
        .collect();
    if concerned.is_empty() {
        return None;
    }
    let is_inside = |build: &u32| (line.first + 1..=line.last).contains(build);
    let docs = || concerned.iter().map(|build| &build.doc);
    let minimums = docs().filter_map(|doc| doc.os_min_ver.build);
    let maximums: BTreeSet<u32> = docs()
        .filter_map(|doc| doc.os_max_ver?.build?.checked_add(1))
        .filter(is_inside)
        .collect();
    let told = FIRST_BUILDS.into_iter().filter(is_inside).filter(|start| {
        let (before, from) = (at(start - 1), at(*start));
        let mut concerned = concerned.iter();
        concerned.any(|build| Generation::differs(&build.install, &before, &from))
    });
    let starts = minimums.filter(is_inside).chain(told);
    Some(Segments {
        has_maximum: !maximums.is_empty(),
        starts: starts
            .chain(maximums.iter().copied())
            .collect::<BTreeSet<u32>>()
            .into_iter()
            .collect(),
    })
}

/// Returns the models, as devices report them, that any released build is for alone or not for.
pub(crate) fn named_models(snapshot: &Snapshot) -> BTreeSet<String> {
    let released = snapshot
        .builds()
        .map(|(_, _, build)| build)
        .filter(|build| build.doc.channel != Channel::Staged);
    released.flat_map(normal_models).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::os_lines::all_lines;
    use crate::catalog::testing::{BUILD, snapshot};
    use crate::model::doc::{BuildDoc, Text};
    use crate::model::os_version::Os;

    fn build(arch: &str, minimum: &str, maximum: Option<&str>) -> BuildDoc {
        let mut doc = BUILD.clone();
        doc.arch = BTreeSet::from([arch.parse().expect("a platform")]);
        doc.os_min_ver = minimum.parse().expect("a version");
        doc.os_max_ver = maximum.map(|text| text.parse().expect("a version"));
        doc
    }

    fn segments_of(builds: Vec<BuildDoc>, major: u32, minor: u32) -> Option<Segments> {
        let releases = vec![("1.0-1".to_owned(), builds, Text::default())];
        let snapshot = snapshot(&BTreeMap::from([("a".to_owned(), releases)]), "same-major");
        let lines = all_lines(Os::Dsm, &BTreeSet::new());
        let mut lines = lines.iter();
        let line = lines.find(|line| (line.major, line.minor) == (major, minor));
        let arch = "avoton".parse().expect("a platform");
        segments(&snapshot, line.expect("a known line"), &arch)
    }

    #[test]
    fn line_is_split_where_a_build_begins_or_ends() {
        let builds = || {
            vec![
                build("x86_64", "7.0-40000", Some("7.2-69057")),
                build("avoton", "7.2-64570", None),
                build("armv7", "7.2-72806", None),
            ]
        };
        let starts = |minor| segments_of(builds(), 7, minor).map(|of| (of.starts, of.has_maximum));
        assert_eq!(starts(1), Some((vec![], false)));
        assert_eq!(starts(2), Some((vec![64570, 69058], true)));
        assert_eq!(starts(3), Some((vec![], false)));
        assert_eq!(segments_of(builds(), 6, 2), None);
        assert_eq!(
            segments_of(vec![build("armv7", "7.0-40000", None)], 7, 0),
            None
        );
    }

    #[test]
    fn line_is_split_where_dsm_learns_a_key_that_some_build_states() {
        let mut build = build("noarch", "7.0-40000", None);
        assert_eq!(
            segments_of(vec![build.clone()], 7, 0).map(|of| of.starts),
            Some(vec![])
        );
        build.install.install_on_cold_storage = Some(true);
        assert_eq!(
            segments_of(vec![build], 7, 0).map(|of| of.starts),
            Some(vec![40726])
        );
    }
}
