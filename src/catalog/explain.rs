//! Why a device is offered a build or not, in words: the selection that answers the NAS, told build by build.

use serde::Serialize;

use super::device::{DSM7, Device};
use super::select::{Reason, consider};
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, Compatibility};
use crate::model::os_version::Os;
use crate::repo::Package;

/// A device, and the verdict on each build of a package, the newest release first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Explanation {
    pub(crate) device: String,
    pub(crate) builds: Vec<Verdict>,
}

/// One build and what becomes of it for a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Verdict {
    pub(crate) version: String,
    pub(crate) build: String,
    /// Where it stands, also when it is yanked.
    pub(crate) channel: Channel,
    pub(crate) offered: bool,
    /// The one reason why it is not offered, or why it is.
    pub(crate) reason: String,
}

/// Judges every build of `package` for `device`, the newest release first, and tells the result.
pub(crate) fn explain(
    package: &Package,
    compatibility: Compatibility,
    device: &Device,
) -> Explanation {
    Explanation {
        device: described(device),
        builds: verdicts(package, compatibility, device),
    }
}

impl Explanation {
    /// Returns what strangers may see: nothing of a build that is still staged, or was when it was yanked.
    pub(crate) fn public(mut self) -> Self {
        self.builds
            .retain(|verdict| verdict.channel != Channel::Staged);
        self
    }
}

fn described(device: &Device) -> String {
    let model = match device.unique.as_str() {
        "" => String::new(),
        unique => format!(" ({unique})"),
    };
    format!(
        "{}{model} with {} {}, asking for {}",
        device.arch, device.os, device.version, device.channel
    )
}

fn verdicts(package: &Package, compatibility: Compatibility, device: &Device) -> Vec<Verdict> {
    let considered = consider(package, compatibility, device);
    let offer = considered.offer.map(|offer| {
        let reason = "offered: the newest version that fits, with the highest minimum and the closest platform";
        (offer.release, offer.build, true, reason.to_owned())
    });
    let left_out = considered.left_out.iter().map(|(release, build, reason)| {
        (*release, *build, false, words(reason, &build.doc, device))
    });
    let mut all: Vec<_> = offer.into_iter().chain(left_out).collect();
    all.sort_by(|a, b| {
        b.0.version
            .cmp(&a.0.version)
            .then_with(|| a.1.id.cmp(&b.1.id))
    });
    all.into_iter()
        .map(|(release, build, offered, reason)| Verdict {
            version: release.version.to_string(),
            build: build.id.to_string(),
            channel: build.doc.channel,
            offered,
            reason,
        })
        .collect()
}

fn words(reason: &Reason, doc: &BuildDoc, device: &Device) -> String {
    let (os, version) = (device.os, device.version);
    match reason {
        Reason::Arch => format!(
            "it is for {}, and the device is {}",
            platforms(doc),
            device.arch
        ),
        Reason::Beta if version.major >= DSM7 => {
            "it is on the beta channel, which the device did not ask for: from DSM 7 on, the source's address must end in `/beta/`"
                .to_owned()
        }
        Reason::Beta => "it is on the beta channel, which the device did not ask for".to_owned(),
        Reason::ExcludedArch => format!("`exclude_arch` leaves {} out", device.arch),
        Reason::ExcludedModel => format!("`exclude_model` leaves {} out", device.unique),
        Reason::Model => format!("`model` names others than {}", model(device)),
        Reason::OfflineInstall => {
            "`offline_install` keeps it out of every catalog: it is for manual installation"
                .to_owned()
        }
        Reason::OtherLine { major } => format!(
            "it was made for {os} {major}, and the device runs {os} {}: one line is not offered to another",
            version.major
        ),
        Reason::OtherOs { os: other } => format!("it is for {other}, and the device runs {os}"),
        Reason::Outranked => {
            "another build that fits is newer, has a higher minimum or a closer platform".to_owned()
        }
        Reason::Staged => "it is staged: promote it to offer it".to_owned(),
        Reason::TooNew { maximum } => {
            format!("it is for {os} up to {maximum}, and the device runs {version}")
        }
        Reason::TooOld { minimum } => {
            format!("it needs {os} {minimum}, and the device runs {version}")
        }
        Reason::Yanked { reason } => format!("it is yanked: {reason}"),
    }
}

fn platforms(doc: &BuildDoc) -> String {
    let names: Vec<&str> = doc
        .arch
        .iter()
        .map(crate::model::arch::Arch::as_str)
        .collect();
    names.join(", ")
}

fn model(device: &Device) -> &str {
    match (device.unique.as_str(), device.os) {
        ("", Os::Dsm) => "this NAS, whose model is not known",
        ("", Os::Srm) => "this router, whose model is not known",
        (unique, _) => unique,
    }
}
