//! One request whose answer is looked at before any of it is read: its status, its headers, and then its content as it
//! comes. All of it has a bounded time, unlike what [`super::Transport`] carries.

use std::io::Read;
use std::time::Duration;

use ureq::http::{Response, header};
use ureq::{Body, ResponseExt as _};

use super::client::{Client, check_address};
use super::error::WebError;

/// What is asked of an address besides its content.
#[derive(Clone, Debug)]
pub(crate) struct Fetch<'a> {
    /// Names and values.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// How long the server may send nothing.
    pub(crate) idle: Duration,
    /// How long all of it may take.
    pub(crate) total: Duration,
    pub(crate) url: &'a str,
}

/// An answer whose content is still to be read.
#[derive(Debug)]
pub(crate) struct Fetched(Response<Body>);

impl Client {
    /// Asks for what is at an address, and returns whatever is answered that is no redirection.
    pub(crate) fn fetch(&self, fetch: &Fetch<'_>) -> Result<Fetched, WebError> {
        check_address(fetch.url)?;
        let mut request = self.agent.get(fetch.url);
        for (name, value) in &fetch.headers {
            request = request.header(*name, value);
        }
        let request = request
            .config()
            .timeout_global(Some(fetch.total))
            .timeout_per_read(Some(fetch.idle))
            .build();
        let answer = request.call();
        let answer = answer.map_err(|error| self.failed(fetch.url, error))?;
        // "Not modified" is no redirection (RFC 9110 §15.4.5).
        if answer.status().is_redirection() && answer.status() != 304 {
            let to = answer.headers().get(header::LOCATION);
            let to = to.and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
            return Err(WebError::Redirected {
                to: to.to_owned(),
                url: fetch.url.to_owned(),
            });
        }
        Ok(Fetched(answer))
    }
}

impl Fetched {
    /// Returns the address that answered, after redirections.
    pub(crate) fn address(&self) -> String {
        self.0.get_uri().to_string()
    }

    /// Returns the value of a header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// Returns the content, which fails when it is longer than `limit`.
    pub(crate) fn into_content(self, limit: u64) -> impl Read {
        let body = self.0.into_body();
        body.into_with_config().limit(limit).reader()
    }
}
