//! What became of each build: added, moved to another channel, yanked, removed, other bytes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::offers::unsigned;
use super::pairs::{Pair, builds, same};
use crate::base::digest::Sha256;
use crate::catalog::Offer;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::model::doc::BuildDoc;
use crate::model::fingerprint::Fingerprint;
use crate::repo::Package;

/// A build with something new about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BuildChange {
    pub(crate) version: String,
    pub(crate) build: String,
    pub(crate) platforms: Vec<String>,
    /// `DSM 7.2-64570`, with its end when there is one.
    pub(crate) range: String,
    pub(crate) changes: Vec<BuildWhat>,
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
    /// What it is compared with: the same build as it was, or the one that it follows.
    pub(crate) follows: Option<Follows>,
}

/// The build that another one takes the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Follows {
    pub(crate) version: String,
    pub(crate) build: String,
    pub(crate) sha256: Sha256,
    /// In bytes.
    pub(crate) size: u64,
}

/// What is new about a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub(crate) enum BuildWhat {
    Added {
        channel: Channel,
        /// Whose signature it has.
        signer: Option<Fingerprint>,
        /// Why it is offered nowhere though it is new.
        yanked: Option<String>,
    },
    Moved {
        from: Channel,
        to: Channel,
    },
    OtherBytes {
        /// Whether anybody could have them: it was on a channel, or is yanked.
        was_released: bool,
    },
    /// The platforms, the models or the range of the system that it is for.
    Retargeted {
        from: String,
    },
    Removed {
        was_released: bool,
    },
    Signed {
        by: Fingerprint,
        before: Option<Fingerprint>,
    },
    Unsigned {
        before: Fingerprint,
    },
    Unyanked,
    Yanked {
        reason: String,
    },
}

/// Returns what became of the builds of a package, in the order of versions, the newest first.
pub(super) fn compare(
    old: Option<&Package>,
    new: Option<&Package>,
    pairs: &[Pair<'_>],
) -> Vec<BuildChange> {
    let mut changes = Vec::new();
    for build in builds(new) {
        let known = same(old, build);
        let whats = match known {
            Some(known) => differences(&known.build.doc, &build.build.doc),
            None => vec![added(&build.build.doc)],
        };
        if !whats.is_empty() {
            let follows = pairs.iter().find_map(|pair| {
                let is_it = pair.is_edit
                    && pair.new.release.version == build.release.version
                    && pair.new.build.id == build.build.id;
                if is_it { pair.old } else { None }
            });
            changes.push((build, change(build, whats, follows)));
        }
    }
    for build in builds(old).filter(|build| same(new, *build).is_none()) {
        let was_released = was_released(&build.build.doc);
        let what = BuildWhat::Removed { was_released };
        changes.push((build, change(build, vec![what], None)));
    }
    changes.sort_by(|(a, _), (b, _)| {
        let version = b.release.version.cmp(&a.release.version);
        version.then_with(|| a.build.id.cmp(&b.build.id))
    });
    changes.into_iter().map(|(_, change)| change).collect()
}

fn change(build: Offer<'_>, changes: Vec<BuildWhat>, follows: Option<Offer<'_>>) -> BuildChange {
    let doc = &build.build.doc;
    BuildChange {
        version: build.release.version.to_string(),
        build: build.build.id.to_string(),
        platforms: doc.arch.iter().map(Arch::to_string).collect(),
        range: range(doc),
        changes,
        sha256: doc.spk.sha256,
        size: doc.spk.size,
        follows: follows.map(|old| Follows {
            version: old.release.version.to_string(),
            build: old.build.id.to_string(),
            sha256: old.build.doc.spk.sha256,
            size: old.build.doc.spk.size,
        }),
    }
}

fn added(doc: &BuildDoc) -> BuildWhat {
    BuildWhat::Added {
        channel: doc.channel,
        signer: doc
            .signature
            .as_ref()
            .map(|signature| signature.fingerprint.clone()),
        yanked: doc.yanked.as_ref().map(|yanked| yanked.reason.clone()),
    }
}

fn was_released(doc: &BuildDoc) -> bool {
    doc.channel != Channel::Staged || doc.yanked.is_some()
}

fn differences(old: &BuildDoc, new: &BuildDoc) -> Vec<BuildWhat> {
    let mut whats = Vec::new();
    if old.channel != new.channel {
        whats.push(BuildWhat::Moved {
            from: old.channel,
            to: new.channel,
        });
    }
    match (&old.yanked, &new.yanked) {
        (None, Some(yanked)) => whats.push(BuildWhat::Yanked {
            reason: yanked.reason.clone(),
        }),
        (Some(_), None) => whats.push(BuildWhat::Unyanked),
        _ => {}
    }
    if target(old) != target(new) {
        let from = target_words(old);
        whats.push(BuildWhat::Retargeted { from });
    }
    if unsigned(old) != unsigned(new) {
        let was_released = was_released(old);
        whats.push(BuildWhat::OtherBytes { was_released });
    }
    whats.extend(signature(old, new));
    whats
}

fn signature(old: &BuildDoc, new: &BuildDoc) -> Option<BuildWhat> {
    let fingerprint = |doc: &BuildDoc| {
        doc.signature
            .as_ref()
            .map(|signature| signature.fingerprint.clone())
    };
    match (fingerprint(old), fingerprint(new)) {
        (Some(before), None) => Some(BuildWhat::Unsigned { before }),
        (before, Some(by)) if old.signature != new.signature => {
            Some(BuildWhat::Signed { by, before })
        }
        _ => None,
    }
}

type Target<'a> = [&'a BTreeSet<String>; 2];

fn target(doc: &BuildDoc) -> (Target<'_>, [&BTreeSet<Arch>; 2], String) {
    (
        [&doc.model, &doc.exclude_model],
        [&doc.arch, &doc.exclude_arch],
        range(doc),
    )
}

fn target_words(doc: &BuildDoc) -> String {
    let list = |arch: &BTreeSet<Arch>| arch.iter().map(Arch::as_str).collect::<Vec<_>>().join(" ");
    let mut words = list(&doc.arch);
    if !doc.exclude_arch.is_empty() {
        words = format!("{words} but {}", list(&doc.exclude_arch));
    }
    for (what, models) in [("only", &doc.model), ("without", &doc.exclude_model)] {
        if !models.is_empty() {
            let models: Vec<&str> = models.iter().map(String::as_str).collect();
            words = format!("{words} {what} {}", models.join(" "));
        }
    }
    format!("{words}, {}", range(doc))
}

/// Returns the range of the system for people.
fn range(doc: &BuildDoc) -> String {
    let os = doc.os_min_ver.os();
    match doc.os_max_ver {
        Some(maximum) => format!("{os} {} to {maximum}", doc.os_min_ver),
        None => format!("{os} {}", doc.os_min_ver),
    }
}
