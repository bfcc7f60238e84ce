//! Writes a package source as files for a plain web root.
//!
//! Everything is written beside the folder and swapped in at the end: [`place`] has the rules. Which files there are is
//! `site`'s business.

mod place;
mod write;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::base::digest::Sha256;
use crate::catalog::Links;
use crate::git::GitError;
use crate::model::base_url::BaseUrl;
use crate::model::base_url::BaseUrlError;
use crate::model::channel::Channel;
use crate::model::doc::SettingsDoc;
use crate::model::download_url::DownloadUrl;
use crate::repo::{Repository, Snapshot};
use crate::site::{Content, Listed, MANIFEST, Manifest, Shown, Tree, TreeError};
use place::Place;
pub(crate) use place::PlaceError;
use write::Writing;

/// Where links lead.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    pub(crate) downloads: Option<DownloadUrl>,
    pub(crate) url: BaseUrl,
}

/// What was written.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) commit: String,
    pub(crate) url: String,
    pub(crate) output: PathBuf,
    /// Paths of catalogs.
    pub(crate) catalogs: usize,
    /// Versions of DSM and SRM, in the folders of which catalogs are.
    pub(crate) folders: Vec<String>,
    pub(crate) files: usize,
    /// What a host is given; files that are the same take their room once here.
    pub(crate) bytes: u64,
    pub(crate) packages: usize,
    /// SPKs beside the catalogs.
    pub(crate) spks: usize,
}

/// A blob that is to be beside the catalogs and is not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) file: String,
    pub(crate) package: String,
    pub(crate) sha256: Sha256,
}

/// Says why nothing was exported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{} of the SPKs that are offered are not here", missing.len())]
    Missing { missing: Vec<Missing> },
    #[error("it is not known where the files will be, and links must be whole")]
    NoUrl,
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the address in `spkrepo.toml` is none for a web root")]
    Settings {
        #[source]
        source: BaseUrlError,
    },
    #[error(transparent)]
    Tree(#[from] TreeError),
    #[error("could not write `{path}`")]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl Addresses {
    /// Takes what the command line says, and for what it leaves out `[export]`, and then `[repository]`.
    pub(crate) fn new(
        url: Option<BaseUrl>,
        downloads: Option<DownloadUrl>,
        settings: &SettingsDoc,
    ) -> Result<Self, ExportError> {
        let own = |url: &String| {
            url.parse()
                .map_err(|source| ExportError::Settings { source })
        };
        let url = match url.or_else(|| settings.export.url.clone()) {
            Some(url) => url,
            None => {
                let url = settings.repository.url.as_ref();
                url.map(own).transpose()?.ok_or(ExportError::NoUrl)?
            }
        };
        Ok(Self {
            downloads: downloads.or_else(|| settings.export.download_url.clone()),
            url,
        })
    }

    /// Returns the links of entries.
    pub(crate) fn links(&self) -> Links<'_> {
        Links {
            base_url: self.url.as_str(),
            downloads: self.downloads.as_ref(),
        }
    }
}

/// Writes what is at `snapshot` to the folder `output`, of which nothing is left that was there before.
pub(crate) fn export(
    repository: &Repository,
    snapshot: &Snapshot,
    addresses: &Addresses,
    output: &Path,
) -> Result<Report, ExportError> {
    let tree = Tree {
        links: addresses.links(),
        snapshot,
    };
    if addresses.downloads.is_none() {
        check_blobs(repository, snapshot)?;
    }
    let place = Place::prepare(output)?;
    let mut writing = Writing::new(place.fresh(), repository);
    let mut listed: Vec<Listed> = Vec::new();
    let mut shown = Shown::default();
    for catalog in tree.catalogs() {
        shown.note(&catalog.offers)?;
        writing.catalog(&catalog)?;
        listed.push(catalog.listed);
    }
    let others = tree.others(&listed, shown)?;
    let spks = others
        .iter()
        .filter(|file| matches!(file.content, Content::Spk { .. }))
        .count();
    for file in others {
        writing.file(file)?;
    }
    let manifest = Manifest {
        commit: snapshot.commit.to_string(),
        download_url: addresses.downloads.as_ref().map(ToString::to_string),
        files: std::mem::take(&mut writing.files),
        format: Manifest::FORMAT,
        url: addresses.url.to_string(),
    };
    let own = manifest.to_bytes();
    writing.bytes(MANIFEST, &own)?;
    place.swap()?;
    let sizes = manifest.files.values().map(|file| file.size);
    Ok(Report {
        bytes: sizes.sum::<u64>() + own.len() as u64,
        catalogs: listed.iter().map(|of| of.names.len()).sum(),
        commit: manifest.commit,
        files: manifest.files.len() + 1,
        folders: folders(&listed),
        output: output.to_owned(),
        packages: tree.offered_packages(),
        spks,
        url: manifest.url,
    })
}

/// Returns the versions in their order, such as `dsm7.2-64570`.
fn folders(listed: &[Listed]) -> Vec<String> {
    let stable = listed.iter().filter(|of| of.channel == Channel::Stable);
    let key = |of: &Listed| {
        (
            of.os,
            of.major,
            of.minor,
            (!of.is_whole).then_some(of.first),
        )
    };
    let folders: BTreeSet<_> = stable.map(|of| (key(of), of.folder())).collect();
    folders.into_iter().map(|(_, folder)| folder).collect()
}

/// Names all blobs that are missing at once.
fn check_blobs(repository: &Repository, snapshot: &Snapshot) -> Result<(), ExportError> {
    let builds = snapshot.builds();
    let offered = builds.filter(|(_, _, build)| build.offered_on().is_some());
    let missing: Vec<Missing> = offered
        .filter(|(_, _, build)| {
            let spk = &build.doc.spk;
            !repository.blobs.contains(spk.sha256, spk.size)
        })
        .map(|(package, _, build)| Missing {
            file: build.doc.spk.file.clone(),
            package: package.name.to_string(),
            sha256: build.doc.spk.sha256,
        })
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(ExportError::Missing { missing })
    }
}
