//! Remembers a change while it lands, so that the next command can finish what a killed one began.
//!
//! The journal is written before the branch moves and removed when the working tree is up to date. It stands in the
//! common git directory, beside the lock that only one writer holds.

use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::write_error::WriteError;
use crate::base::atomic_file;
use crate::git::{
    BlobId, CommitId, Forgotten, GitError, Head, Kind, Node, PathUpdate, Store, Unfinished,
};

/// The change that is landing.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Journal {
    new: String,
    reference: String,
    updates: Vec<Row>,
    work_dir: Option<PathBuf>,
}

/// A path that the change gives another file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    kind: Kind,
    new: Option<String>,
    old: Option<String>,
    #[serde(default)]
    old_kind: Kind,
    path: String,
}

/// What was found and done after an interrupted command.
#[derive(Clone, Debug)]
pub(crate) struct Recovered {
    pub(crate) commit: CommitId,
    /// Otherwise only the index knew of the change, and it is as before again.
    pub(crate) has_landed: bool,
    /// Paths that were edited meanwhile and left as they are.
    pub(crate) unfinished: Vec<Unfinished>,
}

fn file(folder: &Path) -> PathBuf {
    folder.join("journal.json")
}

impl Journal {
    /// Returns where it is, when there is one.
    pub(super) fn path(folder: &Path) -> PathBuf {
        file(folder)
    }

    /// Writes down that `reference` is about to move to `new`, and which working tree follows it.
    pub(super) fn write(
        folder: &Path,
        reference: &str,
        new: CommitId,
        updates: &[PathUpdate],
        work_dir: Option<&Path>,
    ) -> Result<(), WriteError> {
        let text = |blob: Option<BlobId>| blob.map(|blob| blob.to_string());
        let journal = Self {
            new: new.to_string(),
            reference: reference.to_owned(),
            updates: updates
                .iter()
                .map(|update| Row {
                    kind: update.kind,
                    new: text(update.new),
                    old: text(update.old),
                    old_kind: update.old_kind,
                    path: update.path.clone(),
                })
                .collect(),
            work_dir: work_dir.map(Path::to_owned),
        };
        let json = serde_json::to_vec_pretty(&journal).expect("a journal has only texts");
        let path = file(folder);
        atomic_file::write(&path, &json).map_err(|source| WriteError::Journal { path, source })
    }

    /// Forgets the change: it has landed, or it will not.
    pub(super) fn clear(folder: &Path) -> Result<(), WriteError> {
        let path = file(folder);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(WriteError::Journal { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Finishes the change that a killed process left, if there is one.
    pub(super) fn recover(folder: &Path, store: &Store) -> Result<Option<Recovered>, WriteError> {
        let path = file(folder);
        let Ok(json) = fs::read(&path) else {
            return Ok(None);
        };
        let journal: Self =
            serde_json::from_slice(&json).map_err(|source| WriteError::Journal {
                path,
                source: source.into(),
            })?;
        let recovered = journal.finish(folder, store)?;
        Self::clear(folder)?;
        Ok(recovered)
    }

    fn finish(&self, folder: &Path, store: &Store) -> Result<Option<Recovered>, WriteError> {
        let commit: CommitId = self.new.parse()?;
        store.remove_stale_reference_lock(&self.reference, commit)?;
        let Some(work_dir) = self
            .work_dir
            .as_deref()
            .filter(|work_dir| work_dir.exists())
        else {
            return Ok(None);
        };
        let store = Store::open_work_dir(work_dir)?;
        store.remove_stale_index_lock(folder)?;
        let Head::Branch {
            name,
            tip: Some(tip),
        } = store.head()?
        else {
            return Ok(None);
        };
        if name != self.reference {
            return Ok(None);
        }
        let (landed, others) = self.updates(&store, tip)?;
        let lock = store.lock_index(folder)?;
        let was_announced = store.take_back(&others, folder, lock.as_ref())?;
        if landed.is_empty() {
            let unfinished = Vec::new();
            let has_landed = false;
            return Ok(was_announced.then_some(Recovered {
                commit,
                has_landed,
                unfinished,
            }));
        }
        let unfinished = store
            .lay_out(&landed, folder, &Forgotten::default(), lock.as_ref())
            .map_err(|source| WriteError::NotLaidOut {
                commit: commit.short(),
                source,
            })?;
        let has_landed = true;
        Ok(Some(Recovered {
            commit,
            has_landed,
            unfinished,
        }))
    }

    /// Returns the updates that are in the branch, which are all of them when the change landed, and the others.
    fn updates(
        &self,
        store: &Store,
        tip: CommitId,
    ) -> Result<(Vec<PathUpdate>, Vec<PathUpdate>), GitError> {
        let tree = store.root(tip)?;
        let (mut landed, mut others) = (Vec::new(), Vec::new());
        for row in &self.updates {
            let parse =
                |text: &Option<String>| text.as_deref().map(str::parse::<BlobId>).transpose();
            let update = PathUpdate {
                kind: row.kind,
                new: parse(&row.new)?,
                old: parse(&row.old)?,
                old_kind: row.old_kind,
                path: row.path.clone(),
            };
            let has_landed = match store.find(tree, &row.path)? {
                Some(Node::Other) => matches!(row.kind, Kind::Link | Kind::Submodule),
                found => found == update.new.map(Node::Blob),
            };
            if has_landed {
                landed.push(update);
            } else {
                others.push(update);
            }
        }
        Ok((landed, others))
    }
}
