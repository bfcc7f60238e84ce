//! Whose commits a change does not fit.

use std::error::Error;

use super::push::{Base, Plan};
use super::write_error::WriteError;
use super::writer::Writer;
use crate::git::{CommitInfo, GitError, RemoteBranch, Store};

/// Commits of others that are looked at.
const LOOKED_AT: usize = 1000;

impl Writer {
    /// Says whose commits a change does not fit that would have fitted the branch here.
    pub(super) fn conflict<E>(
        &self,
        remote: &RemoteBranch,
        base: &Base,
        plan: &mut Plan<'_, E>,
        error: E,
    ) -> Result<E, WriteError>
    where
        E: From<WriteError> + Error + Send + Sync + 'static,
    {
        if base.commit == base.local {
            return Ok(error);
        }
        let snapshot = self.read(base.local)?;
        let Ok(Some(change)) = plan(&snapshot) else {
            return Ok(error);
        };
        let mut paths: Vec<String> = change.edits.keys().cloned().collect();
        let mut others = self.others(base, &paths)?;
        if others.is_empty() {
            // Two builds for the same devices are in two files of one folder.
            paths
                .iter_mut()
                .for_each(|path| path.truncate(path.rfind('/').map_or(path.len(), |at| at + 1)));
            others = self.others(base, &paths)?;
        }
        let (remote, source) = (remote.shown(), Box::new(error));
        Ok(WriteError::Conflict {
            others,
            remote,
            source,
        }
        .into())
    }

    /// Describes the remote's commits that changed something at or below `paths`.
    fn others(&self, base: &Base, paths: &[String]) -> Result<Vec<String>, GitError> {
        let mut others = Vec::new();
        let commits = self.store.commits_between(&[base.local], base.commit)?;
        for commit in commits.iter().rev().take(LOOKED_AT) {
            let changed = touched(&self.store, commit)?;
            let is_ours = |changed: &&String| {
                let holds = |path: &String| path.ends_with('/') && changed.starts_with(path);
                paths.iter().any(|path| *changed == path || holds(path))
            };
            let both: Vec<&String> = changed.iter().filter(is_ours).collect();
            let document = both.iter().find(|path| path.ends_with(".toml"));
            if let Some(path) = document.or(both.first()) {
                others.push(described(commit, path));
            }
        }
        Ok(others)
    }
}

/// Returns the paths that a commit changed.
pub(super) fn touched(store: &Store, commit: &CommitInfo) -> Result<Vec<String>, GitError> {
    let parent = commit.parents.first().map(|parent| store.root(*parent));
    let updates = store.path_updates(parent.transpose()?, store.root(commit.id)?)?;
    Ok(updates.into_iter().map(|update| update.path).collect())
}

/// Describes a commit of somebody else that changed `path` too.
pub(super) fn described(commit: &CommitInfo, path: &str) -> String {
    let subject = commit.message.lines().next().unwrap_or_default();
    format!(
        "{} {subject} ({}): `{path}`",
        commit.id.short(),
        commit.author
    )
}
