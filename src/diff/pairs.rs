//! Which build a build is compared with: itself as it was, what devices are offered instead of it, or its predecessor.

use std::cmp::Reverse;

use super::offers::{OfferKind, Step};
use crate::catalog::Offer;
use crate::model::doc::BuildDoc;
use crate::repo::Package;

/// A build and what it takes the place of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<'a> {
    pub(super) old: Option<Offer<'a>>,
    pub(super) new: Offer<'a>,
    /// Whether the new side is new here, and not just offered to more devices: then its texts are worth reading.
    pub(super) is_edit: bool,
}

impl Pair<'_> {
    /// Returns the name of the new build among those of its package.
    pub(super) fn label(&self) -> String {
        format!("{} {}", self.new.release.version, self.new.build.id)
    }

    fn is_same(&self, other: &Self) -> bool {
        let name = |offer: Offer<'_>| (offer.release.version.clone(), offer.build.id.clone());
        name(self.new) == name(other.new) && self.old.map(name) == other.old.map(name)
    }
}

/// Returns all builds of a package.
pub(super) fn builds(package: Option<&Package>) -> impl Iterator<Item = Offer<'_>> {
    package.into_iter().flat_map(|package| {
        package.releases.values().flat_map(move |release| {
            release.builds.values().map(move |build| Offer {
                build,
                package,
                release,
            })
        })
    })
}

/// Returns the build of the same version and id.
pub(super) fn same<'a>(package: Option<&'a Package>, build: Offer<'_>) -> Option<Offer<'a>> {
    let package = package?;
    let release = package.releases.get(&build.release.version)?;
    let build = release.builds.get(&build.build.id)?;
    Some(Offer {
        build,
        package,
        release,
    })
}

/// Returns every pair that is worth a comparison.
pub(super) fn pairs<'a>(
    old: Option<&'a Package>,
    new: Option<&'a Package>,
    steps: &[Step<'a>],
) -> Vec<Pair<'a>> {
    let mut pairs: Vec<Pair<'a>> = Vec::new();
    for build in builds(new) {
        let known = same(old, build);
        if known.is_some_and(|known| is_untouched(known, build)) {
            continue;
        }
        pairs.push(Pair {
            old: known.or_else(|| predecessor(old, build)),
            new: build,
            is_edit: true,
        });
    }
    for (kind, from, to) in steps {
        let (OfferKind::Rises | OfferKind::Falls | OfferKind::Appears, Some(to)) = (kind, to)
        else {
            continue;
        };
        // Who is offered something for the first time is told in another place what it may do.
        let pair = Pair {
            old: *from,
            new: *to,
            is_edit: false,
        };
        let is_new_here = same(old, *to).is_none();
        if from.is_some() && !is_new_here && !pairs.iter().any(|known| known.is_same(&pair)) {
            pairs.push(pair);
        }
    }
    pairs
}

fn is_untouched(old: Offer<'_>, new: Offer<'_>) -> bool {
    old.build.doc == new.build.doc
        && old.build.text == new.build.text
        && old.build.install == new.build.install
        && old.build.permissions == new.build.permissions
}

/// Finds what a new build follows: of an older version rather than a newer one, offered rather than withdrawn, the newest,
/// and of its builds the one for the same devices.
fn predecessor<'a>(old: Option<&'a Package>, new: Offer<'_>) -> Option<Offer<'a>> {
    let rank = |build: &Offer<'a>| {
        let version = &build.release.version;
        let is_older = *version <= new.release.version;
        (
            likeness(&build.build.doc, &new.build.doc) > 0,
            is_older,
            build.build.offered_on().is_some(),
            build.build.doc.yanked.is_none(),
            if is_older {
                Ok(version.clone())
            } else {
                Err(Reverse(version.clone()))
            },
            build.build.id == new.build.id,
            likeness(&build.build.doc, &new.build.doc),
        )
    };
    builds(old).max_by_key(rank)
}

/// How much two builds are for the same devices: 0 when they have no platform or no line of the system in common.
fn likeness(a: &BuildDoc, b: &BuildDoc) -> usize {
    let shared = a
        .arch
        .iter()
        .filter(|a| {
            b.arch
                .iter()
                .any(|b| a.covers(b).is_some() || b.covers(a).is_some())
        })
        .count();
    let same_line =
        a.os_min_ver.os() == b.os_min_ver.os() && a.os_min_ver.major == b.os_min_ver.major;
    if same_line {
        2 * shared + usize::from(a.os_min_ver == b.os_min_ver) * shared
    } else {
        0
    }
}
