//! Scripts, `conf/*` and wizards of the SPKs themselves, as far as their bytes are here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::pairs::Pair;
use super::powers::{Power, PowerChange, PowerKind, note};
use crate::base::digest::Sha256;
use crate::base::limits::Limits;
use crate::blob::BlobStore;
use crate::catalog::Offer;
use crate::git::text_difference;
use crate::spk::{Texts, texts};

/// A text of an SPK that differs from what it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ScriptChange {
    /// The member of the SPK: `scripts/postinst`.
    pub(crate) path: String,
    pub(crate) change: ScriptWhat,
    /// The hunks; empty when it is no text.
    pub(crate) patch: String,
    pub(crate) builds: Vec<String>,
}

/// What became of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ScriptWhat {
    Added,
    Changed,
    Removed,
}

/// What the SPKs say.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) changes: Vec<ScriptChange>,
    pub(super) ports: Vec<PowerChange>,
    /// Builds whose scripts are not compared, since an SPK is not here or cannot be read.
    pub(super) unread: BTreeSet<String>,
}

/// The texts of SPKs that were read once.
pub(crate) struct Scripts<'a> {
    blobs: &'a BlobStore,
    known: BTreeMap<Sha256, Option<Texts>>,
}

impl<'a> Scripts<'a> {
    pub(crate) fn new(blobs: &'a BlobStore) -> Self {
        Self {
            blobs,
            known: BTreeMap::new(),
        }
    }

    /// Compares the texts of each pair whose bytes differ.
    pub(super) fn compare(&mut self, pairs: &[Pair<'_>]) -> Found {
        let mut found = Found::default();
        for pair in pairs {
            let digest = |build: Offer<'_>| build.build.doc.spk.sha256;
            if pair.old.map(digest) == Some(digest(pair.new)) {
                continue;
            }
            let old = pair
                .old
                .map_or_else(|| Some(Texts::default()), |old| self.read(old));
            match (old, self.read(pair.new)) {
                (Some(old), Some(new)) => compare(&old, &new, &pair.label(), &mut found),
                _ => {
                    found.unread.insert(pair.label());
                }
            }
        }
        found
            .changes
            .sort_by(|a, b| (&a.path, a.change).cmp(&(&b.path, b.change)));
        found
    }

    fn read(&mut self, build: Offer<'_>) -> Option<Texts> {
        let spk = &build.build.doc.spk;
        let blobs = self.blobs;
        let read = || texts(blobs.open(spk.sha256, spk.size).ok()?, &Limits::DEFAULT).ok();
        self.known.entry(spk.sha256).or_insert_with(read).clone()
    }
}

fn compare(old: &Texts, new: &Texts, label: &str, found: &mut Found) {
    let names: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    for path in names {
        let (before, after) = (old.files.get(path), new.files.get(path));
        let change = match (before, after) {
            (before, after) if before == after => continue,
            (None, _) => ScriptWhat::Added,
            (_, None) => ScriptWhat::Removed,
            _ => ScriptWhat::Changed,
        };
        let bytes = |side: Option<&Option<Vec<u8>>>| side.cloned().flatten().unwrap_or_default();
        let patch = text_difference(&bytes(before), &bytes(after));
        let known = found
            .changes
            .iter_mut()
            .find(|known| known.path == *path && known.change == change && known.patch == patch);
        match known {
            Some(known) => known.builds.push(label.to_owned()),
            None => found.changes.push(ScriptChange {
                path: path.clone(),
                change,
                patch,
                builds: vec![label.to_owned()],
            }),
        }
    }
    if old.port != new.port {
        for (port, gained) in [(&old.port, false), (&new.port, true)] {
            if let Some(name) = port.clone() {
                let power = Power {
                    kind: PowerKind::Port,
                    name,
                };
                note(&mut found.ports, &power, gained, label.to_owned());
            }
        }
    }
}
