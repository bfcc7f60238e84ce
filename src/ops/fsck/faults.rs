//! What is a fault, once it is known who has what.

use std::collections::BTreeMap;

use super::local::Local;
use super::remotes::{Remote, State};
use super::{Finding, Kind};
use crate::base::digest::Sha256;
use crate::repo::{Named, Naming, Remains};
use crate::transfer::Names;

/// Returns what interrupted commands have left.
pub(super) fn of_remains(remains: &Remains) -> Vec<Finding> {
    let journal = remains.journal.iter().map(|path| {
        let message = "a command was interrupted; the next one that writes finishes its change";
        Finding::new(Kind::Journal, message).at(&path.display())
    });
    let locks = remains.index_locks.iter().map(|path| {
        Finding::new(Kind::StaleLock, "the process that had the lock is gone").at(&path.display())
    });
    let cache = remains.cache.iter().map(|path| {
        let message = "some of the cache cannot be read; it may be removed at any time";
        Finding::new(Kind::Cache, message).at(&path.display())
    });
    journal.chain(locks).chain(cache).collect()
}

/// Returns what is wrong with blobs, here and at remotes.
pub(super) fn of_blobs(
    local: &Local,
    remotes: &[Remote<'_>],
    named: &Named,
    at_head: &BTreeMap<Sha256, Names>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut all: Vec<(&Sha256, &Naming)> = named.blobs.iter().collect();
    all.sort_by_key(|(sha256, _)| **sha256);
    let has_any = all
        .iter()
        .any(|(sha256, _)| local.blobs.contains_key(sha256));
    for (sha256, naming) in all {
        findings.extend(
            of_local(local, remotes, *sha256, naming).map(|finding| Finding {
                // A clone without SPKs, or without old ones, is as somebody wanted it.
                is_note: finding.is_note && !(has_any && at_head.contains_key(sha256)),
                ..finding
            }),
        );
        for remote in remotes {
            findings.extend(of_remote(remote, *sha256, naming));
        }
    }
    findings.extend(unnamed(local, named));
    findings.extend(remotes.iter().filter_map(|remote| {
        let (why, count) = remote.unreadable.as_ref()?;
        let message = format!("{count} blobs could not be asked for: {why}");
        Some(Finding::new(Kind::RemoteUnreadable, message).at(&remote.remote.name()))
    }));
    findings
}

fn about(kind: Kind, message: String, sha256: Sha256, naming: &Naming) -> Finding {
    Finding {
        commit: naming.commit,
        path: Some(naming.path.clone()),
        sha256: Some(sha256),
        ..Finding::new(kind, message)
    }
}

fn of_local(
    local: &Local,
    remotes: &[Remote<'_>],
    sha256: Sha256,
    naming: &Naming,
) -> Option<Finding> {
    if local.is_whole(sha256) {
        return None;
    }
    let by_remote = remotes.iter().find(|remote| remote.has(sha256));
    let elsewhere = match by_remote {
        Some(remote) => format!("`{}` has it", remote.remote.name()),
        None if remotes.is_empty() => "no remote was asked".to_owned(),
        None => "no remote has it".to_owned(),
    };
    Some(
        match local.blobs.get(&sha256) {
            Some(digests) => {
                let (size, found) = (digests.size, digests.sha256);
                let message = format!(
                    "the blob is damaged: {size} bytes with the SHA-256 {found}; {elsewhere}"
                );
                about(Kind::LocalDamaged, message, sha256, naming)
            }
            None => Finding {
                is_note: by_remote.is_some(),
                ..about(
                    Kind::LocalMissing,
                    format!("the blob is not here; {elsewhere}"),
                    sha256,
                    naming,
                )
            },
        }
        .at(&"local"),
    )
}

fn of_remote(remote: &Remote<'_>, sha256: Sha256, naming: &Naming) -> Option<Finding> {
    let name = remote.remote.name();
    let finding = match remote.blobs.get(&sha256)? {
        State::Damaged { reason } => about(
            Kind::RemoteDamaged,
            format!("the blob is damaged: {reason}"),
            sha256,
            naming,
        ),
        State::Absent if remote.expected.contains(&sha256) => Finding {
            // Where nothing can be uploaded, somebody else says what is there.
            is_note: !remote.remote.is_writable(),
            ..about(
                Kind::RemoteMissing,
                "the blob is not there".to_owned(),
                sha256,
                naming,
            )
        },
        State::Absent | State::Present | State::Unknown => return None,
    };
    Some(finding.at(&name))
}

fn unnamed(local: &Local, named: &Named) -> Vec<Finding> {
    let blobs = local.blobs.iter();
    let damaged =
        blobs.filter(|(sha256, digests)| digests.sha256 != **sha256 && !named.contains(**sha256));
    damaged
        .map(|(sha256, digests)| Finding {
            sha256: Some(*sha256),
            ..Finding::new(
                Kind::UnnamedDamaged,
                format!(
                    "nothing names the blob, and it is damaged: its SHA-256 is {}",
                    digests.sha256
                ),
            )
            .at(&"local")
        })
        .collect()
}
