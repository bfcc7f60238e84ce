//! Sorts the members of an SPK into what is known of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::conf::{self, Conf};
use super::defect::Defect;
use super::error::SpkError;
use super::identity::Identity;
use super::image::Images;
use super::info::{self, IconText, Info};
use super::member::Body;
use super::payload::{self, PackageTgz};
use super::read::{Member, Spk};
use super::role::{Role, Wizards, role};
use super::signature::Signature;
use super::text::printable;
use super::warning::{Warning, Warnings};
use crate::base::digest::Md5;
use crate::base::limits::Limits;

/// What is known of the members so far.
pub(super) struct Collector<'a> {
    conf: Conf,
    images: Images,
    info: Option<Info>,
    license: bool,
    limits: &'a Limits,
    members: Vec<Member>,
    package_tgz: Option<PackageTgz>,
    scripts: Vec<String>,
    signature: Signature,
    wizards: Wizards,
}

impl<'a> Collector<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self {
            conf: Conf::default(),
            images: Images::default(),
            info: None,
            license: false,
            limits,
            members: Vec::new(),
            package_tgz: None,
            scripts: Vec::new(),
            signature: Signature::None,
            wizards: Wizards::default(),
        }
    }

    /// Takes the regular file at `path`; what it does not read of the content is of no interest.
    pub(super) fn file(
        &mut self,
        path: &str,
        body: &mut Body<'_>,
        warnings: &mut Warnings,
    ) -> Result<(), SpkError> {
        self.members.push(Member {
            path: path.to_owned(),
            size: body.size(),
        });
        let Limits {
            image,
            images,
            text,
            ..
        } = *self.limits;
        match role(path) {
            Role::Conflicts => {
                self.conf.conflicts = conf::parse_bounds(path, &body.all(text)?, warnings)?
            }
            Role::Dependencies => {
                self.conf.dependencies = conf::parse_bounds(path, &body.all(text)?, warnings)?
            }
            Role::Icon(stated) => {
                self.images
                    .add_icon(path, stated, body.all(image)?, images, warnings)?
            }
            Role::Info => self.info(&body.all(self.limits.info)?, warnings)?,
            Role::License => self.license = true,
            Role::Other => {}
            Role::PackageTgz => self.package_tgz = Some(payload::read(body, self.needs_md5())?),
            Role::Privilege => {
                self.conf.privilege = conf::parse_privilege(&body.all(text)?, warnings)
            }
            Role::Resource => {
                self.conf.resources = conf::parse_resource(&body.all(text)?, warnings)
            }
            Role::Screenshot => {
                self.images
                    .add_screenshot(path, body.all(image)?, images, warnings)?
            }
            Role::Script(name) => self.scripts.push(name.to_owned()),
            Role::Signature => self.signature = Signature::of(&body.all(text)?),
            Role::Wizard(step) => self.wizards.insert(step),
        }
        Ok(())
    }

    /// The payload is hashed when INFO states a checksum, or when INFO is still to come and may state one.
    fn needs_md5(&self) -> bool {
        self.info
            .as_ref()
            .is_none_or(|info| info.checksum.is_some())
    }

    fn info(&mut self, bytes: &[u8], warnings: &mut Warnings) -> Result<(), SpkError> {
        let (info, icons) = info::parse(bytes, warnings)?;
        self.info = Some(info);
        icons
            .into_iter()
            .try_for_each(|icon| self.icon_text(&icon, warnings))
    }

    fn icon_text(&mut self, icon: &IconText, warnings: &mut Warnings) -> Result<(), SpkError> {
        let place = format!("INFO:{}", icon.line);
        let text: String = icon.value.split_whitespace().collect();
        match STANDARD.decode(text) {
            Ok(bytes) if bytes.len() as u64 > self.limits.image => Err(SpkError::TooLarge {
                max: self.limits.image,
                path: place,
                size: bytes.len() as u64,
            }),
            Ok(bytes) => {
                self.images
                    .add_icon(&place, icon.stated, bytes, self.limits.images, warnings)
            }
            Err(_) => {
                warnings.push(Warning::IconNotPng { place });
                Ok(())
            }
        }
    }

    /// Returns the SPK when all members are there.
    pub(super) fn finish(mut self, gzip: bool, mut warnings: Warnings) -> Spk {
        let defects = &mut Vec::new();
        let identity = match &self.info {
            Some(info) => Identity::of(info, defects),
            None => {
                defects.push(Defect::InfoMissing);
                None
            }
        };
        self.check_package_tgz(defects, &mut warnings);
        self.scripts.sort();
        Spk {
            conf: self.conf,
            defects: std::mem::take(defects),
            gzip,
            icons: self.images.icons(&mut warnings),
            identity,
            info: self.info.unwrap_or_default(),
            license: self.license,
            members: self.members,
            package_tgz: self.package_tgz,
            screenshots: self.images.screenshots(),
            scripts: self.scripts,
            signature: self.signature,
            warnings: warnings.into_vec(),
            wizards: self.wizards,
        }
    }

    fn check_package_tgz(&self, defects: &mut Vec<Defect>, warnings: &mut Warnings) {
        match &self.package_tgz {
            None => defects.push(Defect::PackageTgzMissing),
            Some(package) if package.compression == payload::Compression::Unknown => {
                warnings.push(Warning::PackageUnknown);
            }
            Some(_) => {}
        }
        defects.extend(self.checksum_defect());
    }

    /// Compares the stated with the computed checksum, in any case.
    fn checksum_defect(&self) -> Option<Defect> {
        let checksum = self.info.as_ref()?.checksum.as_ref()?;
        let line = checksum.line;
        let Ok(stated) = checksum.value.to_ascii_lowercase().parse::<Md5>() else {
            let value = printable(checksum.value.as_bytes());
            return Some(Defect::ChecksumInvalid { line, value });
        };
        let actual = self.package_tgz.as_ref()?.md5?;
        (actual != stated).then_some(Defect::ChecksumMismatch {
            actual,
            line,
            stated,
        })
    }
}
