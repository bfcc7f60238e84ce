//! Reads a commit into a [`Snapshot`]: packages and releases whose tree is the same as before are taken over, the others
//! are parsed in parallel.

mod keys;
mod package;
mod problems;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(crate) use problems::LoadError;
use problems::Problems;
pub(super) use shared::Shared;

use super::snapshot::{Package, Packages, Snapshot};
use crate::git::{CommitId, GitError, Node, Store, TreeId};
use crate::model::doc::{DocError, FORMAT, PeopleDoc, SettingsDoc, read, stated_format};
use crate::model::name::PackageName;

/// Packages that one thread reads before a second one is worth its start.
const PACKAGES_PER_THREAD: usize = 32;

/// Reads `commit`; packages that `previous` has with the same tree are not read again.
pub(crate) fn load(
    store: &Store,
    commit: CommitId,
    previous: Option<&Snapshot>,
) -> Result<Snapshot, LoadError> {
    match previous {
        Some(previous) => load_changes(store, commit, &previous.packages),
        None => load_changes(store, commit, &Packages::new()),
    }
}

/// What could be read of a commit, and all that is wrong with the rest.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) problems: Vec<DocError>,
    pub(crate) snapshot: Snapshot,
}

impl Loaded {
    /// Returns the snapshot, unless anything is wrong.
    pub(crate) fn sound(self) -> Result<Snapshot, LoadError> {
        if self.problems.is_empty() {
            return Ok(self.snapshot);
        }
        let (commit, problems) = (self.snapshot.commit, self.problems);
        Err(LoadError::Broken { commit, problems })
    }
}

/// Reads `commit`; what `known` has with the same tree is not read again.
///
/// Everything that is wrong is reported at once, not just the first of it.
pub(crate) fn load_changes(
    store: &Store,
    commit: CommitId,
    known: &Packages,
) -> Result<Snapshot, LoadError> {
    load_some(store, commit, known, |_| true)?.sound()
}

/// Reads the packages of `commit` that are in `names`, or all, and what is beside the packages.
///
/// What cannot be read is left out and said: settings that are broken count as those that say nothing.
pub(crate) fn load_packages(
    store: &Store,
    commit: CommitId,
    names: Option<&BTreeSet<PackageName>>,
) -> Result<Loaded, LoadError> {
    load_some(store, commit, &Packages::new(), |name| {
        names.is_none_or(|names| names.contains(name))
    })
}

/// Returns the packages of `commit` by their names, without reading any: the same tree is the same package.
pub(crate) fn package_trees(
    store: &Store,
    commit: CommitId,
) -> Result<BTreeMap<PackageName, TreeId>, GitError> {
    let folders = package_folders(store, store.root(commit)?, &mut Problems::default())?;
    Ok(folders.into_iter().collect())
}

fn load_some(
    store: &Store,
    commit: CommitId,
    known: &Packages,
    is_wanted: impl Fn(&PackageName) -> bool,
) -> Result<Loaded, LoadError> {
    let tree = store.root(commit)?;
    let mut problems = Problems::default();
    let settings = settings(store, tree, commit, &mut problems)?;
    let people = people(store, tree, &mut problems)?;
    let keys = keys::read(store, tree, &mut problems)?;
    let mut folders = package_folders(store, tree, &mut problems)?;
    folders.retain(|(name, _)| is_wanted(name));
    let (kept, changed) = split(folders, known);
    let mut packages = kept;
    for (parsed, found) in parse_all(store, &changed)? {
        problems.extend(found);
        packages.extend(parsed.map(|package| (package.name.clone(), Arc::new(package))));
    }
    Ok(Loaded {
        problems: problems.into_vec(),
        snapshot: Snapshot {
            commit,
            keys: Arc::new(keys),
            packages,
            people: Arc::new(people),
            settings: settings.unwrap_or_default(),
            tree,
        },
    })
}

/// Reads the settings of `commit` and nothing else.
pub(crate) fn load_settings(store: &Store, commit: CommitId) -> Result<SettingsDoc, LoadError> {
    let mut problems = Problems::default();
    let settings = settings(store, store.root(commit)?, commit, &mut problems)?;
    settings.ok_or_else(|| LoadError::Broken {
        commit,
        problems: problems.into_vec(),
    })
}

/// Reads the people of `commit` and nothing else.
pub(crate) fn load_people(store: &Store, commit: CommitId) -> Result<PeopleDoc, LoadError> {
    let mut problems = Problems::default();
    let people = people(store, store.root(commit)?, &mut problems)?;
    match problems.into_vec() {
        problems if problems.is_empty() => Ok(people),
        problems => Err(LoadError::Broken { commit, problems }),
    }
}

/// Returns the bytes of a document in the root of the repository.
fn root_document(
    store: &Store,
    tree: TreeId,
    path: &str,
    problems: &mut Problems,
) -> Result<Option<Vec<u8>>, GitError> {
    match store.find(tree, path)? {
        Some(Node::Blob(blob)) => problems.bytes(store, path, blob),
        Some(Node::Other) => {
            problems.note_link(path);
            Ok(None)
        }
        Some(Node::Tree(_)) | None => Ok(None),
    }
}

fn settings(
    store: &Store,
    tree: TreeId,
    commit: CommitId,
    problems: &mut Problems,
) -> Result<Option<SettingsDoc>, LoadError> {
    const PATH: &str = "spkrepo.toml";
    let Some(bytes) = root_document(store, tree, PATH, problems)? else {
        return if problems.is_empty() {
            Err(LoadError::NotAPackageSource { commit })
        } else {
            Ok(None)
        };
    };
    match stated_format(&bytes) {
        Some((format, line)) if format != i64::from(FORMAT) => Err(LoadError::Format {
            format,
            line,
            path: PATH.to_owned(),
        }),
        _ => Ok(problems.take(SettingsDoc::read(PATH, &bytes))),
    }
}

/// A source without the document has nobody.
fn people(store: &Store, tree: TreeId, problems: &mut Problems) -> Result<PeopleDoc, GitError> {
    const PATH: &str = "maintainers.toml";
    let bytes = root_document(store, tree, PATH, problems)?;
    let people = bytes.and_then(|bytes| problems.take(read::<PeopleDoc>(PATH, &bytes)));
    Ok(people.unwrap_or_default())
}

fn package_folders(
    store: &Store,
    tree: TreeId,
    problems: &mut Problems,
) -> Result<Vec<(PackageName, TreeId)>, GitError> {
    const FOLDER: &str = "packages";
    let packages = match store.find(tree, FOLDER)? {
        Some(Node::Tree(packages)) => store.entries(packages)?,
        Some(Node::Other) => {
            problems.note_link(FOLDER);
            Vec::new()
        }
        Some(Node::Blob(_)) | None => Vec::new(),
    };
    let mut folders = Vec::new();
    for entry in packages {
        let path = format!("{FOLDER}/{}", entry.name);
        match entry.node {
            Node::Blob(_) => {}
            Node::Other => problems.note_link(&path),
            Node::Tree(folder) => {
                let name = entry
                    .name
                    .parse()
                    .map_err(|error| problems::folder_error(path, &error));
                folders.extend(problems.take(name).map(|name| (name, folder)));
            }
        }
    }
    Ok(folders)
}

/// A folder to read, and the package as it was.
type Changed<'a> = (PackageName, TreeId, Option<&'a Package>);

fn split(folders: Vec<(PackageName, TreeId)>, known: &Packages) -> (Packages, Vec<Changed<'_>>) {
    let mut kept = Packages::new();
    let mut changed = Vec::new();
    for (name, tree) in folders {
        match known.get(&name) {
            Some(package) if package.tree == tree => {
                kept.insert(name, Arc::clone(package));
            }
            package => changed.push((name, tree, package.map(|package| &**package))),
        }
    }
    (kept, changed)
}

type Parsed = (Option<Package>, Vec<DocError>);

/// libgit2's repositories cannot be shared between threads, so each thread opens its own.
fn parse_all(store: &Store, folders: &[Changed<'_>]) -> Result<Vec<Parsed>, GitError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(folders.len().div_ceil(PACKAGES_PER_THREAD));
    if threads < 2 {
        return parse_some(store, folders);
    }
    let parts = folders.chunks(folders.len().div_ceil(threads));
    std::thread::scope(|scope| {
        let running: Vec<_> = parts
            .map(|part| {
                let store = store.reopen()?;
                Ok(scope.spawn(move || parse_some(&store, part)))
            })
            .collect::<Result<_, GitError>>()?;
        let mut parsed = Vec::with_capacity(folders.len());
        for thread in running {
            parsed.extend(thread.join().expect("reading a package does not panic")?);
        }
        Ok(parsed)
    })
}

fn parse_some(store: &Store, folders: &[Changed<'_>]) -> Result<Vec<Parsed>, GitError> {
    folders
        .iter()
        .map(|(name, tree, known)| package::parse(store, name, *tree, *known))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::version::Version;
    use crate::repo::snapshot::Release;
    use crate::repo::testing::Source;

    fn release<'a>(snapshot: &'a Snapshot, package: &str, version: &str) -> &'a Arc<Release> {
        let version: Version = version.parse().expect("valid");
        &snapshot.packages[package].releases[&version]
    }

    #[test]
    fn a_commit_costs_the_packages_and_releases_that_it_touches() {
        let mut source = Source::new();
        source
            .release("a/1.0-1", "first")
            .release("a/1.0-2", "second");
        source.release("b/1.0-1", "another");
        let old = load(&source.store, source.commit(), None).expect("sound");
        source.release("a/1.0-2", "changed");
        let new = load(&source.store, source.commit(), Some(&old)).expect("sound");
        let package = |snapshot: &Snapshot, name: &str| Arc::clone(&snapshot.packages[name]);
        assert!(Arc::ptr_eq(&package(&old, "b"), &package(&new, "b")));
        let releases = |version| [release(&old, "a", version), release(&new, "a", version)];
        let [before, after] = releases("1.0-1");
        assert!(Arc::ptr_eq(before, after));
        let [before, after] = releases("1.0-2");
        assert_ne!(before.doc, after.doc);
        let fresh = load(&source.store, new.commit, None).expect("sound");
        assert_eq!(format!("{fresh:?}"), format!("{new:?}"));
    }

    #[test]
    fn what_goes_away_is_not_taken_over() {
        let mut source = Source::new();
        source
            .release("a/1.0-1", "first")
            .release("a/1.0-2", "second");
        source.release("b/1.0-1", "another");
        let old = load(&source.store, source.commit(), None).expect("sound");
        source.remove("packages/b/").remove("packages/a/1.0-1/");
        let new = load(&source.store, source.commit(), Some(&old)).expect("sound");
        assert_eq!(
            new.packages
                .keys()
                .map(PackageName::as_str)
                .collect::<Vec<_>>(),
            ["a"]
        );
        assert_eq!(new.packages["a"].releases.len(), 1);
    }

    #[test]
    fn what_is_sound_is_read_beside_what_is_broken() {
        let mut source = Source::new();
        source
            .release("a/1.0-1", "first")
            .release("b/1.0-1", "other");
        source.put("packages/a/package.toml", "maintainer = 1\n");
        source.put("maintainers.toml", "people = 1\n");
        let loaded = load_packages(&source.store, source.commit(), None).expect("readable");
        let places = loaded.problems.iter().map(|problem| problem.path.as_str());
        let expected = ["maintainers.toml", "packages/a/package.toml"];
        assert_eq!(places.collect::<Vec<_>>(), expected);
        assert_eq!(loaded.snapshot.packages["a"].releases.len(), 1);
        assert!(matches!(loaded.sound(), Err(LoadError::Broken { .. })));
    }

    #[test]
    fn packages_that_are_not_named_are_not_read() {
        let mut source = Source::new();
        source
            .release("a/1.0-1", "first")
            .release("b/1.0-1", "other");
        source.put("packages/a/package.toml", "maintainer = 1\n");
        let commit = source.commit();
        let names = ["b".parse().expect("valid")].into();
        let loaded = load_packages(&source.store, commit, Some(&names)).expect("readable");
        let snapshot = loaded.sound().expect("the broken one is not read");
        let trees = package_trees(&source.store, commit).expect("readable");
        assert_eq!(
            trees.keys().map(PackageName::as_str).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert_eq!(snapshot.packages["b"].tree, trees["b"]);
        assert_eq!(snapshot.packages.len(), 1);
    }

    #[test]
    fn a_copy_of_a_known_folder_is_a_package_of_its_own() {
        let mut source = Source::new();
        source.release("a/1.0-1", "first");
        let old = load(&source.store, source.commit(), None).expect("sound");
        source.copy("packages/a/", "packages/b/");
        let new = load(&source.store, source.commit(), Some(&old)).expect("sound");
        assert_eq!(new.packages["a"].tree, new.packages["b"].tree);
        assert_eq!(new.packages["b"].name.as_str(), "b");
    }

    #[test]
    fn what_is_broken_is_reported_also_beside_what_is_known() {
        let mut source = Source::new();
        source
            .release("a/1.0-1", "first")
            .release("a/1.0-2", "second");
        let old = load(&source.store, source.commit(), None).expect("sound");
        source.put("packages/a/1.0-2/release.toml", "colour = 'blue'\n");
        for known in [None, Some(&old)] {
            let error = load(&source.store, source.commit(), known).expect_err("broken");
            let LoadError::Broken { problems, .. } = error else {
                panic!("{error}");
            };
            let paths: Vec<_> = problems.iter().map(|problem| &problem.path).collect();
            assert_eq!(paths, ["packages/a/1.0-2/release.toml"]);
        }
    }
}
