//! Collects a remote, to which others upload at any time before they name what they have uploaded.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{Collected, GcError, Options, PlaceReport, is_old};
use crate::base::digest::Sha256;
use crate::repo::{Named, Repository};
use crate::transfer::{BlobRemote, FRESH, Listed, Wanted, send};

/// How much older a blob must be than one whose upload is skipped since it is there: publishing takes no longer.
const MARGIN: Duration = Duration::from_secs(86_400);
/// Blobs that are deleted before it is asked again what is named.
const BATCH: usize = 256;

/// Refuses what could delete a blob that somebody is about to name.
pub(super) fn check(options: &Options<'_>) -> Result<(), GcError> {
    let minimum = FRESH.unsigned_abs() + MARGIN;
    let is_safe = options.older_than >= minimum || options.whatever_age;
    if options.remotes.is_empty() || is_safe {
        return Ok(());
    }
    let days = minimum.as_secs() / 86_400;
    Err(GcError::TooYoung { days })
}

/// Collects what nothing names, neither here nor at any git remote.
pub(super) fn collect(
    repository: &Repository,
    named: &mut Named,
    remote: &dyn BlobRemote,
    options: &Options<'_>,
    now: SystemTime,
) -> Result<PlaceReport, GcError> {
    check_own(remote)?;
    // What gets its name after the list is found by the reading.
    let listed = remote.list()?.ok_or_else(|| GcError::Unlisted {
        remote: remote.name().to_owned(),
    })?;
    read_names(repository, named)?;
    let now = match options.delete {
        true => clock(remote)?,
        false => now,
    };
    let mut report = PlaceReport::new(remote.name());
    let mut old = Vec::new();
    for blob in &listed {
        if named.contains(blob.sha256) {
            report.named.add(blob.size);
        } else if is_collectable(blob.modified, now, options.older_than) {
            old.push(blob);
        } else {
            report.young.add(blob.size);
        }
    }
    if options.delete {
        for batch in old.chunks(BATCH) {
            delete(repository, named, remote, batch, options, now, &mut report)?;
        }
        restore(repository, named, remote, &mut report)?;
    } else {
        old.iter().for_each(|blob| report.collect((*blob).into()));
    }
    Ok(report)
}

impl From<&Listed> for Collected {
    fn from(blob: &Listed) -> Self {
        Self {
            sha256: blob.sha256,
            size: blob.size,
            modified: blob.modified,
            at: None,
        }
    }
}

/// The store of another repository has what only that one names: its logs, its indexes, what it has not pushed.
fn check_own(remote: &dyn BlobRemote) -> Result<(), GcError> {
    let shown = remote.shown();
    let folder = shown.strip_prefix("file://").map(Path::new);
    let is_git = |folder: &Path| folder.join("HEAD").is_file() && folder.join("objects").is_dir();
    match folder.is_some_and(|folder| folder.ancestors().take(2).any(is_git)) {
        true => Err(GcError::OfAnother {
            remote: remote.name().to_owned(),
        }),
        false => Ok(()),
    }
}

/// Fetches everything from every git remote, and reads all names.
fn read_names(repository: &Repository, named: &mut Named) -> Result<(), GcError> {
    repository
        .store
        .fetch_everything(&repository.manner.network)?;
    Ok(named.update(&repository.store)?)
}

/// Returns what time it is at the remote: that of a blob which was just put there.
fn clock(remote: &dyn BlobRemote) -> Result<SystemTime, GcError> {
    let text = format!("spkrepo gc, {}", Timestamp::now());
    let probe = Wanted::new(Sha256::of(text.as_bytes()), text.len() as u64);
    remote.put(&probe, &mut text.as_bytes())?;
    let found = remote.stat(&probe);
    remote.delete(probe.sha256)?;
    let modified = found?.and_then(|found| found.modified);
    let modified = modified.ok_or_else(|| GcError::Ageless {
        remote: remote.name().to_owned(),
    })?;
    Ok(modified.into())
}

/// What has no age is as young as can be.
fn is_collectable(modified: Option<Timestamp>, now: SystemTime, older_than: Duration) -> bool {
    modified.is_some_and(|modified| is_old(modified.into(), now, older_than))
}

/// Deletes what is still as old, and has no name, after everybody was asked again.
fn delete(
    repository: &Repository,
    named: &mut Named,
    remote: &dyn BlobRemote,
    batch: &[&Listed],
    options: &Options<'_>,
    now: SystemTime,
    report: &mut PlaceReport,
) -> Result<(), GcError> {
    read_names(repository, named)?;
    for blob in batch {
        let wanted = Wanted::new(blob.sha256, blob.size);
        if named.contains(blob.sha256) {
            report.named.add(blob.size);
            continue;
        }
        let Some(found) = remote.stat(&wanted)? else {
            continue;
        };
        if is_collectable(found.modified, now, options.older_than) {
            remote.delete(blob.sha256)?;
            report.collect((*blob).into());
        } else {
            report.young.add(blob.size);
        }
    }
    Ok(())
}

/// Uploads again what somebody named at the very moment, and says what cannot be.
fn restore(
    repository: &Repository,
    named: &mut Named,
    remote: &dyn BlobRemote,
    report: &mut PlaceReport,
) -> Result<(), GcError> {
    if report.collected.is_empty() {
        return Ok(());
    }
    read_names(repository, named)?;
    let mut lost = Vec::new();
    for blob in report
        .collected
        .iter()
        .filter(|blob| named.contains(blob.sha256))
    {
        let wanted = Wanted::new(blob.sha256, blob.size);
        // Whoever named it may have uploaded it again.
        let is_there = remote.stat(&wanted)?.is_some();
        if is_there || send(remote, &wanted, &repository.blobs, &|_| {}).is_ok() {
            report.restored.push(blob.sha256);
        } else {
            lost.push(blob.sha256);
        }
    }
    report
        .collected
        .retain(|blob| !report.restored.contains(&blob.sha256));
    report.collected_bytes = report.collected.iter().map(|blob| blob.size).sum();
    if lost.is_empty() {
        return Ok(());
    }
    Err(GcError::NamedMeanwhile {
        blobs: lost,
        remote: remote.name().to_owned(),
    })
}
