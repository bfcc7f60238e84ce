//! Rolls packages back to what they were at a commit.

use std::collections::BTreeSet;

use super::{
    Asked, BuildReport, Outcome, PackageReport, Plan, RollbackError, check_offered, offers,
};
use crate::git::{CommitId, Node};
use crate::model::name::PackageName;
use crate::ops::target::{Target, TargetError};
use crate::repo::{
    Build, Change, Message, Package, Packages, Release, Repository, Snapshot, load_packages,
    package_trees,
};

/// Bytes of a file that is not an SPK: documents, pictures, pointers.
const MAX_FILE: u64 = 64 << 20;

/// Plans to give every package that differs the files that it had at `commit`.
pub(super) fn plan(
    repository: &Repository,
    snapshot: &Snapshot,
    commit: CommitId,
    name: &str,
    asked: &Asked,
) -> Result<Plan, RollbackError> {
    let store = &repository.store;
    let names = differing(repository, snapshot, commit, &asked.packages)?;
    let target = load_packages(store, commit, Some(&names))?
        .sound()?
        .packages;
    let again = offered_again(snapshot, &target);
    check_offered(repository, snapshot, &again, asked.allow_missing)?;
    let mut change = Change::default();
    let root = store.root(commit)?;
    for path in store.changed_paths(Some(snapshot.tree), root, "packages")? {
        let package = path.path.split('/').nth(1).unwrap_or_default();
        if !names.contains(package) {
            continue;
        }
        match store.find(root, &path.path)? {
            Some(Node::Blob(blob)) => {
                let bytes = store.read(&path.path, blob, MAX_FILE)?;
                change.put(path.path, bytes);
            }
            _ => change.remove(path.path),
        }
    }
    let packages: Vec<PackageReport> = names
        .iter()
        .map(|name| PackageReport {
            package: name.to_string(),
            builds: builds(snapshot, &target, name),
            offers: offers(snapshot, &target, name),
        })
        .collect();
    change.message = message(commit, name, &packages, asked);
    Ok(Plan { change, packages })
}

/// Returns the packages that are not as they were at `commit`, of those that are asked for.
fn differing(
    repository: &Repository,
    snapshot: &Snapshot,
    commit: CommitId,
    wanted: &[PackageName],
) -> Result<BTreeSet<PackageName>, RollbackError> {
    let then = package_trees(&repository.store, commit)?;
    for name in wanted {
        if !then.contains_key(name) {
            // One that nobody has ever heard of is a mistake; one that came later goes.
            let package = name.clone();
            let version = None;
            Target { package, version }
                .package(snapshot)
                .map(drop)
                .map_err(|error: TargetError| error)?;
        }
    }
    let now = &snapshot.packages;
    let names = then.keys().chain(now.keys());
    let differs = |name: &&PackageName| {
        then.get(*name) != now.get(*name).map(|package| &package.tree)
            && (wanted.is_empty() || wanted.contains(name))
    };
    Ok(names.filter(differs).cloned().collect())
}

fn all(packages: &Packages) -> impl Iterator<Item = (&Package, &Release, &Build)> {
    packages.values().flat_map(|package| {
        package.releases.values().flat_map(move |release| {
            let builds = release.builds.values();
            builds.map(move |build| (&**package, &**release, build))
        })
    })
}

fn find<'a>(packages: &'a Packages, of: (&Package, &Release, &Build)) -> Option<&'a Build> {
    let (package, release, build) = of;
    let release = packages
        .get(&package.name)?
        .releases
        .get(&release.version)?;
    release.builds.get(&build.id)
}

/// Returns the builds that are offered then and not now, or with other bytes.
fn offered_again<'a>(
    snapshot: &Snapshot,
    target: &'a Packages,
) -> Vec<(&'a Package, &'a Release, &'a Build)> {
    let is_new = |of: &(&Package, &Release, &Build)| {
        let offered = |build: &Build| Some((build.offered_on()?, build.doc.spk.sha256));
        let now = find(&snapshot.packages, *of).and_then(offered);
        offered(of.2).is_some() && offered(of.2) != now
    };
    all(target).filter(is_new).collect()
}

fn builds(snapshot: &Snapshot, target: &Packages, name: &PackageName) -> Vec<BuildReport> {
    let report = |of: (&Package, &Release, &Build), outcome| BuildReport {
        version: of.1.version.to_string(),
        build: of.2.id.to_string(),
        outcome,
    };
    let of_package = |of: &(&Package, &Release, &Build)| of.0.name == *name;
    let gone = all(&snapshot.packages)
        .filter(of_package)
        .filter(|of| find(target, *of).is_none())
        .map(|of| report(of, Outcome::Removed));
    let restored = all(target)
        .filter(of_package)
        .filter(|of| {
            let now = find(&snapshot.packages, *of);
            now.is_none_or(|now| {
                now.doc != of.2.doc || now.text != of.2.text || now.install != of.2.install
            })
        })
        .map(|of| report(of, Outcome::Restored));
    let mut all: Vec<BuildReport> = gone.chain(restored).collect();
    all.sort();
    all
}

fn message(commit: CommitId, name: &str, packages: &[PackageReport], asked: &Asked) -> Message {
    let names: Vec<&str> = packages
        .iter()
        .map(|package| package.package.as_str())
        .collect();
    let which = match names.as_slice() {
        [one] => (*one).to_owned(),
        names => format!("{} packages", names.len()),
    };
    let shown = if name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        commit.short()
    } else {
        name.to_owned()
    };
    let mut trailers = vec![("Action", "rollback".to_owned())];
    trailers.extend(names.iter().map(|name| ("Package", (*name).to_owned())));
    trailers.push(("Commit", commit.to_string()));
    trailers.extend(asked.reason.clone().map(|reason| ("Reason", reason)));
    Message {
        body: asked
            .reason
            .clone()
            .into_iter()
            .chain(names.iter().map(|name| format!("- {name}")))
            .collect(),
        subject: format!("rollback {which} to {shown}"),
        trailers,
    }
}
