//! Puts in order what has a whole copy somewhere, or needs none.

use super::local::{Local, digests};
use super::remotes::{Remote, State};
use super::{Finding, Kind, Repair};
use crate::base::causes::with_causes;
use crate::base::digest::Sha256;
use crate::ops::progress::Silent;
use crate::repo::{Remains, Repository};
use crate::transfer::{BlobRemote, Fetched, Wanted, fetch, send};

/// Finishes or removes what interrupted commands left.
pub(super) fn remains(repository: &Repository, remains: &Remains, findings: &mut [Finding]) {
    let is_such = |finding: &&mut Finding| {
        matches!(finding.kind, Kind::Cache | Kind::Journal | Kind::StaleLock)
    };
    let mut left: Vec<&mut Finding> = findings.iter_mut().filter(is_such).collect();
    if left.is_empty() {
        return;
    }
    let cleared = repository.clear_remains(remains);
    for finding in &mut left {
        finding.repair = Some(match &cleared {
            Ok(()) if finding.kind == Kind::Journal => {
                Repair::Done("the change was finished or taken back".to_owned())
            }
            Ok(()) => Repair::Done("removed".to_owned()),
            Err(error) => Repair::Failed(with_causes(error)),
        });
    }
}

/// Brings blobs here first: what is whole here can go to remotes.
pub(super) fn blobs(
    repository: &Repository,
    local: &mut Local,
    remotes: &mut [Remote<'_>],
    findings: &mut [Finding],
) {
    for finding in findings.iter_mut().filter(|finding| !finding.is_note) {
        let Some(sha256) = finding.sha256 else {
            continue;
        };
        finding.repair = match finding.kind {
            Kind::LocalDamaged | Kind::LocalMissing => {
                Some(bring(repository, local, remotes, sha256))
            }
            Kind::UnnamedDamaged => Some(match repository.blobs.set_aside(sha256) {
                Ok(aside) => Repair::Done(format!("moved to {}", aside.display())),
                Err(error) => Repair::Failed(with_causes(&error)),
            }),
            _ => finding.repair.take(),
        };
    }
    for finding in findings.iter_mut().filter(|finding| !finding.is_note) {
        let is_such = matches!(finding.kind, Kind::RemoteDamaged | Kind::RemoteMissing);
        let Some(sha256) = finding.sha256.filter(|_| is_such) else {
            continue;
        };
        let at = |remote: &Remote<'_>| Some(remote.remote.name()) == finding.place.as_deref();
        if let Some(index) = remotes.iter().position(at) {
            finding.repair = Some(put(repository, local, remotes, index, sha256));
        }
    }
}

/// Brings a blob from a remote that has it. What is damaged stays until it is here, and beside it then.
fn bring(
    repository: &Repository,
    local: &mut Local,
    remotes: &[Remote<'_>],
    sha256: Sha256,
) -> Repair {
    let having: Vec<&Remote<'_>> = remotes.iter().filter(|remote| remote.has(sha256)).collect();
    let Some(wanted) = having.first().and_then(|remote| remote.wanted.get(&sha256)) else {
        return Repair::Failed(
            "no remote has it: put a copy back from a backup, or build it again".to_owned(),
        );
    };
    let sources: Vec<&dyn BlobRemote> = having.iter().map(|remote| remote.remote).collect();
    let store = &repository.blobs;
    let aside = match local.blobs.contains_key(&sha256) {
        true => match store.set_aside(sha256) {
            Ok(aside) => Some(aside),
            Err(error) => return Repair::Failed(with_causes(&error)),
        },
        false => None,
    };
    let fetched = fetch(&sources, wanted, store, &|_| {});
    match fetched {
        Ok(fetched) => {
            if let Ok(Some(digests)) = digests(repository, sha256, &Silent) {
                local.blobs.insert(sha256, digests);
            }
            let from = match fetched {
                Fetched::AlreadyThere => "it came meanwhile".to_owned(),
                Fetched::From { remote } => format!("brought from `{remote}`"),
            };
            Repair::Done(match aside {
                Some(aside) => format!("{from}; what was here is {}", aside.display()),
                None => from,
            })
        }
        Err(errors) => {
            let mut why: Vec<String> = errors.iter().map(|error| with_causes(error)).collect();
            if let Some(aside) = aside
                && let Err(error) = store.put_back(sha256, &aside)
            {
                why.push(with_causes(&error));
            }
            Repair::Failed(why.join("; "))
        }
    }
}

/// Uploads a blob to a remote from a whole copy.
fn put(
    repository: &Repository,
    local: &mut Local,
    remotes: &mut [Remote<'_>],
    index: usize,
    sha256: Sha256,
) -> Repair {
    if !local.is_whole(sha256)
        && let Repair::Failed(why) = bring(repository, local, remotes, sha256)
    {
        return Repair::Failed(why);
    }
    let remote = &mut remotes[index];
    let Some(wanted) = remote.wanted.get(&sha256).cloned() else {
        return Repair::Failed("its size is not known".to_owned());
    };
    let is_damaged = matches!(remote.blobs.get(&sha256), Some(State::Damaged { .. }));
    match upload(repository, remote.remote, &wanted, is_damaged) {
        Ok(()) => {
            remote.blobs.insert(sha256, State::Present);
            Repair::Done("uploaded again".to_owned())
        }
        Err(error) => Repair::Failed(with_causes(&error)),
    }
}

/// What is damaged goes first: a remote takes what has the right size for the blob. The whole copy is here.
fn upload(
    repository: &Repository,
    remote: &dyn BlobRemote,
    wanted: &Wanted,
    is_damaged: bool,
) -> Result<(), crate::transfer::TransferError> {
    if is_damaged {
        remote.delete(wanted.sha256)?;
    }
    send(remote, wanted, &repository.blobs, &|_| {}).map(drop)
}
