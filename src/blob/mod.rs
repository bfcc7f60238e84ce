//! SPK files as content-addressed blobs, in Git LFS's own pointers and object layout.
//!
//! Rules: git-lfs, `docs/spec.md` ("The Pointer", "Local Storage"). Knows nothing of git repositories or SPKs.

mod incoming;
mod inventory;
mod partial;
mod pointer;
mod staging;
mod store;

pub(crate) use incoming::{Incoming, StagedBlob, Tee};
pub(crate) use inventory::Leftover;
pub(crate) use partial::{Partial, PartialError};
pub(crate) use pointer::Pointer;
pub(crate) use store::{BlobError, BlobStore, Stored};
