//! Which blobs a command is about.

use std::collections::BTreeMap;

use super::BlobsError;
use crate::base::digest::Sha256;
use crate::ops::target::Target;
use crate::repo::{Repository, Snapshot, pointers_of_history};
use crate::transfer::Wanted;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// Those of all commits of all branches and tags as well.
    pub(crate) all: bool,
    /// All packages, if empty.
    pub(crate) targets: Vec<Target>,
}

/// Returns the blobs that `scope` is about, each once, in the order of builds; then those that history alone knows.
pub(crate) fn wanted(
    repository: &Repository,
    snapshot: &Snapshot,
    scope: &Scope,
) -> Result<Vec<Wanted>, BlobsError> {
    for target in &scope.targets {
        target.release(snapshot)?;
    }
    let mut seen = BTreeMap::new();
    let mut wanted = Vec::new();
    for (package, release, build) in snapshot.builds() {
        let is_meant = |target: &Target| {
            target.package == package.name
                && target
                    .version
                    .as_ref()
                    .is_none_or(|version| *version == release.version)
        };
        let spk = &build.doc.spk;
        if !scope.targets.is_empty() && !scope.targets.iter().any(is_meant) {
            continue;
        }
        if seen.insert(spk.sha256, spk.size).is_none() {
            wanted.push(build.blob(&package.name, &release.version));
        }
    }
    if scope.all {
        let history: BTreeMap<Sha256, u64> = pointers_of_history(&repository.store)?;
        let rest = history
            .into_iter()
            .filter(|(sha256, _)| !seen.contains_key(sha256));
        wanted.extend(rest.map(|(sha256, size)| Wanted::new(sha256, size)));
    }
    Ok(wanted)
}
