//! One thing that a commit did to one package, as the difference of two versions of a file.

use std::collections::{BTreeMap, BTreeSet};

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
    /// The text of the file changed in a way that has no word of its own: its keys, none for comments and form.
    Edited {
        path: String,
        keys: Vec<String>,
    },
    Moved {
        from: Channel,
        to: Channel,
    },
    /// An icon or a screenshot is another one, new or gone.
    Picture {
        path: String,
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

/// Returns what the change of `path` means; pointers, and pictures that come with a release, mean nothing alone.
pub(super) fn events(store: &Store, path: &ChangedPath) -> Result<Vec<Event>, GitError> {
    let parts: Vec<&str> = path.path.split('/').collect();
    if let Some(event) = picture(path, &parts) {
        return Ok(vec![event]);
    }
    let (package, version, file) = match parts.as_slice() {
        ["packages", _, "screenshots", _] => return Ok(Vec::new()),
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
    let Some(stem) = file.strip_suffix(".toml") else {
        return Ok(Vec::new());
    };
    if version.is_none() || stem == "release" {
        let is_edit = path.old.is_some() && path.new.is_some();
        if !is_edit {
            return Ok(Vec::new());
        }
        let keys = changed_keys(
            &bytes(store, path, path.old)?,
            &bytes(store, path, path.new)?,
        );
        let path = path.path.clone();
        return Ok(vec![event(None, What::Edited { path, keys })]);
    }
    let sides = [bytes(store, path, path.old)?, bytes(store, path, path.new)?];
    Ok(build_events(path, &sides)
        .into_iter()
        .map(|what| event(Some(stem), what))
        .collect())
}

/// Screenshots mean something however they change, icons when there was one before.
fn picture(path: &ChangedPath, parts: &[&str]) -> Option<Event> {
    let (package, version) = match parts {
        ["packages", package, "screenshots", _] => (package, None),
        ["packages", package, version, file] if file.ends_with(".png") && path.old.is_some() => {
            (package, Some((*version).to_owned()))
        }
        _ => return None,
    };
    Some(Event {
        package: (*package).to_owned(),
        version,
        build: None,
        what: What::Picture {
            path: path.path.clone(),
        },
    })
}

/// Returns the bytes of one side: none where there is no file, or one that is too long for a document.
fn bytes(
    store: &Store,
    path: &ChangedPath,
    blob: Option<crate::git::BlobId>,
) -> Result<Vec<u8>, GitError> {
    let Some(blob) = blob else {
        return Ok(Vec::new());
    };
    match store.read(&path.path, blob, Limits::DEFAULT.document) {
        Err(GitError::Oversized { .. }) => Ok(Vec::new()),
        read => read,
    }
}

/// Returns the keys whose values differ, as `text.description`; what is no TOML has none.
fn changed_keys(old: &[u8], new: &[u8]) -> Vec<String> {
    let (old, new) = (keys(old), keys(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let names = names
        .into_iter()
        .filter(|name| old.get(*name) != new.get(*name));
    names.cloned().collect()
}

fn keys(bytes: &[u8]) -> BTreeMap<String, toml::Value> {
    let text = String::from_utf8_lossy(bytes);
    let mut keys = BTreeMap::new();
    flatten("", text.parse().unwrap_or_default(), &mut keys);
    keys
}

fn flatten(before: &str, table: toml::Table, keys: &mut BTreeMap<String, toml::Value>) {
    for (key, value) in table {
        let key = if before.is_empty() {
            key
        } else {
            format!("{before}.{key}")
        };
        match value {
            toml::Value::Table(table) => flatten(&key, table, keys),
            value => {
                keys.insert(key, value);
            }
        }
    }
}

/// Keys of a build's document that have words of their own.
const TOLD: [&str; 4] = ["channel", "signature", "spk", "yanked"];

fn build_events(path: &ChangedPath, sides: &[Vec<u8>; 2]) -> Vec<What> {
    // History must stay readable: a document that does not parse is none.
    let document = |bytes: &Vec<u8>| read::<BuildDoc>(&path.path, bytes).ok();
    let [old, new] = [document(&sides[0]), document(&sides[1])];
    let mut keys = changed_keys(&sides[0], &sides[1]);
    let whats = match (old, new) {
        (Some(old), Some(new)) => {
            keys.retain(|key| !TOLD.contains(&key.split('.').next().unwrap_or(key)));
            differences(&old, &new)
        }
        (None, Some(new)) if path.old.is_none() => {
            let channel = new.channel;
            return vec![What::Added { channel }];
        }
        _ if path.new.is_none() => return vec![What::Removed],
        _ => Vec::new(),
    };
    let is_edited = whats.is_empty() || !keys.is_empty();
    let path = path.path.clone();
    let edited = is_edited.then_some(What::Edited { path, keys });
    whats.into_iter().chain(edited).collect()
}

fn differences(old: &BuildDoc, new: &BuildDoc) -> Vec<What> {
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
    whats
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_named_with_their_tables_and_comments_have_none() {
        let old = b"a = 1\n[text]\nb = 'x'\n[text.languages.fre]\nc = 'y'\n";
        let new = b"# Remark\na = 1\n[text]\nb = 'z'\n";
        assert_eq!(changed_keys(old, new), ["text.b", "text.languages.fre.c"]);
        assert_eq!(changed_keys(b"a = 1\n", b"a = 1 # one\n"), [""; 0]);
        assert_eq!(changed_keys(b"no toml", b"a = 1\n"), ["a"]);
    }
}
