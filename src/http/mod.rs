//! Serving a package source: what a request is, what a reply is, and the way from one to the other.
//!
//! A request passes these stages, each a file, the pure ones in the middle:
//!
//! 1. [`front`] receives it within [`limits`], refuses what cannot be framed safely; where there is encryption,
//!    [`redirect`] sends those who came without it;
//! 2. [`request`] decodes its target and parameters;
//! 3. [`handler`] refuses hosts that are not answered for and removes the path that the server is mounted below;
//!    [`router`] finds the handler: [`package_center`], [`files`], [`nas`], [`gosspks`], [`sspks`],
//!    [`page`], [`health`], [`explain`]; they answer from the snapshot that
//!    [`live`] holds, and [`origin`] says under which address the client reached the server, believing a proxy only
//!    if it is a [trusted one](crate::model::trusted_proxy);
//! 4. the handler makes a full [`reply`], with one of the caching rules of [`cache_policy`];
//! 5. [`gzip`] compresses texts for those whose [`accept_encoding`] takes it;
//! 6. [`conditional`] turns the full reply into 304, 412, 206 or 416 where the request's conditions and its
//!    [`range`] ask for it, comparing an [`etag`]; several ranges are answered by [`multipart`];
//! 7. [`front`] sends it.
//!
//! A body of an upload is not read at 2 but handed to [`upload`] as it comes, which makes it a commit, or to [`lfs`], which
//! makes it a blob; both ask [`tokens`] whose it is.
//!
//! SPKs that are not here are fetched, or clients sent to where they are, by [`downloads`].
//!
//! [`checkup`] looks after what is served, [`metrics`] counts what happened; [`health`] tells.
//!
//! Only [`front`] knows the server library and sockets.
#![doc = include_str!("routes.md")]

mod accept_encoding;
mod cache_policy;
mod catalog_cache;
mod checkup;
mod conditional;
mod downloads;
mod etag;
#[cfg(test)]
mod exhaustive;
mod explain;
mod files;
mod follow;
mod front;
mod gosspks;
mod gzip;
mod handler;
mod health;
mod hook;
mod lfs;
mod limits;
mod live;
mod metrics;
mod multipart;
mod nas;
mod notice;
mod origin;
mod package_center;
mod page;
mod pieces;
mod range;
mod redirect;
mod reply;
mod request;
mod room;
mod router;
mod serve;
mod shelf;
mod sspks;
mod tokens;
mod upload;

pub(crate) use downloads::{DownloadOptions, OpenRemote};
pub(crate) use front::{Asked, Event, TlsFiles};
pub(crate) use hook::HookSecret;
pub(crate) use limits::Limits;
pub(crate) use live::Follow;
pub(crate) use notice::{Notice, OnNotice};
pub(crate) use serve::{ServeError, ServeOptions, serve};
pub(crate) use upload::{UploadOptions, UploadsError};

use crate::model::trusted_proxy;
