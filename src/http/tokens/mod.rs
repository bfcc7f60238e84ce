//! Tokens that requests show: whose they are says the commit that is served; who guesses is slowed down, and only so many
//! bodies are taken at the same time.

mod attempts;
mod credentials;
mod places;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub(super) use credentials::Part;
pub(super) use places::Place;

use self::attempts::Attempts;
use self::credentials::{Credentials, credentials};
use self::places::Places;
use super::live::Live;
use super::notice::{Notice, OnNotice};
use super::request::Request;
use crate::model::access::{self, authenticate};

/// What knows whose tokens are shown.
pub(super) struct Tokens {
    attempts: Attempts,
    live: Arc<Live>,
    notice: OnNotice,
    places: Arc<Places>,
}

/// A token that is accepted.
pub(super) struct Shown {
    pub(super) token: String,
    /// Person and label, for logs.
    pub(super) user: String,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turned {
    /// Its token is not accepted.
    Away(access::Refused),
    /// It shows no token.
    Nothing,
    /// Too many of its address were turned away before.
    TooOften { wait: Duration },
    /// What it shows is not understood.
    Unknown,
}

impl Tokens {
    /// Takes up to `places` bodies at the same time.
    pub(super) fn new(live: Arc<Live>, places: usize, notice: &OnNotice) -> Self {
        Self {
            attempts: Attempts::default(),
            live,
            notice: Arc::clone(notice),
            places: Arc::new(Places::new(places)),
        }
    }

    /// Finds out whose token `request` shows, as `part` of HTTP Basic or as a bearer.
    pub(super) fn shown(&self, request: &Request, part: Part) -> Result<Shown, Turned> {
        let client = request.client;
        if let Some(wait) = self.attempts.wait(client) {
            return Err(Turned::TooOften { wait });
        }
        let token = match credentials(request, part) {
            Credentials::Token(token) => token,
            Credentials::None => return Err(Turned::Nothing),
            Credentials::Unknown => return Err(Turned::Unknown),
        };
        let state = self.live.state();
        let bearer = authenticate(&state.snapshot.people, &token, Timestamp::now());
        match bearer {
            Ok(bearer) => Ok(Shown {
                user: format!("{}/{}", bearer.nick, bearer.label),
                token,
            }),
            Err(why) => {
                self.attempts.failed(client);
                (self.notice)(Notice::Unauthorised { client, why });
                Err(Turned::Away(why))
            }
        }
    }

    /// Waits for a place to take a body; there is none when all are taken for too long.
    pub(super) fn place(&self) -> Option<Place> {
        self.places.take()
    }
}
