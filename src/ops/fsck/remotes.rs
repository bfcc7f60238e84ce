//! What each remote has, by its own word for all blobs, and by the bytes for a sample.

use std::collections::{BTreeMap, BTreeSet};

use super::{FsckError, Options, RemoteSummary};
use crate::base::causes::with_causes;
use crate::base::crew::each;
use crate::base::digest::Sha256;
use crate::ops::blobs::{Presence, presences};
use crate::ops::progress::Progress;
use crate::repo::{Named, Repository};
use crate::transfer::{BlobRemote, Names, TransferError, Wanted, verify};

/// What a remote has.
pub(super) struct Remote<'a> {
    pub(super) blobs: BTreeMap<Sha256, State>,
    /// What was published, and so should be there.
    pub(super) expected: BTreeSet<Sha256>,
    pub(super) read: usize,
    pub(super) remote: &'a dyn BlobRemote,
    /// Why it could not be asked for some blobs, and for how many.
    pub(super) unreadable: Option<(String, usize)>,
    /// What is asked for, by name.
    pub(super) wanted: BTreeMap<Sha256, Wanted>,
}

/// What a remote has of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    Absent,
    Damaged {
        reason: String,
    },
    /// Of the right size, as far as it says, or by all its bytes.
    Present,
    Unknown,
}

impl Remote<'_> {
    pub(super) fn has(&self, sha256: Sha256) -> bool {
        self.blobs.get(&sha256) == Some(&State::Present)
    }

    pub(super) fn summary(&self) -> RemoteSummary {
        let present = self
            .blobs
            .values()
            .filter(|state| **state == State::Present);
        RemoteSummary {
            remote: self.remote.name().to_owned(),
            blobs: present.count(),
            read: self.read,
        }
    }
}

/// Asks all remotes.
pub(super) fn look<'a>(
    repository: &Repository,
    named: &Named,
    names: &BTreeMap<Sha256, Names>,
    options: &Options<'a>,
    progress: &dyn Progress,
) -> Result<Vec<Remote<'a>>, FsckError> {
    if options.remotes.is_empty() {
        return Ok(Vec::new());
    }
    let expected = published(repository)?;
    let mut wanted: Vec<Wanted> = Vec::new();
    for (sha256, naming) in &named.blobs {
        // Nobody can be asked for a blob of which only its digest is known.
        wanted.extend(naming.sizes.first().map(|size| Wanted {
            names: names.get(sha256).cloned(),
            ..Wanted::new(*sha256, *size)
        }));
    }
    wanted.sort();
    let remotes = options.remotes.iter();
    Ok(remotes
        .map(|remote| ask(*remote, &wanted, &expected, options, progress))
        .collect())
}

/// Returns the blobs that remotes should have: those of the branches that were pushed, or, where nothing is ever pushed, of
/// all branches and tags.
fn published(repository: &Repository) -> Result<BTreeSet<Sha256>, FsckError> {
    let store = &repository.store;
    let names = |starts: &'static [&'static str]| {
        Named::of(store, move |root| {
            starts.iter().any(|start| root.name.starts_with(start))
        })
    };
    let mut named = names(&["refs/remotes/"])?;
    if named.blobs.is_empty() {
        named = names(&["refs/heads/", "refs/tags/", "HEAD"])?;
    }
    Ok(named.blobs.into_keys().collect())
}

fn ask<'a>(
    remote: &'a dyn BlobRemote,
    wanted: &[Wanted],
    expected: &BTreeSet<Sha256>,
    options: &Options<'_>,
    progress: &dyn Progress,
) -> Remote<'a> {
    let mut asked = Remote {
        blobs: BTreeMap::new(),
        expected: expected.clone(),
        read: 0,
        remote,
        unreadable: None,
        wanted: wanted
            .iter()
            .map(|blob| (blob.sha256, blob.clone()))
            .collect(),
    };
    let states = presences(remote, wanted, options.at_once);
    for (blob, state) in wanted.iter().zip(states) {
        let state = asked.state(state);
        asked.blobs.insert(blob.sha256, state);
    }
    let sample: Vec<&Wanted> = wanted
        .iter()
        .filter(|blob| asked.has(blob.sha256) && options.sample.has(blob.sha256))
        .collect();
    let bytes = sample.iter().map(|blob| blob.size).sum();
    progress.begin(remote.name(), Some(bytes));
    let states = each(&sample, options.at_once, |blob| {
        verify(remote, blob, &|_| {})
    });
    progress.end();
    for (blob, state) in sample.iter().zip(states) {
        asked.read += 1;
        if let Err(error) = state {
            let state = asked.state(Err(error));
            asked.blobs.insert(blob.sha256, state);
        }
    }
    asked
}

impl Remote<'_> {
    /// Returns what an answer means, and counts those that are none.
    fn state(&mut self, answer: Result<Presence, TransferError>) -> State {
        match answer {
            Ok(Presence::Absent) | Err(TransferError::Absent { .. }) => State::Absent,
            Ok(Presence::Damaged) => State::Damaged {
                reason: "its size is another one".to_owned(),
            },
            Ok(Presence::Present) => State::Present,
            Err(TransferError::Damaged { reason, .. }) => State::Damaged { reason },
            // It goes by the names of builds, and old ones have none.
            Ok(Presence::Unknown) | Err(TransferError::Unnamed { .. }) => State::Unknown,
            Err(error) => {
                let (_, count) = self
                    .unreadable
                    .get_or_insert_with(|| (with_causes(&error), 0));
                *count += 1;
                State::Unknown
            }
        }
    }
}
