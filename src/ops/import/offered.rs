//! What a source offers, and whether it is in the repository already.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::base::digest::{Digests, Md5, Sha256};
use crate::model::channel::Channel;
use crate::model::doc::BuildDoc;
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::ops::add::is_of;
use crate::repo::{Build, Snapshot};

/// A build that a source has, as far as it is known before its bytes are looked at.
#[derive(Clone, Debug)]
pub(super) struct Offered {
    pub(super) channel: Channel,
    pub(super) md5: Option<Md5>,
    pub(super) package: PackageName,
    pub(super) place: Place,
    pub(super) sha256: Option<Sha256>,
    /// In bytes.
    pub(super) size: Option<u64>,
    pub(super) version: Version,
}

/// Where the bytes are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    File(PathBuf),
    Link(String),
}

/// A release by its names.
pub(super) type ReleaseName = (PackageName, Version);

impl Place {
    /// Returns how messages call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Link(link) => link.clone(),
        }
    }
}

impl Offered {
    /// Returns the build that it is, if it is in `snapshot`; `arrived` says what was known under a digest before it was
    /// signed here.
    pub(super) fn build<'a>(
        &self,
        snapshot: &'a Snapshot,
        arrived: Option<Sha256>,
    ) -> Option<&'a Build> {
        let package = snapshot.packages.get(&self.package)?;
        let release = package.releases.get(&self.version)?;
        let is_same = |doc: &BuildDoc| {
            let spk = &doc.spk;
            let is_stated = Some(spk.md5) == self.md5 && Some(spk.size) == self.size;
            let known = [self.sha256, arrived];
            is_stated || known.iter().flatten().any(|sha256| is_of(doc, *sha256))
        };
        let mut builds = release.builds.values();
        builds.find(|build| is_same(&build.doc))
    }

    /// Says in what the bytes are not those that are offered.
    pub(super) fn difference(&self, found: &Digests) -> Option<Difference> {
        if let Some(expected) = self.size.filter(|size| *size != found.size) {
            let found = found.size;
            return Some(Difference::Size { expected, found });
        }
        let expected = self.md5.filter(|md5| *md5 != found.md5)?;
        let found = found.md5;
        Some(Difference::Md5 { expected, found })
    }
}

/// In what bytes are not those that were offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Difference {
    #[error("it has the MD5 {found}, the catalog says {expected}")]
    Md5 { expected: Md5, found: Md5 },
    #[error("it has {found} bytes, the catalog says {expected}")]
    Size { expected: u64, found: u64 },
}

/// Returns the releases in the order in which they are taken in: packages by name, of each the oldest first.
pub(super) fn releases(offered: Vec<Offered>) -> BTreeMap<ReleaseName, Vec<Offered>> {
    let mut releases: BTreeMap<ReleaseName, Vec<Offered>> = BTreeMap::new();
    for build in offered {
        let name = (build.package.clone(), build.version.clone());
        releases.entry(name).or_default().push(build);
    }
    for builds in releases.values_mut() {
        builds.sort_by(|a, b| a.place.cmp(&b.place));
    }
    releases
}

/// The first instant that is believed: there was no DSM before.
const FIRST: i64 = 946_684_800;

/// How far the clocks of others may be ahead: what is too early now must not be right when the same is done again.
const AHEAD: i64 = 86_400;

/// Returns the instant if packages can be of it.
pub(super) fn sane(date: Timestamp, now: Timestamp) -> Option<Timestamp> {
    let range = FIRST..=now.as_second() + AHEAD;
    range.contains(&date.as_second()).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(package: &str, version: &str, file: &str) -> Offered {
        Offered {
            channel: Channel::Stable,
            md5: None,
            package: package.parse().expect("a name"),
            place: Place::File(file.into()),
            sha256: None,
            size: Some(3),
            version: version.parse().expect("a version"),
        }
    }

    #[test]
    fn packages_come_by_name_and_the_oldest_release_first() {
        let offered = [
            ("b", "1.10-2"),
            ("b", "1.9-1"),
            ("a", "2-1"),
            ("b", "1.9-1"),
        ];
        let offered = offered.iter().enumerate();
        let offered = offered.map(|(at, (package, version))| {
            self::offered(package, version, &format!("{}.spk", 9 - at))
        });
        let found: Vec<String> = releases(offered.collect())
            .into_iter()
            .map(|((package, version), builds)| {
                let files: Vec<String> = builds.iter().map(|build| build.place.name()).collect();
                format!("{package} {version} {}", files.join(" "))
            })
            .collect();
        assert_eq!(
            found,
            ["a 2-1 7.spk", "b 1.9-1 6.spk 8.spk", "b 1.10-2 9.spk"]
        );
    }

    #[test]
    fn bytes_differ_by_size_or_by_md5() {
        let mut build = offered("a", "1", "a.spk");
        let found = Digests {
            md5: "900150983cd24fb0d6963f7d28e17f72"
                .parse()
                .expect("a digest"),
            sha256: Sha256::of(b"abc"),
            size: 3,
        };
        assert_eq!(build.difference(&found), None);
        build.md5 = Some(found.md5);
        assert_eq!(build.difference(&found), None);
        build.md5 = Some(
            "d41d8cd98f00b204e9800998ecf8427e"
                .parse()
                .expect("a digest"),
        );
        let text = build.difference(&found).expect("another").to_string();
        assert!(text.starts_with("it has the MD5 900150983cd2"), "{text}");
        build.size = Some(4);
        let text = build.difference(&found).expect("another").to_string();
        assert_eq!(text, "it has 3 bytes, the catalog says 4");
    }

    #[test]
    fn only_dates_that_packages_can_be_of_are_believed() {
        let date = |text: &str| text.parse::<Timestamp>().expect("a date");
        let now = date("2026-11-21T00:00:00Z");
        for (text, is_sane) in [
            ("1970-01-01T00:00:01Z", false),
            ("1999-12-31T23:59:59Z", false),
            ("2000-01-01T00:00:00Z", true),
            ("2026-11-22T00:00:00Z", true),
            ("2026-11-22T00:00:01Z", false),
        ] {
            assert_eq!(sane(date(text), now).is_some(), is_sane, "{text}");
        }
    }
}
