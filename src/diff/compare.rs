//! Puts the comparison of two commits together.

use std::collections::BTreeSet;

use serde::Serialize;

use super::builds::{self, BuildChange};
use super::fields::{self, FieldChange};
use super::offers::{self, OfferChange, OfferKind, Side};
use super::pairs;
use super::pictures::{self, PictureChange};
use super::powers::{self, PowerChange};
use super::repository::{self, Documents, RepositoryDiff};
use super::risk::{self, Risk};
use super::scripts::{ScriptChange, Scripts};
use crate::model::doc::Compatibility;
use crate::model::name::PackageName;
use crate::repo::{Package, Packages};

/// What is different, the risks first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Diff {
    /// Whether any device is offered something else, or is shown or told something else.
    pub(crate) visible: bool,
    pub(crate) risks: Vec<Risk>,
    pub(crate) packages: Vec<PackageDiff>,
    pub(crate) repository: RepositoryDiff,
}

/// What is different about a package.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PackageDiff {
    pub(crate) package: String,
    #[serde(flatten)]
    pub(crate) status: Status,
    /// Whether any device is offered something else of it.
    pub(crate) visible: bool,
    pub(crate) offers: Vec<OfferChange>,
    pub(crate) builds: Vec<BuildChange>,
    pub(crate) powers: Vec<PowerChange>,
    pub(crate) fields: Vec<FieldChange>,
    pub(crate) pictures: Vec<PictureChange>,
    pub(crate) scripts: Vec<ScriptChange>,
    /// Builds whose scripts are not compared: an SPK is not in this clone, or cannot be read.
    pub(crate) scripts_unread: BTreeSet<String>,
}

/// Whether a package is there on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub(crate) enum Status {
    Changed,
    New,
    Removed,
    /// It takes the place of a package that is removed: the same SPKs, or the same name for people.
    Renamed {
        from: String,
    },
}

/// Both sides of a comparison. A package that is the same on both may be left out of both.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sides<'a> {
    pub(crate) old: (&'a Packages, Documents<'a>),
    pub(crate) new: (&'a Packages, Documents<'a>),
}

/// Compares two sides.
pub(crate) fn compare(sides: Sides<'_>, scripts: &mut Scripts<'_>) -> Diff {
    let (old, new) = (sides.old.0, sides.new.0);
    let names: BTreeSet<&PackageName> = old.keys().chain(new.keys()).collect();
    let mut packages: Vec<PackageDiff> = names
        .into_iter()
        .filter_map(|name| package(name, sides, scripts))
        .collect();
    name_renamed(&mut packages, old, new);
    let repository = repository::compare(sides.old.1, sides.new.1);
    let is_seen = |field: &FieldChange| field.field == "repository.url";
    let visible = packages.iter().any(|package| package.visible)
        // Keyrings and links are part of the catalog.
        || !repository.keys.is_empty()
        || repository.settings.iter().any(is_seen);
    Diff {
        visible,
        risks: risk::risks(&packages, &repository),
        packages,
        repository,
    }
}

fn package(name: &PackageName, sides: Sides<'_>, scripts: &mut Scripts<'_>) -> Option<PackageDiff> {
    let rule = |documents: Documents<'_>| documents.settings.catalog.compatibility;
    let rules = (rule(sides.old.1), rule(sides.new.1));
    let old = sides.old.0.get(name).map(|package| &**package);
    let new = sides.new.0.get(name).map(|package| &**package);
    if old.map(|package| package.tree) == new.map(|package| package.tree) && rules.0 == rules.1 {
        return None;
    }
    let (offers, steps) = offers::compare(
        Side {
            compatibility: rules.0,
            package: old,
        },
        Side {
            compatibility: rules.1,
            package: new,
        },
    );
    let pairs = pairs::pairs(old, new, &steps);
    let read = scripts.compare(&pairs);
    let mut powers = powers::compare(&pairs);
    powers.extend(read.ports);
    powers::sort(&mut powers);
    Some(PackageDiff {
        package: name.to_string(),
        status: match (old, new) {
            (None, _) => Status::New,
            (_, None) => Status::Removed,
            _ => Status::Changed,
        },
        visible: offers
            .iter()
            .any(|offer| offer.change != OfferKind::StaysBehind),
        offers,
        builds: builds::compare(old, new, &pairs),
        powers,
        fields: fields::compare(old, new, &pairs),
        pictures: pictures::compare(old, new, &pairs),
        scripts: read.changes,
        scripts_unread: read.unread,
    })
    .filter(|diff| !diff.is_empty() || rules.0 == rules.1)
}

/// Returns what devices are offered otherwise of a package under one rule of compatibility.
pub(crate) fn offer_changes(
    old: Option<&Package>,
    new: Option<&Package>,
    compatibility: Compatibility,
) -> Vec<OfferChange> {
    let side = |package| Side {
        compatibility,
        package,
    };
    offers::compare(side(old), side(new)).0
}

impl PackageDiff {
    /// Whether only comments or the form of files differ.
    pub(crate) fn is_empty(&self) -> bool {
        self.status == Status::Changed
            && self.offers.is_empty()
            && self.builds.is_empty()
            && self.powers.is_empty()
            && self.fields.is_empty()
            && self.pictures.is_empty()
            && self.scripts.is_empty()
    }
}

/// Finds the removed package whose place a new one takes.
fn name_renamed(diffs: &mut [PackageDiff], old: &Packages, new: &Packages) {
    let removed: Vec<String> = diffs
        .iter()
        .filter(|diff| diff.status == Status::Removed)
        .map(|diff| diff.package.clone())
        .collect();
    for diff in diffs.iter_mut().filter(|diff| diff.status == Status::New) {
        let Some(package) = new.get(diff.package.as_str()) else {
            continue;
        };
        let from = removed.iter().find(|name| {
            old.get(name.as_str())
                .is_some_and(|old| is_the_same(old, package))
        });
        if let Some(from) = from.cloned() {
            diff.status = Status::Renamed { from };
        }
    }
}

fn is_the_same(old: &Package, new: &Package) -> bool {
    let digests = |package| -> BTreeSet<_> {
        pairs::builds(Some(package))
            .map(|build| build.build.doc.spk.sha256)
            .collect()
    };
    let name = |package: &Package| -> Option<String> {
        let build = pairs::builds(Some(package)).last()?;
        build.build.text.displayname.clone()
    };
    !digests(old).is_disjoint(&digests(new)) || (name(old).is_some() && name(old) == name(new))
}
