//! A Git LFS server, by its batch API and basic transfers (git-lfs, `docs/api/batch.md`, `docs/api/basic-transfers.md`).
//!
//! [`login`] finds the server and what lets us in; [`batch`] has its documents. A server is asked about many blobs at once
//! when it is told [what to expect](BlobRemote::expect).

mod actions;
mod batch;
mod login;

use std::io::Read;
use std::time::Duration;

use super::error::TransferError;
use super::remote::{BlobRemote, Found, Listed, Put, Reading, Wanted, Way};
use super::wire::{REASON, Wire, range, reading};
use crate::base::digest::Sha256;
use crate::model::download_url::DownloadUrl;
use crate::web::{Answer, Asking, Payload};
use actions::Actions;
use batch::{Action, MEDIA_TYPE, message};
pub(crate) use login::GitAccess;
pub(in crate::transfer) use login::Login;

/// A Git LFS server.
pub(super) struct Lfs {
    actions: Actions,
    is_writable: bool,
    login: Login,
    public_url: Option<DownloadUrl>,
    wire: Wire,
}

impl Lfs {
    pub(super) fn new(
        wire: Wire,
        login: Login,
        is_writable: bool,
        public_url: Option<DownloadUrl>,
    ) -> Self {
        Self {
            actions: Actions::default(),
            is_writable,
            login,
            public_url,
            wire,
        }
    }

    /// Returns what the server would have done with the blob.
    fn action(&self, blob: &Wanted, way: Way) -> Result<Option<batch::Object>, TransferError> {
        if let Some(known) = self.actions.take(blob, way) {
            return Ok(Some(known));
        }
        let mut objects = self.ask(&[blob], way)?;
        Ok(objects.pop())
    }

    /// Asks what is to be done with `blobs`; what the server says of others is no answer.
    fn ask(&self, blobs: &[&Wanted], way: Way) -> Result<Vec<batch::Object>, TransferError> {
        let body = batch::request(blobs, way);
        let answer = self.login.let_in(&self.wire, way, |server, headers| {
            let url = format!("{server}/objects/batch");
            let mut headers = headers.to_vec();
            headers.extend([("Accept".to_owned(), MEDIA_TYPE.to_owned())]);
            headers.extend([("Content-Type".to_owned(), MEDIA_TYPE.to_owned())]);
            self.wire.ask(Asking {
                headers: headers
                    .iter()
                    .map(|(name, value)| (name.as_str(), value.clone()))
                    .collect(),
                method: "POST",
                payload: Payload::Bytes(&body),
                url: &url,
            })
        })?;
        match answer.status() {
            200 => batch::objects(answer, blobs).map_err(|reason| self.unfit(reason)),
            // Some servers answer so when it is true of all blobs that they are asked about.
            code @ (404 | 410) if way == Way::From && blobs.len() == 1 => {
                let message = message(&answer.bytes(REASON).unwrap_or_default());
                let outcome = batch::Outcome::Error { code, message };
                let (oid, size) = (blobs[0].sha256, blobs[0].size);
                Ok(vec![batch::Object { oid, outcome, size }])
            }
            _ => Err(self.refused(answer)),
        }
    }

    fn unfit(&self, reason: String) -> TransferError {
        let remote = self.wire.name.clone();
        TransferError::Protocol { reason, remote }
    }

    fn refused(&self, answer: Answer) -> TransferError {
        self.wire.refused(answer, message)
    }

    fn absent(&self, blob: &Wanted) -> TransferError {
        TransferError::Absent {
            remote: self.wire.name.clone(),
            sha256: blob.sha256,
        }
    }

    /// Does what the server said, with the headers that it wants.
    fn act(
        &self,
        action: &Action,
        method: &'static str,
        more: Vec<(&'static str, String)>,
        payload: Payload<'_>,
    ) -> Result<Answer, TransferError> {
        let ours = match action.is_authorised() {
            true => Vec::new(),
            false => self.login.headers_for(&action.href),
        };
        let said = action
            .header
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        let known: Vec<(&str, String)> = said.collect();
        let is_said = |name: &str| {
            known
                .iter()
                .any(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        let ours = ours
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        let more: Vec<(&str, String)> = more
            .into_iter()
            .chain(ours)
            .filter(|(name, _)| !is_said(name))
            .collect();
        self.wire.ask(Asking {
            headers: known.into_iter().chain(more).collect(),
            method,
            payload,
            url: &action.href,
        })
    }

    fn verify(&self, blob: &Wanted, action: &Action) -> Result<(), TransferError> {
        let body = batch::pointer(blob);
        let kind = vec![
            ("Accept", MEDIA_TYPE.to_owned()),
            ("Content-Type", MEDIA_TYPE.to_owned()),
        ];
        let answer = self.act(action, "POST", kind, Payload::Bytes(&body))?;
        match answer.status() {
            200..=299 => Ok(()),
            _ => Err(self.refused(answer)),
        }
    }
}

impl BlobRemote for Lfs {
    fn name(&self) -> &str {
        &self.wire.name
    }

    fn shown(&self) -> String {
        self.login.shown()
    }

    fn is_writable(&self) -> bool {
        self.is_writable
    }

    fn expect(&self, blobs: &[&Wanted], way: Way) -> Result<(), TransferError> {
        for blobs in blobs.chunks(batch::AT_ONCE) {
            self.actions.keep(way, self.ask(blobs, way)?);
        }
        Ok(())
    }

    fn stat(&self, blob: &Wanted) -> Result<Option<Found>, TransferError> {
        let Some(object) = self.action(blob, Way::From)? else {
            return Ok(None);
        };
        let size = object.size;
        match object.outcome {
            batch::Outcome::Action { .. } => Ok(Some(Found {
                modified: None,
                size,
            })),
            batch::Outcome::Nothing => Ok(None),
            // "The object does not exist", "was removed by the owner".
            batch::Outcome::Error {
                code: 404 | 410, ..
            } => Ok(None),
            batch::Outcome::Error { code, message } => {
                Err(self.unfit(format!("{code}: {message}")))
            }
        }
    }

    fn read(&self, blob: &Wanted, from: u64) -> Result<Reading, TransferError> {
        let object = self
            .action(blob, Way::From)?
            .ok_or_else(|| self.absent(blob))?;
        let action = match object.outcome {
            batch::Outcome::Action { action, .. } => action,
            batch::Outcome::Nothing
            | batch::Outcome::Error {
                code: 404 | 410, ..
            } => {
                return Err(self.absent(blob));
            }
            batch::Outcome::Error { code, message } => {
                return Err(self.unfit(format!("{code}: {message}")));
            }
        };
        let answer = self.act(
            &action,
            "GET",
            range(from).into_iter().collect(),
            Payload::None,
        )?;
        match answer.status() {
            200 | 206 => Ok(reading(answer)),
            404 | 410 => Err(self.absent(blob)),
            _ => Err(self.refused(answer)),
        }
    }

    fn put(&self, blob: &Wanted, source: &mut (dyn Read + Send)) -> Result<Put, TransferError> {
        let object = self.action(blob, Way::To)?;
        let (action, verify) = match object.map(|object| object.outcome) {
            Some(batch::Outcome::Action { action, verify }) => (action, verify),
            // "If there are no actions, the server has the object already."
            Some(batch::Outcome::Nothing) => return Ok(Put::AlreadyThere),
            Some(batch::Outcome::Error { code, message }) => {
                return Err(self.unfit(format!("{code}: {message}")));
            }
            None => return Err(self.unfit("it says nothing of the blob".to_owned())),
        };
        let kind = vec![("Content-Type", "application/octet-stream".to_owned())];
        let length = blob.size;
        let payload = Payload::Stream { length, source };
        let answer = self.act(&action, "PUT", kind, payload)?;
        if !(200..=299).contains(&answer.status()) {
            return Err(self.refused(answer));
        }
        if let Some(verify) = verify {
            self.verify(blob, &verify)?;
        }
        Ok(Put::Done)
    }

    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError> {
        Ok(None)
    }

    fn delete(&self, _sha256: Sha256) -> Result<(), TransferError> {
        Err(self.unfit("a Git LFS server removes nothing that it is asked to".to_owned()))
    }

    /// An address that needs no header of ours is everybody's, for as long as the server says.
    fn address(&self, blob: &Wanted, valid: Duration) -> Result<Option<String>, TransferError> {
        if let Some(url) = &self.public_url {
            return Ok(blob.address(url));
        }
        let object = self.action(blob, Way::From)?;
        let Some(batch::Outcome::Action { action, .. }) = object.map(|object| object.outcome)
        else {
            return Ok(None);
        };
        let is_open = action.header.is_empty() && self.login.headers_for(&action.href).is_empty();
        Ok((is_open && action.is_valid_for(valid)).then_some(action.href))
    }
}
