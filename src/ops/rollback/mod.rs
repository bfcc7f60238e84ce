//! Offers again what was offered before, by a commit on top: `rollback`.
//!
//! To a commit, the packages become what they were there, files and all. To a release, everything newer that is offered to
//! the same devices is yanked: nothing is deleted, and whoever has it can look up why. Settings, people and keys stay as they
//! are in both cases: they are about the repository, and not about what was offered.

mod commit;
mod release;

use serde::Serialize;

use super::target::{Target, TargetError};
use crate::diff::{OfferChange, offer_changes};
use crate::git::{CommitId, GitError};
use crate::model::channel::Channel;
use crate::model::doc::DocError;
use crate::model::name::PackageName;
use crate::repo::{
    Build, Change, Landed, LoadError, OpenError, Package, Packages, Release, Repository, Snapshot,
    WriteError, preview,
};

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Whether builds are offered again whose SPKs are not here.
    pub(crate) allow_missing: bool,
    pub(crate) dry_run: bool,
    /// The only packages that a commit is for; all when there are none.
    pub(crate) packages: Vec<PackageName>,
    pub(crate) reason: Option<String>,
    /// `PACKAGE@VERSION`, or a revision.
    pub(crate) to: String,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) to: String,
    pub(crate) packages: Vec<PackageReport>,
    /// Absent when nothing had to change, and with `--dry-run`.
    pub(crate) commit: Option<String>,
    /// The diff that would be committed, with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    #[serde(skip)]
    pub(crate) landed: Landed,
}

/// What became of a package.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PackageReport {
    pub(crate) package: String,
    pub(crate) builds: Vec<BuildReport>,
    /// What devices are offered otherwise.
    pub(crate) offers: Vec<OfferChange>,
}

/// What became of a build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct BuildReport {
    pub(crate) version: String,
    pub(crate) build: String,
    pub(crate) outcome: Outcome,
}

/// The words for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It came after the commit, and is not in the repository any more; its download ends.
    Removed,
    /// It is as it was at the commit.
    Restored,
    Unyanked,
    Yanked,
}

/// Says why nothing was rolled back.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RollbackError {
    #[error(transparent)]
    Document(#[from] DocError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error("{} of the builds that would be offered again are not here: {}", .builds.len(), list(.builds))]
    Missing { builds: Vec<String> },
    #[error("{package} {version} was never offered: its builds are staged")]
    NeverOffered { package: String, version: String },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("`--package` narrows a commit; `{to}` names a package already")]
    PackageTwice { to: String },
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(
        "{package} {version} ({build}) has no signature that is known here, which `signing.required` asks for on {on}"
    )]
    Unsigned {
        build: String,
        on: Channel,
        package: String,
        version: String,
    },
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Builds that a message names.
const NAMED: usize = 3;

fn list(builds: &[String]) -> String {
    let named = builds[..builds.len().min(NAMED)].join(", ");
    match builds.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What is to be rolled back to.
enum Goal {
    Commit { commit: CommitId, name: String },
    Release { target: Target },
}

/// A change and what it will come to.
struct Plan {
    change: Change,
    packages: Vec<PackageReport>,
}

/// Rolls back in one commit; with `dry_run`, returns what it would be.
pub(crate) fn rollback(repository: &Repository, asked: &Asked) -> Result<Report, RollbackError> {
    let known = repository.snapshot()?;
    let goal = goal(repository, &known, asked)?;
    let plan = |snapshot: &Snapshot| match &goal {
        Goal::Commit { commit, name } => commit::plan(repository, snapshot, *commit, name, asked),
        Goal::Release { target } => release::plan(repository, snapshot, target, asked),
    };
    let report = |plan: Plan, landed: Landed| Report {
        to: asked.to.clone(),
        packages: plan.packages,
        commit: landed.commit.map(|commit| commit.to_string()),
        diff: None,
        landed,
    };
    if asked.dry_run {
        let plan = plan(&known)?;
        let diff = Some(preview(repository, &known, &plan.change)?);
        return Ok(Report {
            diff,
            ..report(plan, Landed::default())
        });
    }
    let mut planned = None;
    let landed = repository.writer()?.knowing(known).land(|snapshot| {
        let plan = plan(snapshot)?;
        let change = plan.change.clone();
        planned = Some(plan);
        Ok::<_, RollbackError>(Some(change))
    })?;
    let plan = planned.expect("a landed change was planned");
    Ok(report(plan, landed))
}

/// `HEAD@{1}` is a revision; `PACKAGE@VERSION` has the name of a package before the `@`.
fn goal(
    repository: &Repository,
    snapshot: &Snapshot,
    asked: &Asked,
) -> Result<Goal, RollbackError> {
    let target = asked.to.parse::<Target>().ok();
    let is_release = |target: &Target| {
        target.version.is_some()
            && (snapshot.packages.contains_key(&target.package)
                || repository.commit(Some(&asked.to)).is_err())
    };
    if let Some(target) = target.filter(is_release) {
        if !asked.packages.is_empty() {
            let to = asked.to.clone();
            return Err(RollbackError::PackageTwice { to });
        }
        return Ok(Goal::Release { target });
    }
    let commit = repository.commit(Some(&asked.to))?;
    let name = asked.to.clone();
    Ok(Goal::Commit { commit, name })
}

/// Refuses builds that would be offered without the bytes that a NAS downloads, or the signature that the channel asks for.
fn check_offered(
    repository: &Repository,
    snapshot: &Snapshot,
    builds: &[(&Package, &Release, &Build)],
    allow_missing: bool,
) -> Result<(), RollbackError> {
    let required = &snapshot.settings.signing.required;
    for (package, release, build) in builds {
        let channel = build.doc.channel;
        if build.doc.signature.is_none() && required.contains(&channel) {
            return Err(RollbackError::Unsigned {
                build: build.id.to_string(),
                on: channel,
                package: package.name.to_string(),
                version: release.version.to_string(),
            });
        }
    }
    let is_missing = |build: &Build| {
        !repository
            .blobs
            .contains(build.doc.spk.sha256, build.doc.spk.size)
    };
    let missing: Vec<String> = builds
        .iter()
        .filter(|(_, _, build)| is_missing(build))
        .map(|(package, release, build)| {
            format!("{} {} ({})", package.name, release.version, build.id)
        })
        .collect();
    if missing.is_empty() || allow_missing {
        return Ok(());
    }
    Err(RollbackError::Missing { builds: missing })
}

/// Returns what devices are offered otherwise of each package that is not the same.
fn offers(snapshot: &Snapshot, packages: &Packages, name: &PackageName) -> Vec<OfferChange> {
    let rule = snapshot.settings.catalog.compatibility;
    let (old, new) = (snapshot.packages.get(name), packages.get(name));
    offer_changes(old.map(|old| &**old), new.map(|new| &**new), rule)
}
