//! One SPK that somebody sends with a token: taken in as a commit of theirs, if they may.
//!
//! The stages: the SPK is read into the blob store and must be sound → it is signed, where the repository signs what
//! arrives → the plan is made and asked for permission, both of the commit that the new one follows, so that a token that
//! is revoked meanwhile stops the upload → the blob gets its name → the change lands.

use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;

use super::arrival::signed_on_arrival;
use super::candidate::{self, Candidate};
use super::error::AddError;
use super::plan::{Plan, is_of, plan};
use super::{FileReport, Options, Outcome};
use crate::blob::{BlobError, StagedBlob};
use crate::git::GitError;
use crate::model::access::{self, Action, Bearer, authenticate};
use crate::model::doc::{BuildDoc, PeopleDoc};
use crate::model::os_version::OsVersion;
use crate::ops::sign::SignError;
use crate::pgp::Signer;
use crate::repo::{
    Author, Change, Keys, LoadError, Onto, OpenError, Repository, Snapshot, WriteError, load_people,
};

/// What is received by which rules.
#[derive(Clone)]
pub(crate) struct Rules {
    pub(crate) onto: Onto,
    pub(crate) people: People,
    /// Signs SPKs that arrive without a signature.
    pub(crate) signer: Option<Arc<Signer>>,
}

/// Whose tokens and roles count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum People {
    /// Those of the commit that this names, or HEAD: a branch for review does not say itself who may upload to it.
    Of { revision: Option<String> },
    /// Those of the commit that the change follows.
    OfTheSameCommit,
}

/// A sound SPK that is not published yet.
pub(crate) struct Received {
    blob: StagedBlob,
    candidate: Candidate,
}

/// What came of an upload.
#[derive(Clone, Debug)]
pub(crate) struct Uploaded {
    pub(crate) architectures: Vec<String>,
    /// The commit that it is in at the latest.
    pub(crate) commit: String,
    pub(crate) file: FileReport,
    pub(crate) firmware: OsVersion,
}

/// Says why an SPK was not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error(transparent)]
    Add(#[from] AddError),
    #[error(transparent)]
    Denied(#[from] access::Denied),
    #[error(transparent)]
    Refused(#[from] access::Refused),
    #[error(transparent)]
    Sign(#[from] SignError),
}

macro_rules! as_add_error {
    ($($error:ty),*) => {
        $(impl From<$error> for UploadError {
            fn from(error: $error) -> Self {
                Self::Add(error.into())
            }
        })*
    };
}

as_add_error!(BlobError, GitError, LoadError, OpenError, WriteError);

/// Reads an SPK, which messages call `name`.
pub(crate) fn receive(
    repository: &Repository,
    name: &str,
    body: &mut dyn Read,
) -> Result<Received, AddError> {
    let (candidate, blob) = candidate::read_body(repository, name, body)?;
    Ok(Received { blob, candidate })
}

/// Publishes what was received for whoever shows `token`; `known` saves reading what has not changed since.
pub(crate) fn land(
    repository: &Repository,
    received: Received,
    rules: &Rules,
    token: &str,
    known: Snapshot,
    now: Timestamp,
) -> Result<Uploaded, UploadError> {
    let (candidate, blob) = prepare(repository, received, rules, &known, now)?;
    let writer = repository.writer_onto(rules.onto.clone())?.knowing(known);
    let mut blob = Some(blob);
    let mut planned = None;
    let landed = writer.land(|snapshot| {
        let people = people(repository, rules, snapshot)?;
        let bearer = authenticate(&people, token, now)?;
        let (plan, change) = permitted(repository, rules, snapshot, &candidate, &bearer)?;
        // What is there already needs no blob, unless its own got lost.
        let is_new = plan.files[0].outcome != Outcome::AlreadyThere;
        let is_wanted = is_new
            || has_build(snapshot, &candidate, |doc| {
                doc.spk.sha256 == candidate.digests.sha256
            });
        // On the next commit, that may be otherwise.
        if is_wanted && let Some(blob) = blob.take() {
            blob.keep()?;
        }
        planned = Some((plan, snapshot.commit));
        Ok::<_, UploadError>(Some(change))
    })?;
    let (mut plan, before) = planned.expect("a change that landed was planned");
    let platforms = candidate.identity.arch.iter();
    Ok(Uploaded {
        architectures: platforms.map(ToString::to_string).collect(),
        commit: landed.commit.unwrap_or(before).to_string(),
        file: plan.files.remove(0),
        firmware: candidate.identity.os_min_ver,
    })
}

/// Finds out whose signature it has, or gives it one.
fn prepare(
    repository: &Repository,
    received: Received,
    rules: &Rules,
    known: &Snapshot,
    now: Timestamp,
) -> Result<(Candidate, StagedBlob), UploadError> {
    let Received {
        mut blob,
        mut candidate,
    } = received;
    candidate.judge(&blob, &known.keys)?;
    if let Some(signer) = rules.signer.as_deref()
        && !candidate.has_signature()
        && !has_build(known, &candidate, |doc| is_of(doc, candidate.arrived))
    {
        let (signed, signature) =
            signed_on_arrival(repository, &candidate.file, &blob, signer, now)?;
        candidate.digests = signed.digests();
        candidate.signature = Some(signature);
        blob = signed;
    }
    Ok((candidate, blob))
}

/// Says whether the release of `candidate` has such a build.
fn has_build(
    snapshot: &Snapshot,
    candidate: &Candidate,
    is_such: impl Fn(&BuildDoc) -> bool,
) -> bool {
    let (package, version) = candidate.release();
    let release = snapshot.packages.get(package);
    let release = release.and_then(|package| package.releases.get(version));
    release.is_some_and(|release| {
        let mut builds = release.builds.values();
        builds.any(|build| is_such(&build.doc))
    })
}

fn people(
    repository: &Repository,
    rules: &Rules,
    snapshot: &Snapshot,
) -> Result<Arc<PeopleDoc>, UploadError> {
    let People::Of { revision } = &rules.people else {
        return Ok(Arc::clone(&snapshot.people));
    };
    let commit = repository.commit(revision.as_deref())?;
    Ok(Arc::new(load_people(&repository.store, commit)?))
}

fn permitted(
    repository: &Repository,
    rules: &Rules,
    snapshot: &Snapshot,
    candidate: &Candidate,
    bearer: &Bearer<'_>,
) -> Result<(Plan, Change), UploadError> {
    let package = &candidate.identity.package;
    let action = match snapshot.packages.get(package) {
        Some(package) => Action::AddBuild {
            maintainers: &package.doc.maintainers,
        },
        None => Action::NewPackage,
    };
    bearer.check(package, action)?;
    let options = Options {
        maintainers: vec![bearer.nick.to_string()],
        ..Options::default()
    };
    let plan = plan(snapshot, &[candidate], &options)?;
    let mut change = plan.change.clone();
    change.author = Some(author(bearer));
    let by = format!("{} ({})", bearer.nick, bearer.label);
    change.message.trailers.push(("Uploaded-By", by));
    if let Some(signer) = rules.signer.as_deref()
        && !change.edits.is_empty()
    {
        let path = format!("{}/{}.asc", Keys::FOLDER, signer.certificate.fingerprint());
        if repository.store.find(snapshot.tree, &path)?.is_none() {
            change.put(path, signer.certificate.to_text());
        }
    }
    Ok((plan, change))
}

/// Who has no address gets one that no mail ever reaches (RFC 2606 §2).
fn author(bearer: &Bearer<'_>) -> Author {
    // What git's own format of a person has a meaning for.
    let plain = |text: &str| -> String {
        let is_plain = |letter: &char| !letter.is_control() && !matches!(letter, '<' | '>');
        text.chars().filter(is_plain).collect()
    };
    let name = plain(&bearer.person.name);
    let email = bearer.person.email.as_deref().map(plain);
    let or_nick = |text: String| match text.trim() {
        "" => bearer.nick.to_string(),
        text => text.to_owned(),
    };
    Author {
        email: email
            .filter(|email| !email.trim().is_empty())
            .unwrap_or_else(|| format!("{}@users.invalid", bearer.nick)),
        name: or_nick(name),
    }
}
