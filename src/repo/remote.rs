//! What a remote must have before its branch may name a commit: the blobs of the commit's pointers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::load::load_settings;
use super::manner::{Carry, Manner, News};
use super::write_error::WriteError;
use crate::base::digest::Sha256;
use crate::blob::Pointer;
use crate::git::{BlobId, CommitId, GitError, Kind, RemoteBranch, RemoteError, Store, TreeId};
use crate::model::doc::BlobsDoc;
use crate::transfer::Wanted;

/// Whether git-lfs's own hook uploads what it finds missing at the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    Run,
    Skipped,
}

/// Uploads blobs, each once.
pub(super) struct Uploads<'a> {
    done: RefCell<BTreeSet<Sha256>>,
    manner: &'a Manner,
    remote: &'a RemoteBranch,
    store: &'a Store,
}

impl<'a> Uploads<'a> {
    pub(super) fn new(store: &'a Store, manner: &'a Manner, remote: &'a RemoteBranch) -> Self {
        let done = RefCell::default();
        Self {
            done,
            manner,
            remote,
            store,
        }
    }

    /// Uploads the blobs that the commits after `old` up to `new` name. Says whether git-lfs may upload more when the commits
    /// are pushed: not, when spkrepo.toml names other places for them.
    pub(super) fn upload(&self, old: Option<CommitId>, new: CommitId) -> Result<Hook, WriteError> {
        let old: Vec<CommitId> = old.into_iter().collect();
        let mut blobs = blobs(new_pointers(self.store, &old, new)?);
        blobs.retain(|blob| !self.done.borrow().contains(&blob.sha256));
        let doc = load_settings(self.store, new)?.blobs;
        let carry = self.manner.upload.as_ref().filter(|_| doc.has_writable());
        let hook = if carry.is_some() {
            Hook::Skipped
        } else {
            Hook::Run
        };
        if blobs.is_empty() {
            return Ok(hook);
        }
        match carry {
            Some(carry) => self.carry(carry, &doc, &blobs)?,
            None => self.push_by_lfs(&blobs)?,
        }
        self.done
            .borrow_mut()
            .extend(blobs.iter().map(|blob| blob.sha256));
        Ok(hook)
    }

    /// Uploads by what spkrepo.toml names.
    fn carry(&self, carry: &Carry, doc: &BlobsDoc, blobs: &[Wanted]) -> Result<(), WriteError> {
        let names = doc.remote.iter().filter(|remote| !remote.read_only);
        let names: Vec<&str> = names.map(|remote| remote.name.as_str()).collect();
        (self.manner.tell)(&News::Uploading {
            count: blobs.len(),
            remote: names.join(", "),
        });
        carry(doc, blobs).map_err(|source| WriteError::NotUploaded { source })
    }

    fn push_by_lfs(&self, blobs: &[Wanted]) -> Result<(), WriteError> {
        let count = blobs.len();
        let network = &self.manner.network;
        let remote = self.remote.shown_address();
        if !self.store.has_lfs(network) {
            let address = remote;
            return Err(RemoteError::NoLfs { address, count }.into());
        }
        (self.manner.tell)(&News::Uploading { count, remote });
        let oids: Vec<String> = blobs.iter().map(|blob| blob.sha256.to_string()).collect();
        Ok(self.store.push_blobs(network, self.remote, &oids)?)
    }
}

/// Returns the blobs that any commit of any branch or tag names, with their sizes.
pub(crate) fn pointers_of_history(store: &Store) -> Result<BTreeMap<Sha256, u64>, GitError> {
    let mut sizes = BTreeMap::new();
    let mut seen = Vec::new();
    for tip in store.tips()? {
        for (_, pointer) in new_pointers(store, &seen, tip)? {
            sizes.insert(pointer.oid, pointer.size);
        }
        seen.push(tip);
    }
    Ok(sizes)
}

/// Returns the blobs that pointers name, each once.
pub(super) fn blobs(pointers: Vec<(String, Pointer)>) -> Vec<Wanted> {
    let sizes: BTreeMap<Sha256, u64> = pointers
        .into_iter()
        .map(|(_, pointer)| (pointer.oid, pointer.size))
        .collect();
    sizes
        .into_iter()
        .map(|(sha256, size)| Wanted::new(sha256, size))
        .collect()
}

/// Returns the pointers that come with the commits up to `new` that are no ancestors of `old`.
fn new_pointers(
    store: &Store,
    old: &[CommitId],
    new: CommitId,
) -> Result<Vec<(String, Pointer)>, GitError> {
    let mut all = Vec::new();
    let commits = store.commits_between(old, new)?;
    // What a merge brings together has come by commits of its own.
    for commit in commits.iter().filter(|commit| commit.parents.len() < 2) {
        let parent = commit.parents.first();
        let parent = parent.map(|parent| store.root(*parent)).transpose()?;
        all.extend(pointers(store, parent, store.root(commit.id)?, |_| true)?);
    }
    Ok(all)
}

/// Returns the pointers that `new` has and `old` has not, with their paths.
pub(super) fn pointers(
    store: &Store,
    old: Option<TreeId>,
    new: TreeId,
    is_wanted: fn(&str) -> bool,
) -> Result<Vec<(String, Pointer)>, GitError> {
    let mut pointers = Vec::new();
    for update in store.path_updates(old, new)? {
        let is_file =
            matches!(update.kind, Kind::Executable | Kind::File) && is_wanted(&update.path);
        let Some(blob) = update.new.filter(|_| is_file) else {
            continue;
        };
        let pointer = pointer(store, &update.path, blob)?;
        pointers.extend(pointer.map(|pointer| (update.path, pointer)));
    }
    Ok(pointers)
}

fn pointer(store: &Store, path: &str, blob: BlobId) -> Result<Option<Pointer>, GitError> {
    match store.read(path, blob, Pointer::MAX_BYTES) {
        Ok(bytes) => Ok(Pointer::parse(&bytes).ok()),
        Err(GitError::Oversized { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
