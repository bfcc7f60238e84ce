//! Mends in the working tree what a program can mend: only files that are as they were committed.

use std::collections::BTreeSet;
use std::path::Path;

use fs_err as fs;
use serde::Serialize;

use super::{CheckError, Report};
use crate::git::{BlobId, GitError, Kind, Node, PathUpdate, Store, TreeId};
use crate::lint::{Finding, Fix};
use crate::repo::Repository;

/// What was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mended {
    pub(crate) rule: &'static str,
    pub(crate) path: String,
    /// Where the file is now, if it was renamed.
    pub(crate) renamed_to: Option<String>,
}

/// What could have been mended, and why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// The same file was mended already: the next run sees what is left.
    Again {
        path: String,
    },
    Dirty {
        path: String,
    },
}

/// Mends what `report`, which is about the working tree or HEAD, says can be mended.
pub(crate) fn mend(
    repository: &Repository,
    report: &Report,
) -> Result<(Vec<Mended>, Vec<Skipped>), CheckError> {
    let store = &repository.store;
    let (Some(root), head) = (store.work_dir(), repository.commit(None)?) else {
        return Err(CheckError::NoWorkingTree {
            path: store.shown_path().to_owned(),
        });
    };
    let tree = store.root(head)?;
    let mut touched = BTreeSet::new();
    let (mut mended, mut skipped) = (Vec::new(), Vec::new());
    for (finding, fix) in fixes(report) {
        let path = finding.path.clone();
        if !touched.insert(path.clone()) {
            skipped.push(Skipped::Again { path });
        } else if !is_clean(store, tree, fix)? {
            skipped.push(Skipped::Dirty { path });
        } else {
            apply(root, fix)?;
            mended.push(said(finding, fix));
        }
    }
    Ok((mended, skipped))
}

fn fixes(report: &Report) -> impl Iterator<Item = (&Finding, &Fix)> {
    let findings = report.findings.iter();
    findings.filter_map(|finding| Some((finding, finding.fix.as_ref()?)))
}

fn said(finding: &Finding, fix: &Fix) -> Mended {
    Mended {
        rule: finding.rule,
        path: finding.path.clone(),
        renamed_to: match fix {
            Fix::Rename { to, .. } => Some(to.clone()),
            Fix::Write { .. } => None,
        },
    }
}

/// Returns whether nothing that a person did would be lost.
fn is_clean(store: &Store, tree: TreeId, fix: &Fix) -> Result<bool, GitError> {
    let committed = |path: &str| -> Result<Option<BlobId>, GitError> {
        Ok(match store.find(tree, path)? {
            Some(Node::Blob(blob)) => Some(blob),
            _ => None,
        })
    };
    let paths = match fix {
        Fix::Rename { from, to } => vec![from, to],
        Fix::Write { path, .. } => vec![path],
    };
    let updates = paths.into_iter().map(|path| {
        Ok(PathUpdate {
            kind: Kind::File,
            new: None,
            old: committed(path)?,
            old_kind: Kind::File,
            path: path.clone(),
        })
    });
    match store.check_clean(&updates.collect::<Result<Vec<_>, GitError>>()?) {
        Ok(()) => Ok(true),
        Err(GitError::Dirty { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn apply(root: &Path, fix: &Fix) -> Result<(), CheckError> {
    let (path, done) = match fix {
        Fix::Rename { from, to } => (from, fs::rename(root.join(from), root.join(to))),
        Fix::Write { bytes, path } => (path, fs::write(root.join(path), bytes)),
    };
    done.map_err(|source| CheckError::Write {
        path: path.clone(),
        source,
    })
}
