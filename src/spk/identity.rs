//! What a build is and what it runs on: the part of INFO that must be right before anything is published.

use std::collections::BTreeSet;

use super::defect::Defect;
use super::info::{Info, Stated};
use crate::model::arch::Arch;
use crate::model::name::PackageName;
use crate::model::os_version::OsVersion;
use crate::model::version::Version;

/// The identity of an SPK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `noarch` when INFO states none, which is the documented default.
    pub(crate) arch: BTreeSet<Arch>,
    pub(crate) exclude_arch: BTreeSet<Arch>,
    /// `synology_<platform>_<model>`, as written.
    pub(crate) exclude_model: BTreeSet<String>,
    /// `synology_<platform>_<model>`, as written.
    pub(crate) model: BTreeSet<String>,
    pub(crate) os_max_ver: Option<OsVersion>,
    pub(crate) os_min_ver: OsVersion,
    pub(crate) package: PackageName,
    pub(crate) version: Version,
}

impl Identity {
    /// Reads the identity; nothing when a part of it is missing or invalid, with each such part in `defects`.
    pub(super) fn of(info: &Info, defects: &mut Vec<Defect>) -> Option<Self> {
        defects.extend(info.decisive().filter_map(stated_twice));
        let package = package(info).map_err(|defect| defects.push(defect)).ok();
        let version = version(info).map_err(|defect| defects.push(defect)).ok();
        let os_min_ver = minimum(info).map_err(|defect| defects.push(defect)).ok();
        let os_max_ver = maximum(info).map_err(|defect| defects.push(defect)).ok();
        defects.extend(empty_range(info, os_min_ver, os_max_ver.flatten()));
        let mut arch = platforms(info.arch.as_ref(), defects);
        let exclude_arch = platforms(info.exclude_arch.as_ref(), defects);
        if let Some(arch) = &mut arch
            && arch.is_empty()
        {
            arch.insert("noarch".parse().expect("`noarch` is a platform"));
        }
        Some(Self {
            arch: arch?,
            exclude_arch: exclude_arch?,
            exclude_model: words(info.exclude_model.as_ref())
                .map(str::to_owned)
                .collect(),
            model: words(info.model.as_ref()).map(str::to_owned).collect(),
            os_max_ver: os_max_ver?,
            os_min_ver: os_min_ver?,
            package: package?,
            version: version?,
        })
    }
}

/// A package that is one thing for the reviewer and another for DSM.
fn stated_twice(stated: &Stated) -> Option<Defect> {
    stated.contradicts.map(|first| Defect::StatedTwice {
        first,
        key: stated.key,
        line: stated.line,
    })
}

fn empty_range(info: &Info, min: Option<OsVersion>, max: Option<OsVersion>) -> Option<Defect> {
    let (min, max, line) = (min?, max?, info.os_max_ver.as_ref()?.line);
    (!max.allows_as_maximum(min)).then_some(Defect::EmptyRange { line, max, min })
}

fn package(info: &Info) -> Result<PackageName, Defect> {
    let Stated { line, value, .. } = info.package.as_ref().ok_or(Defect::PackageMissing)?;
    value.parse().map_err(|reason| Defect::Package {
        line: *line,
        reason,
    })
}

fn version(info: &Info) -> Result<Version, Defect> {
    let Stated { line, value, .. } = info.version.as_ref().ok_or(Defect::VersionMissing)?;
    value.parse().map_err(|reason| Defect::Version {
        line: *line,
        reason,
    })
}

fn minimum(info: &Info) -> Result<OsVersion, Defect> {
    os_version(info.os_min_ver.as_ref().ok_or(Defect::MinimumMissing)?)
}

fn maximum(info: &Info) -> Result<Option<OsVersion>, Defect> {
    info.os_max_ver.as_ref().map(os_version).transpose()
}

fn os_version(stated: &Stated) -> Result<OsVersion, Defect> {
    stated.value.parse().map_err(|reason| Defect::OsVersion {
        key: stated.key,
        line: stated.line,
        reason,
    })
}

/// Reads a list of platforms; one invalid name is enough to offer the package to the wrong devices.
fn platforms(stated: Option<&Stated>, defects: &mut Vec<Defect>) -> Option<BTreeSet<Arch>> {
    let read: Result<_, _> = words(stated).map(str::parse).collect();
    match (read, stated) {
        (Ok(platforms), _) => Some(platforms),
        (Err(reason), Some(Stated { key, line, .. })) => {
            let (key, line) = (*key, *line);
            defects.push(Defect::Arch { key, line, reason });
            None
        }
        (Err(_), None) => None,
    }
}

/// Splits at white space, as documented, and at commas, as some packages have it.
fn words(stated: Option<&Stated>) -> impl Iterator<Item = &str> {
    stated
        .into_iter()
        .flat_map(|stated| stated.value.split(|c: char| c.is_whitespace() || c == ','))
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::warning::Warnings;
    use super::*;
    use crate::spk::info;

    fn identity(text: &str) -> (Option<Identity>, Vec<String>) {
        let (info, _) = info::parse(text.as_bytes(), &mut Warnings::default()).expect("few keys");
        let mut defects = Vec::new();
        let identity = Identity::of(&info, &mut defects);
        (identity, defects.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn platforms_are_split_and_default_to_noarch() {
        let base = "package=a\nversion=1\nfirmware=6.0\n";
        let (found, defects) = identity(&format!(
            "{base}arch=\"X86_64 avoton,braswell  avoton\"\nmodel=\"synology_a_213+\""
        ));
        let found = found.expect("complete");
        let arch: Vec<&str> = found.arch.iter().map(Arch::as_str).collect();
        assert_eq!(
            (arch, defects),
            (vec!["avoton", "braswell", "x86_64"], vec![])
        );
        assert!(found.model.contains("synology_a_213+"));
        let found = identity(base).0.expect("complete");
        assert!(found.arch.iter().all(Arch::is_noarch) && found.arch.len() == 1);
    }

    #[test]
    fn each_missing_part_is_a_defect_of_its_own() {
        let (found, defects) = identity("");
        assert_eq!(found, None);
        assert_eq!(defects.len(), 3, "package, version, minimum: {defects:?}");
    }

    #[test]
    fn each_invalid_part_names_its_line() {
        let (found, defects) = identity(
            "package=\"a/b\"\nversion=\"1 2\"\nos_min_ver=\"seven\"\nos_max_ver=\"x\"\narch=\"a-b\"\nexclude_arch=\"c-d\"\n",
        );
        assert_eq!(found, None);
        let places: Vec<&str> = defects.iter().map(|defect| &defect[..7]).collect();
        assert_eq!(
            places,
            [
                "INFO:1:", "INFO:2:", "INFO:3:", "INFO:4:", "INFO:5:", "INFO:6:"
            ]
        );
    }

    #[test]
    fn a_decisive_key_with_two_values_is_a_defect() {
        let base = "version=1\nfirmware=6.0\npackage=a\n";
        let (_, defects) = identity(&format!("{base}package=b\n"));
        assert!(
            defects[0].starts_with("INFO:4: `package` is stated twice"),
            "{defects:?}"
        );
        assert!(identity(&format!("{base}package=a\n")).1.is_empty());
    }

    #[test]
    fn a_maximum_below_the_minimum_is_a_defect() {
        let base = "package=a\nversion=1\nos_min_ver=7.0-40000\n";
        let (_, defects) = identity(&format!("{base}os_max_ver=6.0-1\n"));
        assert_eq!(
            defects,
            ["INFO:4: `os_max_ver` is `6.0-1`, below the minimum `7.0-40000`: no device fits"]
        );
        assert!(identity(&format!("{base}os_max_ver=7.0\n")).1.is_empty());
    }
}
