//! The snapshot that is being served, and how it follows the repository.
//!
//! Readers take the current state by one atomic load. A commit that does not parse is refused with its reasons, and the
//! state before it serves on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::catalog_cache::CatalogCache;
use super::notice::{Notice, OnNotice};
use crate::git::CommitId;
use crate::repo::{Keeper, LoadError, OpenError, Repository, Snapshot, load, load_changes};

/// How often the reference is looked at: a new commit is served well within a second.
const POLL: Duration = Duration::from_millis(200);

/// Which commit is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Follow {
    /// The commit that this names at the start, for good.
    Fixed {
        revision: String,
    },
    Head,
    /// What this reference names at any time.
    Reference {
        name: String,
    },
}

/// A snapshot and the answers made from it.
pub(super) struct State {
    pub(super) builds: usize,
    pub(super) cache: CatalogCache,
    /// When it began to be served.
    pub(super) since: Instant,
    pub(super) snapshot: Snapshot,
}

/// A commit that is not served, and why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) commit: Option<CommitId>,
    pub(super) error: OpenError,
}

impl Refused {
    /// What is wrong with a commit stays wrong. That git cannot read it may pass, as when its objects arrive after the
    /// reference.
    fn is_final(&self) -> bool {
        matches!(&self.error, OpenError::Load(error) if !matches!(error, LoadError::Git(_)))
    }
}

/// The state that is being served.
pub(super) struct Live {
    current: ArcSwap<State>,
    is_asked_for: AtomicBool,
    /// Remembers what was parsed for the next start; absent where a state stays as it is.
    keeper: Option<Mutex<Keeper>>,
    refused: ArcSwapOption<Refused>,
}

impl Follow {
    /// Returns what git is asked for, or nothing for HEAD.
    pub(crate) fn revision(&self) -> Option<&str> {
        match self {
            Self::Fixed { revision } => Some(revision),
            Self::Head => None,
            Self::Reference { name } => Some(name),
        }
    }
}

impl Live {
    /// Reads the first snapshot.
    pub(super) fn start(repository: &Repository, follow: &Follow) -> Result<Self, OpenError> {
        let commit = repository.commit(follow.revision())?;
        let (mut keeper, known) = Keeper::start(&repository.store);
        let snapshot = load_changes(&repository.store, commit, &known).map_err(OpenError::from)?;
        keeper.follow(&known, &snapshot.packages);
        Ok(Self {
            current: ArcSwap::from_pointee(State::new(snapshot, None)),
            is_asked_for: AtomicBool::new(false),
            keeper: Some(Mutex::new(keeper)),
            refused: ArcSwapOption::empty(),
        })
    }

    /// Returns the state that is served now.
    pub(super) fn state(&self) -> Arc<State> {
        self.current.load_full()
    }

    /// Returns why the newest commit is not the one that is served.
    pub(super) fn refused(&self) -> Option<Arc<Refused>> {
        self.refused.load_full()
    }

    /// Has the repository looked at anew, a commit that was refused too.
    pub(super) fn ask(&self) {
        self.is_asked_for.store(true, Ordering::Release);
    }

    /// Follows the repository until `stop` is set.
    pub(super) fn follow(
        &self,
        repository: &Repository,
        follow: &Follow,
        stop: &AtomicBool,
        notice: &OnNotice,
    ) {
        let mut retired: Vec<Arc<State>> = Vec::new();
        while !matches!(follow, Follow::Fixed { .. }) && !stop.load(Ordering::Relaxed) {
            std::thread::sleep(POLL);
            // A request that is still busy with an old state must not be the one that takes it down: it may be all packages.
            retired.retain(|state| Arc::strong_count(state) > 1);
            retired.extend(self.look(repository, follow, notice));
        }
        if let Some(mut keeper) = self.keeper() {
            keeper.finish();
        }
    }

    /// Serves what the reference names now; returns the state that was served until then.
    fn look(
        &self,
        repository: &Repository,
        follow: &Follow,
        notice: &OnNotice,
    ) -> Option<Arc<State>> {
        if self.is_asked_for.swap(false, Ordering::AcqRel) {
            self.refused.store(None);
        }
        let current = self.state();
        let commit = match repository.commit(follow.revision()) {
            Ok(commit) => commit,
            Err(error) => {
                self.refuse(None, error, notice);
                return None;
            }
        };
        if commit == current.snapshot.commit {
            self.refused.store(None);
            return None;
        }
        if self
            .refused()
            .is_some_and(|refused| refused.commit == Some(commit) && refused.is_final())
        {
            return None;
        }
        match load(&repository.store, commit, Some(&current.snapshot)) {
            Ok(snapshot) => {
                let packages = snapshot.packages.len();
                self.replace(&current, snapshot);
                notice(Notice::Serving { commit, packages });
                Some(current)
            }
            Err(error) => {
                self.refuse(Some(commit), error.into(), notice);
                None
            }
        }
    }

    fn replace(&self, current: &State, snapshot: Snapshot) {
        if let Some(mut keeper) = self.keeper() {
            keeper.follow(&current.snapshot.packages, &snapshot.packages);
        }
        self.current
            .store(Arc::new(State::new(snapshot, Some(current))));
        self.refused.store(None);
    }

    fn keeper(&self) -> Option<MutexGuard<'_, Keeper>> {
        let keeper = self.keeper.as_ref()?;
        Some(keeper.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps the reason, and tells it once.
    fn refuse(&self, commit: Option<CommitId>, error: OpenError, notice: &OnNotice) {
        let known = self.refused();
        if known.is_some_and(|known| {
            known.commit == commit && known.error.to_string() == error.to_string()
        }) {
            return;
        }
        let serving = self.state().snapshot.commit;
        let refused = Arc::new(Refused { commit, error });
        notice(Notice::Refused {
            error: &refused.error,
            serving,
        });
        self.refused.store(Some(refused));
    }
}

impl State {
    fn new(snapshot: Snapshot, previous: Option<&Self>) -> Self {
        Self {
            builds: snapshot.builds().count(),
            cache: CatalogCache::new(&snapshot, previous.map(|previous| &previous.cache)),
            since: Instant::now(),
            snapshot,
        }
    }
}

#[cfg(test)]
impl Live {
    /// Returns a state that stays as it is.
    pub(super) fn of(snapshot: Snapshot) -> Self {
        Self {
            current: ArcSwap::from_pointee(State::new(snapshot, None)),
            is_asked_for: AtomicBool::new(false),
            keeper: None,
            refused: ArcSwapOption::empty(),
        }
    }
}
