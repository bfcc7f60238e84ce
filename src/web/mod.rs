//! Asks web servers: HTTP and HTTPS by `ureq`, bounded in time, in bytes and in redirections. Knows nothing of what is
//! asked for.
//!
//! HTTP semantics: RFC 9110; forms with files: RFC 7578. Proxies are those that the usual variables name, as for any client.

mod client;
mod error;
mod fetch;
mod form;
mod transport;

pub(crate) use client::{Bounds, Client, Roots};
pub(crate) use error::WebError;
pub(crate) use fetch::{Fetch, Fetched};
pub(crate) use form::Form;
pub(crate) use transport::{Answer, Asking, Payload, Transport};
