//! How much of a source is looked at: all of it, or what differs between two commits.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::Input;
use crate::git::{CommitId, Node, Store, TreeId};
use crate::model::doc::DocError;
use crate::model::name::PackageName;
use crate::repo::{Keys, LoadError, Package, Release, Snapshot, load_packages, package_trees};

/// A commit as far as it is looked at.
pub(crate) struct View {
    pub(crate) problems: Vec<DocError>,
    /// With the packages that are looked at.
    pub(crate) snapshot: Snapshot,
    /// All packages, also those that are not looked at.
    pub(crate) trees: BTreeMap<PackageName, TreeId>,
}

/// What is looked at, and what it is compared with.
pub(crate) struct Scope {
    pub(crate) before: Option<View>,
    /// What has changed beside the packages.
    pub(super) inputs: Vec<Input>,
    pub(crate) now: View,
}

impl View {
    fn new(
        store: &Store,
        commit: CommitId,
        trees: BTreeMap<PackageName, TreeId>,
        names: Option<&BTreeSet<PackageName>>,
    ) -> Result<Self, LoadError> {
        let loaded = load_packages(store, commit, names)?;
        Ok(Self {
            problems: loaded.problems,
            snapshot: loaded.snapshot,
            trees,
        })
    }
}

impl Scope {
    /// Looks at everything in `commit`.
    pub(crate) fn whole(store: &Store, commit: CommitId) -> Result<Self, LoadError> {
        let trees = package_trees(store, commit)?;
        Ok(Self {
            before: None,
            inputs: Vec::new(),
            now: View::new(store, commit, trees, None)?,
        })
    }

    /// Looks at what `commit` has otherwise than `base`: only that is read, unless something has changed that decides
    /// about other packages too.
    pub(crate) fn since(
        store: &Store,
        commit: CommitId,
        base: CommitId,
    ) -> Result<Self, LoadError> {
        let [old, new] = [package_trees(store, base)?, package_trees(store, commit)?];
        let names = old.keys().chain(new.keys());
        let changed: BTreeSet<PackageName> = names
            .filter(|name| old.get(*name) != new.get(*name))
            .cloned()
            .collect();
        let mut inputs = changed_inputs(store, commit, base)?;
        if old.keys().any(|name| !new.contains_key(name)) {
            inputs.push(Input::Names);
        }
        let wanted = inputs.is_empty().then_some(&changed);
        Ok(Self {
            before: Some(View::new(store, base, old, Some(&changed))?),
            now: View::new(store, commit, new, wanted)?,
            inputs,
        })
    }

    /// Returns whether the package is looked at for its own sake, not only for what has changed around it.
    pub(super) fn has_package(&self, package: &Package) -> bool {
        let before = self.before.as_ref();
        before.is_none_or(|before| before.trees.get(&package.name) != Some(&package.tree))
    }

    /// Returns whether the release is: one that has not changed was looked at when it did.
    pub(super) fn has_release(&self, package: &Package, release: &Release) -> bool {
        let before = self.before.as_ref();
        let before = before.and_then(|before| before.snapshot.packages.get(&package.name));
        let before = before.and_then(|package| package.releases.get(&release.version));
        self.has_package(package) && before.is_none_or(|before| before.tree != release.tree)
    }
}

fn changed_inputs(
    store: &Store,
    commit: CommitId,
    base: CommitId,
) -> Result<Vec<Input>, LoadError> {
    let [old, new] = [store.root(base)?, store.root(commit)?];
    let mut inputs = Vec::new();
    for (input, path) in [
        (Input::Keys, Keys::FOLDER),
        (Input::People, "maintainers.toml"),
        (Input::Settings, "spkrepo.toml"),
    ] {
        let [old, new]: [Option<Node>; 2] = [store.find(old, path)?, store.find(new, path)?];
        if old != new {
            inputs.push(input);
        }
    }
    Ok(inputs)
}
