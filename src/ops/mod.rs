//! One use case per file: takes typed input, returns a typed report, prints nothing.

pub(crate) mod add;
pub(crate) mod blobs;
pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod fsck;
pub(crate) mod gc;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod keys;
pub(crate) mod live;
pub(crate) mod offer;
pub(crate) mod people;
pub(crate) mod per_build;
pub(crate) mod progress;
pub(crate) mod prune;
pub(crate) mod rollback;
pub(crate) mod show;
pub(crate) mod sign;
pub(crate) mod target;
pub(crate) mod verify;
mod words;
