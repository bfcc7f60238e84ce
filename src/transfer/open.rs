//! Makes remotes of what `spkrepo.toml` says.

use super::error::TransferError;
use super::folder::Folder;
use super::remote::BlobRemote;
use super::web::WebFiles;
use super::wire::Wire;
use crate::model::doc::{BlobPlace, BlobRemoteDoc};
use crate::web::Transport;

/// What it takes to use remotes, and does not stand in the repository.
pub(crate) struct Access {
    pub(crate) transport: Transport,
}

/// Makes the remotes, in their order.
pub(crate) fn open(
    docs: &[BlobRemoteDoc],
    access: &Access,
) -> Result<Vec<Box<dyn BlobRemote>>, TransferError> {
    docs.iter().map(|doc| open_one(doc, access)).collect()
}

fn open_one(doc: &BlobRemoteDoc, access: &Access) -> Result<Box<dyn BlobRemote>, TransferError> {
    let wire = Wire {
        name: doc.name.clone(),
        transport: access.transport.clone(),
    };
    Ok(match &doc.place {
        BlobPlace::Folder(folder) => Box::new(Folder::new(
            wire.name,
            folder.clone(),
            !doc.read_only,
            doc.public_url.clone(),
        )),
        BlobPlace::Web(url) => Box::new(WebFiles::new(url.clone(), wire)),
        BlobPlace::Lfs(_) | BlobPlace::S3(_) => {
            return Err(TransferError::Protocol {
                reason: "this kind of remote is not known yet".to_owned(),
                remote: wire.name,
            });
        }
    })
}
