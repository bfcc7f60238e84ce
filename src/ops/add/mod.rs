//! Takes SPKs in: `add`.
//!
//! The stages: [`inputs`] (which files) → [`candidate`] (each file read once, into the blob store and the SPK reader at
//! the same time) → [`plan`] (what the repository becomes, or why not) → the blobs get their names → the change lands.
//! Nothing is written before everything has been found acceptable.
//!
//! [`upload`] goes the same way with one SPK that somebody sends, and asks whether they may. [`release`] goes it with what
//! another source has of one release, and leaves out what cannot be taken.

mod arrival;
mod candidate;
mod draft;
mod error;
mod inputs;
mod plan;
mod release;
mod sections;
mod signed;
mod upload;

use std::io::Read;

use serde::Serialize;

use super::progress::Progress;
use crate::blob::StagedBlob;
use crate::model::channel::Channel;
use crate::repo::{Landed, Repository, Writer, check_can_land, load, preview};
use candidate::Candidate;
pub(crate) use error::AddError;
pub(crate) use inputs::{Input, spks_below};
use plan::Plan;
pub(crate) use plan::is_of;
pub(crate) use release::{Origin, Staged, Taken, land as land_release};
pub(crate) use upload::{
    People, Received, Rules, UploadError, Uploaded, land as land_upload, receive,
};

/// How files are taken in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Where the builds go; what `spkrepo.toml` says when absent.
    pub(crate) channel: Option<Channel>,
    /// One commit per release instead of one for all.
    pub(crate) commit_each: bool,
    pub(crate) dry_run: bool,
    /// The release's texts stay where an SPK says otherwise.
    pub(crate) keep_texts: bool,
    /// Who answers for packages that are new.
    pub(crate) maintainers: Vec<String>,
    /// An SPK with a signature is refused: this repository signs for itself.
    pub(crate) reject_signed: bool,
    /// A staged build may get other bytes.
    pub(crate) replace: bool,
}

/// What came of a call.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) files: Vec<FileReport>,
    /// In the order in which they were made; none when everything was there, and with `--dry-run`.
    pub(crate) commits: Vec<String>,
    /// The diff that would be committed, with `--dry-run`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) diff: Option<String>,
    #[serde(skip)]
    pub(crate) landed: Vec<Landed>,
}

/// What came of one file.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FileReport {
    pub(crate) file: String,
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) build: String,
    pub(crate) platforms: String,
    pub(crate) range: String,
    pub(crate) channel: Channel,
    pub(crate) outcome: Outcome,
    pub(crate) sha256: String,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) warnings: Vec<String>,
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Added,
    AlreadyThere,
    Replaced,
}

/// Takes `inputs` in; `stdin` is what `-` stands for.
pub(crate) fn add(
    repository: &Repository,
    inputs: &[Input],
    stdin: &mut dyn Read,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, AddError> {
    let (mut candidates, blobs) = stage(repository, inputs, stdin, options, progress)?;
    let snapshot = repository.snapshot()?;
    for (candidate, blob) in candidates.iter_mut().zip(&blobs) {
        candidate.judge(blob, &snapshot.keys)?;
    }
    // The order of the arguments changes nothing.
    candidates.sort_by(|a, b| a.order().cmp(&b.order()));
    let all: Vec<&Candidate> = candidates.iter().collect();
    let plan = plan::plan(&snapshot, &all, options)?;
    if options.dry_run {
        let diff = preview(repository, &snapshot, &plan.change)?;
        return Ok(report(plan, Vec::new(), Some(diff)));
    }
    let writer = repository.writer()?;
    // What another writer did until now counts; what it was doing is done.
    let snapshot = load(&repository.store, repository.commit(None)?, Some(&snapshot))?;
    let plan = plan::plan(&snapshot, &all, options)?;
    check_can_land(repository, &snapshot, &plan.change)?;
    for blob in blobs {
        blob.keep()?;
    }
    let groups = if options.commit_each {
        all.chunk_by(|a, b| a.release() == b.release()).collect()
    } else {
        vec![all.as_slice()]
    };
    land(&writer.knowing(snapshot), &groups, options)
}

/// Reads every file.
fn stage(
    repository: &Repository,
    inputs: &[Input],
    stdin: &mut dyn Read,
    options: &Options,
    progress: &dyn Progress,
) -> Result<(Vec<Candidate>, Vec<StagedBlob>), AddError> {
    let mut candidates = Vec::new();
    let mut blobs = Vec::new();
    for file in inputs::expand(inputs)? {
        let (candidate, blob) = candidate::read(repository, &file, stdin, progress)?;
        if options.reject_signed && candidate.has_signature() {
            let file = candidate.file;
            return Err(AddError::Signed { file });
        }
        candidates.push(candidate);
        blobs.push(blob);
    }
    Ok((candidates, blobs))
}

fn land(writer: &Writer, groups: &[&[&Candidate]], options: &Options) -> Result<Report, AddError> {
    let mut whole: Option<Report> = None;
    for group in groups {
        let mut planned: Option<Plan> = None;
        let landed = writer.land(|snapshot| {
            let plan = plan::plan(snapshot, group, options)?;
            let change = plan.change.clone();
            planned = Some(plan);
            Ok::<_, AddError>(Some(change))
        })?;
        let plan = planned.expect("a landed change was planned");
        let part = report(plan, vec![landed], None);
        match &mut whole {
            None => whole = Some(part),
            Some(whole) => {
                whole.files.extend(part.files);
                whole.commits.extend(part.commits);
                whole.landed.extend(part.landed);
            }
        }
    }
    Ok(whole.expect("there is at least one file, so at least one group"))
}

fn report(plan: Plan, landed: Vec<Landed>, diff: Option<String>) -> Report {
    Report {
        files: plan.files,
        commits: landed
            .iter()
            .filter_map(|landed| landed.commit.map(|commit| commit.to_string()))
            .collect(),
        diff,
        landed,
    }
}
