//! Which build of each package a device is offered, and the one reason for each build that it is not.

use std::cmp::Reverse;

use super::device::{Device, normal_unique};
use crate::model::arch::{Arch, Fit};
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, Compatibility};
use crate::model::os_version::{Os, OsVersion};
use crate::repo::{Build, Package, Release};

/// The build of a package that a device is offered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'a> {
    pub(crate) build: &'a Build,
    pub(crate) package: &'a Package,
    pub(crate) release: &'a Release,
}

/// Why a device is not offered a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// None of its platforms and families covers the device's.
    Arch,
    /// It is on the beta channel, which was not asked for.
    Beta,
    ExcludedArch,
    ExcludedModel,
    /// It is for other models only.
    Model,
    /// It is for manual installation.
    OfflineInstall,
    /// It was made for another major version of DSM.
    OtherLine {
        major: u32,
    },
    /// It is for SRM and the device runs DSM, or the other way round.
    OtherOs {
        os: Os,
    },
    /// Another build of a newer version, a higher minimum DSM or a closer platform is offered.
    Outranked,
    Staged,
    /// The device's DSM is newer than the maximum.
    TooNew {
        maximum: OsVersion,
    },
    /// The device's DSM is older than the minimum.
    TooOld {
        minimum: OsVersion,
    },
    Yanked {
        reason: String,
    },
}

/// All builds of a package, judged for one device.
#[derive(Debug)]
pub(crate) struct Considered<'a> {
    pub(crate) left_out: Vec<(&'a Release, &'a Build, Reason)>,
    pub(crate) offer: Option<Offer<'a>>,
}

/// Returns what `device` is offered of `package`, as [`consider`] finds it, without a look at what is outranked.
pub(crate) fn offer<'a>(
    package: &'a Package,
    compatibility: Compatibility,
    device: &Device,
) -> Option<Offer<'a>> {
    offer_to_all(package, compatibility, std::slice::from_ref(device))
}

/// Returns the best build of `package` among those that each of `devices` may have, as the first of them ranks them.
///
/// What one of them would be offered alone may be better; none gets what does not fit it.
pub(crate) fn offer_to_all<'a>(
    package: &'a Package,
    compatibility: Compatibility,
    devices: &[Device],
) -> Option<Offer<'a>> {
    let (first, others) = devices.split_first()?;
    let fits = |build: &Build| {
        let mut others = others.iter();
        others.all(|device| judge(build, compatibility, device).is_ok())
    };
    package.releases.values().rev().find_map(|release| {
        let judged = judge_all(release, compatibility, first);
        let build = judged.fitting.into_iter().find(|build| fits(build))?;
        Some(Offer {
            build,
            package,
            release,
        })
    })
}

/// Says whether a build that was ever released is for some device between `first` and `last`, which differ in the build of
/// their DSM alone, whatever their model and channel.
pub(super) fn concerns(
    build: &Build,
    compatibility: Compatibility,
    first: &Device,
    last: &Device,
) -> bool {
    let doc = &build.doc;
    let covers = |arch: &Arch| arch.covers(&first.arch).is_some();
    let maximum = doc.os_max_ver;
    doc.channel != Channel::Staged
        && doc.arch.iter().any(covers)
        && os_of(doc, first) == first.os
        && fits_line(doc, compatibility, first)
        && doc.os_min_ver.allows_as_minimum(last.version)
        && maximum.is_none_or(|maximum| maximum.allows_as_maximum(first.version))
}

/// Returns the build of `release` that `device` is offered, as long as no other release counts.
pub(super) fn best<'a>(
    release: &'a Release,
    compatibility: Compatibility,
    device: &Device,
) -> Option<&'a Build> {
    judge_all(release, compatibility, device)
        .fitting
        .first()
        .copied()
}

/// Judges every build of `package` for `device`; the newest version wins, then the highest minimum, then the closest
/// platform.
pub(crate) fn consider<'a>(
    package: &'a Package,
    compatibility: Compatibility,
    device: &Device,
) -> Considered<'a> {
    let mut considered = Considered {
        left_out: Vec::new(),
        offer: None,
    };
    for release in package.releases.values().rev() {
        let judged = judge_all(release, compatibility, device);
        let unfit = judged.unfit.into_iter();
        considered
            .left_out
            .extend(unfit.map(|(build, reason)| (&**release, build, reason)));
        for build in judged.fitting {
            if considered.offer.is_none() {
                considered.offer = Some(Offer {
                    build,
                    package,
                    release,
                });
            } else {
                considered
                    .left_out
                    .push((release, build, Reason::Outranked));
            }
        }
    }
    considered
}

/// Returns the models that `build` names, as devices report them.
pub(super) fn normal_models(build: &Build) -> impl Iterator<Item = String> {
    let doc = &build.doc;
    let named = doc.model.iter().chain(&doc.exclude_model);
    named.map(|model| normal_unique(model))
}

/// The builds of a release, judged for one device.
struct Judged<'a> {
    /// The best comes first.
    fitting: Vec<&'a Build>,
    unfit: Vec<(&'a Build, Reason)>,
}

fn judge_all<'a>(
    release: &'a Release,
    compatibility: Compatibility,
    device: &Device,
) -> Judged<'a> {
    let (mut fitting, mut unfit) = (Vec::new(), Vec::new());
    for build in release.builds.values() {
        match judge(build, compatibility, device) {
            Ok(fit) => fitting.push((build, fit)),
            Err(reason) => unfit.push((build, reason)),
        }
    }
    fitting.sort_by_key(|(build, fit)| Reverse((rank(build.doc.os_min_ver), *fit)));
    Judged {
        fitting: fitting.into_iter().map(|(build, _)| build).collect(),
        unfit,
    }
}

/// Orders minimums: the build number decides, the version where there is none.
pub(super) fn rank(minimum: OsVersion) -> (u32, u32, u32) {
    (minimum.major, minimum.minor, minimum.build.unwrap_or(0))
}

fn judge(build: &Build, compatibility: Compatibility, device: &Device) -> Result<Fit, Reason> {
    let doc = &build.doc;
    check_channel(doc, device.channel)?;
    if build.install.offline_install == Some(true) {
        return Err(Reason::OfflineInstall);
    }
    let fit = check_platform(doc, device)?;
    check_range(doc, compatibility, device)?;
    Ok(fit)
}

fn check_channel(doc: &BuildDoc, asked: Channel) -> Result<(), Reason> {
    if let Some(yanked) = &doc.yanked {
        let reason = yanked.reason.clone();
        return Err(Reason::Yanked { reason });
    }
    match doc.channel {
        Channel::Staged => Err(Reason::Staged),
        Channel::Beta if asked > Channel::Beta => Err(Reason::Beta),
        Channel::Beta | Channel::Stable => Ok(()),
    }
}

fn check_platform(doc: &BuildDoc, device: &Device) -> Result<Fit, Reason> {
    let fit = doc
        .arch
        .iter()
        .filter_map(|arch| arch.covers(&device.arch))
        .max()
        .ok_or(Reason::Arch)?;
    if doc
        .exclude_arch
        .iter()
        .any(|arch| !arch.is_noarch() && arch.covers(&device.arch).is_some())
    {
        return Err(Reason::ExcludedArch);
    }
    let names = |model: &String| normal_unique(model) == device.unique;
    if !doc.model.is_empty() && !doc.model.iter().any(names) {
        return Err(Reason::Model);
    }
    if doc.exclude_model.iter().any(names) {
        return Err(Reason::ExcludedModel);
    }
    Ok(fit)
}

fn check_range(
    doc: &BuildDoc,
    compatibility: Compatibility,
    device: &Device,
) -> Result<(), Reason> {
    let os = os_of(doc, device);
    if os != device.os {
        return Err(Reason::OtherOs { os });
    }
    let minimum = doc.os_min_ver;
    if !minimum.allows_as_minimum(device.version) {
        return Err(Reason::TooOld { minimum });
    }
    if let Some(maximum) = doc
        .os_max_ver
        .filter(|maximum| !maximum.allows_as_maximum(device.version))
    {
        return Err(Reason::TooNew { maximum });
    }
    if !fits_line(doc, compatibility, device) {
        let major = minimum.major;
        return Err(Reason::OtherLine { major });
    }
    Ok(())
}

/// A build for a router's platform is for SRM whatever its minimum; else the minimum tells.
fn os_of(doc: &BuildDoc, device: &Device) -> Os {
    let names_device = |arch: &Arch| arch.covers(&device.arch) == Some(Fit::Exact);
    if device.os == Os::Srm
        && device.arch.os() == Some(Os::Srm)
        && doc.arch.iter().any(names_device)
    {
        Os::Srm
    } else {
        doc.os_min_ver.os()
    }
}

/// SRM has one line. `noarch` for DSM 3 (and "any DSM", written as 1.0 or 2.x) also serves 4 and 5, as spkrepo has it,
/// also when the build names platforms besides.
fn fits_line(doc: &BuildDoc, compatibility: Compatibility, device: &Device) -> bool {
    let minimum = doc.os_min_ver.major;
    let device_major = device.version.major;
    if device.os == Os::Srm {
        return true;
    }
    match compatibility {
        Compatibility::Dsm7Boundary => (minimum >= 7) == (device_major >= 7),
        Compatibility::SameMajor => {
            minimum == device_major
                || (minimum <= 3
                    && (3..6).contains(&device_major)
                    && doc.arch.iter().any(Arch::is_noarch))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::super::device::tests::device;
    use super::*;
    use crate::model::doc::{BuildDoc, PackageDoc, ReleaseDoc, read};

    const SPK: &str = "[spk]\nfile = 'a.spk'\nsize = 1\n\
        sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\nmd5 = 'd41d8cd98f00b204e9800998ecf8427e'\n";

    fn build(text: &str) -> Build {
        let (keys, tables) = match text.split_once(
            "
[",
        ) {
            Some((keys, tables)) => (keys, format!("[{tables}")),
            None => (text, String::new()),
        };
        let doc: BuildDoc =
            read("b.toml", format!("{keys}\n{SPK}{tables}").as_bytes()).expect("a valid build");
        Build {
            id: doc.derived_id(),
            install: Arc::new(doc.install.clone()),
            permissions: Arc::default(),
            text: Arc::default(),
            doc: Box::new(doc),
        }
    }

    fn package(releases: &[(&str, &[&str])]) -> Package {
        let object = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let releases: BTreeMap<_, _> = releases
            .iter()
            .map(|(version, builds)| {
                let version: crate::model::version::Version = version.parse().expect("valid");
                let builds = builds
                    .iter()
                    .map(|text| build(text))
                    .map(|build| (build.id.clone(), build));
                let release = Release {
                    builds: builds.collect(),
                    doc: ReleaseDoc::default(),
                    icons: BTreeMap::new(),
                    tree: object.parse().expect("valid"),
                    version: version.clone(),
                };
                (version, Arc::new(release))
            })
            .collect();
        Package {
            doc: PackageDoc::default(),
            name: "a".parse().expect("valid"),
            releases,
            screenshots: Vec::new(),
            tree: object.parse().expect("valid"),
        }
    }

    fn offered(package: &Package, query: &str) -> Option<String> {
        let device = device(query, Channel::Stable).expect("a device");
        consider(package, Compatibility::SameMajor, &device)
            .offer
            .map(|offer| format!("{} {}", offer.release.version, offer.build.id))
    }

    fn reason(text: &str, query: &str, compatibility: Compatibility) -> Option<Reason> {
        let package = package(&[("1.0-1", &[text])]);
        let device = device(query, Channel::Stable).expect("a device");
        let considered = consider(&package, compatibility, &device);
        considered
            .left_out
            .into_iter()
            .next()
            .map(|(_, _, reason)| reason)
    }

    const DSM72: &str =
        "arch=apollolake&build=64570&major=7&minor=2&unique=synology_apollolake_918%2B";

    #[test]
    fn the_newest_version_wins_then_the_highest_minimum_then_the_closest_platform() {
        let package = package(&[
            (
                "1.0-1",
                &["channel='stable'\narch=['noarch']\nos_min_ver='7.2-64570'\n"],
            ),
            (
                "1.0-2",
                &[
                    "channel='stable'\narch=['noarch']\nos_min_ver='7.1-42661'\n",
                    "channel='stable'\narch=['x86_64']\nos_min_ver='7.1-42661'\n",
                    "channel='stable'\narch=['apollolake']\nos_min_ver='7.1-42661'\n",
                    "channel='stable'\narch=['apollolake']\nos_min_ver='7.0-40000'\n",
                ],
            ),
        ]);
        assert_eq!(
            offered(&package, DSM72).as_deref(),
            Some("1.0-2 dsm7.1-42661-apollolake")
        );
        assert_eq!(
            offered(&package, "arch=braswell&build=64570").as_deref(),
            Some("1.0-2 dsm7.1-42661-x86_64")
        );
        assert_eq!(
            offered(&package, "arch=rtd1296&build=64570").as_deref(),
            Some("1.0-2 dsm7.1-42661-noarch")
        );
        assert_eq!(
            offered(&package, "arch=apollolake&build=41890").as_deref(),
            Some("1.0-2 dsm7.0-40000-apollolake")
        );
    }

    #[test]
    fn each_bound_leaves_a_build_out_for_its_own_reason() {
        let strict = |text: &str| reason(text, DSM72, Compatibility::SameMajor);
        let build = |extra: &str| {
            format!("channel='stable'\narch=['x86_64']\nos_min_ver='7.0-40000'\n{extra}")
        };
        assert_eq!(strict(&build("")), None);
        assert_eq!(
            strict(&build("").replace("stable", "staged")),
            Some(Reason::Staged)
        );
        assert_eq!(
            strict(&build("").replace("stable", "beta")),
            Some(Reason::Beta)
        );
        assert_eq!(
            strict(&build("").replace("x86_64", "armv7")),
            Some(Reason::Arch)
        );
        assert_eq!(
            strict(&build("exclude_arch=['apollolake']\n")),
            Some(Reason::ExcludedArch)
        );
        assert_eq!(
            strict(&build("model=['synology_apollolake_718+']\n")),
            Some(Reason::Model)
        );
        assert_eq!(strict(&build("model=['synology_apollolake_918+']\n")), None);
        assert_eq!(
            strict(&build("exclude_model=['synology_apollolake_918+']\n")),
            Some(Reason::ExcludedModel)
        );
        assert_eq!(
            strict(&build("[install]\noffline_install=true\n")),
            Some(Reason::OfflineInstall)
        );
        assert_eq!(
            strict(&build("[yanked]\nreason='bad'\n")),
            Some(Reason::Yanked {
                reason: "bad".to_owned()
            })
        );
        let maximum = "7.1-59999".parse().expect("valid");
        assert_eq!(
            strict(&build("os_max_ver='7.1-59999'\n")),
            Some(Reason::TooNew { maximum })
        );
        let minimum = "7.3-81180".parse().expect("valid");
        assert_eq!(
            strict(&build("").replace("7.0-40000", "7.3-81180")),
            Some(Reason::TooOld { minimum })
        );
        assert_eq!(
            strict(&build("").replace("7.0-40000", "6.2-23739")),
            Some(Reason::OtherLine { major: 6 })
        );
    }

    #[test]
    fn lines_of_dsm_are_walls_as_the_settings_say() {
        let dsm5 = "channel='stable'\narch=['noarch']\nos_min_ver='5.0-4418'\n";
        let dsm6 = "arch=avoton&build=23739&major=6";
        assert_eq!(
            reason(dsm5, dsm6, Compatibility::SameMajor),
            Some(Reason::OtherLine { major: 5 })
        );
        assert_eq!(reason(dsm5, dsm6, Compatibility::Dsm7Boundary), None);
        assert_eq!(
            reason(dsm5, DSM72, Compatibility::Dsm7Boundary),
            Some(Reason::OtherLine { major: 5 })
        );
        let dsm3 = "channel='stable'\narch=['noarch']\nos_min_ver='3.0-1593'\n";
        let dsm5_device = "arch=avoton&build=4493&major=5";
        assert_eq!(reason(dsm3, dsm5_device, Compatibility::SameMajor), None);
        let both = dsm3.replace("'noarch'", "'noarch','avoton'");
        assert_eq!(reason(&both, dsm5_device, Compatibility::SameMajor), None);
        let native = dsm3.replace("noarch", "avoton");
        assert_eq!(
            reason(&native, dsm5_device, Compatibility::SameMajor),
            Some(Reason::OtherLine { major: 3 })
        );
    }

    #[test]
    fn srm_and_dsm_never_get_each_others_builds() {
        let srm = "channel='stable'\narch=['cypress']\nos_min_ver='1.3-9193'\n";
        let dsm = "channel='stable'\narch=['noarch']\nos_min_ver='6.0-7321'\n";
        let router = "arch=cypress&build=9193&major=1&minor=3";
        assert_eq!(reason(srm, router, Compatibility::SameMajor), None);
        assert_eq!(
            reason(dsm, router, Compatibility::SameMajor),
            Some(Reason::OtherOs { os: Os::Dsm })
        );
        let noarch = srm.replace("cypress", "noarch");
        assert_eq!(
            reason(
                &noarch,
                "arch=avoton&build=15047&major=6",
                Compatibility::SameMajor
            ),
            Some(Reason::OtherOs { os: Os::Srm })
        );
    }
}
