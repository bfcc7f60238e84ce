//! A branch of a remote that is followed: it is fetched into a reference of spkrepo's own, so no branch of anybody's moves.
//!
//! The reference moves when the SPKs of the new commit are here too: whoever serves it offers nothing that cannot be
//! downloaded. When they cannot be brought, it waits for them a few times, and then goes on without. A server that fetches
//! SPKs when somebody asks for them has none brought.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::load::load_settings;
use super::remote::{blobs, pointers};
use super::repository::Repository;
use crate::base::causes::with_causes;
use crate::base::digest::Sha256;
use crate::blob::Pointer;
use crate::git::{CommitId, GitError, Network, RemoteBranch, RemoteError, Store, TreeId};
use crate::model::setting::Remote;

/// A branch that is followed.
pub(crate) struct Followed {
    /// SPKs come with their commits.
    brings_spks: bool,
    /// A commit whose SPKs could not be brought, and how often that was tried.
    held: Option<(CommitId, u32)>,
    /// The remote as it was named.
    named: Remote,
    network: Network,
    /// Whether SPKs of the commit that is served are missing.
    is_incomplete: bool,
    remote: RemoteBranch,
    reference: String,
    repository: Repository,
}

/// What a look at the remote found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// The new commit, if there is one.
    pub(crate) commit: Option<CommitId>,
    /// The remote's branch was moved to where it does not descend from the commit before.
    pub(crate) is_rewritten: bool,
    /// Why SPKs of the newest commit are not here.
    pub(crate) missing: Option<RemoteError>,
}

/// Says why the remote could not be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

/// How often SPKs are tried to be brought before the commit is served without.
const HELD: u32 = 3;

impl Followed {
    /// Follows `remote` in `repository`.
    pub(crate) fn new(
        repository: Repository,
        remote: &Remote,
        network: Network,
    ) -> Result<Self, RemoteError> {
        let branch = repository
            .store
            .branch_of(&remote.address, remote.branch.as_deref())?;
        Ok(Self {
            brings_spks: true,
            held: None,
            network,
            // What an earlier process left is not known.
            is_incomplete: true,
            named: remote.clone(),
            remote: branch,
            reference: Self::reference(remote),
            repository,
        })
    }

    /// Ends what is going on when `stop` is set.
    pub(crate) fn stopped_by(mut self, stop: Arc<AtomicBool>) -> Self {
        self.network.stop = Some(stop);
        self
    }

    /// Has no SPKs brought.
    pub(crate) fn without_spks(self) -> Self {
        Self {
            brings_spks: false,
            is_incomplete: false,
            ..self
        }
    }

    /// Returns the reference that what is followed is kept in: another one for each branch of each remote.
    pub(crate) fn reference(remote: &Remote) -> String {
        let branch = remote.branch.as_deref().unwrap_or_default();
        let digest = Sha256::of_parts(&[remote.address.as_bytes(), b"#", branch.as_bytes()]);
        format!("refs/spkrepo/followed/{}", &digest.to_string()[..16])
    }

    /// Returns what people call the branch.
    pub(crate) fn shown(&self) -> String {
        self.remote.shown()
    }

    /// Returns whether there is anything to serve.
    pub(crate) fn has_commit(&self) -> Result<bool, GitError> {
        Ok(self.repository.store.tip(&self.reference)?.is_some())
    }

    /// Asks the remote once, and brings here what is new.
    pub(crate) fn look(&mut self) -> Result<Look, FollowError> {
        let old = self.repository.store.tip(&self.reference)?;
        let tip = self.fetch()?;
        if old == Some(tip) && !self.is_incomplete {
            return Ok(Look::default());
        }
        self.announce(tip)?;
        let missing = match self.brings_spks {
            true => self.bring(old, tip)?,
            false => None,
        };
        let mut look = Look {
            missing,
            ..Look::default()
        };
        if old == Some(tip) || look.missing.is_some() && old.is_some() && self.hold(tip) {
            return Ok(look);
        }
        let store = &self.repository.store;
        look.is_rewritten = match old {
            Some(old) => !store.is_ancestor(old, tip)?,
            None => false,
        };
        let log = format!("spkrepo: follow {}", self.remote.shown());
        // When another server on this repository was faster, the next look finds nothing to do.
        store.move_reference(&self.reference, old, tip, &log)?;
        look.commit = Some(tip);
        self.held = None;
        Ok(look)
    }

    /// Brings the newest commit here, and nothing leads to it yet.
    pub(crate) fn fetch(&mut self) -> Result<CommitId, FollowError> {
        let store = &self.repository.store;
        // A folder that was away is known as one, with an address that git-lfs takes, once it is there.
        let Remote { address, branch } = &self.named;
        self.remote = store.branch_of(address, branch.as_deref())?;
        let tip = store.remote_commit(&self.network, &self.remote)?;
        Ok(tip.ok_or_else(|| RemoteError::NoBranch {
            address: self.remote.shown_address(),
            branch: self.remote.branch().to_owned(),
        })?)
    }

    /// Has a reference lead to `tip` before its SPKs are brought: what nothing names may be collected.
    fn announce(&self, tip: CommitId) -> Result<(), GitError> {
        let store = &self.repository.store;
        let name = self.reference.replace("/followed/", "/coming/");
        let log = format!("spkrepo: fetch {}", self.remote.shown());
        // Another server on this repository that was faster has the same or a newer one.
        store.move_reference(&name, store.tip(&name)?, tip, &log)?;
        Ok(())
    }

    /// Brings the SPKs of `tip` that are not here; says why, if they still are not.
    fn bring(
        &mut self,
        old: Option<CommitId>,
        tip: CommitId,
    ) -> Result<Option<RemoteError>, FollowError> {
        let store = &self.repository.store;
        // Once something was missing, the difference to the commit before does not tell.
        let old = old.filter(|_| !self.is_incomplete);
        let old = old.map(|old| store.root(old)).transpose()?;
        let count = self.missing(store, old, tip)?;
        if count == 0 {
            self.is_incomplete = false;
            return Ok(None);
        }
        let failure = self.fetch_blobs(old, tip)?;
        let count = self.missing(store, old, tip)?;
        self.is_incomplete = count > 0;
        let address = self.remote.shown_address();
        let absent = (count > 0).then_some(RemoteError::NoBlobs { address, count });
        Ok(absent.map(|absent| failure.unwrap_or(absent)))
    }

    /// Downloads from where the new commit's spkrepo.toml says, or by git-lfs; returns what went wrong.
    fn fetch_blobs(
        &self,
        old: Option<TreeId>,
        tip: CommitId,
    ) -> Result<Option<RemoteError>, FollowError> {
        let store = &self.repository.store;
        // One that does not parse is refused when it is read.
        let doc = load_settings(store, tip)
            .map(|settings| settings.blobs)
            .unwrap_or_default();
        let download = self.repository.manner.download.as_ref();
        if let Some(download) = download.filter(|_| !doc.remote.is_empty()) {
            let wanted = blobs(self.pointers(store, old, tip)?);
            let failure = download(&doc, &wanted).err();
            return Ok(failure.map(|error| RemoteError::Refused {
                action: "download SPKs that are named by",
                address: self.remote.shown_address(),
                said: vec![with_causes(&*error)],
            }));
        }
        Ok(match store.has_lfs(&self.network) {
            true => store.fetch_blobs(&self.network, &self.remote, tip).err(),
            false => None,
        })
    }

    fn pointers(
        &self,
        store: &Store,
        old: Option<TreeId>,
        tip: CommitId,
    ) -> Result<Vec<(String, Pointer)>, GitError> {
        pointers(store, old, store.root(tip)?, |path| path.ends_with(".spk"))
    }

    fn missing(
        &self,
        store: &Store,
        old: Option<TreeId>,
        tip: CommitId,
    ) -> Result<usize, GitError> {
        let pointers = self.pointers(store, old, tip)?;
        let blobs = &self.repository.blobs;
        let missing = pointers
            .iter()
            .filter(|(_, pointer)| !blobs.contains(pointer.oid, pointer.size));
        Ok(missing.count())
    }

    /// Counts a commit whose SPKs could not be brought; returns whether it is to wait for them.
    fn hold(&mut self, tip: CommitId) -> bool {
        let tried = match self.held {
            Some((held, tried)) if held == tip => tried + 1,
            _ => 1,
        };
        self.held = Some((tip, tried));
        tried < HELD
    }
}
