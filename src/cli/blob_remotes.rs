//! The remotes for SPKs that a command uses, with what the environment says.

use std::sync::{Arc, Mutex};

use super::Context;
use super::error::CliError;
use super::roots::roots;
use crate::git::Network;
use crate::model::doc::BlobsDoc;
use crate::ops::blobs::BlobsError;
use crate::repo::Repository;
use crate::transfer::{Access, BlobRemote, GitAccess, open};
use crate::web::Transport;

/// Remotes that are open.
pub(super) type Remotes = Vec<Box<dyn BlobRemote>>;

/// Redirections that are followed: a file of a release is behind two.
const REDIRECTS: u32 = 5;

/// Opens the remotes that `names` says, or all that the settings state.
pub(super) fn remotes(
    context: &Context,
    repository: &Repository,
    blobs: &BlobsDoc,
    names: &[String],
) -> Result<Remotes, CliError> {
    let mut docs = blobs.remotes();
    if let Some(name) = names
        .iter()
        .find(|name| docs.iter().all(|doc| doc.name != **name))
    {
        let known: Vec<String> = docs.iter().map(|doc| format!("`{}`", doc.name)).collect();
        return Err(BlobsError::NoRemote {
            known: known.join(", "),
            name: name.clone(),
        }
        .into());
    }
    docs.retain(|doc| names.is_empty() || names.contains(&doc.name));
    let access = Access {
        git: GitAccess {
            network: Network {
                is_attended: context.ui.is_attended(),
                ..Network::default()
            },
            store: Arc::new(Mutex::new(repository.store.reopen()?)),
        },
        transport: Transport::new(roots()?, REDIRECTS),
    };
    Ok(open(&docs, &access).map_err(BlobsError::from)?)
}

/// Returns the remotes as they are handed on.
pub(super) fn borrowed(remotes: &Remotes) -> Vec<&dyn BlobRemote> {
    remotes.iter().map(|remote| &**remote).collect()
}
