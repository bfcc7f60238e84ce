//! The list of builds as gosspks gives it to its own web interface (`/v1/packages`): one object for each build, in
//! gosspks's names and order of keys, empty values left out.
//!
//! Not the same on purpose: `size` and the counts are numbers as in the catalog, `qupgrade` stands beside the misspelt
//! `qupdate`, `start_dep_services` and `os_max_ver` are texts (gosspks tells whether they can be read as yes or no),
//! `firmware` is the minimum DSM under whichever key INFO has it, and `checksum` and `support_conf_folder`, which are
//! of no use to who has not opened the SPK, are missing.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Display;

use serde::Serialize;

use super::entry::{
    Frame, Quick, description, displayname, filled, icon_links, is_beta, link, retina,
    screenshot_links,
};
use super::select::{Offer, rank};
use crate::base::digest::Md5;
use crate::model::arch::{Arch, Fit};
use crate::model::channel::Channel;
use crate::model::os_version::OsVersion;
use crate::repo::{Build, Package, Snapshot};

/// Which builds are listed, and in which language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Filter {
    /// Those that run on this platform.
    pub(crate) arch: Option<Arch>,
    /// Those of this channel and of more settled ones.
    pub(crate) channel: Channel,
    pub(crate) language: String,
    /// Of each package the newest build alone; without a platform, the newest for each set of platforms.
    pub(crate) latest: bool,
    /// A part of the package's name or of the name that people see, in any case.
    pub(crate) name: Option<String>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    package: &'a str,
    dname: &'a str,
    version: &'a str,
    firmware: OsVersion,
    os_min_ver: OsVersion,
    #[serde(skip_serializing_if = "Option::is_none")]
    os_max_ver: Option<OsVersion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
    arch: String,
    #[serde(flatten)]
    people: People<'a>,
    #[serde(skip_serializing_if = "String::is_empty")]
    model: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    exclude_arch: String,
    #[serde(flatten)]
    install: Install<'a>,
    #[serde(skip_serializing_if = "is_false")]
    beta: bool,
    start: bool,
    download_count: u64,
    recent_download_count: u64,
    link: String,
    /// In bytes.
    size: u64,
    md5: Md5,
    #[serde(skip_serializing_if = "is_false")]
    qinst: bool,
    #[serde(skip_serializing_if = "is_false")]
    qstart: bool,
    #[serde(skip_serializing_if = "is_false")]
    qupdate: bool,
    #[serde(skip_serializing_if = "is_false")]
    qupgrade: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    thumbnail: Vec<String>,
    /// Never left out: gosspks's web interface takes the first of it without looking whether it is there.
    thumbnail_retina: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    snapshot: Vec<String>,
}

/// Declares the keys that are texts and yes or no, and that are left out when empty.
macro_rules! keys {
    ($name:ident of $section:ident { texts $($text:ident)* } { flags $($flag:ident)* }) => {
        #[derive(Debug, Serialize)]
        struct $name<'a> {
            $(#[serde(skip_serializing_if = "Option::is_none")] $text: Option<&'a str>,)*
            $(#[serde(skip_serializing_if = "is_false")] $flag: bool,)*
        }

        impl<'a> $name<'a> {
            fn of(section: &'a crate::model::doc::$section) -> Self {
                Self {
                    $($text: filled(section.$text.as_deref()),)*
                    $($flag: section.$flag == Some(true),)*
                }
            }
        }
    };
}

keys! { People of Text {
    texts maintainer maintainer_url distributor distributor_url support_url changelog helpurl report_url
} { flags } }

keys! { Install of Install {
    texts install_dep_packages install_conflict_packages install_break_packages install_replace_packages
        install_dep_services start_dep_services install_type auto_upgrade_from
} {
    flags startable install_reboot silent_install silent_upgrade silent_uninstall offline_install thirdparty
} }

/// What serde asks for: a test by reference.
#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// What stands before the first and after the last entry of a list.
pub(crate) const LIST_FRAME: Frame = (Cow::Borrowed("["), "]");

/// Returns the builds of one package as JSON, newest first and without what stands around a list, if there are any; links
/// begin with `base_url`.
pub(crate) fn list_piece(package: &Package, filter: &Filter, base_url: &str) -> Option<Vec<u8>> {
    let entries: Vec<Entry<'_>> = offers(package, filter)
        .iter()
        .map(|offer| entry(offer, &filter.language, base_url))
        .collect();
    let list = serde_json::to_vec(&entries).expect("entries have text keys");
    let inner = &list[LIST_FRAME.0.len()..list.len() - LIST_FRAME.1.len()];
    (!inner.is_empty()).then(|| inner.to_vec())
}

/// Returns the builds, by package and newest first.
pub(crate) fn offered<'a>(snapshot: &'a Snapshot, filter: &Filter) -> Vec<Offer<'a>> {
    let packages = snapshot.packages.values();
    packages
        .flat_map(|package| offers(package, filter))
        .collect()
}

/// Returns the build that is downloaded as `file`, as JSON.
pub(crate) fn one(
    snapshot: &Snapshot,
    filter: &Filter,
    file: &str,
    base_url: &str,
) -> Option<Vec<u8>> {
    let (package, release, build) = snapshot
        .builds()
        .find(|(_, _, build)| build.doc.spk.file == file && is_offered(build, filter))?;
    let offer = Offer {
        build,
        package,
        release,
    };
    let entry = entry(&offer, &filter.language, base_url);
    Some(serde_json::to_vec(&entry).expect("entries have text keys"))
}

fn offers<'a>(package: &'a Package, filter: &Filter) -> Vec<Offer<'a>> {
    let mut offers = Vec::new();
    for release in package.releases.values().rev() {
        let mut builds: Vec<(&Build, Fit)> = release
            .builds
            .values()
            .filter(|build| is_offered(build, filter) && has_name(package, build, filter))
            .filter_map(|build| Some((build, fit(build, filter)?)))
            .collect();
        builds.sort_by_key(|(build, fit)| Reverse((rank(build.doc.os_min_ver), *fit)));
        offers.extend(builds.into_iter().map(|(build, _)| Offer {
            build,
            package,
            release,
        }));
        if filter.latest && filter.arch.is_some() && !offers.is_empty() {
            offers.truncate(1);
            break;
        }
    }
    if filter.latest {
        keep_first_of_platforms(&mut offers);
    }
    offers
}

/// gosspks's web interface asks for the latest of all platforms and picks those of a device by itself.
fn keep_first_of_platforms(offers: &mut Vec<Offer<'_>>) {
    let mut known = BTreeSet::new();
    offers.retain(|offer| known.insert(&offer.build.doc.arch));
}

fn is_offered(build: &Build, filter: &Filter) -> bool {
    build
        .offered_on()
        .is_some_and(|channel| channel >= filter.channel)
}

/// A build that is asked for without a platform fits as well as any.
fn fit(build: &Build, filter: &Filter) -> Option<Fit> {
    let Some(device) = &filter.arch else {
        return Some(Fit::Noarch);
    };
    let excluded = build
        .doc
        .exclude_arch
        .iter()
        .any(|arch| !arch.is_noarch() && arch.covers(device).is_some());
    let covering = build.doc.arch.iter().filter_map(|arch| arch.covers(device));
    covering.max().filter(|_| !excluded)
}

fn has_name(package: &Package, build: &Build, filter: &Filter) -> bool {
    let Some(part) = &filter.name else {
        return true;
    };
    let part = part.to_lowercase();
    let shown = displayname(&build.text, &filter.language).unwrap_or_default();
    [package.name.as_str(), shown]
        .iter()
        .any(|name| name.to_lowercase().contains(&part))
}

fn entry<'a>(offer: &Offer<'a>, language: &str, base_url: &str) -> Entry<'a> {
    let (doc, text) = (&offer.build.doc, &*offer.build.text);
    let package = offer.package.name.as_str();
    let icons = icon_links(offer.package, offer.release, base_url);
    let quick = Quick::of(&offer.build.install);
    Entry {
        package,
        dname: displayname(text, language).unwrap_or(package),
        version: offer.release.version.as_str(),
        firmware: doc.os_min_ver,
        os_min_ver: doc.os_min_ver,
        os_max_ver: doc.os_max_ver,
        desc: description(text, language),
        arch: words(&doc.arch),
        people: People::of(text),
        model: words(&doc.model),
        exclude_arch: words(&doc.exclude_arch),
        install: Install::of(&offer.build.install),
        beta: is_beta(offer),
        start: offer.build.install.startable != Some(false),
        download_count: 0,
        recent_download_count: 0,
        link: link(base_url, &["packages", package, &doc.spk.file]),
        size: doc.spk.size,
        md5: doc.spk.md5,
        qinst: quick.install,
        qstart: quick.start,
        qupdate: quick.upgrade,
        qupgrade: quick.upgrade,
        thumbnail_retina: best(&icons).into_iter().collect(),
        thumbnail: icons.into_iter().map(|(_, link)| link).collect(),
        snapshot: screenshot_links(offer.package, base_url),
    }
}

/// The picture that DSM takes for screens of high density, or the largest that there is.
fn best(icons: &[(u32, String)]) -> Option<String> {
    let largest = || icons.last().map(|(_, link)| link.clone());
    retina(icons).pop().or_else(largest)
}

fn words<T: Display>(values: &BTreeSet<T>) -> String {
    let words: Vec<String> = values.iter().map(T::to_string).collect();
    words.join(" ")
}
