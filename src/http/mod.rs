//! HTTP without packages: what a request is, what a reply is, and the way from one to the other.
//!
//! A request passes these stages, each a file, each but the first and the last a pure function:
//!
//! 1. [`front`] receives it, refuses what cannot be framed safely, and bounds its body;
//! 2. [`request`] decodes its target and parameters;
//! 3. [`origin`] says under which address the client reached the server, believing a proxy only if it is a
//!    [`trusted_proxy`];
//! 4. a handler, built on top of this, resolves and authorises it and makes a full [`reply`], with one of the
//!    caching rules of [`cache_policy`];
//! 5. [`conditional`] turns the full reply into 304, 412, 206 or 416 where the request's conditions and its
//!    [`range`] ask for it, comparing entity tags as [`etag`] does;
//! 6. [`front`] sends it.
//!
//! Only [`front`] knows the server library and sockets.

pub(crate) mod cache_policy;
pub(crate) mod conditional;
pub(crate) mod etag;
pub(crate) mod front;
pub(crate) mod origin;
pub(crate) mod range;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod trusted_proxy;
