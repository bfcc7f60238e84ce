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
    /// What the commit says that it does (`Spkrepo-Action`), when a command made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    /// Why (`Spkrepo-Reason`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
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
        action: trailer(&info.message, "Spkrepo-Action"),
        reason: trailer(&info.message, "Spkrepo-Reason"),
        subject: info.message.lines().next().unwrap_or_default().to_owned(),
        events,
    }
}

/// Returns the first value of a trailer: a line of the last paragraph (git-interpret-trailers(1)).
pub(crate) fn trailer(message: &str, key: &str) -> Option<String> {
    let (_, last) = message.trim_end().rsplit_once("\n\n")?;
    let lines = last.lines().filter_map(|line| line.split_once(": "));
    let mut values = lines.filter(|(known, _)| *known == key);
    values.next().map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_in_the_last_paragraph_only() {
        let message =
            "subject\n\nSpkrepo-Reason: forged\n\nSpkrepo-Action: yank\nSpkrepo-Reason: a: b\n";
        assert_eq!(trailer(message, "Spkrepo-Reason").as_deref(), Some("a: b"));
        assert_eq!(trailer(message, "Spkrepo-Build"), None);
        assert_eq!(trailer("Spkrepo-Reason: x", "Spkrepo-Reason"), None);
    }
}
