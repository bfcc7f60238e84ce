//! The change that a proposal is.

use std::collections::BTreeMap;

use super::{Asked, BuildReport, Outcome, PruneError};
use crate::base::limits::Limits;
use crate::git::{Node, TreeId};
use crate::model::doc::BuildEdit;
use crate::repo::{Build, Change, Message, Package, Release, Repository, Snapshot};

/// Returns the change that yanks or removes what goes.
pub(super) fn change(
    repository: &Repository,
    snapshot: &Snapshot,
    builds: &[BuildReport],
    asked: &Asked,
) -> Result<Change, PruneError> {
    let mut change = Change::default();
    let mut removed: BTreeMap<String, (&Package, &Release, usize)> = BTreeMap::new();
    for (package, release, build, report) in goes(snapshot, builds) {
        let path = Build::path(&package.name, &release.version, &build.id);
        if report.outcome == Outcome::Yanked {
            let text = yanked(repository, snapshot, &path, report, asked)?;
            change.put(path, text);
            continue;
        }
        let folder = Release::folder(&package.name, &release.version);
        change.remove(path);
        change.remove(format!("{folder}/{}", build.doc.spk.file));
        removed.entry(folder).or_insert((package, release, 0)).2 += 1;
    }
    for (folder, (_, release, count)) in removed {
        if count == release.builds.len() {
            remove_all(repository, &folder, release.tree, &mut change)?;
        }
    }
    change.message = message(builds, asked);
    Ok(change)
}

fn goes<'a>(
    snapshot: &'a Snapshot,
    builds: &'a [BuildReport],
) -> impl Iterator<Item = (&'a Package, &'a Release, &'a Build, &'a BuildReport)> {
    let going = builds.iter().filter(|report| report.outcome.goes());
    let by_name: BTreeMap<_, _> = going
        .map(|report| {
            let key = (&*report.package, &*report.version, &*report.build);
            (key, report)
        })
        .collect();
    snapshot
        .builds()
        .filter_map(move |(package, release, build)| {
            let id = build.id.to_string();
            let key = (package.name.as_str(), release.version.as_str(), &*id);
            Some((package, release, build, *by_name.get(&key)?))
        })
}

/// Edits the text of the document and keeps what a person wrote around it.
fn yanked(
    repository: &Repository,
    snapshot: &Snapshot,
    path: &str,
    report: &BuildReport,
    asked: &Asked,
) -> Result<String, PruneError> {
    let bytes = repository
        .store
        .read_path(snapshot.tree, path, Limits::DEFAULT.document)?;
    let bytes = bytes.expect("the snapshot read this document from this tree");
    let mut edit = BuildEdit::new(path, &String::from_utf8_lossy(&bytes))?;
    let newest = report
        .newer
        .first()
        .and_then(|newer| newer.versions.first());
    let default = format!("superseded by {}", newest.map_or("", String::as_str));
    edit.set_yanked(Some(asked.reason.as_deref().unwrap_or(&default)));
    Ok(edit.finish())
}

/// Removes every file of a release that has no build any more.
fn remove_all(
    repository: &Repository,
    folder: &str,
    tree: TreeId,
    change: &mut Change,
) -> Result<(), PruneError> {
    let mut folders = vec![(folder.to_owned(), tree)];
    while let Some((folder, tree)) = folders.pop() {
        for entry in repository.store.entries(tree)? {
            let path = format!("{folder}/{}", entry.name);
            match entry.node {
                Node::Tree(tree) => folders.push((path, tree)),
                Node::Blob(_) | Node::Other => change.remove(path),
            }
        }
    }
    Ok(())
}

fn message(builds: &[BuildReport], asked: &Asked) -> Message {
    let going: Vec<&BuildReport> = builds
        .iter()
        .filter(|report| report.outcome.goes())
        .collect();
    let mut packages: Vec<&str> = going.iter().map(|report| &*report.package).collect();
    packages.dedup();
    let verb = if asked.remove { "remove" } else { "yank" };
    let which = match packages.as_slice() {
        [one] => (*one).to_owned(),
        many => format!("{} packages", many.len()),
    };
    let count = match going.len() {
        1 => "1 build".to_owned(),
        many => format!("{many} builds"),
    };
    let mut trailers = vec![("Action", "prune-releases".to_owned())];
    trailers.extend(packages.iter().map(|name| ("Package", (*name).to_owned())));
    trailers.extend(asked.reason.clone().map(|reason| ("Reason", reason)));
    let line = |report: &&BuildReport| {
        let newer = report.newer.iter().map(|newer| {
            let versions = newer.versions.join(", ");
            format!("{}: {versions}", newer.line)
        });
        format!(
            "- {} {} ({}), after {}",
            report.package,
            report.version,
            report.build,
            newer.collect::<Vec<_>>().join("; ")
        )
    };
    let why = "No device is offered any of them.".to_owned();
    Message {
        body: [why, String::new()]
            .into_iter()
            .chain(going.iter().map(line))
            .collect(),
        subject: format!("{verb} {count} of {which} that newer releases replace"),
        trailers,
    }
}
