//! What devices are offered of a package on either side, by the selection that answers them, and how it differs.
//!
//! The builds of both sides cut the devices into classes (platforms and models, versions of the system, channels) of which
//! one member speaks for all. What the classes have in common is then told once.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::platform::{self, Class};
use super::segment::{self, Segment};
use crate::catalog::{Device, Offer, offer};
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, Compatibility};
use crate::model::os_version::Os;
use crate::repo::Package;

/// One side of a comparison: a package, if there is one, and the rule by which it is offered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) compatibility: Compatibility,
    pub(super) package: Option<&'a Package>,
}

/// What becomes different for some devices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OfferChange {
    pub(crate) change: OfferKind,
    /// The version that they were offered.
    pub(crate) from: Option<String>,
    /// The version that they are offered now.
    pub(crate) to: Option<String>,
    pub(crate) platforms: Vec<String>,
    pub(crate) systems: Vec<String>,
    pub(crate) audience: Audience,
}

/// How it is different. The order is that of a report: what takes something away comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OfferKind {
    Disappears,
    Falls,
    /// The same version has other bytes, apart from a signature.
    OtherBytes,
    Appears,
    Rises,
    /// Another build of the same version.
    OtherBuild,
    /// The same version, with another signature or without one.
    OtherSignature,
    /// The same bytes, with other texts, pictures or marks.
    ShownOtherwise,
    /// Nothing, while others who were offered the same version are offered a newer one now.
    StaysBehind,
}

/// Who of the devices, by the channel that they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Audience {
    Everybody,
    /// Those alone who do not ask for betas.
    StableOnly,
    /// Those alone who ask for betas.
    BetaOnly,
}

impl Audience {
    /// Returns the channels that such devices ask for.
    pub(crate) fn channels(self) -> &'static str {
        match self {
            Self::BetaOnly => "beta",
            Self::Everybody => "stable and beta",
            Self::StableOnly => "stable",
        }
    }
}

/// What changes for one device.
#[derive(Clone, Copy, Debug)]
struct Delta<'a> {
    kind: OfferKind,
    from: Option<Offer<'a>>,
    to: Option<Offer<'a>>,
}

/// The version that devices rise from, by the channel: who stays at it is left behind.
type Levels = BTreeSet<(usize, String)>;

/// A build that some devices were offered, and the one that they are offered now.
pub(super) type Step<'a> = (OfferKind, Option<Offer<'a>>, Option<Offer<'a>>);

/// Changes by what they are: their kind and the two versions.
type Key = (OfferKind, Option<String>, Option<String>);

/// The segments of a class in which something happens, for each channel.
type Seen = [Vec<bool>; 2];

/// Where each change happens: in which classes, there in which segments.
type Found = BTreeMap<Key, BTreeMap<usize, Seen>>;

pub(super) const CHANNELS: [Channel; 2] = [Channel::Stable, Channel::Beta];

/// Returns what differs for devices, and the steps from build to build that this is made of.
pub(super) fn compare<'a>(old: Side<'a>, new: Side<'a>) -> (Vec<OfferChange>, Vec<Step<'a>>) {
    let builds: Vec<&BuildDoc> = [old.package, new.package]
        .into_iter()
        .flatten()
        .flat_map(|package| package.releases.values())
        .flat_map(|release| release.builds.values())
        .map(|build| &*build.doc)
        .collect();
    let classes = platform::classes(&builds);
    let mut per_os = Vec::new();
    let mut steps = Vec::new();
    for os in [Os::Dsm, Os::Srm] {
        let segments = segment::segments(os, builds.iter().copied());
        let mut found = Found::new();
        for (index, class) in classes
            .iter()
            .enumerate()
            .filter(|(_, class)| class.os == os)
        {
            for (key, place, delta) in deltas(class, &segments, old, new) {
                let seen = found.entry(key).or_default().entry(index);
                let (channel, segment) = place;
                seen.or_insert_with(|| {
                    [vec![false; segments.len()], vec![false; segments.len()]]
                })[channel][segment] = true;
                if delta.kind != OfferKind::StaysBehind {
                    add_step(&mut steps, delta);
                }
            }
        }
        per_os.push((os, segments, found));
    }
    let levels = levels(per_os.iter().flat_map(|(_, _, found)| found));
    let mut changes = Vec::new();
    for (os, segments, mut found) in per_os {
        forget_level(&mut found, &levels);
        for (key, seen) in found {
            changes.extend(fold(&key, seen, os, &classes, &segments, &builds));
        }
    }
    changes.sort_by_key(|change| (change.change, change.audience));
    (changes, steps)
}

/// Returns the versions that devices rise from.
fn levels<'a>(found: impl Iterator<Item = (&'a Key, &'a BTreeMap<usize, Seen>)>) -> Levels {
    let mut levels = Levels::new();
    for ((kind, from, _), seen) in found {
        let Some(from) = from.as_ref().filter(|_| *kind == OfferKind::Rises) else {
            continue;
        };
        for channel in 0..CHANNELS.len() {
            if seen.values().any(|seen| seen[channel].contains(&true)) {
                levels.insert((channel, from.clone()));
            }
        }
    }
    levels
}

/// Nobody is left behind where nobody else has risen from the same version.
fn forget_level(found: &mut Found, levels: &Levels) {
    for ((kind, from, _), seen) in found.iter_mut() {
        let Some(from) = from.as_ref().filter(|_| *kind == OfferKind::StaysBehind) else {
            continue;
        };
        for channel in 0..CHANNELS.len() {
            if !levels.contains(&(channel, from.clone())) {
                seen.values_mut().for_each(|seen| seen[channel].fill(false));
            }
        }
    }
}

fn add_step<'a>(steps: &mut Vec<Step<'a>>, delta: Delta<'a>) {
    let name =
        |offer: Option<Offer<'a>>| offer.map(|offer| (&offer.release.version, &offer.build.id));
    let is_known = steps.iter().any(|(kind, from, to)| {
        *kind == delta.kind && name(*from) == name(delta.from) && name(*to) == name(delta.to)
    });
    if !is_known {
        steps.push((delta.kind, delta.from, delta.to));
    }
}

/// Asks both sides as a device of the class, in every segment and for both channels.
fn deltas<'a>(
    class: &Class,
    segments: &[Segment],
    old: Side<'a>,
    new: Side<'a>,
) -> Vec<(Key, (usize, usize), Delta<'a>)> {
    let mut found = Vec::new();
    for (place, channel) in CHANNELS.into_iter().enumerate() {
        for (index, segment) in segments.iter().enumerate() {
            let device = device(class, segment, channel);
            let ask = |side: Side<'a>| offer(side.package?, side.compatibility, &device);
            if let Some(delta) = delta(ask(old), ask(new), &device) {
                let version =
                    |offer: Option<Offer<'_>>| offer.map(|offer| offer.release.version.to_string());
                let key = (delta.kind, version(delta.from), version(delta.to));
                found.push((key, (place, index), delta));
            }
        }
    }
    found
}

/// Returns a device of the class.
pub(super) fn device(class: &Class, segment: &Segment, channel: Channel) -> Device {
    Device {
        arch: class.arch.clone(),
        channel,
        language: String::new(),
        os: class.os,
        unique: class.unique.clone(),
        version: segment.version(),
    }
}

fn delta<'a>(from: Option<Offer<'a>>, to: Option<Offer<'a>>, device: &Device) -> Option<Delta<'a>> {
    let kind = match (from, to) {
        (None, None) => return None,
        (None, Some(_)) => OfferKind::Appears,
        (Some(_), None) => OfferKind::Disappears,
        (Some(from), Some(to)) => kind(from, to, device),
    };
    Some(Delta { kind, from, to })
}

/// What is the same on both sides may still be left behind.
fn kind(from: Offer<'_>, to: Offer<'_>, device: &Device) -> OfferKind {
    let (old, new) = (from.build, to.build);
    if from.release.version < to.release.version {
        OfferKind::Rises
    } else if from.release.version > to.release.version {
        OfferKind::Falls
    } else if old.doc.spk.sha256 == new.doc.spk.sha256 {
        if is_shown_otherwise(from, to, device) {
            OfferKind::ShownOtherwise
        } else {
            OfferKind::StaysBehind
        }
    } else if old.id != new.id {
        OfferKind::OtherBuild
    } else if unsigned(&old.doc) == unsigned(&new.doc) {
        OfferKind::OtherSignature
    } else {
        OfferKind::OtherBytes
    }
}

/// Returns the digest of the SPK without its signature, as far as that is known.
pub(super) fn unsigned(doc: &BuildDoc) -> crate::base::digest::Sha256 {
    let signature = doc.signature.as_ref();
    signature.map_or(doc.spk.sha256, |signature| signature.unsigned_sha256)
}

/// Whether anything else that the catalog says of a build differs.
fn is_shown_otherwise(from: Offer<'_>, to: Offer<'_>, device: &Device) -> bool {
    // DSM before 7 is told of each entry whether it is a beta.
    let is_marked =
        |offer: Offer<'_>| device.version.major < 7 && offer.build.doc.channel == Channel::Beta;
    let text = |offer: Offer<'_>| {
        let mut text = (*offer.build.text).clone();
        // No catalog has it.
        text.helpurl = None;
        text
    };
    let assets = |offer: Offer<'_>| {
        let icons = offer.release.icons.values();
        let pictures = icons.chain(&offer.package.screenshots);
        pictures
            .map(|asset| (asset.name.clone(), asset.blob))
            .collect::<Vec<_>>()
    };
    from.package.name != to.package.name
        || from.build.doc.spk != to.build.doc.spk
        || from.build.doc.channel != to.build.doc.channel && is_marked(from) != is_marked(to)
        || text(from) != text(to)
        || from.build.install != to.build.install
        || assets(from) != assets(to)
}

/// Tells one change: classes that see it in the same versions of the system share a row.
fn fold(
    key: &Key,
    seen: BTreeMap<usize, Seen>,
    os: Os,
    classes: &[Class],
    segments: &[Segment],
    builds: &[&BuildDoc],
) -> Vec<OfferChange> {
    let mut rows: BTreeMap<(Audience, Vec<bool>), BTreeSet<usize>> = BTreeMap::new();
    for (class, [stable, beta]) in seen {
        let pick = |keep: fn(bool, bool) -> bool| -> Vec<bool> {
            stable
                .iter()
                .zip(&beta)
                .map(|(stable, beta)| keep(*stable, *beta))
                .collect()
        };
        for (audience, chosen) in [
            (Audience::Everybody, pick(|stable, beta| stable && beta)),
            (Audience::StableOnly, pick(|stable, beta| stable && !beta)),
            (Audience::BetaOnly, pick(|stable, beta| !stable && beta)),
        ] {
            if chosen.contains(&true) {
                rows.entry((audience, chosen)).or_default().insert(class);
            }
        }
    }
    let (change, from, to) = key;
    rows.into_iter()
        .map(|((audience, chosen), members)| {
            let picked: Vec<bool> = (0..classes.len())
                .map(|class| members.contains(&class))
                .collect();
            OfferChange {
                change: *change,
                from: from.clone(),
                to: to.clone(),
                platforms: platform::words(os, classes, &picked, builds),
                systems: segment::words(os, segments, &chosen),
                audience,
            }
        })
        .collect()
}
