//! What another source has of one release: what can be taken in becomes one commit, dated as the source says, and what
//! cannot is left out one by one, each with its reason.

use std::path::Path;

use jiff::Timestamp;

use super::candidate::{self, Candidate};
use super::error::AddError;
use super::plan::{Plan, plan};
use super::{FileReport, Options, Outcome};
use crate::base::digest::Digests;
use crate::blob::StagedBlob;
use crate::git::GitError;
use crate::model::channel::Channel;
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::ops::progress::Progress;
use crate::repo::{Landed, Repository, Snapshot, check_can_land, load};

/// An SPK that is read and has no name among the blobs yet.
pub(crate) struct Staged {
    /// Absent once it has its name.
    blob: Option<StagedBlob>,
    candidate: Candidate,
}

/// Where a release comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// Absent when the source does not say.
    pub(crate) date: Option<Timestamp>,
    /// Its address for the commit's trailer, if it has one.
    pub(crate) source: Option<&'a str>,
}

/// What came of a release.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) files: Vec<FileReport>,
    /// Absent when there was nothing to commit.
    pub(crate) landed: Option<Landed>,
    /// By the names of their files.
    pub(crate) refused: Vec<(String, AddError)>,
}

impl Staged {
    /// Reads the SPK at `path`, which messages call `name`; it goes to `channel`, or where the options say.
    pub(crate) fn read(
        repository: &Repository,
        path: &Path,
        name: &str,
        channel: Option<Channel>,
        progress: &dyn Progress,
    ) -> Result<Self, AddError> {
        let read = candidate::read_file(repository, path, name.to_owned(), progress);
        let (mut candidate, blob) = read?;
        candidate.channel = channel;
        let blob = Some(blob);
        Ok(Self { blob, candidate })
    }

    /// Returns the release that it belongs to by its own word.
    pub(crate) fn release(&self) -> (&PackageName, &Version) {
        self.candidate.release()
    }

    /// Returns size and digests of its bytes.
    pub(crate) fn digests(&self) -> Digests {
        self.candidate.digests
    }
}

/// Publishes those of `staged`, which are of one release, that can be; `known` saves reading what has not changed since.
///
/// An error says that nothing can be published now, whatever it is.
pub(crate) fn land(
    repository: &Repository,
    staged: Vec<Staged>,
    known: &Snapshot,
    options: &Options,
    origin: &Origin<'_>,
) -> Result<Taken, AddError> {
    let (mut staged, mut refused) = judge(staged, known, options)?;
    // The order in which the source names them changes nothing.
    staged.sort_by(|a, b| a.candidate.order().cmp(&b.candidate.order()));
    let (plan, left_out) = choose(known, &staged, options)?;
    if plan.change.edits.is_empty() {
        refused.extend(left_out);
        return Ok(Taken {
            files: plan.files,
            landed: None,
            refused,
        });
    }
    let writer = repository.writer()?;
    // What another writer did until now counts; what it was doing is done.
    let known = load(&repository.store, repository.commit(None)?, Some(known))?;
    let (plan, _) = choose(&known, &staged, options)?;
    check_can_land(repository, &known, &plan.change)?;
    let writer = writer.knowing(known);
    let mut planned = None;
    let landed = writer.land(|snapshot| {
        let (plan, left_out) = choose(snapshot, &staged, options)?;
        let mut change = plan.change.clone();
        change.seconds = Some(seconds(repository, snapshot, origin)?);
        let source = origin.source.map(|source| ("Source", source.to_owned()));
        change.message.trailers.extend(source);
        keep(&mut staged, &plan)?;
        planned = Some((plan, left_out));
        Ok::<_, AddError>(Some(change))
    })?;
    let (plan, left_out) = planned.expect("a change that landed was planned");
    refused.extend(left_out);
    Ok(Taken {
        files: plan.files,
        landed: Some(landed),
        refused,
    })
}

/// What is left, and what is refused by the names of its files.
type Chosen<T> = (T, Vec<(String, AddError)>);

/// Finds out whose signatures they have.
fn judge(
    staged: Vec<Staged>,
    known: &Snapshot,
    options: &Options,
) -> Result<Chosen<Vec<Staged>>, AddError> {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for Staged {
        mut candidate,
        blob,
    } in staged
    {
        if let Some(blob) = &blob {
            candidate.judge(blob, &known.keys)?;
        }
        if options.reject_signed && candidate.has_signature() {
            let file = candidate.file.clone();
            refused.push((candidate.file, AddError::Signed { file }));
        } else {
            kept.push(Staged { blob, candidate });
        }
    }
    Ok((kept, refused))
}

/// Plans what can be added to `snapshot`; all of it at once when nothing is wrong with any.
fn choose(
    snapshot: &Snapshot,
    staged: &[Staged],
    options: &Options,
) -> Result<Chosen<Plan>, AddError> {
    let all: Vec<&Candidate> = staged.iter().map(|staged| &staged.candidate).collect();
    match plan(snapshot, &all, options) {
        Ok(plan) => return Ok((plan, Vec::new())),
        Err(error) if !error.is_of_the_file() => return Err(error),
        Err(_) => {}
    }
    let (mut chosen, mut refused) = (Vec::new(), Vec::new());
    for candidate in all {
        chosen.push(candidate);
        match plan(snapshot, &chosen, options) {
            Ok(_) => {}
            Err(error) if !error.is_of_the_file() => return Err(error),
            Err(error) => {
                chosen.pop();
                refused.push((candidate.file.clone(), error));
            }
        }
    }
    Ok((plan(snapshot, &chosen, options)?, refused))
}

/// Gives the blobs of new builds their names; the first attempt to land has them all.
fn keep(staged: &mut [Staged], plan: &Plan) -> Result<(), AddError> {
    let is_new = |file: &FileReport| file.outcome != Outcome::AlreadyThere;
    for file in plan.files.iter().filter(|file| is_new(file)) {
        let mut named = staged.iter_mut();
        let named = named.find(|staged| staged.candidate.file == file.file);
        if let Some(blob) = named.and_then(|staged| staged.blob.take()) {
            blob.keep()?;
        }
    }
    Ok(())
}

/// Returns when the release was made: without a word of the source, when the commit before it was, so that doing it again
/// gives the same commit.
fn seconds(
    repository: &Repository,
    snapshot: &Snapshot,
    origin: &Origin<'_>,
) -> Result<i64, GitError> {
    match origin.date {
        Some(date) => Ok(date.as_second()),
        None => Ok(repository.store.commit_info(snapshot.commit)?.time.0),
    }
}
