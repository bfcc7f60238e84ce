//! What of a snapshot answers are made of, package by package: it tells which parts of an old answer are still right.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::git::TreeId;
use crate::model::doc::Compatibility;
use crate::model::name::PackageName;
use crate::repo::{Package, Snapshot};

/// The packages of one snapshot, in the order of names, without their contents: an old answer must not keep an old
/// package in memory.
pub(super) struct Shelf {
    compatibility: Compatibility,
    /// Counts the commits that were served.
    pub(super) number: u64,
    pub(super) rows: Vec<Row>,
}

/// A package: the same name and tree give the same part of the same answer.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) name: PackageName,
    pub(super) traits: Arc<Traits>,
    tree: TreeId,
}

/// What the builds of a package make matter in a query.
pub(super) struct Traits {
    /// Those that any build has texts in.
    pub(super) languages: BTreeSet<String>,
    /// Whether any build is limited to models.
    pub(super) names_models: bool,
}

impl Shelf {
    /// Looks at `snapshot`, the first or the one after `previous`.
    pub(super) fn new(snapshot: &Snapshot, previous: Option<&Self>) -> Self {
        let known = previous.map_or(&[][..], |previous| &previous.rows);
        let mut known = known.iter();
        let row = |package: &Arc<Package>| match known_row(&mut known, package) {
            Some(row) => row.clone(),
            None => Row {
                name: package.name.clone(),
                traits: Arc::new(Traits::of(package)),
                tree: package.tree,
            },
        };
        Self {
            compatibility: snapshot.settings.catalog.compatibility,
            number: previous.map_or(0, |previous| previous.number + 1),
            rows: snapshot.packages.values().map(row).collect(),
        }
    }

    /// Returns whether answers that were made for `self` can be of use for `newer`.
    pub(super) fn serves(&self, newer: &Self) -> bool {
        self.compatibility == newer.compatibility
    }
}

/// Returns the row that is the package's, and leaves those behind it: both are in the order of names.
fn known_row<'a>(rows: &mut std::slice::Iter<'a, Row>, package: &Package) -> Option<&'a Row> {
    let before = rows
        .as_slice()
        .partition_point(|row| row.name < package.name);
    *rows = rows.as_slice()[before..].iter();
    rows.as_slice().first().filter(|row| row.is(package))
}

impl Row {
    /// Returns whether nothing about the package has changed.
    pub(super) fn is(&self, package: &Package) -> bool {
        self.name == package.name && self.tree == package.tree
    }
}

impl Traits {
    fn of(package: &Package) -> Self {
        let builds = || {
            let releases = package.releases.values();
            releases.flat_map(|release| release.builds.values())
        };
        let mut languages = BTreeSet::new();
        for language in builds().flat_map(|build| build.text.languages.keys()) {
            if !languages.contains(language) {
                languages.insert(language.clone());
            }
        }
        Self {
            languages,
            names_models: builds()
                .any(|build| !build.doc.model.is_empty() || !build.doc.exclude_model.is_empty()),
        }
    }
}
