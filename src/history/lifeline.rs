//! The life of each release of a package: what happened to it, by whom and why, from its first commit on.

use std::collections::BTreeMap;

use serde::Serialize;

use super::event::What;
use super::walk::{LogEntry, log};
use crate::git::{CommitId, GitError, Store};
use crate::model::name::PackageName;
use crate::model::version::Version;

/// The life of a package, the newest release first.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct History {
    pub(crate) package: String,
    /// What happened to the package as a whole: its document, its screenshots.
    pub(crate) package_events: Vec<Happening>,
    pub(crate) releases: Vec<ReleaseHistory>,
}

/// The life of a release, in the order of time.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ReleaseHistory {
    pub(crate) version: String,
    pub(crate) events: Vec<Happening>,
}

/// What one commit did.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Happening {
    pub(crate) commit: String,
    pub(crate) author: String,
    pub(crate) email: String,
    /// RFC 3339, in UTC.
    pub(crate) date: String,
    pub(crate) subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(flatten)]
    pub(crate) what: What,
    /// The builds that it happened to; none when it is about all of the release.
    pub(crate) builds: Vec<String>,
}

/// Returns the life of `package` up to `start`, or of one release of it.
pub(crate) fn history(
    store: &Store,
    start: CommitId,
    package: &PackageName,
    version: Option<&Version>,
) -> Result<History, GitError> {
    let entries = log(store, start, Some(package), usize::MAX)?;
    let wanted = version.map(Version::as_str);
    let mut package_events = Vec::new();
    let mut releases: BTreeMap<String, Vec<Happening>> = BTreeMap::new();
    for entry in entries.iter().rev() {
        for event in &entry.events {
            let life = match event.version.as_deref() {
                Some(version) if wanted.is_none_or(|wanted| wanted == version) => {
                    releases.entry(version.to_owned()).or_default()
                }
                None if wanted.is_none() => &mut package_events,
                _ => continue,
            };
            note(life, entry, &event.what, event.build.as_ref());
        }
    }
    let mut releases: Vec<ReleaseHistory> = releases
        .into_iter()
        .map(|(version, events)| ReleaseHistory { version, events })
        .collect();
    releases
        .sort_by_cached_key(|release| std::cmp::Reverse(release.version.parse::<Version>().ok()));
    Ok(History {
        package: package.to_string(),
        package_events,
        releases,
    })
}

/// Adds what happened; what one commit did to several builds happened once.
fn note(life: &mut Vec<Happening>, entry: &LogEntry, what: &What, build: Option<&String>) {
    let is_same =
        |known: &&mut Happening| known.commit == entry.commit && is_alike(&known.what, what);
    if let (Some(known), Some(build)) = (life.iter_mut().find(is_same), build) {
        known.builds.push(build.clone());
        return;
    }
    life.push(Happening {
        commit: entry.commit.clone(),
        author: entry.author.clone(),
        email: entry.email.clone(),
        date: entry.date.clone(),
        subject: entry.subject.clone(),
        action: entry.action.clone(),
        reason: entry.reason.clone(),
        what: what.clone(),
        builds: build.into_iter().cloned().collect(),
    });
}

/// Documents of builds that were edited alike have different paths.
fn is_alike(a: &What, b: &What) -> bool {
    match (a, b) {
        (What::Edited { path: _, keys }, What::Edited { path, keys: others }) => {
            keys == others && !path.ends_with("/release.toml") && !path.ends_with("/package.toml")
        }
        (a, b) => a == b,
    }
}
