//! What rules look at: a commit, what was there before, and files and packages on demand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::finding::Place;
use super::scope::{Scope, View};
use crate::git::{BlobId, Entry, GitError, Node, Store, TreeId};
use crate::model::doc::Text;
use crate::model::name::PackageName;
use crate::repo::{Build, LoadError, Package, Release, load_packages};

/// Everything that a rule may look at.
pub(crate) struct Context<'a> {
    /// What was there before, when two commits are compared.
    pub(crate) before: Option<&'a View>,
    pub(crate) now: Timestamp,
    pub(crate) view: &'a View,
    failed: RefCell<Option<LoadError>>,
    /// Packages that were read on demand.
    others: RefCell<BTreeMap<PackageName, Option<Arc<Package>>>>,
    store: &'a Store,
}

/// A build and where it belongs.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'a> {
    pub(crate) build: &'a Build,
    pub(crate) package: &'a Package,
    pub(crate) release: &'a Release,
}

impl Spot<'_> {
    /// Returns the path of the build's document.
    pub(crate) fn path(&self) -> String {
        Build::path(&self.package.name, &self.release.version, &self.build.id)
    }

    /// Returns what people call the build.
    pub(crate) fn name(&self) -> String {
        format!(
            "{} {} ({})",
            self.package.name, self.release.version, self.build.id
        )
    }

    /// Returns the place of a key in the build's document.
    pub(crate) fn key(&self, key: &str) -> Place {
        Place::key(self.path(), key)
    }

    /// Returns the place of a key of a section, in the build's document when it has the key, else in the release's.
    pub(crate) fn section_key(&self, is_own: bool, key: &str) -> Place {
        if is_own {
            return self.key(key);
        }
        Place::key(release_path(self.package, self.release), key)
    }
}

/// Returns the path of a package's document.
pub(crate) fn package_path(package: &PackageName) -> String {
    format!("{}/package.toml", Package::folder(package))
}

/// Returns the path of what the builds of a release share.
pub(crate) fn release_path(package: &Package, release: &Release) -> String {
    format!(
        "{}/release.toml",
        Release::folder(&package.name, &release.version)
    )
}

/// More than any text, picture or pointer in the repository has.
const MAX_FILE: u64 = 16 << 20;

impl<'a> Context<'a> {
    pub(super) fn new(store: &'a Store, scope: &'a Scope, now: Timestamp) -> Self {
        Self {
            before: scope.before.as_ref(),
            now,
            view: &scope.now,
            failed: RefCell::default(),
            others: RefCell::default(),
            store,
        }
    }

    /// Returns what stopped a rule from reading something, if anything did.
    pub(super) fn into_failure(self) -> Option<LoadError> {
        self.failed.into_inner()
    }

    fn take<T>(&self, result: Result<T, impl Into<LoadError>>) -> Option<T> {
        result
            .map_err(|error| self.failed.replace(Some(error.into())))
            .ok()
    }

    /// Returns the entries of a folder; none when it cannot be read, which ends the check.
    pub(crate) fn entries(&self, tree: TreeId) -> Vec<Entry> {
        self.take(self.store.entries(tree)).unwrap_or_default()
    }

    /// Returns what a path of the commit names.
    pub(crate) fn find(&self, path: &str) -> Option<Node> {
        self.take(self.store.find(self.view.snapshot.tree, path))?
    }

    /// Returns the bytes of a file; none when there are too many.
    pub(crate) fn bytes(&self, path: &str, blob: BlobId) -> Option<Vec<u8>> {
        match self.store.read(path, blob, MAX_FILE) {
            Err(GitError::Oversized { .. }) => None,
            read => self.take(read),
        }
    }

    /// Returns the text of a file of the commit, if it is one.
    pub(crate) fn text(&self, path: &str) -> Option<String> {
        match self.find(path)? {
            Node::Blob(blob) => String::from_utf8(self.bytes(path, blob)?).ok(),
            Node::Other | Node::Tree(_) => None,
        }
    }

    /// Returns a package of the commit, whether it has changed or not.
    pub(crate) fn package(&self, name: &PackageName) -> Option<Arc<Package>> {
        if let Some(package) = self.view.snapshot.packages.get(name) {
            return Some(Arc::clone(package));
        }
        if !self.view.trees.contains_key(name) {
            return None;
        }
        if let Some(known) = self.others.borrow().get(name) {
            return known.clone();
        }
        let names = [name.clone()].into();
        let loaded = load_packages(self.store, self.view.snapshot.commit, Some(&names));
        let package = self
            .take(loaded)
            .and_then(|loaded| loaded.snapshot.packages.get(name).cloned());
        self.others
            .borrow_mut()
            .insert(name.clone(), package.clone());
        package
    }

    /// Returns whether the package was not there before.
    pub(crate) fn is_new(&self, name: &PackageName) -> bool {
        self.before
            .is_some_and(|before| !before.trees.contains_key(name))
    }

    /// Returns the package as it was before.
    pub(crate) fn before_of(&self, name: &PackageName) -> Option<&'a Package> {
        let before = self.before?.snapshot.packages.get(name)?;
        Some(before)
    }

    /// Returns what a release is to be compared with: itself as it was before, or, when it is new, the release that it
    /// follows. Without a look back, only the newest release has one: the others are history.
    pub(crate) fn predecessor<'b>(
        &self,
        package: &'b Package,
        release: &Release,
    ) -> Option<&'b Release>
    where
        'a: 'b,
    {
        let newest = || package.newest().map(|newest| &newest.version);
        match self.before {
            Some(_) => {
                let before = self.before_of(&package.name)?;
                let same = before.releases.get(&release.version);
                same.map(|same| &**same)
                    .or_else(|| followed(before, release))
            }
            None if newest() == Some(&release.version) => followed(package, release),
            None => None,
        }
    }
}

/// Returns the newest release below `release` of which something is not yanked.
fn followed<'a>(package: &'a Package, release: &Release) -> Option<&'a Release> {
    let mut older = package.releases.range(..&release.version).rev();
    let is_there = |release: &Release| {
        let mut builds = release.builds.values();
        builds.any(|build| build.doc.yanked.is_none())
    };
    older
        .find(|(_, release)| is_there(release))
        .map(|(_, release)| &**release)
}

/// Returns the texts that a release and its builds state, each with the path of its document.
pub(crate) fn texts<'a>(
    package: &'a Package,
    release: &'a Release,
) -> impl Iterator<Item = (String, &'a Text)> {
    let own = (release_path(package, release), &release.doc.text);
    let builds = release.builds.values().map(|build| {
        let path = Build::path(&package.name, &release.version, &build.id);
        (path, &build.doc.text)
    });
    std::iter::once(own).chain(builds)
}
