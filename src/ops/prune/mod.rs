//! Proposes to withdraw or remove releases that newer ones have taken the place of: `prune-releases`.
//!
//! Only builds go that no device is offered any more (`plan`), so no device notices. The proposal is a commit on a branch of
//! its own (`edits`), for review; blobs that no root names then are `gc`'s.

mod edits;
mod plan;

use serde::Serialize;

use super::target::TargetError;
use crate::diff::OfferChange;
use crate::git::{CommitId, GitError, is_reference_name};
use crate::model::channel::Channel;
use crate::model::doc::DocError;
use crate::model::name::PackageName;
use crate::repo::{Landed, Onto, OpenError, PushTo, Repository, Snapshot, WriteError, preview};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// The branch that the commit goes to; one that has the date in its name when absent.
    pub(crate) branch: Option<String>,
    /// Whether there shall be a commit.
    pub(crate) commit: bool,
    pub(crate) dry_run: bool,
    /// Releases that stay in each line.
    pub(crate) keep: usize,
    /// The only packages that are looked at; all when there are none.
    pub(crate) packages: Vec<PackageName>,
    pub(crate) per: Per,
    pub(crate) reason: Option<String>,
    /// Whether files are removed, and not only yanked.
    pub(crate) remove: bool,
    /// Staged builds go, too.
    pub(crate) staged: bool,
}

/// Of what the newest releases stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Per {
    /// Of each version of DSM that is the minimum of builds.
    DsmLine,
    Package,
    /// Of each platform that builds name.
    Platform,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) keep: usize,
    pub(crate) per: Per,
    pub(crate) builds: Vec<BuildReport>,
    /// The branch that the commit is on.
    pub(crate) branch: Option<String>,
    pub(crate) commit: Option<String>,
    /// The diff that would be committed, with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    #[serde(skip)]
    pub(crate) landed: Landed,
}

/// A build that is older than those that stay in any case.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BuildReport {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) build: String,
    pub(crate) channel: Channel,
    /// The newer releases that took its place, by the line.
    pub(crate) newer: Vec<Newer>,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// The releases that stay in a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Newer {
    pub(crate) line: String,
    pub(crate) versions: Vec<String>,
}

/// What becomes of a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// It stays: a catalog that `export` writes for all devices of a version has nothing newer that fits each of them.
    Exported,
    Removed,
    /// It stays: such devices would be offered an older version, or none.
    StillOffered {
        offers: Vec<OfferChange>,
    },
    Yanked,
}

/// Says why nothing was proposed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PruneError {
    #[error("there is a branch `{branch}` already")]
    BranchThere { branch: String },
    #[error("`{branch}` is no name of a branch")]
    BranchName { branch: String },
    #[error(transparent)]
    Document(#[from] DocError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("without the newest release, devices would be offered nothing: keep one at least")]
    KeepsNothing,
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Outcome {
    /// Returns whether the build goes.
    pub(crate) fn goes(&self) -> bool {
        matches!(self, Self::Removed | Self::Yanked)
    }
}

/// Proposes what `asked` says, as a commit when it says so.
pub(crate) fn prune(repository: &Repository, asked: &Asked) -> Result<Report, PruneError> {
    if asked.keep == 0 {
        return Err(PruneError::KeepsNothing);
    }
    let snapshot = repository.snapshot()?;
    let builds = plan::plan(&snapshot, asked)?;
    let mut report = Report {
        keep: asked.keep,
        per: asked.per,
        builds,
        branch: None,
        commit: None,
        diff: None,
        landed: Landed::default(),
    };
    let change = edits::change(repository, &snapshot, &report.builds, asked)?;
    if asked.dry_run {
        report.diff = Some(preview(repository, &snapshot, &change)?);
    }
    if !asked.commit || change.edits.is_empty() {
        return Ok(report);
    }
    let branch = branch(repository, &snapshot, asked)?;
    let onto = Onto::Branch {
        begin: snapshot.commit,
        name: format!("refs/heads/{branch}"),
    };
    repository.store.check_identity()?;
    let begin = snapshot.commit;
    let writer = repository.writer_onto(onto.clone())?;
    let landed = writer.land_here(|base| {
        if base.commit == begin {
            return Ok(Some(change.clone()));
        }
        // Somebody else has made it meanwhile.
        let branch = branch.clone();
        Err(PruneError::BranchThere { branch })
    })?;
    drop(writer);
    report.commit = landed.commit.map(|commit| commit.to_string());
    report.landed = landed;
    report.branch = Some(branch);
    if let Some(push) = &repository.manner.push {
        report.landed.published = publish(repository, onto, push, begin)?.published;
    }
    Ok(report)
}

/// Returns the name of the branch, which is not there yet.
fn branch(
    repository: &Repository,
    snapshot: &Snapshot,
    asked: &Asked,
) -> Result<String, PruneError> {
    let branch = match &asked.branch {
        Some(branch) => branch.clone(),
        None => format!("prune-releases-{}", date(repository, snapshot.commit)?),
    };
    let reference = format!("refs/heads/{branch}");
    if !is_reference_name(&reference) {
        return Err(PruneError::BranchName { branch });
    }
    if repository.store.tip(&reference)?.is_some() {
        return Err(PruneError::BranchThere { branch });
    }
    Ok(branch)
}

/// Returns the day of the commit, so that the same commit gives the same name.
fn date(repository: &Repository, commit: CommitId) -> Result<String, GitError> {
    let (seconds, _) = repository.store.commit_info(commit)?.time;
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    Ok(time.to_string()[..10].to_owned())
}

/// Pushes the new branch. A remote that has the commit that it begins at has all blobs, too.
fn publish(
    repository: &Repository,
    onto: Onto,
    push: &PushTo,
    begin: CommitId,
) -> Result<Landed, PruneError> {
    let is_there = repository.store.is_on_a_remote(begin)?;
    let push = PushTo {
        without_blobs: push.without_blobs || is_there,
        ..push.clone()
    };
    Ok(repository.writer_onto(onto)?.push(&push)?)
}
