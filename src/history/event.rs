//! One thing that a commit did to one package, as the difference of two versions of a file.

use serde::Serialize;

use crate::base::limits::Limits;
use crate::git::{ChangedPath, GitError, Store};
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, read};
use crate::model::fingerprint::Fingerprint;

/// What happened to a file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Event {
    pub(crate) package: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) build: Option<String>,
    #[serde(flatten)]
    pub(crate) what: What,
}

/// The kinds of things that happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum What {
    Added {
        channel: Channel,
    },
    /// The text of the file changed in a way that has no word of its own.
    Edited {
        path: String,
    },
    Moved {
        from: Channel,
        to: Channel,
    },
    Removed,
    /// The build has other bytes.
    Replaced,
    /// The build has a signature now, or another one.
    Signed {
        fingerprint: Fingerprint,
    },
    Unsigned,
    Unyanked,
    Yanked {
        reason: String,
    },
}

/// Returns what the change of `path` means; pointers and pictures go with their documents and mean nothing alone.
pub(super) fn events(store: &Store, path: &ChangedPath) -> Result<Vec<Event>, GitError> {
    let parts: Vec<&str> = path.path.split('/').collect();
    let (package, version, file) = match parts.as_slice() {
        ["packages", package, version, file] => (*package, Some(*version), *file),
        ["packages", package, file] => (*package, None, *file),
        _ => return Ok(Vec::new()),
    };
    let event = |build: Option<&str>, what| Event {
        package: package.to_owned(),
        version: version.map(str::to_owned),
        build: build.map(str::to_owned),
        what,
    };
    let edited = || What::Edited {
        path: path.path.clone(),
    };
    let Some(stem) = file.strip_suffix(".toml") else {
        return Ok(Vec::new());
    };
    if version.is_none() || stem == "release" {
        let is_edit = path.old.is_some() && path.new.is_some();
        return Ok(is_edit.then(|| event(None, edited())).into_iter().collect());
    }
    let old = document(store, path, path.old)?;
    let new = document(store, path, path.new)?;
    Ok(build_events(old.as_ref(), new.as_ref(), path, edited)
        .into_iter()
        .map(|what| event(Some(stem), what))
        .collect())
}

/// Reads a build's document; one that does not parse is no document here, since history must stay readable.
fn document(
    store: &Store,
    path: &ChangedPath,
    blob: Option<crate::git::BlobId>,
) -> Result<Option<BuildDoc>, GitError> {
    let Some(blob) = blob else { return Ok(None) };
    match store.read(&path.path, blob, Limits::DEFAULT.document) {
        Ok(bytes) => Ok(read(&path.path, &bytes).ok()),
        Err(GitError::Oversized { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn build_events(
    old: Option<&BuildDoc>,
    new: Option<&BuildDoc>,
    path: &ChangedPath,
    edited: impl Fn() -> What,
) -> Vec<What> {
    let (old, new) = match (old, new) {
        (Some(old), Some(new)) => (old, new),
        (None, Some(new)) if path.old.is_none() => {
            let channel = new.channel;
            return vec![What::Added { channel }];
        }
        _ if path.new.is_none() => return vec![What::Removed],
        _ => return vec![edited()],
    };
    let mut whats = Vec::new();
    match (&old.signature, &new.signature) {
        (old, Some(new)) if old.as_ref() != Some(new) => whats.push(What::Signed {
            fingerprint: new.fingerprint.clone(),
        }),
        (Some(_), None) => whats.push(What::Unsigned),
        _ if old.spk.sha256 != new.spk.sha256 => whats.push(What::Replaced),
        _ => {}
    }
    if old.channel != new.channel {
        whats.push(What::Moved {
            from: old.channel,
            to: new.channel,
        });
    }
    match (&old.yanked, &new.yanked) {
        (None, Some(yanked)) => whats.push(What::Yanked {
            reason: yanked.reason.clone(),
        }),
        (Some(_), None) => whats.push(What::Unyanked),
        _ => {}
    }
    if whats.is_empty() {
        whats.push(edited());
    }
    whats
}
