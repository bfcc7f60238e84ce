//! Makes remotes of what `spkrepo.toml` says.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::error::TransferError;
use super::folder::Folder;
use super::lfs::{GitAccess, Lfs, Login};
use super::remote::BlobRemote;
use super::s3::{S3Access, S3Remote};
use super::web::WebFiles;
use super::wire::Wire;
use crate::git::{LfsServer, Store};
use crate::model::base_url::BaseUrl;
use crate::model::doc::{BlobPlace, BlobRemoteDoc};
use crate::web::Transport;

/// What it takes to use remotes, and does not stand in the repository.
pub(crate) struct Access {
    pub(crate) git: GitAccess,
    /// What the environment says about object stores.
    pub(crate) s3: S3Access,
    pub(crate) transport: Transport,
    /// Where it is noted how far long uploads are, so that another process can go on with them.
    pub(crate) uploads: PathBuf,
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
        BlobPlace::Lfs(stated) => open_lfs(doc, stated.as_ref(), access, wire)?,
        BlobPlace::S3(place) => {
            let uploads = access.uploads.clone();
            Box::new(S3Remote::new(doc, place, &access.s3, uploads, wire)?)
        }
    })
}

/// Opens the server that is stated, or finds it as git-lfs does. Where the git remote is a folder, its blobs are in it.
fn open_lfs(
    doc: &BlobRemoteDoc,
    stated: Option<&BaseUrl>,
    access: &Access,
    wire: Wire,
) -> Result<Box<dyn BlobRemote>, TransferError> {
    let server = match stated {
        Some(url) => LfsServer {
            address: url.to_string(),
            ssh: None,
        },
        None => access.git.server()?,
    };
    let public_url = doc.public_url.clone();
    let Some(path) = server.address.strip_prefix("file://") else {
        let login = Login::new(access.git.clone(), server);
        return Ok(Box::new(Lfs::new(wire, login, !doc.read_only, public_url)));
    };
    let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let storage = Store::discover(Path::new(&*path))?.lfs_storage()?;
    if !doc.read_only {
        // The first upload makes it otherwise.
        fs::create_dir_all(&storage).map_err(|source| TransferError::Io {
            action: "make the folder",
            path: storage.clone(),
            remote: wire.name.clone(),
            source,
        })?;
    }
    Ok(Box::new(Folder::new(
        wire.name,
        storage,
        !doc.read_only,
        public_url,
    )))
}
