//! An SPK as JSON for programs: `spkrepo inspect --json`. The names are part of the interface and stay.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::info::Stated;
use super::payload::Compression;
use super::read::Spk;
use super::role::Wizards;
use super::signature::Signature;
use crate::base::digest::Md5;
use crate::model::arch::Arch;
use crate::model::doc::{Install, Permissions, Text};
use crate::model::os_version::{Os, OsVersion};

/// What an SPK says about itself. Values of INFO that are invalid are shown as written; `defects` say why.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) package: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) platforms: Platforms,
    pub(crate) os: OsRange,
    /// Names, descriptions, links, people, changelog and `beta`, by the keys of INFO.
    pub(crate) text: Text,
    /// Dependencies and life cycle, by the keys of INFO; `license` and `wizards` have places of their own.
    pub(crate) install: Install,
    /// What the package may do on the NAS.
    pub(crate) permissions: Permissions,
    pub(crate) wizards: Wizards,
    pub(crate) license: bool,
    pub(crate) icons: Vec<IconReport>,
    pub(crate) screenshots: Vec<FileReport>,
    pub(crate) package_tgz: Option<PackageTgzReport>,
    pub(crate) signature: Signature,
    /// `tar` or `gzip`.
    pub(crate) container: &'static str,
    pub(crate) members: MembersReport,
    /// Keys of INFO without a place of their own.
    pub(crate) extra: BTreeMap<String, String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) defects: Vec<String>,
}

/// Which devices the package is for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Platforms {
    pub(crate) arch: Vec<String>,
    pub(crate) exclude_arch: Vec<String>,
    pub(crate) model: Vec<String>,
    pub(crate) exclude_model: Vec<String>,
}

/// The range of the operating system.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct OsRange {
    /// Absent when the minimum is missing or invalid.
    pub(crate) name: Option<Os>,
    pub(crate) min: Option<String>,
    pub(crate) max: Option<String>,
}

/// One icon.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct IconReport {
    /// In pixels.
    pub(crate) width: u32,
    /// Its size.
    pub(crate) bytes: usize,
}

/// One file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileReport {
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: usize,
}

/// `package.tgz`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PackageTgzReport {
    /// Its size.
    pub(crate) bytes: u64,
    pub(crate) compression: Compression,
    /// Absent when it was not computed.
    pub(crate) md5: Option<Md5>,
}

/// The regular files of the archive.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct MembersReport {
    pub(crate) count: usize,
    /// Their sizes together.
    pub(crate) bytes: u64,
}

impl Spk {
    /// Returns what is known of the SPK.
    pub(crate) fn report(&self) -> Report {
        let sections = self.sections();
        Report {
            package: value(self.info.package.as_ref()),
            version: value(self.info.version.as_ref()),
            platforms: self.platforms(),
            os: self.os_range(),
            text: sections.text,
            install: Install {
                install_wizard: None,
                license: None,
                uninstall_wizard: None,
                upgrade_wizard: None,
                ..sections.install
            },
            permissions: sections.permissions,
            wizards: self.wizards,
            license: self.license,
            icons: self.icon_reports(),
            screenshots: self.screenshot_reports(),
            package_tgz: self.package_tgz_report(),
            signature: self.signature,
            container: if self.gzip { "gzip" } else { "tar" },
            members: MembersReport {
                count: self.members.len(),
                bytes: self.members.iter().map(|member| member.size).sum(),
            },
            extra: self.info.extra.clone(),
            warnings: self.warnings.iter().map(ToString::to_string).collect(),
            defects: self.defects.iter().map(ToString::to_string).collect(),
        }
    }

    fn platforms(&self) -> Platforms {
        match &self.identity {
            Some(identity) => Platforms {
                arch: names(&identity.arch),
                exclude_arch: names(&identity.exclude_arch),
                model: identity.model.iter().cloned().collect(),
                exclude_model: identity.exclude_model.iter().cloned().collect(),
            },
            None => Platforms {
                arch: as_written(self.info.arch.as_ref()),
                exclude_arch: as_written(self.info.exclude_arch.as_ref()),
                model: as_written(self.info.model.as_ref()),
                exclude_model: as_written(self.info.exclude_model.as_ref()),
            },
        }
    }

    fn os_range(&self) -> OsRange {
        let min = value(self.info.os_min_ver.as_ref());
        let version = min.as_deref().and_then(|min| min.parse::<OsVersion>().ok());
        OsRange {
            name: version.map(OsVersion::os),
            min,
            max: value(self.info.os_max_ver.as_ref()),
        }
    }

    fn icon_reports(&self) -> Vec<IconReport> {
        let report = |(width, bytes): (&u32, &Vec<u8>)| IconReport {
            width: *width,
            bytes: bytes.len(),
        };
        self.icons.iter().map(report).collect()
    }

    fn screenshot_reports(&self) -> Vec<FileReport> {
        self.screenshots
            .iter()
            .map(|screenshot| FileReport {
                name: screenshot.name.clone(),
                bytes: screenshot.bytes.len(),
            })
            .collect()
    }

    fn package_tgz_report(&self) -> Option<PackageTgzReport> {
        self.package_tgz.as_ref().map(|package| PackageTgzReport {
            bytes: package.size,
            compression: package.compression,
            md5: package.md5,
        })
    }
}

fn value(stated: Option<&Stated>) -> Option<String> {
    stated.map(|stated| stated.value.clone())
}

fn names(platforms: &BTreeSet<Arch>) -> Vec<String> {
    platforms.iter().map(ToString::to_string).collect()
}

fn as_written(stated: Option<&Stated>) -> Vec<String> {
    let words = stated.map(|stated| stated.value.split_whitespace());
    words.into_iter().flatten().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use crate::base::limits::Limits;
    use crate::spk::read;
    use crate::spk::test_spk::{TestSpk, png};

    fn json(bytes: &[u8]) -> serde_json::Value {
        let spk = read(bytes, &Limits::DEFAULT).expect("readable");
        serde_json::to_value(spk.report()).expect("a report has text keys")
    }

    #[test]
    fn a_report_names_everything_that_matters() {
        let info = "package=\"demo\"\nversion=\"1.0-1\"\narch=\"X86_64\"\nos_min_ver=\"7.2-64570\"\ndisplayname=\"Demo\"\nreloadui=\"yes\"\n";
        let bytes = TestSpk::with_info(info)
            .file("PACKAGE_ICON.PNG", &png(72, 72))
            .file("syno_signature.asc", b"")
            .build();
        let report = read(&bytes[..], &Limits::DEFAULT)
            .expect("readable")
            .report();
        insta::assert_snapshot!(serde_json::to_string_pretty(&report).expect("a report has text keys"), @r#"
        {
          "package": "demo",
          "version": "1.0-1",
          "platforms": {
            "arch": [
              "x86_64"
            ],
            "exclude_arch": [],
            "model": [],
            "exclude_model": []
          },
          "os": {
            "name": "dsm",
            "min": "7.2-64570",
            "max": null
          },
          "text": {
            "displayname": "Demo"
          },
          "install": {},
          "permissions": {},
          "wizards": {
            "install": false,
            "uninstall": false,
            "upgrade": false
          },
          "license": false,
          "icons": [
            {
              "width": 72,
              "bytes": 33
            }
          ],
          "screenshots": [],
          "package_tgz": {
            "bytes": 9,
            "compression": "gzip",
            "md5": null
          },
          "signature": "empty",
          "container": "tar",
          "members": {
            "count": 4,
            "bytes": 144
          },
          "extra": {
            "reloadui": "yes"
          },
          "warnings": [],
          "defects": []
        }
        "#);
    }

    #[test]
    fn invalid_values_are_shown_as_written() {
        let report = json(&TestSpk::with_info("package=\"a/b\"\narch=\"x-1 y\"\n").build());
        assert_eq!(report["package"], "a/b");
        assert_eq!(report["platforms"]["arch"][0], "x-1");
        assert_eq!(report["os"]["name"], serde_json::Value::Null);
        assert_eq!(report["defects"].as_array().map(Vec::len), Some(4));
    }
}
