//! Carries blobs between the store of this machine and remotes.
//!
//! A [`BlobRemote`] is one place: a [`folder`], a Git LFS server ([`lfs`]), a bucket ([`s3`]), addresses of the [`web`].
//! [`open()`] makes them of what `spkrepo.toml` says.
//! [`fetch()`] brings one blob from the first remote that has it whole; [`send()`] uploads one that is whole here. A blob's name
//! is its SHA-256, so nothing is taken on trust: bytes are hashed as they come and as they go. The [`cache`] brings what
//! somebody is waiting for.

mod cache;
mod error;
mod fetch;
mod folder;
mod lfs;
mod open;
mod patience;
mod remote;
mod s3;
mod send;
mod verify;
mod web;
mod wire;

pub(crate) use cache::{BlobCache, CacheLimits, Cut, Flight, Got, Refusal, Remotes};
pub(crate) use error::TransferError;
pub(crate) use fetch::{Fetched, fetch};
pub(crate) use lfs::GitAccess;
pub(crate) use open::{Access, open};
pub(crate) use remote::{BlobRemote, FRESH, Listed, Names, Put, Wanted, Way, is_fresh};
pub(crate) use s3::{Container, S3Access, S3Key};
pub(crate) use send::send;
pub(crate) use verify::verify;
