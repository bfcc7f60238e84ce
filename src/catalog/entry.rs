//! The JSON that Package Center reads: one entry per offered build, in the shape that the device's DSM knows.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::Serialize;

use super::device::Device;
use super::generation::Generation;
use super::select::{Offer, offer};
use crate::base::digest::Md5;
use crate::model::channel::Channel;
use crate::model::doc::{Compatibility, Install, LocalText, Text};
use crate::model::download_url::{Download, DownloadUrl, escaped_segment};
use crate::repo::{Build, Keys, Package, Release, Snapshot};

/// One package in the catalog. Keys that are absent are left out, but for those that DSM expects as `null`.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    package: &'a str,
    version: &'a str,
    dname: &'a str,
    desc: &'a str,
    link: String,
    md5: Md5,
    /// In bytes.
    size: u64,
    thumbnail: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thumbnail_retina: Vec<String>,
    snapshot: Vec<String>,
    qinst: bool,
    qstart: bool,
    qupgrade: bool,
    startable: &'static str,
    deppkgs: Option<&'a str>,
    conflictpkgs: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintainer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintainer_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distributor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    distributor_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    support_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changelog: Option<&'a str>,
    /// DSM 7 hides entries that say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    beta: Option<bool>,
    #[serde(flatten)]
    generation: Generation<'a>,
    download_count: u64,
    recent_download_count: u64,
}

/// Where the links of an entry lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Links<'a> {
    /// Has no `/` at its end.
    pub(crate) base_url: &'a str,
    /// Where the SPKs are, when they are not below `base_url`.
    pub(crate) downloads: Option<&'a DownloadUrl>,
}

impl<'a> Links<'a> {
    /// Everything is below `base_url`.
    pub(crate) fn below(base_url: &'a str) -> Self {
        Self {
            base_url,
            downloads: None,
        }
    }

    /// Returns where the SPK of a build is downloaded.
    pub(crate) fn download(&self, package: &Package, release: &Release, build: &Build) -> String {
        let spk = &build.doc.spk;
        let (package, version) = (package.name.as_str(), release.version.as_str());
        match self.downloads {
            Some(downloads) => downloads.fill(&Download {
                build: build.id.as_str(),
                file: &spk.file,
                package,
                sha256: &spk.sha256.to_string(),
                version,
            }),
            None => link(self.base_url, &["packages", package, &spk.file]),
        }
    }
}

/// What stands before the first and after the last entry.
pub(crate) type Frame = (Cow<'static, str>, &'static str);

/// From DSM 5.1 on, keyrings come with the packages; from DSM 7 on, they do not any more.
const FIRST_WITH_KEYRINGS: u32 = 5004;
const FIRST_DSM7: u32 = 40000;

/// Returns the catalog for `device` as JSON; links begin with `base_url`, which has no `/` at its end.
pub(crate) fn answer(snapshot: &Snapshot, device: &Device, base_url: &str) -> Vec<u8> {
    let compatibility = snapshot.settings.catalog.compatibility;
    let pieces: Vec<Vec<u8>> = snapshot
        .packages
        .values()
        .filter_map(|package| piece(package, compatibility, device, base_url))
        .collect();
    let (start, end) = frame(&snapshot.keys, device);
    [start.as_bytes(), &pieces.join(&b','), end.as_bytes()].concat()
}

/// Returns what stands before the first and after the last entry, by the build number of the device's DSM (spkrepo,
/// `get_catalog`).
///
/// DSM 5.1 to 6.2 takes each of the `keyrings`, an armored certificate, for one of a publisher who is trusted.
pub(crate) fn frame(keys: &Keys, device: &Device) -> Frame {
    match device.version.build.unwrap_or(0) {
        build if build < FIRST_WITH_KEYRINGS => ("[".into(), "]"),
        build if build < FIRST_DSM7 => {
            let keyrings = serde_json::to_string(&keys.keyrings).expect("a list of texts is JSON");
            (
                format!(r#"{{"keyrings":{keyrings},"packages":["#).into(),
                "]}",
            )
        }
        _ => (r#"{"packages":["#.into(), "]}"),
    }
}

/// Returns the entry of one package as JSON, if `device` is offered a build of it.
pub(crate) fn piece(
    package: &Package,
    compatibility: Compatibility,
    device: &Device,
    base_url: &str,
) -> Option<Vec<u8>> {
    let offer = offer(package, compatibility, device)?;
    Some(piece_of(&offer, device, &Links::below(base_url)))
}

/// Returns the entry of what `device` is offered as JSON.
pub(crate) fn piece_of(offer: &Offer<'_>, device: &Device, links: &Links<'_>) -> Vec<u8> {
    serde_json::to_vec(&entry(offer, device, links)).expect("entries have text keys")
}

fn entry<'a>(offer: &Offer<'a>, device: &Device, links: &Links<'_>) -> Entry<'a> {
    let base_url = links.base_url;
    let build = offer.build;
    let (text, install): (&Text, &Install) = (&build.text, &build.install);
    let package = offer.package.name.as_str();
    let icons = icon_links(offer.package, offer.release, base_url);
    let quick = Quick::of(install);
    Entry {
        package,
        version: offer.release.version.as_str(),
        dname: displayname(text, &device.language).unwrap_or(package),
        desc: description(text, &device.language).unwrap_or_default(),
        link: links.download(offer.package, offer.release, build),
        md5: build.doc.spk.md5,
        size: build.doc.spk.size,
        thumbnail_retina: retina(&icons),
        thumbnail: icons.into_iter().map(|(_, link)| link).collect(),
        snapshot: screenshot_links(offer.package, base_url),
        qinst: quick.install,
        qstart: quick.start,
        qupgrade: quick.upgrade,
        startable: startable(install),
        deppkgs: filled(install.install_dep_packages.as_deref()),
        conflictpkgs: filled(install.install_conflict_packages.as_deref()),
        maintainer: filled(text.maintainer.as_deref()),
        maintainer_url: filled(text.maintainer_url.as_deref()),
        distributor: filled(text.distributor.as_deref()),
        distributor_url: filled(text.distributor_url.as_deref()),
        support_url: filled(text.support_url.as_deref()),
        report_url: filled(text.report_url.as_deref()),
        changelog: filled(text.changelog.as_deref()),
        beta: (device.version.major < 7 && is_beta(offer)).then_some(true),
        generation: Generation::of(install, device),
        download_count: 0,
        recent_download_count: 0,
    }
}

/// An empty text is how a build says that it has none of what its release has.
pub(super) fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

pub(super) fn displayname<'a>(text: &'a Text, language: &str) -> Option<&'a str> {
    local(
        text,
        language,
        |local| local.displayname.as_deref(),
        text.displayname.as_deref(),
    )
}

pub(super) fn description<'a>(text: &'a Text, language: &str) -> Option<&'a str> {
    local(
        text,
        language,
        |local| local.description.as_deref(),
        text.description.as_deref(),
    )
}

/// Falls back from the asked language to English and then to the text that names no language.
fn local<'a>(
    text: &'a Text,
    language: &str,
    field: impl Fn(&'a LocalText) -> Option<&'a str>,
    plain: Option<&'a str>,
) -> Option<&'a str> {
    [language, "enu"]
        .into_iter()
        .find_map(|language| filled(field(text.languages.get(language)?)))
        .or(filled(plain))
}

pub(super) fn is_beta(offer: &Offer<'_>) -> bool {
    let text = &offer.build.text;
    offer.build.doc.channel == Channel::Beta
        || text.beta == Some(true)
        || filled(text.report_url.as_deref()).is_some()
}

/// INFO's default is `yes`, and spkrepo says so too.
fn startable(install: &Install) -> &'static str {
    match install.startable {
        Some(false) => "no",
        None | Some(true) => "yes",
    }
}

/// Whether Package Center may go on without asking.
pub(super) struct Quick {
    pub(super) install: bool,
    pub(super) start: bool,
    pub(super) upgrade: bool,
}

impl Quick {
    /// A licence or a wizard has something to ask (spkrepo, `get_catalog`); the package may say otherwise.
    pub(super) fn of(install: &Install) -> Self {
        let license = install.license == Some(true);
        let quick_install = install
            .qinst
            .unwrap_or(!license && install.install_wizard != Some(true));
        Self {
            install: quick_install,
            start: install
                .qstart
                .unwrap_or(quick_install && install.startable != Some(false)),
            upgrade: install
                .qupgrade
                .unwrap_or(!license && install.upgrade_wizard != Some(true)),
        }
    }
}

/// Returns where the pictures of an entry are.
pub(crate) fn picture_links(offer: &Offer<'_>, base_url: &str) -> Vec<String> {
    let icons = icon_links(offer.package, offer.release, base_url);
    let mut links: Vec<String> = icons.into_iter().map(|(_, link)| link).collect();
    links.extend(screenshot_links(offer.package, base_url));
    links
}

pub(super) fn icon_links(
    package: &Package,
    release: &Release,
    base_url: &str,
) -> Vec<(u32, String)> {
    let icon = |name: &str| {
        link(
            base_url,
            &[
                "packages",
                package.name.as_str(),
                release.version.as_str(),
                name,
            ],
        )
    };
    release
        .icons
        .iter()
        .map(|(width, asset)| (*width, icon(&asset.name)))
        .collect()
}

/// DSM takes two pictures for screens of high density; the one of 256 pixels serves for both.
pub(super) fn retina(icons: &[(u32, String)]) -> Vec<String> {
    icons
        .iter()
        .find(|(width, _)| *width == 256)
        .map(|(_, link)| vec![link.clone(), link.clone()])
        .unwrap_or_default()
}

pub(super) fn screenshot_links(package: &Package, base_url: &str) -> Vec<String> {
    let screenshot = |name: &str| {
        link(
            base_url,
            &["packages", package.name.as_str(), "screenshots", name],
        )
    };
    package
        .screenshots
        .iter()
        .map(|asset| screenshot(&asset.name))
        .collect()
}

/// Returns the URL of a path below `base_url`.
pub(crate) fn link(base_url: &str, segments: &[&str]) -> String {
    let mut url = base_url.to_owned();
    for segment in segments {
        write!(url, "/{}", escaped_segment(segment)).expect("writing to a text cannot fail");
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(toml: &str) -> Text {
        toml::from_str(toml).expect("valid")
    }

    #[test]
    fn languages_fall_back_to_english_and_then_to_the_plain_text() {
        let text = text(
            "displayname='P'\n[languages.enu]\ndisplayname='E'\n[languages.fre]\ndescription='F'\n",
        );
        assert_eq!(displayname(&text, "fre"), Some("E"));
        assert_eq!(description(&text, "fre"), Some("F"));
        assert_eq!(description(&text, "ger"), None);
        assert_eq!(
            displayname(
                &Text {
                    languages: std::collections::BTreeMap::new(),
                    ..text.clone()
                },
                "fre"
            ),
            Some("P")
        );
    }

    #[test]
    fn a_licence_or_a_wizard_asks_something() {
        let quick = |toml: &str| {
            let quick = Quick::of(&toml::from_str(toml).expect("valid"));
            (quick.install, quick.upgrade, quick.start)
        };
        assert_eq!(quick(""), (true, true, true));
        assert_eq!(quick("license=true"), (false, false, false));
        assert_eq!(quick("install_wizard=true"), (false, true, false));
        assert_eq!(quick("upgrade_wizard=true"), (true, false, true));
        assert_eq!(quick("startable=false"), (true, true, false));
        assert_eq!(quick("license=true\nqinst=true"), (true, false, true));
    }

    #[test]
    fn a_package_can_be_started_unless_it_says_otherwise() {
        let startable = |toml: &str| startable(&toml::from_str(toml).expect("valid"));
        assert_eq!(startable(""), "yes");
        assert_eq!(startable("startable=true"), "yes");
        assert_eq!(startable("startable=false"), "no");
    }

    #[test]
    fn links_are_escaped_segment_by_segment() {
        assert_eq!(
            link("http://a/b", &["packages", "Test x86+64", "é%.spk"]),
            "http://a/b/packages/Test%20x86%2B64/%C3%A9%25.spk"
        );
    }
}
