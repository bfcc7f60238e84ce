//! Lands changes on a branch of a remote, where others land theirs at the same time.
//!
//! The change is planned on the newest commit, theirs or ours, and its commit is written without any branch moving. Then
//! its blobs are uploaded, then it is pushed, and only when the remote has it, the branch and the working tree here follow.
//! When somebody else was faster, all of that begins again from their commit: nothing is merged, nothing is rewritten,
//! and a process that dies on the way has either published the change or not begun.

use std::error::Error;

use super::branch::Branch;
use super::change::Change;
use super::load::load;
use super::manner::{News, PushTo};
use super::remote::{Hook, Uploads};
use super::snapshot::Snapshot;
use super::write_error::WriteError;
use super::writer::{Attempt, Landed, Writer, updates};
use crate::base::backoff::Backoff;
use crate::git::{CommitId, GitError, PathUpdate, Pushed, RemoteBranch, RemoteError, Way};

/// What became of a change on a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Published {
    /// Commits that were here before and went along.
    pub(crate) along: usize,
    /// The branch here was moved by somebody else meanwhile and does not have the commit.
    pub(crate) is_elsewhere: bool,
    /// Whether the remote had it all before.
    pub(crate) was_there: bool,
    pub(crate) remote: String,
}

/// How often a change is made again when others push as well.
const ATTEMPTS: u32 = 60;
/// How often a remote is asked again whose branch has not moved, but which was busy.
const BUSY_ATTEMPTS: u32 = 12;
/// What a git server says when two push at the same instant.
const BUSY: [&str; 4] = [
    "cannot lock ref",
    "failed to update ref",
    "Unable to create",
    "incorrect old value",
];

/// Makes a change of a snapshot, as often as it takes.
pub(super) type Plan<'a, E> = dyn FnMut(&Snapshot) -> Result<Option<Change>, E> + 'a;

/// What a change is made on top of.
pub(super) struct Base {
    pub(super) branch: Branch,
    /// The newer one of the two tips.
    pub(super) commit: CommitId,
    pub(super) local: CommitId,
    pub(super) remote: Option<CommitId>,
}

/// Whether a remote has a commit now.
pub(super) enum Offered {
    Accepted,
    /// Somebody else was first, or is about to be.
    Again,
}

impl Writer {
    pub(super) fn land_on_remote<E>(
        &self,
        push: &PushTo,
        plan: &mut Plan<'_, E>,
    ) -> Result<Landed, E>
    where
        E: From<WriteError> + Error + Send + Sync + 'static,
    {
        let remote = self.remote(push, Way::To)?;
        let uploads = Uploads::new(&self.store, &self.manner, &remote);
        let mut backoff = Backoff::default();
        let mut made: Vec<CommitId> = Vec::new();
        while backoff.attempts() < ATTEMPTS {
            let base = self.base(&remote)?;
            // An answer that was lost on the way was perhaps a good one.
            let earlier = made.iter().copied().find(|commit| self.has(&base, *commit));
            if earlier.is_some() {
                return Ok(self.follow(&remote, &base, base.commit, earlier)?);
            }
            let fresh = self.plan_on(&remote, &base, plan)?;
            let target = fresh.unwrap_or(base.commit);
            self.check_way(&base, target)?;
            if base.remote == Some(target) {
                return Ok(self.follow(&remote, &base, target, None)?);
            }
            let hook = match push.without_blobs {
                true => Hook::Skipped,
                false => uploads.upload(base.remote, target)?,
            };
            made.extend(fresh);
            match self.offer(&remote, &base, target, hook, backoff.attempts())? {
                Offered::Accepted => return Ok(self.follow(&remote, &base, target, fresh)?),
                Offered::Again => backoff.pause(),
            }
        }
        let (attempts, branch) = (ATTEMPTS as usize, remote.shown());
        Err(WriteError::Contended { attempts, branch }.into())
    }

    /// Pushes what is committed, its blobs first.
    pub(crate) fn push(&self, to: &PushTo) -> Result<Landed, WriteError> {
        let remote = self.remote(to, Way::To)?;
        let uploads = Uploads::new(&self.store, &self.manner, &remote);
        let mut backoff = Backoff::default();
        while backoff.attempts() < ATTEMPTS {
            let base = self.base(&remote)?;
            if base.commit != base.local {
                let behind = self.store.commits_between(&[base.local], base.commit)?;
                let (branch, remote) = (short(&base.branch.name), remote.shown());
                let behind = behind.len();
                let ahead = 0;
                return Err(WriteError::Diverged {
                    ahead,
                    behind,
                    branch,
                    remote,
                });
            }
            if base.remote == Some(base.local) {
                return self.follow(&remote, &base, base.local, None);
            }
            let hook = match to.without_blobs {
                true => Hook::Skipped,
                false => uploads.upload(base.remote, base.local)?,
            };
            match self.offer(&remote, &base, base.local, hook, backoff.attempts())? {
                Offered::Accepted => return self.follow(&remote, &base, base.local, None),
                Offered::Again => backoff.pause(),
            }
        }
        let (attempts, branch) = (ATTEMPTS as usize, remote.shown());
        Err(WriteError::Contended { attempts, branch })
    }

    /// Returns the branch of the remote that HEAD's goes to or comes from.
    pub(super) fn remote(&self, push: &PushTo, way: Way) -> Result<RemoteBranch, WriteError> {
        let branch = self.branch()?.name;
        let given = push.remote.as_deref();
        Ok(self.store.remote_branch(given, &branch, way)?)
    }

    /// Finds what a change is to be made on top of, and brings it here.
    pub(super) fn base(&self, remote: &RemoteBranch) -> Result<Base, WriteError> {
        let branch = self.branch()?;
        let local = branch.tip.ok_or_else(|| WriteError::NoCommit {
            branch: branch.name.clone(),
        })?;
        let theirs = self.theirs(remote)?;
        let commit = match theirs {
            Some(theirs) if self.store.is_ancestor(local, theirs)? => theirs,
            Some(theirs) if !self.store.is_ancestor(theirs, local)? => {
                return Err(self.diverged(remote, &branch, local, theirs)?);
            }
            _ => local,
        };
        Ok(Base {
            branch,
            commit,
            local,
            remote: theirs,
        })
    }

    /// Returns what the remote's branch points to, with all its commits here.
    pub(super) fn theirs(&self, remote: &RemoteBranch) -> Result<Option<CommitId>, WriteError> {
        let network = &self.manner.network;
        Ok(self.store.remote_commit(network, remote)?)
    }

    fn diverged(
        &self,
        remote: &RemoteBranch,
        branch: &Branch,
        local: CommitId,
        theirs: CommitId,
    ) -> Result<WriteError, GitError> {
        Ok(WriteError::Diverged {
            ahead: self.store.commits_between(&[theirs], local)?.len(),
            behind: self.store.commits_between(&[local], theirs)?.len(),
            branch: short(&branch.name),
            remote: remote.shown(),
        })
    }

    fn has(&self, base: &Base, commit: CommitId) -> bool {
        let there = |remote| self.store.is_ancestor(commit, remote).unwrap_or(false);
        base.remote.is_some_and(there)
    }

    /// Writes the commit of the change on top of `base`; nothing, when there is nothing to change.
    fn plan_on<E>(
        &self,
        remote: &RemoteBranch,
        base: &Base,
        plan: &mut Plan<'_, E>,
    ) -> Result<Option<CommitId>, E>
    where
        E: From<WriteError> + Error + Send + Sync + 'static,
    {
        let snapshot = self.read(base.commit)?;
        let change = match plan(&snapshot) {
            Ok(Some(change)) => change,
            Ok(None) => return Ok(None),
            Err(error) => return Err(self.conflict(remote, base, plan, error)?),
        };
        let tree = Some(snapshot.tree);
        self.known.replace(Some(snapshot));
        let updates = updates(&self.store, tree, &change).map_err(WriteError::from)?;
        if updates.is_empty() {
            return Ok(None);
        }
        Ok(Some(self.make(
            Some(base.commit),
            tree,
            &change,
            &updates,
        )?))
    }

    pub(super) fn read(&self, commit: CommitId) -> Result<Snapshot, WriteError> {
        Ok(load(&self.store, commit, self.known.borrow().as_ref())?)
    }

    /// Refuses to publish what could not be laid out here.
    fn check_way(&self, base: &Base, target: CommitId) -> Result<(), WriteError> {
        Ok(self.store.check_clean(&self.way(base, target)?)?)
    }

    fn way(&self, base: &Base, target: CommitId) -> Result<Vec<PathUpdate>, GitError> {
        let old = self.store.root(base.local)?;
        self.store.path_updates(Some(old), self.store.root(target)?)
    }

    /// Pushes `target`; when it is not accepted, says whether that is because somebody else was first.
    pub(super) fn offer(
        &self,
        remote: &RemoteBranch,
        base: &Base,
        target: CommitId,
        hook: Hook,
        attempts: u32,
    ) -> Result<Offered, WriteError> {
        let network = &self.manner.network;
        let said = match self
            .store
            .push(network, remote, target, hook == Hook::Run)?
        {
            Pushed::Done => return Ok(Offered::Accepted),
            Pushed::Not { said } => said,
        };
        let refused = |said| RemoteError::Refused {
            action: "push to",
            address: remote.shown_address(),
            said,
        };
        let Ok(tip) = self.store.remote_tip(network, remote) else {
            return Err(refused(said).into());
        };
        let is_busy = said
            .iter()
            .any(|line| BUSY.iter().any(|busy| line.contains(busy)));
        if tip == Some(target) {
            return Ok(Offered::Accepted);
        }
        if tip != base.remote || is_busy && attempts < BUSY_ATTEMPTS {
            let remote = remote.shown();
            (self.manner.tell)(&News::Moved { remote });
            return Ok(Offered::Again);
        }
        Err(refused(said).into())
    }

    /// Brings the branch here to `target`, which the remote has; `fresh` is the commit of the change.
    pub(super) fn follow(
        &self,
        remote: &RemoteBranch,
        base: &Base,
        target: CommitId,
        fresh: Option<CommitId>,
    ) -> Result<Landed, WriteError> {
        let old = base.remote.map_or(Vec::new(), |theirs| vec![theirs]);
        let mut published = Published {
            along: match base.remote {
                Some(_) => self.store.commits_between(&old, base.local)?.len(),
                None => 0,
            },
            is_elsewhere: false,
            was_there: base.remote == Some(target),
            remote: remote.shown(),
        };
        let moved = match target == base.local {
            true => Ok(Attempt::Nothing),
            false => self.advance_to(base, target, &published.remote),
        };
        let unfinished = match moved {
            Ok(Attempt::Done { unfinished, .. }) => unfinished,
            Ok(Attempt::Lost) => {
                published.is_elsewhere = true;
                Vec::new()
            }
            Ok(Attempt::Nothing) => Vec::new(),
            Err(source) if !published.was_there => {
                return Err(WriteError::OnlyThere {
                    commit: target.short(),
                    remote: published.remote,
                    source: Box::new(source),
                });
            }
            Err(error) => return Err(error),
        };
        Ok(Landed {
            published: Some(published),
            ..self.landed(fresh, unfinished)
        })
    }

    fn advance_to(
        &self,
        base: &Base,
        target: CommitId,
        shown: &str,
    ) -> Result<Attempt, WriteError> {
        let way = self.way(base, target)?;
        self.advance(
            &base.branch,
            target,
            &way,
            &format!("spkrepo: follow {shown}"),
        )
    }
}

/// Returns the name of a branch without `refs/heads/`.
pub(super) fn short(reference: &str) -> String {
    reference
        .strip_prefix("refs/heads/")
        .unwrap_or(reference)
        .to_owned()
}
