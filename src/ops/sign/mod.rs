//! Puts signatures into SPKs and takes them out: `sign`, `unsign`.
//!
//! The stages: which builds ([`super::target`]) → [`bytes`] (each SPK with other bytes, staged in the blob store; with a
//! [`timestamp`] around the signature if that is asked for) → [`plan`] (the change of one commit) → the blobs get their names → the change lands.

mod bytes;
mod plan;
mod timestamp;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::per_build;
use super::progress::Progress;
use super::target::{Filters, Target, TargetError};
use crate::base::digest::{Digests, Sha256};
use crate::blob::{BlobError, StagedBlob};
use crate::git::GitError;
use crate::model::channel::Channel;
use crate::model::doc::{DocError, SignatureDoc};
use crate::model::fingerprint::Fingerprint;
use crate::pgp::{PgpError, Signer};
use crate::repo::{Build, OpenError, Repository, Snapshot, WriteError, check_can_land, preview};
use crate::spk::SpkError;
pub(crate) use timestamp::{TimeServer, TimestampError};

/// What is done to the builds.
pub(crate) enum Action<'a> {
    Sign {
        signer: &'a Signer,
        time_server: Option<&'a TimeServer>,
    },
    Unsign {
        /// Also builds that are offered on stable.
        force: bool,
    },
}

/// Which builds, and how.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) dry_run: bool,
    pub(crate) filters: Filters,
    pub(crate) target: Target,
    /// Yanked builds too.
    pub(crate) yanked: bool,
}

/// What came of it.
pub(crate) type Report = per_build::Report<Outcome>;

type BuildOutcome = per_build::BuildOutcome<Outcome>;

/// What became of a build, in the words of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    AlreadySigned {
        fingerprint: Fingerprint,
    },
    NotSigned,
    Signed {
        fingerprint: Fingerprint,
        sha256: Sha256,
        /// The time server's key.
        #[serde(skip_serializing_if = "Option::is_none")]
        timestamped_by: Option<Fingerprint>,
    },
    /// It is changed only when that is asked for.
    StaysYanked,
    Unsigned {
        sha256: Sha256,
    },
}

/// Says why nothing was changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignError {
    #[error(transparent)]
    Blob(#[from] BlobError),
    #[error("{build} was changed by somebody else meanwhile")]
    Changed { build: String },
    #[error("the blob of {build} is damaged: it has SHA-256 {found} instead of {stated}")]
    Damaged {
        build: String,
        found: Sha256,
        stated: Sha256,
    },
    #[error(transparent)]
    Document(#[from] DocError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{build} has a signature member already, which is not by this key")]
    HasSignature { build: String },
    #[error(
        "{build} has members that DSM's signature cannot be about: {}",
        .members.join(", ")
    )]
    Links { build: String, members: Vec<String> },
    #[error("{build} without its signature has SHA-256 {found}, but {stated} was signed")]
    NotRestored {
        build: String,
        found: Sha256,
        stated: Sha256,
    },
    #[error("{build} is offered on stable, where released bytes do not change")]
    Offered { build: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{build} could not be signed")]
    Pgp {
        build: String,
        #[source]
        source: PgpError,
    },
    #[error("could not copy the SPK of {build}")]
    Read {
        build: String,
        #[source]
        source: std::io::Error,
    },
    #[error("the SPK of {build} cannot be read")]
    Spk {
        build: String,
        #[source]
        source: SpkError,
    },
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error("{build} got no time stamp")]
    Timestamp {
        build: String,
        #[source]
        source: TimestampError,
    },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A build with other bytes.
#[derive(Clone, Debug)]
struct Made {
    digests: Digests,
    signature: Option<SignatureDoc>,
    timestamped_by: Option<Fingerprint>,
}

/// What was made of the bytes of each build, by their digest before; nothing where there was nothing to do.
type AllMade = BTreeMap<Sha256, Option<Made>>;

/// Does `action` to the builds of `request` in one commit; with `dry_run`, returns what it would be.
pub(crate) fn sign(
    repository: &Repository,
    request: &Request,
    action: &Action<'_>,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Report, SignError> {
    let snapshot = repository.snapshot()?;
    let (made, blobs) = make_all(repository, &snapshot, request, action, now, progress)?;
    let plan = |snapshot: &Snapshot| plan::plan(repository, snapshot, request, action, &made);
    let (mut report, change) = plan(&snapshot)?;
    if request.dry_run {
        report.diff = Some(preview(repository, &snapshot, &change)?);
        return Ok(report);
    }
    let writer = repository.writer()?;
    check_can_land(repository, &snapshot, &change)?;
    for blob in blobs {
        blob.keep()?;
    }
    let landed = writer.land(|snapshot| {
        let (planned, change) = plan(snapshot)?;
        report = planned;
        Ok::<_, SignError>(Some(change))
    })?;
    report.commit = landed.commit.map(|commit| commit.to_string());
    report.landed = landed;
    Ok(report)
}

fn make_all(
    repository: &Repository,
    snapshot: &Snapshot,
    request: &Request,
    action: &Action<'_>,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<(AllMade, Vec<StagedBlob>), SignError> {
    let (package, release, builds) = request.target.builds(snapshot, &request.filters)?;
    if let Action::Sign {
        time_server: Some(time_server),
        ..
    } = action
    {
        time_server
            .check(&snapshot.keys)
            .map_err(|source| SignError::Timestamp {
                build: format!("{} {}", package.name, release.version),
                source,
            })?;
    }
    let mut all = AllMade::new();
    let mut blobs = Vec::new();
    for build in builds {
        if decided(build, request, action).is_some() {
            continue;
        }
        let name = format!("{} {} ({})", package.name, release.version, build.id);
        if matches!(action, Action::Unsign { force: false })
            && build.offered_on() == Some(Channel::Stable)
        {
            return Err(SignError::Offered { build: name });
        }
        let task = bytes::Task {
            action,
            build,
            keys: &snapshot.keys,
            name: &name,
            now,
            repository,
        };
        let made = task.make(progress)?;
        let made = made.map(|(made, blob)| {
            blobs.push(blob);
            made
        });
        all.insert(build.doc.spk.sha256, made);
    }
    Ok((all, blobs))
}

/// Returns what becomes of a build when that is clear without looking at its bytes.
fn decided(build: &Build, request: &Request, action: &Action<'_>) -> Option<Outcome> {
    if build.doc.yanked.is_some() && !request.yanked {
        return Some(Outcome::StaysYanked);
    }
    let Action::Sign { signer, .. } = action else {
        return None;
    };
    let fingerprint = signer.certificate.fingerprint();
    let known = build.doc.signature.as_ref();
    known
        .filter(|known| known.fingerprint == fingerprint)
        .map(|_| Outcome::AlreadySigned { fingerprint })
}
