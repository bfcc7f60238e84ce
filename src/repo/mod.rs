//! A package source in a git repository: [`Snapshot`] reads one commit, `Writer` is the only one who makes new ones.

mod branch;
mod cache;
mod change;
mod conflict;
mod followed;
mod init;
mod journal;
mod load;
mod lock;
mod manner;
mod named;
mod pull;
mod push;
mod quiet;
mod remains;
mod remote;
mod repository;
mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
mod uncommitted;
mod write_error;
mod writer;

pub(crate) use crate::git::Author;
pub(crate) use branch::Onto;
pub(crate) use cache::Keeper;
pub(crate) use change::{Change, Message};
pub(crate) use followed::{FollowError, Followed, Look};
pub(crate) use init::{InitError, init};
pub(crate) use load::{
    LoadError, Loaded, load, load_changes, load_packages, load_people, package_trees,
};
pub(crate) use manner::{Carry, Manner, News, PushTo};
pub(crate) use named::{Named, Naming};
pub(crate) use pull::{PullError, Pulled};
pub(crate) use remains::Remains;
pub(crate) use remote::pointers_of_history;
pub(crate) use repository::{OpenError, Repository};
pub(crate) use snapshot::{Asset, Build, Keys, Package, Packages, Release, Snapshot};
pub(crate) use write_error::WriteError;
pub(crate) use writer::{Landed, Writer, check_can_land, preview};
