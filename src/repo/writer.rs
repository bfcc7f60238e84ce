//! Lands changes: one commit each, by compare-and-swap, then the working tree.
//!
//! The order (`Writer::commit`) makes every instant safe: objects, journal, git's lock on the index, index, branch, working
//! tree, end of the lock, end of the journal. Killed before the branch moves, nothing has happened; killed after it, the
//! next writer finishes the working tree.

use std::cell::RefCell;
use std::error::Error;
use std::path::PathBuf;

use super::branch::{Branch, Onto};
use super::change::Change;
use super::journal::{Journal, Recovered};
use super::load::load;
use super::lock::Lock;
use super::manner::Manner;
use super::push::Published;
use super::repository::Repository;
use super::snapshot::Snapshot;
use super::write_error::WriteError;
use crate::git::{
    BlobId, CommitId, Forgotten, GitError, Kind, Moved, Node, Origin, PathUpdate, Store, TreeId,
    Unfinished,
};

/// The only one who makes commits. Other writers wait until it is dropped.
pub(crate) struct Writer {
    folder: PathBuf,
    /// What was read last: packages that have not changed since need not be read again.
    pub(super) known: RefCell<Option<Snapshot>>,
    _lock: Lock,
    pub(super) manner: Manner,
    onto: Onto,
    recovered: Option<Recovered>,
    /// An instance of its own: the one that read has made up its mind about durability.
    pub(super) store: Store,
}

/// What came of a change.
#[derive(Clone, Debug, Default)]
pub(crate) struct Landed {
    /// Absent when the repository already is as the change would make it.
    pub(crate) commit: Option<CommitId>,
    /// What became of it on a remote, when it was meant to go there.
    pub(crate) published: Option<Published>,
    /// What an earlier, interrupted command had left to do.
    pub(crate) recovered: Option<Recovered>,
    /// Paths that somebody edited while the change landed; they were left as they are.
    pub(crate) unfinished: Vec<Unfinished>,
}

/// How often a change is planned anew when somebody else's commit came first.
const ATTEMPTS: usize = 100;

/// What came of one attempt.
pub(super) enum Attempt {
    Done {
        commit: CommitId,
        unfinished: Vec<Unfinished>,
    },
    Lost,
    Nothing,
}

impl Writer {
    /// Prepares to write to the branch that HEAD names, as whoever git knows here.
    pub(super) fn new(repository: &Repository) -> Result<Self, WriteError> {
        repository.store.reopen()?.check_identity()?;
        Self::onto(repository, Onto::Head)
    }

    /// Prepares to write changes that say who they are by.
    pub(super) fn onto(repository: &Repository, onto: Onto) -> Result<Self, WriteError> {
        let store = repository.store.reopen()?;
        let folder = store.common_dir().join("spkrepo");
        let lock = Lock::take(&folder, &repository.manner)?;
        store.make_durable(&folder)?;
        store.remove_stale_index_locks(&folder)?;
        let recovered = Journal::recover(&folder, &store)?;
        Ok(Self {
            folder,
            known: RefCell::new(None),
            _lock: lock,
            manner: repository.manner.clone(),
            onto,
            recovered,
            store,
        })
    }

    /// Removes what killed writers have left of git's objects; the rest is gone since this one began.
    pub(crate) fn tidy(&self) -> Result<(), WriteError> {
        Ok(self.store.remove_stale_objects()?)
    }

    /// Makes use of a snapshot that was read already.
    pub(crate) fn knowing(self, snapshot: Snapshot) -> Self {
        self.known.replace(Some(snapshot));
        self
    }

    /// Returns what there was to do before anything could be landed.
    pub(crate) fn begun(&self) -> Landed {
        self.landed(None, Vec::new())
    }

    /// Lands what `plan` makes of the newest snapshot; plans anew when the branch moves meanwhile.
    pub(crate) fn land<E>(
        &self,
        mut plan: impl FnMut(&Snapshot) -> Result<Option<Change>, E>,
    ) -> Result<Landed, E>
    where
        E: From<WriteError> + Error + Send + Sync + 'static,
    {
        if let Some(push) = &self.manner.push {
            return self.land_on_remote(push, &mut plan);
        }
        self.land_here(plan)
    }

    /// Lands a change like [`Writer::land`], and publishes nothing.
    pub(crate) fn land_here<E>(
        &self,
        mut plan: impl FnMut(&Snapshot) -> Result<Option<Change>, E>,
    ) -> Result<Landed, E>
    where
        E: From<WriteError> + Error + Send + Sync + 'static,
    {
        let store = &self.store;
        for _ in 0..ATTEMPTS {
            let branch = self.branch()?;
            let base = self
                .onto
                .base(&branch)
                .ok_or_else(|| WriteError::NoCommit {
                    branch: branch.name.clone(),
                })?;
            let snapshot =
                load(store, base, self.known.borrow().as_ref()).map_err(WriteError::from)?;
            let Some(change) = plan(&snapshot)? else {
                return Ok(self.landed(None, Vec::new()));
            };
            let tree = snapshot.tree;
            self.known.replace(Some(snapshot));
            match self.commit(&branch, Some(tree), &change)? {
                Attempt::Done { commit, unfinished } => {
                    return Ok(self.landed(Some(commit), unfinished));
                }
                Attempt::Lost => {}
                Attempt::Nothing => return Ok(self.landed(None, Vec::new())),
            }
        }
        let branch = self.branch()?.name;
        let attempts = ATTEMPTS;
        Err(WriteError::Contended { attempts, branch }.into())
    }

    /// Lands a change that needs no snapshot: the first one.
    pub(super) fn land_on(
        &self,
        branch: &Branch,
        tree: Option<TreeId>,
        change: &Change,
    ) -> Result<Landed, WriteError> {
        match self.commit(branch, tree, change)? {
            Attempt::Done { commit, unfinished } => Ok(self.landed(Some(commit), unfinished)),
            Attempt::Nothing => Ok(self.landed(None, Vec::new())),
            Attempt::Lost => Err(WriteError::Contended {
                attempts: 1,
                branch: branch.name.clone(),
            }),
        }
    }

    /// Returns the branch that changes go to, as it is now.
    pub(super) fn branch(&self) -> Result<Branch, WriteError> {
        Ok(self.onto.branch(&self.store)?)
    }

    pub(super) fn landed(&self, commit: Option<CommitId>, unfinished: Vec<Unfinished>) -> Landed {
        Landed {
            commit,
            published: None,
            recovered: self.recovered.clone(),
            unfinished,
        }
    }

    fn commit(
        &self,
        branch: &Branch,
        tree: Option<TreeId>,
        change: &Change,
    ) -> Result<Attempt, WriteError> {
        let updates = updates(&self.store, tree, change)?;
        if updates.is_empty() {
            return Ok(Attempt::Nothing);
        }
        if branch.is_checked_out {
            self.store.check_clean(&updates)?;
        }
        let commit = self.make(self.onto.base(branch), tree, change, &updates)?;
        let log = format!("spkrepo: {}", change.message.subject);
        self.advance(branch, commit, &updates, &log)
    }

    /// Writes the commit that `change` makes of `parent`, whose tree is `tree`; nothing points to it yet.
    pub(super) fn make(
        &self,
        parent: Option<CommitId>,
        tree: Option<TreeId>,
        change: &Change,
        updates: &[PathUpdate],
    ) -> Result<CommitId, WriteError> {
        let store = &self.store;
        for update in updates {
            if let Some(Some(bytes)) = change.edits.get(&update.path) {
                store.write_blob(bytes)?;
            }
        }
        let new_tree = store.write_tree(
            tree,
            updates
                .iter()
                .map(|update| (update.path.as_str(), update.new)),
        )?;
        let message = change.message.to_text();
        let origin = Origin {
            author: change.author.as_ref(),
            seconds: change.seconds,
        };
        Ok(store.write_commit(new_tree, parent, &message, origin)?)
    }

    /// Moves the branch to `commit`, and the working tree by `updates`.
    pub(super) fn advance(
        &self,
        branch: &Branch,
        commit: CommitId,
        updates: &[PathUpdate],
        log: &str,
    ) -> Result<Attempt, WriteError> {
        let work_dir = self.store.work_dir().filter(|_| branch.is_checked_out);
        Journal::write(&self.folder, &branch.name, commit, updates, work_dir)?;
        let attempt = self.move_branch(branch, commit, updates, log)?;
        Journal::clear(&self.folder)?;
        Ok(attempt)
    }

    /// Moves a branch that no index and no working tree follows.
    fn move_elsewhere(
        &self,
        branch: &Branch,
        commit: CommitId,
        log: &str,
    ) -> Result<Attempt, WriteError> {
        if self.branch()? != *branch {
            return Ok(Attempt::Lost);
        }
        let moved = self
            .store
            .move_reference(&branch.name, branch.tip, commit, log)?;
        Ok(match moved {
            Moved::Done => Attempt::Done {
                commit,
                unfinished: Vec::new(),
            },
            Moved::Lost => Attempt::Lost,
        })
    }

    /// Holds git's lock on the index until everything is done, and has the index say it before the branch does: whoever
    /// commits an old index on top of the new commit takes the change back.
    fn move_branch(
        &self,
        branch: &Branch,
        commit: CommitId,
        updates: &[PathUpdate],
        log: &str,
    ) -> Result<Attempt, WriteError> {
        if !branch.is_checked_out {
            return self.move_elsewhere(branch, commit, log);
        }
        let (store, folder) = (&self.store, &self.folder);
        let lock = store.lock_index(folder)?;
        // Who waits for the lock after a commit of git's must not announce what was planned before it: the next commit of
        // git's would have it among its own.
        if self.branch()? != *branch {
            return Ok(Attempt::Lost);
        }
        // Nobody can commit on top of a branch's first commit before it is there.
        let forgotten = match branch.tip {
            Some(_) => store.announce(updates, folder, lock.as_ref())?,
            None => Forgotten::default(),
        };
        let moved = store.move_reference(&branch.name, branch.tip, commit, log);
        if !matches!(moved, Ok(Moved::Done)) && branch.tip.is_some() {
            store.take_back(updates, folder, lock.as_ref())?;
        }
        if moved? == Moved::Lost {
            return Ok(Attempt::Lost);
        }
        let unfinished = store
            .lay_out(updates, folder, &forgotten, lock.as_ref())
            .map_err(|source| WriteError::NotLaidOut {
                commit: commit.short(),
                source,
            })?;
        Ok(Attempt::Done { commit, unfinished })
    }
}

/// Returns the diff that landing `change` on `snapshot` would commit.
pub(crate) fn preview(
    repository: &Repository,
    snapshot: &Snapshot,
    change: &Change,
) -> Result<String, GitError> {
    let edits = change.edits.iter();
    repository.store.preview(
        snapshot.tree,
        edits.map(|(path, bytes)| (path.as_str(), bytes.as_deref())),
    )
}

/// Refuses a change that could not land on `snapshot` now: no branch, nobody to commit as, a dirty path in the way.
pub(crate) fn check_can_land(
    repository: &Repository,
    snapshot: &Snapshot,
    change: &Change,
) -> Result<(), GitError> {
    let store = &repository.store;
    store.check_identity()?;
    Onto::Head.branch(store)?;
    store.check_clean(&updates(store, Some(snapshot.tree), change)?)
}

/// Returns the paths whose file really changes.
pub(super) fn updates(
    store: &Store,
    tree: Option<TreeId>,
    change: &Change,
) -> Result<Vec<PathUpdate>, GitError> {
    let mut updates = Vec::new();
    for (path, bytes) in &change.edits {
        let old = match tree {
            Some(tree) => store.find(tree, path)?,
            None => None,
        };
        let new = bytes.as_deref().map(BlobId::of);
        if old != new.map(Node::Blob) {
            let old = match old {
                Some(Node::Blob(blob)) => Some(blob),
                _ => None,
            };
            let path = path.clone();
            updates.push(PathUpdate {
                kind: Kind::File,
                new,
                old,
                old_kind: Kind::File,
                path,
            });
        }
    }
    Ok(updates)
}
