//! The git repository as a store: objects, references, the index and the working tree. The only place that knows libgit2.
//!
//! It follows git's own on-disk protocols (gitrepository-layout(5)), so `git` and spkrepo can work side by side.

mod base;
mod commit;
mod error;
mod fsck;
mod history;
mod id;
mod index;
mod index_lock;
mod lfs;
mod lfs_server;
mod network;
mod patch;
mod pick;
mod reach;
mod remote;
mod roots;
mod store;
mod tree;
mod uncommitted;
mod upload;
mod worktree;

pub(crate) use commit::{Author, Moved, Origin};
pub(crate) use error::GitError;
pub(crate) use history::{ChangedPath, CommitInfo};
pub(crate) use id::{BlobId, CommitId, TreeId};
pub(crate) use index::Forgotten;
pub(crate) use index_lock::IndexLock;
pub(crate) use lfs_server::{Credential, LfsServer};
pub(crate) use network::{Network, RemoteError, redacted};
pub(crate) use patch::text_difference;
pub(crate) use pick::Picked;
pub(crate) use reach::{Reach, Spot, Visit};
pub(crate) use remote::{Pushed, RemoteBranch, Way};
pub(crate) use roots::Root;
pub(crate) use store::{Head, Store, is_reference_name};
pub(crate) use tree::{Entry, Node};
pub(crate) use worktree::{Kind, PathUpdate, Unfinished};
