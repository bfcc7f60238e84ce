//! Documents and pointers at the tips of all branches and tags, and at each HEAD.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Kind};
use crate::base::digest::Sha256;
use crate::git::CommitId;
use crate::model::doc::{DocError, Fault};
use crate::repo::{LoadError, Repository, Snapshot, load_packages};
use crate::transfer::Names;

/// What was found at the tips.
#[derive(Default)]
pub(super) struct Tips {
    pub(super) findings: Vec<Finding>,
    /// What the builds at HEAD are called: they should be here, and remotes may go by names.
    pub(super) names: BTreeMap<Sha256, Names>,
}

/// Reads every tip. What is not here is left to git to say.
pub(super) fn look(repository: &Repository) -> Tips {
    let store = &repository.store;
    let head = repository.commit(None).ok();
    let mut tips = Tips::default();
    let mut commits: Vec<CommitId> = head.into_iter().collect();
    commits.extend(store.named_commits().unwrap_or_default());
    let mut seen = BTreeSet::new();
    // The same problem at several tips is told once.
    let mut told = BTreeSet::new();
    for commit in commits.into_iter().filter(|commit| seen.insert(*commit)) {
        match load_packages(store, commit, None) {
            Ok(loaded) => {
                if head == Some(commit) {
                    tips.names = names(&loaded.snapshot);
                }
                let new = loaded.problems.into_iter().filter(|problem| {
                    let key = (problem.path.clone(), problem.line, problem.message.clone());
                    told.insert(key)
                });
                tips.findings
                    .extend(new.map(|problem| finding(commit, problem)));
            }
            // Branches may have other things.
            Err(LoadError::NotAPackageSource { .. } | LoadError::Git(_)) => {}
            Err(error) => {
                let finding = Finding {
                    commit: Some(commit),
                    ..Finding::new(Kind::Document, error.to_string())
                };
                tips.findings.push(finding);
            }
        }
    }
    tips
}

fn finding(commit: CommitId, problem: DocError) -> Finding {
    let kind = match problem.fault {
        Fault::Pointer | Fault::PointerDisagrees | Fault::PointerMissing => Kind::Pointer,
        Fault::Document | Fault::Link | Fault::Name => Kind::Document,
    };
    Finding {
        commit: Some(commit),
        path: Some(problem.path),
        ..Finding::new(kind, problem.message)
    }
}

fn names(snapshot: &Snapshot) -> BTreeMap<Sha256, Names> {
    let builds = snapshot.builds().filter_map(|(package, release, build)| {
        let blob = build.blob(&package.name, &release.version);
        Some((blob.sha256, blob.names?))
    });
    builds.collect()
}
