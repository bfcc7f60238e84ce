//! Walks from a commit to the first one and keeps those that touched packages.

use jiff::Timestamp;
use serde::Serialize;

use super::event::{Event, events};
use crate::git::{ChangedPath, CommitId, CommitInfo, GitError, Store};
use crate::model::name::PackageName;

/// A commit and what it did to packages.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogEntry {
    pub(crate) commit: String,
    pub(crate) author: String,
    pub(crate) email: String,
    /// RFC 3339, in UTC.
    pub(crate) date: String,
    pub(crate) subject: String,
    pub(crate) events: Vec<Event>,
}

/// Returns the commits that touched packages (or one package), newest first, at most `limit` of them.
pub(crate) fn log(
    store: &Store,
    start: CommitId,
    package: Option<&PackageName>,
    limit: usize,
) -> Result<Vec<LogEntry>, GitError> {
    let folder = package.map_or_else(|| "packages".to_owned(), |name| format!("packages/{name}"));
    let mut entries = Vec::new();
    store.walk(start, |info| {
        let mut found = Vec::new();
        for path in own_changes(store, &info, &folder)? {
            found.extend(events(store, &path)?);
        }
        if !found.is_empty() {
            entries.push(entry(info, found));
        }
        Ok::<bool, GitError>(entries.len() < limit)
    })?;
    entries.truncate(limit);
    Ok(entries)
}

/// Returns what the commit itself changed: against its parent, or, for a merge, what differs from every parent.
fn own_changes(
    store: &Store,
    info: &CommitInfo,
    folder: &str,
) -> Result<Vec<ChangedPath>, GitError> {
    let tree = store.root(info.id)?;
    let Some((first, others)) = info.parents.split_first() else {
        return store.changed_paths(None, tree, folder);
    };
    let mut changes = store.changed_paths(Some(store.root(*first)?), tree, folder)?;
    for parent in others {
        let also = store.changed_paths(Some(store.root(*parent)?), tree, folder)?;
        changes.retain(|change| also.iter().any(|other| other.path == change.path));
    }
    Ok(changes)
}

fn entry(info: CommitInfo, events: Vec<Event>) -> LogEntry {
    let (seconds, _) = info.time;
    LogEntry {
        commit: info.id.to_string(),
        author: info.author,
        email: info.email,
        date: Timestamp::from_second(seconds)
            .map_or_else(|_| seconds.to_string(), |time| time.to_string()),
        subject: info.message.lines().next().unwrap_or_default().to_owned(),
        events,
    }
}
