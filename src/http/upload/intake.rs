//! Takes the body of one upload in, and lands it.

use std::io::{self, Read};
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use super::Uploads;
use super::answer;
use super::form::Way;
use super::multipart::{FileField, FormError};
use crate::http::front::Intake;
use crate::http::metrics::InFlight;
use crate::http::notice::Notice;
use crate::http::reply::Reply;
use crate::http::tokens::Place;
use crate::ops::add::{AddError, Received, UploadError, Uploaded, land_upload, receive};
use crate::repo::Repository;

/// An upload of somebody who may send one.
pub(super) struct Sent {
    pub(super) _in_flight: InFlight,
    pub(super) _place: Place,
    pub(super) token: String,
    pub(super) uploads: Arc<Uploads>,
    /// Person and label, for logs.
    pub(super) user: String,
    pub(super) way: Way,
}

/// How messages call an SPK.
const NAME: &str = "the SPK";

/// Says why nothing was published.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    /// The front end knows why.
    #[error("the body could not be read")]
    Body(#[from] io::Error),
    #[error(transparent)]
    Form(#[from] FormError),
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl From<AddError> for NotTaken {
    fn from(error: AddError) -> Self {
        Self::Upload(error.into())
    }
}

impl From<crate::git::GitError> for NotTaken {
    fn from(error: crate::git::GitError) -> Self {
        Self::Upload(error.into())
    }
}

impl Intake for Sent {
    fn take(self: Box<Self>, body: &mut dyn Read) -> Reply {
        let mut body = Counted {
            count: 0,
            source: body,
        };
        let result = self.publish(&mut body);
        if result.is_err() {
            // Many clients read no answer before they have sent everything; this one may send.
            let _ = io::copy(&mut body, &mut io::sink());
        }
        let metrics = &self.uploads.metrics.uploads;
        metrics.received(body.count);
        match result {
            Ok(uploaded) => {
                metrics.accepted();
                (self.uploads.notice)(Notice::Uploaded {
                    uploaded: &uploaded,
                    user: &self.user,
                });
                answer::created(&uploaded)
            }
            Err(error) => {
                let answer = answer::refused(&error);
                metrics.refused(answer.reason);
                if answer.reply.status >= 500 {
                    (self.uploads.notice)(Notice::UploadFailed {
                        error: &error,
                        user: &self.user,
                    });
                }
                answer.reply
            }
        }
    }
}

impl Sent {
    fn publish(&self, body: &mut dyn Read) -> Result<Uploaded, NotTaken> {
        let repository = self.uploads.repository()?;
        let received = self.receive(&repository, body)?;
        let uploads = &self.uploads;
        let known = uploads.live.state().snapshot.clone();
        let _turn = uploads.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (rules, now) = (uploads.rules(), Timestamp::now());
        let uploaded = land_upload(&repository, received, &rules, &self.token, known, now)?;
        Ok(uploaded)
    }

    /// Reads all of the body: nothing is published of one that does not come whole.
    fn receive(&self, repository: &Repository, body: &mut dyn Read) -> Result<Received, NotTaken> {
        let Way::Multipart { boundary } = &self.way else {
            let received = receive(repository, NAME, body)?;
            io::copy(body, &mut io::sink())?;
            return Ok(received);
        };
        let mut field = FileField::open(body, boundary)??;
        match receive(repository, NAME, &mut field) {
            Ok(received) => {
                field.finish()??;
                Ok(received)
            }
            Err(error) => match field.problem() {
                Some(problem) => Err(problem.clone().into()),
                None => Err(error.into()),
            },
        }
    }
}

struct Counted<'a> {
    count: u64,
    source: &'a mut dyn Read,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}
