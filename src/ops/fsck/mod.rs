//! Whether everything is here and whole that the repository names: `fsck`.
//!
//! The stages: git looks at its own objects and references (`git`), the documents and pointers at every tip are read as
//! `check` reads them (`tips`), every blob that any commit names is looked at in the local store (`local`) and at each remote
//! (`remotes`). Then it is clear what is a fault: a clone may lack what a remote has. What has a whole copy somewhere is
//! put in order by that (`repair`).

mod faults;
mod git;
mod local;
mod remotes;
mod repair;
mod sample;
mod tips;

use jiff::Timestamp;
use serde::Serialize;

use super::progress::Progress;
use crate::base::digest::Sha256;
use crate::blob::BlobError;
use crate::git::{CommitId, GitError, RemoteError};
use crate::repo::{Named, Repository, WriteError};
use crate::transfer::BlobRemote;
use local::Local;
use remotes::Remote;
pub(crate) use sample::{Part, Sample};

/// What is looked at, and whether it is put in order.
pub(crate) struct Options<'a> {
    /// How many questions are asked of a remote at the same time.
    pub(crate) at_once: usize,
    pub(crate) remotes: &'a [&'a dyn BlobRemote],
    pub(crate) repair: bool,
    /// Of which blobs remotes are asked for all bytes.
    pub(crate) sample: Sample,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) findings: Vec<Finding>,
    pub(crate) summary: Summary,
}

/// How much was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Summary {
    /// Faults that are left.
    pub(crate) faults: usize,
    pub(crate) notes: usize,
    pub(crate) repaired: usize,
    /// Blobs that anything names.
    pub(crate) named: usize,
    /// Blobs here, and their bytes, which were all read.
    pub(crate) local: usize,
    pub(crate) local_bytes: u64,
    pub(crate) remotes: Vec<RemoteSummary>,
    /// What the sample was taken by.
    pub(crate) seed: String,
}

/// How much of a remote was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RemoteSummary {
    pub(crate) remote: String,
    /// Blobs that are there, as far as it says.
    pub(crate) blobs: usize,
    /// Those of which all bytes were read.
    pub(crate) read: usize,
}

/// Something that is wrong, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) kind: Kind,
    /// Whether it is no fault.
    pub(crate) is_note: bool,
    pub(crate) message: String,
    /// A commit and a path in it that name what this is about.
    pub(crate) commit: Option<CommitId>,
    pub(crate) path: Option<String>,
    pub(crate) sha256: Option<Sha256>,
    /// A file here, or the name of a remote.
    pub(crate) place: Option<String>,
    /// What became of it, with `--repair`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repair: Option<Repair>,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    /// An object of git's is missing or damaged.
    GitObject,
    /// A branch, tag, HEAD or reflog names what is not there, or nothing at all.
    GitReference,
    /// A document cannot be read, or is missing.
    Document,
    /// A pointer is missing, none, or contradicts its document.
    Pointer,
    /// What is said of a blob contradicts its bytes or itself: its size, its MD5.
    Statement,
    LocalDamaged,
    LocalMissing,
    RemoteDamaged,
    RemoteMissing,
    /// A remote could not be asked.
    RemoteUnreadable,
    /// A blob that nothing names is not what its name says.
    UnnamedDamaged,
    /// A file among the blobs that is none.
    Stranger,
    /// What a process that is no more has left half-written.
    Unfinished,
    /// The journal of a change that was interrupted.
    Journal,
    /// A lock whose holder is gone.
    StaleLock,
    /// The cache of parsed packages.
    Cache,
}

/// What became of a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "what", rename_all = "kebab-case")]
pub(crate) enum Repair {
    Done(String),
    Failed(String),
}

/// Says why not everything could be looked at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FsckError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("could not read the blob {sha256}")]
    Read {
        sha256: Sha256,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Remote(#[from] RemoteError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Finding {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            is_note: false,
            message: message.into(),
            commit: None,
            path: None,
            sha256: None,
            place: None,
            repair: None,
        }
    }

    fn at(self, place: &impl ToString) -> Self {
        Self {
            place: Some(place.to_string()),
            ..self
        }
    }

    /// Returns whether it is a fault that is left.
    pub(crate) fn is_left(&self) -> bool {
        !self.is_note && !matches!(self.repair, Some(Repair::Done(_)))
    }
}

/// Looks at everything, and with `repair` puts in order what can be.
pub(crate) fn fsck(
    repository: &Repository,
    options: &Options<'_>,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Report, FsckError> {
    let mut findings = git::look(repository)?;
    let remains = repository.remains()?;
    findings.extend(faults::of_remains(&remains));
    let tips = tips::look(repository);
    findings.extend(tips.findings);
    // What of it is broken, git has said.
    let named = Named::of(&repository.store, |_| true)?;
    let mut local = Local::look(repository, &named, progress)?;
    let mut remotes = remotes::look(repository, &named, &tips.names, options, progress)?;
    findings.extend(local.findings(&named, now));
    findings.extend(faults::of_blobs(&local, &remotes, &named, &tips.names));
    if options.repair {
        repair::remains(repository, &remains, &mut findings);
        repair::blobs(repository, &mut local, &mut remotes, &mut findings);
    }
    findings.sort_by_key(|finding| (finding.is_note, finding.kind));
    let summary = summary(&findings, &named, &local, &remotes, options);
    Ok(Report { findings, summary })
}

fn summary(
    findings: &[Finding],
    named: &Named,
    local: &Local,
    remotes: &[Remote<'_>],
    options: &Options<'_>,
) -> Summary {
    let count = |wanted: &dyn Fn(&Finding) -> bool| findings.iter().filter(|of| wanted(of)).count();
    Summary {
        faults: count(&Finding::is_left),
        notes: count(&|of| of.is_note && of.repair.is_none()),
        repaired: count(&|of| matches!(of.repair, Some(Repair::Done(_)))),
        named: named.blobs.len(),
        local: local.count,
        local_bytes: local.bytes,
        remotes: remotes.iter().map(Remote::summary).collect(),
        seed: options.sample.seed.clone(),
    }
}
