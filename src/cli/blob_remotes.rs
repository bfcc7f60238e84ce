//! The remotes for SPKs that a command uses, with what the environment says.

use std::sync::{Arc, Mutex};

use super::Context;
use super::error::CliError;
use super::roots::{RootsError, roots};
use super::s3_access::s3_access;
use super::ui::Ui;
use crate::blob::BlobStore;
use crate::git::{GitError, Network};
use crate::http::OpenRemote;
use crate::model::doc::BlobsDoc;
use crate::ops::blobs::{BlobsError, download, upload};
use crate::repo::{Carry, Repository};
use crate::transfer::{Access, BlobRemote, GitAccess, Wanted, open};
use crate::web::Transport;

/// Remotes that are open.
pub(super) type Remotes = Vec<Box<dyn BlobRemote>>;

/// Redirections that are followed: a file of a release is behind two.
const REDIRECTS: u32 = 5;

/// Says why no remote can be opened.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(super) enum OpenerError {
    Git(#[from] GitError),
    Roots(#[from] RootsError),
}

/// Opens remotes, now or later.
pub(super) struct Opener {
    access: Access,
}

impl Opener {
    /// Takes what the environment says for `repository`.
    pub(super) fn new(ui: &Ui, repository: &Repository) -> Result<Self, OpenerError> {
        Self::with(repository, ui.is_attended())
    }

    /// Does the same for a server, which asks nobody for a password.
    pub(super) fn of_server(repository: &Repository) -> Result<OpenRemote, OpenerError> {
        let opener = Self::with(repository, false)?;
        Ok(Arc::new(move |doc| {
            let mut opened = open(std::slice::from_ref(doc), &opener.access)?;
            Ok(opened.pop().expect("each document is a remote"))
        }))
    }

    fn with(repository: &Repository, is_attended: bool) -> Result<Self, OpenerError> {
        let network = Network {
            is_attended,
            ..Network::default()
        };
        let store = Arc::new(Mutex::new(repository.store.reopen()?));
        Ok(Self {
            access: Access {
                git: GitAccess { network, store },
                s3: s3_access(),
                transport: Transport::new(roots()?, REDIRECTS),
                uploads: repository.store.common_dir().join("spkrepo/uploads"),
            },
        })
    }

    /// Opens the remotes that `names` says, or all that the settings state.
    pub(super) fn open(&self, blobs: &BlobsDoc, names: &[String]) -> Result<Remotes, BlobsError> {
        let mut docs = blobs.remotes();
        let is_unknown = |name: &&String| docs.iter().all(|doc| doc.name != **name);
        if let Some(name) = names.iter().find(is_unknown) {
            let known: Vec<String> = docs.iter().map(|doc| format!("`{}`", doc.name)).collect();
            return Err(BlobsError::NoRemote {
                known: known.join(", "),
                name: name.clone(),
            });
        }
        docs.retain(|doc| names.is_empty() || names.contains(&doc.name));
        Ok(open(&docs, &self.access)?)
    }
}

/// Opens the remotes that `names` says, or all that the settings state, for a command that needs them now.
pub(super) fn remotes(
    context: &Context,
    repository: &Repository,
    blobs: &BlobsDoc,
    names: &[String],
) -> Result<Remotes, CliError> {
    Ok(Opener::new(&context.ui, repository)?.open(blobs, names)?)
}

/// Returns the remotes as they are handed on.
pub(super) fn borrowed(remotes: &Remotes) -> Vec<&dyn BlobRemote> {
    remotes.iter().map(|remote| &**remote).collect()
}

/// Returns what uploads SPKs to the remotes of spkrepo.toml. The environment is looked at when there is something to upload.
pub(super) fn uploads(context: &Context) -> Carry {
    carry(context, upload)
}

/// Returns what downloads SPKs from the remotes of spkrepo.toml.
pub(super) fn downloads(context: &Context) -> Carry {
    carry(context, download)
}

/// Carries all of some blobs between a store and remotes.
type CarryAll = fn(&BlobStore, &[Wanted], &[&dyn BlobRemote]) -> Result<(), BlobsError>;

fn carry(context: &Context, way: CarryAll) -> Carry {
    let (path, ui) = (context.repo.clone(), Ui::new());
    Arc::new(move |doc, wanted| {
        let repository = Repository::open(&path)?;
        let remotes = Opener::new(&ui, &repository)?.open(doc, &[])?;
        Ok(way(&repository.blobs, wanted, &borrowed(&remotes))?)
    })
}
