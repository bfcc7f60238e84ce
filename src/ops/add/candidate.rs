//! A file that wants to be a build: read once, into the blob store and the SPK reader at the same time.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use fs_err as fs;
use jiff::Timestamp;

use super::error::AddError;
use super::inputs::Source;
use super::signed::arrived;
use crate::base::digest::{Digests, Sha256};
use crate::base::limits::Limits;
use crate::blob::{Incoming, StagedBlob, Tee};
use crate::model::build_id::{BuildId, Identity as BuildIdentity};
use crate::model::channel::Channel;
use crate::model::doc::{Sections, SignatureDoc};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::ops::progress::{Progress, Silent, Told};
use crate::repo::{Keys, Repository};
use crate::spk::{self, Identity, Screenshot, Signature, Spk, SpkError};

/// A complete SPK and what the repository keeps of it.
pub(super) struct Candidate {
    /// Of the bytes that arrived, which were signed since if [`Self::digests`] is of others.
    pub(super) arrived: Sha256,
    /// Where it goes, when it does not go where the others do.
    pub(super) channel: Option<Channel>,
    pub(super) digests: Digests,
    /// How messages call it.
    pub(super) file: String,
    pub(super) icons: BTreeMap<u32, Vec<u8>>,
    pub(super) id: BuildId,
    pub(super) identity: Identity,
    pub(super) screenshots: Vec<Screenshot>,
    pub(super) sections: Sections,
    pub(super) signature: Option<SignatureDoc>,
    form: Signature,
    pub(super) warnings: Vec<String>,
}

impl Candidate {
    fn new(file: String, digests: Digests, spk: Spk) -> Result<Self, AddError> {
        let sections = spk.sections();
        let warnings = spk.warnings.iter().map(ToString::to_string).collect();
        let Some(identity) = spk.identity.filter(|_| spk.defects.is_empty()) else {
            let defects = spk.defects;
            return Err(AddError::Unfit { defects, file });
        };
        let id = BuildIdentity {
            arch: &identity.arch,
            exclude_arch: &identity.exclude_arch,
            exclude_model: &identity.exclude_model,
            model: &identity.model,
            os_min_ver: identity.os_min_ver,
        }
        .build_id();
        Ok(Self {
            arrived: digests.sha256,
            channel: None,
            digests,
            file,
            icons: spk.icons,
            id,
            identity,
            screenshots: spk.screenshots,
            sections,
            signature: None,
            form: spk.signature,
            warnings,
        })
    }

    /// Returns whether there is a signature in it, of whatever kind.
    pub(super) fn has_signature(&self) -> bool {
        self.form != Signature::None
    }

    /// Finds out whose signature it has; `blob` has its bytes.
    pub(super) fn judge(&mut self, blob: &StagedBlob, keys: &Keys) -> Result<(), AddError> {
        if matches!(self.form, Signature::None | Signature::Empty) {
            return Ok(());
        }
        let arrived = arrived(blob, &self.file, keys, Timestamp::now())?;
        self.signature = arrived.signature;
        self.warnings.extend(arrived.warning);
        Ok(())
    }

    /// Returns the release that it belongs to.
    pub(super) fn release(&self) -> (&PackageName, &Version) {
        (&self.identity.package, &self.identity.version)
    }

    /// Returns what decides its place among others, whatever the order of the arguments.
    pub(super) fn order(&self) -> impl Ord {
        (
            self.identity.package.clone(),
            self.identity.version.clone(),
            self.id.clone(),
            self.digests.sha256,
        )
    }
}

/// Reads `source`, whose bytes are then staged in the blob store.
pub(super) fn read(
    repository: &Repository,
    source: &Source,
    stdin: &mut dyn Read,
    progress: &dyn Progress,
) -> Result<(Candidate, StagedBlob), AddError> {
    let name = source.name();
    match source {
        Source::File(path) => read_file(repository, path, name, progress),
        Source::Stdin => {
            let mut incoming = repository.blobs.incoming()?;
            progress.begin(&name, None);
            let spk = parse(stdin, &name, &mut incoming, progress)?;
            progress.end();
            finish(name, spk, incoming)
        }
    }
}

/// Reads the file at `path`, as `read` does; messages call it `name`.
pub(super) fn read_file(
    repository: &Repository,
    path: &Path,
    name: String,
    progress: &dyn Progress,
) -> Result<(Candidate, StagedBlob), AddError> {
    let failed = |source| AddError::Read {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut incoming = repository.blobs.incoming()?;
    progress.begin(&name, Some(size));
    let spk = parse(file, &name, &mut incoming, progress);
    progress.end();
    finish(name, spk?, incoming)
}

/// Reads what somebody sends, as `read` does; messages call it `name`.
pub(super) fn read_body(
    repository: &Repository,
    name: &str,
    body: &mut dyn Read,
) -> Result<(Candidate, StagedBlob), AddError> {
    let mut incoming = repository.blobs.incoming()?;
    let spk = parse(body, name, &mut incoming, &Silent)?;
    finish(name.to_owned(), spk, incoming)
}

fn finish(name: String, spk: Spk, incoming: Incoming) -> Result<(Candidate, StagedBlob), AddError> {
    let blob = incoming.finish()?;
    Ok((Candidate::new(name, blob.digests(), spk)?, blob))
}

fn parse(
    source: impl Read,
    name: &str,
    incoming: &mut Incoming,
    progress: &dyn Progress,
) -> Result<Spk, AddError> {
    let mut tee = Tee::new(Told { progress, source }, incoming);
    let parsed = spk::read(&mut tee, &Limits::DEFAULT);
    if let Some(error) = tee.into_write_error() {
        return Err(error.into());
    }
    parsed.map_err(|error| match error {
        SpkError::Io(source) => AddError::Read {
            path: name.into(),
            source: io::Error::other(source),
        },
        source => AddError::Unreadable {
            file: name.to_owned(),
            source,
        },
    })
}
