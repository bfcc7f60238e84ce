//! Uploads: an SPK that somebody sends with a token becomes a commit of theirs.
//!
//! A request passes these files:
//!
//! 1. before anything of its body is read: [`tokens`](super::tokens) says whose token is in the head, [`form`] how the
//!    SPK is sent, and there must be a place;
//! 2. [`intake`] streams the body into the blob store, and lands the change by [`crate::ops::add`];
//! 3. [`answer`] words what came of it.
//!
//! Paths and answers are those of SynoCommunity's spkrepo, which build systems know.

mod answer;
mod form;
mod intake;
mod multipart;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) use form::Form;

use self::form::Way;
use self::intake::Sent;
use super::front::Welcome;
use super::live::{Follow, Live};
use super::metrics::Metrics;
use super::notice::OnNotice;
use super::reply::Reply;
use super::request::Request;
use super::tokens::{Part, Tokens};
use crate::git::{GitError, is_reference_name};
use crate::ops::add::{People, Rules};
use crate::pgp::Signer;
use crate::repo::{Manner, Onto, Repository, WriteError};

/// How uploads are taken.
#[derive(Clone)]
pub(crate) struct UploadOptions {
    /// The branch that they go to, when it is not the one that is served.
    pub(crate) branch: Option<String>,
    /// Signs what arrives without a signature.
    pub(crate) signer: Option<Arc<Signer>>,
}

impl fmt::Debug for UploadOptions {
    /// Nothing of a key is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UploadOptions");
        debug.field("branch", &self.branch);
        debug
            .field("signs", &self.signer.is_some())
            .finish_non_exhaustive()
    }
}

/// Says why no uploads can be taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadsError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("uploads cannot be added to `{name}`: it is no branch")]
    NoBranch { name: String },
    #[error("uploads need a branch, and one commit is served for good")]
    OneCommit,
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What takes uploads.
pub(super) struct Uploads {
    follow: Follow,
    /// They go to another branch than the one that is served.
    is_for_review: bool,
    live: Arc<Live>,
    metrics: Arc<Metrics>,
    notice: OnNotice,
    /// The reference that uploads go to, when it is not what HEAD names.
    onto: Option<String>,
    repository: Mutex<Repository>,
    signer: Option<Arc<Signer>>,
    tokens: Arc<Tokens>,
    /// One lands at a time: the others would only look at the lock of the repository again and again.
    turn: Mutex<()>,
}

impl Uploads {
    /// Prepares to take uploads, and removes what an earlier server that was killed has left.
    pub(super) fn new(
        repository: &Repository,
        options: &UploadOptions,
        follow: &Follow,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
        tokens: Arc<Tokens>,
        notice: &OnNotice,
    ) -> Result<Self, UploadsError> {
        let repository = repository.reopen()?.with_manner(Manner {
            purpose: "spkrepo serve".to_owned(),
            ..Manner::default()
        });
        let onto = target(&repository, options, follow)?;
        let uploads = Self {
            follow: follow.clone(),
            is_for_review: options.branch.is_some(),
            live,
            metrics,
            notice: Arc::clone(notice),
            onto,
            repository: Mutex::new(repository),
            signer: options.signer.clone(),
            tokens,
            turn: Mutex::new(()),
        };
        let repository = uploads.repository()?;
        repository.writer_onto(uploads.rules().onto)?.tidy()?;
        repository.blobs.tidy();
        Ok(uploads)
    }

    /// Says what becomes of the body of a request for `form`, before any of it is read.
    pub(super) fn welcome(self: &Arc<Self>, request: &Request, form: Form) -> Welcome {
        match self.admit(request, form) {
            Ok(sent) => Welcome::Taken {
                user: sent.user.clone(),
                intake: Box::new(sent),
            },
            Err((reason, reply)) => {
                self.metrics.uploads.refused(reason);
                Welcome::Refused(reply)
            }
        }
    }

    fn admit(
        self: &Arc<Self>,
        request: &Request,
        form: Form,
    ) -> Result<Sent, (&'static str, Reply)> {
        let shown = self.tokens.shown(request, Part::UserName);
        let shown = shown.map_err(answer::turned)?;
        let way = Way::of(request, form).map_err(|why| ("form", answer::wrong_form(&why)))?;
        let place = self.tokens.place().ok_or(("busy", answer::busy()))?;
        Ok(Sent {
            _in_flight: self.metrics.uploads.begin(),
            _place: place,
            token: shown.token,
            uploads: Arc::clone(self),
            user: shown.user,
            way,
        })
    }

    fn repository(&self) -> Result<Repository, GitError> {
        let repository = self.repository.lock();
        repository.unwrap_or_else(PoisonError::into_inner).reopen()
    }

    fn rules(&self) -> Rules {
        let onto = self.onto.clone().map_or(Onto::Head, |name| Onto::Branch {
            begin: self.live.state().snapshot.commit,
            name,
        });
        let people = match self.is_for_review {
            true => People::Of {
                revision: self.follow.revision().map(str::to_owned),
            },
            false => People::OfTheSameCommit,
        };
        Rules {
            onto,
            people,
            signer: self.signer.clone(),
        }
    }
}

/// Returns the reference that uploads go to; nothing for what HEAD names.
fn target(
    repository: &Repository,
    options: &UploadOptions,
    follow: &Follow,
) -> Result<Option<String>, UploadsError> {
    let reference = |name: &str| match name.strip_prefix("refs/heads/") {
        Some(_) => name.to_owned(),
        None => format!("refs/heads/{name}"),
    };
    match (follow, &options.branch) {
        (Follow::Fixed { .. }, _) => Err(UploadsError::OneCommit),
        (_, Some(name)) if is_reference_name(&reference(name)) => Ok(Some(reference(name))),
        (Follow::Reference { name }, None) if repository.store.tip(&reference(name))?.is_some() => {
            Ok(Some(reference(name)))
        }
        (_, Some(name)) | (Follow::Reference { name }, None) => {
            Err(UploadsError::NoBranch { name: name.clone() })
        }
        (Follow::Head, None) => Ok(None),
    }
}
