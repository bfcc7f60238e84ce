//! Which builds a command is about: `PACKAGE[@VERSION]` and filters.

use std::str::FromStr;

use crate::model::arch::Arch;
use crate::model::build_id::BuildId;
use crate::model::name::{NameError, PackageName};
use crate::model::os_version::OsVersion;
use crate::model::version::Version;
use crate::repo::{Build, Package, Release, Snapshot};

/// `PACKAGE` (its newest release) or `PACKAGE@VERSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) package: PackageName,
    pub(crate) version: Option<Version>,
}

/// What the builds of a release are narrowed to; an empty list is no filter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    pub(crate) arch: Vec<Arch>,
    pub(crate) build: Vec<BuildId>,
    pub(crate) dsm: Vec<DsmLine>,
}

/// A version of DSM as far as it is stated: `7`, `7.2` or `7.2-64570`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DsmLine {
    minor_stated: bool,
    version: OsVersion,
}

/// Says why a command is about nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TargetError {
    #[error("no build of {package} {version} fits `--arch`, `--dsm` and `--build`; it has {known}")]
    NoBuild {
        known: String,
        package: PackageName,
        version: Version,
    },
    #[error("{package} has no release")]
    NoRelease { package: PackageName },
    #[error("there is no package `{package}` here")]
    UnknownPackage {
        nearest: Option<PackageName>,
        package: PackageName,
    },
    #[error("{package} has no release {version}; it has {known}")]
    UnknownVersion {
        known: String,
        package: PackageName,
        version: Version,
    },
}

impl FromStr for Target {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let (package, version) = match text.rsplit_once('@') {
            Some((package, version)) => (package, Some(version.parse()?)),
            None => (text, None),
        };
        Ok(Self {
            package: package.parse()?,
            version,
        })
    }
}

impl FromStr for DsmLine {
    type Err = crate::model::os_version::OsVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self {
            minor_stated: text.contains('.'),
            version: text.parse()?,
        })
    }
}

impl DsmLine {
    /// Returns the version when its build is stated.
    pub(crate) fn build(self) -> Option<OsVersion> {
        Some(self.version).filter(|version| version.build.is_some())
    }

    /// Says whether a version is one of those that are meant.
    pub(crate) fn has(self, major: u32, minor: u32) -> bool {
        self.version.major == major && (!self.minor_stated || self.version.minor == minor)
    }

    fn covers(self, minimum: OsVersion) -> bool {
        self.version.major == minimum.major
            && (!self.minor_stated || self.version.minor == minimum.minor)
            && (self.version.build.is_none() || self.version.build == minimum.build)
    }
}

impl Filters {
    fn keep(&self, build: &Build) -> bool {
        let named = |filter: &Arch| {
            build
                .doc
                .arch
                .iter()
                .any(|arch| arch.canonical() == filter.canonical())
        };
        (self.arch.is_empty() || self.arch.iter().any(named))
            && (self.build.is_empty() || self.build.contains(&build.id))
            && (self.dsm.is_empty()
                || self
                    .dsm
                    .iter()
                    .any(|line| line.covers(build.doc.os_min_ver)))
    }
}

impl Target {
    /// Returns the package.
    pub(crate) fn package<'a>(&self, snapshot: &'a Snapshot) -> Result<&'a Package, TargetError> {
        snapshot
            .packages
            .get(&self.package)
            .map(AsRef::as_ref)
            .ok_or_else(|| TargetError::UnknownPackage {
                nearest: nearest(snapshot, &self.package),
                package: self.package.clone(),
            })
    }

    /// Returns the release that is named, or the newest.
    pub(crate) fn release<'a>(
        &self,
        snapshot: &'a Snapshot,
    ) -> Result<(&'a Package, &'a Release), TargetError> {
        let package = self.package(snapshot)?;
        let release = match &self.version {
            None => package.newest().ok_or_else(|| TargetError::NoRelease {
                package: package.name.clone(),
            })?,
            Some(version) => {
                package
                    .releases
                    .get(version)
                    .ok_or_else(|| TargetError::UnknownVersion {
                        known: list(package.releases.keys().rev()),
                        package: package.name.clone(),
                        version: version.clone(),
                    })?
            }
        };
        Ok((package, release))
    }

    /// Returns the builds of the release that `filters` keep: at least one.
    pub(crate) fn builds<'a>(
        &self,
        snapshot: &'a Snapshot,
        filters: &Filters,
    ) -> Result<(&'a Package, &'a Release, Vec<&'a Build>), TargetError> {
        let (package, release) = self.release(snapshot)?;
        let builds: Vec<&Build> = release
            .builds
            .values()
            .filter(|build| filters.keep(build))
            .collect();
        if builds.is_empty() {
            return Err(TargetError::NoBuild {
                known: list(release.builds.keys()),
                package: package.name.clone(),
                version: release.version.clone(),
            });
        }
        Ok((package, release, builds))
    }
}

/// Names that an error lists before it counts.
const LISTED: usize = 8;

fn list<T: ToString>(items: impl ExactSizeIterator<Item = T>) -> String {
    let more = items.len().saturating_sub(LISTED);
    let named: Vec<String> = items.take(LISTED).map(|item| item.to_string()).collect();
    match (named.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (false, 0) => named.join(", "),
        (false, more) => format!("{} and {more} more", named.join(", ")),
    }
}

fn nearest(snapshot: &Snapshot, name: &PackageName) -> Option<PackageName> {
    let likeness = |other: &PackageName| {
        strsim::jaro_winkler(
            &name.as_str().to_lowercase(),
            &other.as_str().to_lowercase(),
        )
    };
    snapshot
        .packages
        .keys()
        .map(|other| (likeness(other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, other)| other.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_package_and_perhaps_a_version() {
        let target: Target = "a b@1.0-1".parse().expect("valid");
        assert_eq!(target.package.as_str(), "a b");
        assert_eq!(target.version.expect("stated").as_str(), "1.0-1");
        assert_eq!("a".parse::<Target>().expect("valid").version, None);
        assert!("a@".parse::<Target>().is_err());
        assert!("../a".parse::<Target>().is_err());
    }

    #[test]
    fn a_dsm_filter_covers_what_it_leaves_open() {
        let covers = |line: &str, minimum: &str| {
            let line: DsmLine = line.parse().expect("valid");
            line.covers(minimum.parse().expect("valid"))
        };
        assert!(
            covers("7", "7.2-64570")
                && covers("7.2", "7.2-64570")
                && covers("7.2-64570", "7.2-64570")
        );
        assert!(
            !covers("7.0", "7.2-64570")
                && !covers("6", "7.2-64570")
                && !covers("7.2-1", "7.2-64570")
        );
    }
}
