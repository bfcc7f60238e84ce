//! Finds the package source that a folder is in: its git repository and its blobs.

use std::path::{Path, PathBuf};

use super::branch::Onto;
use super::load::{LoadError, load, load_settings};
use super::manner::Manner;
use super::snapshot::Snapshot;
use super::write_error::WriteError;
use super::writer::Writer;
use crate::blob::BlobStore;
use crate::git::{CommitId, GitError, Head, Store};
use crate::model::doc::SettingsDoc;

/// A package source on this machine.
pub(crate) struct Repository {
    pub(crate) blobs: BlobStore,
    pub(crate) manner: Manner,
    pub(crate) store: Store,
}

/// Says why a folder could not be used as a package source.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("`{path}` is a git repository without a commit, so it is no package source")]
    NoCommit { path: PathBuf },
}

impl Repository {
    /// Opens the package source that `folder` is in: a working tree, a linked one, or a bare repository.
    pub(crate) fn open(folder: &Path) -> Result<Self, GitError> {
        Self::new(Store::discover(folder)?)
    }

    /// Takes an open git repository; the blobs are where Git LFS has them.
    pub(super) fn new(store: Store) -> Result<Self, GitError> {
        let blobs = BlobStore::new(&store.lfs_storage()?);
        Ok(Self {
            blobs,
            manner: Manner::default(),
            store,
        })
    }

    /// Has changes made in this manner.
    pub(crate) fn with_manner(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// Returns the commit that `revision` names, or HEAD.
    pub(crate) fn commit(&self, revision: Option<&str>) -> Result<CommitId, OpenError> {
        if let Some(revision) = revision {
            return Ok(self.store.resolve(revision)?);
        }
        match self.store.head()? {
            Head::Branch {
                tip: Some(commit), ..
            }
            | Head::Detached { commit } => Ok(commit),
            Head::Branch { tip: None, .. } => Err(OpenError::NoCommit {
                path: self.store.shown_path().to_owned(),
            }),
        }
    }

    /// Returns what is at HEAD.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, OpenError> {
        Ok(load(&self.store, self.commit(None)?, None)?)
    }

    /// Returns the settings at `commit`.
    pub(crate) fn settings(&self, commit: CommitId) -> Result<SettingsDoc, OpenError> {
        Ok(load_settings(&self.store, commit)?)
    }

    /// Prepares to write: nobody else writes through spkrepo until the writer is dropped.
    pub(crate) fn writer(&self) -> Result<Writer, WriteError> {
        Writer::new(self)
    }

    /// Prepares to write to a branch changes that say who they are by; git need not know anybody here.
    pub(crate) fn writer_onto(&self, onto: Onto) -> Result<Writer, WriteError> {
        Writer::onto(self, onto)
    }

    /// Opens the same package source once more, for another thread.
    pub(crate) fn reopen(&self) -> Result<Self, GitError> {
        Ok(Self {
            blobs: self.blobs.clone(),
            manner: self.manner.clone(),
            store: self.store.reopen()?,
        })
    }
}
