//! A package source in a git repository: [`Snapshot`] reads one commit, `Writer` is the only one who makes new ones.

mod change;
mod init;
mod journal;
mod load;
mod repository;
mod snapshot;
#[cfg(test)]
mod testing;
mod writer;

pub(crate) use change::{Change, Message};
pub(crate) use init::{InitError, init};
pub(crate) use load::{LoadError, load};
pub(crate) use repository::{OpenError, Repository};
pub(crate) use snapshot::{Asset, Build, Package, Release, Snapshot};
pub(crate) use writer::{Landed, WriteError, Writer, check_can_land, preview};
