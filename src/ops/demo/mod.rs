//! A sample package source with SPKs made on the spot: something to look at within a minute.

mod samples;

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::add::{AddError, Input, Options, add};
use super::offer::{Action, OfferError, offer};
use super::progress::Silent;
use super::target::{Filters, Target};
use crate::git::GitError;
use crate::model::channel::Channel;
use crate::repo::{InitError, OpenError, Repository, init};
use samples::{Fate, SAMPLES, Sample};

/// Says why there is no sample repository.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error(transparent)]
    Add(#[from] AddError),
    #[error("could not write the sample `{path}`")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("could not draw an icon")]
    Icon(#[from] png::EncodingError),
    #[error(transparent)]
    Init(#[from] InitError),
    #[error("`{path}` is not empty and no package source")]
    NotEmpty { path: PathBuf },
    #[error(transparent)]
    Offer(#[from] OfferError),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<GitError> for DemoError {
    fn from(error: GitError) -> Self {
        Self::Open(error.into())
    }
}

/// Who makes the sample's commits.
const IDENTITY: [(&str, &str); 2] = [
    ("user.name", "spkrepo demo"),
    ("user.email", "demo@localhost"),
];

/// Makes the sample in `folder`, or takes the package source that is there already.
pub(crate) fn demo(folder: &Path) -> Result<Repository, DemoError> {
    if folder.join("spkrepo.toml").exists() {
        return Ok(Repository::open(folder)?);
    }
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        let path = folder.to_owned();
        return Err(DemoError::NotEmpty { path });
    }
    init(Some(folder), folder, false, &IDENTITY)?;
    let repository = Repository::open(folder)?;
    let spks = tempfile::tempdir().map_err(|source| DemoError::File {
        path: folder.to_owned(),
        source,
    })?;
    for sample in SAMPLES {
        publish(&repository, sample, spks.path())?;
    }
    Ok(repository)
}

/// Adds the builds of one release and gives it its fate.
fn publish(repository: &Repository, sample: &Sample, folder: &Path) -> Result<(), DemoError> {
    let mut inputs = Vec::new();
    for (name, bytes) in sample.spks()? {
        let path = folder.join(name);
        fs::write(&path, bytes).map_err(|source| DemoError::File {
            path: path.clone(),
            source,
        })?;
        inputs.push(Input::Path(path));
    }
    add(
        repository,
        &inputs,
        &mut io::empty(),
        &Options::default(),
        &Silent,
    )?;
    let promote = |to| Action::Promote { to: Some(to) };
    let actions = match sample.fate {
        Fate::Beta => vec![promote(Channel::Beta)],
        Fate::Stable => vec![promote(Channel::Stable)],
        Fate::Staged => Vec::new(),
        Fate::Yanked { reason } => vec![
            promote(Channel::Stable),
            Action::Yank {
                reason: reason.to_owned(),
            },
        ],
    };
    let target: Target = format!("{}@{}", sample.package, sample.version)
        .parse()
        .expect("the samples have valid names");
    for action in actions {
        offer(repository, &target, &Filters::default(), &action, false)?;
    }
    Ok(())
}
