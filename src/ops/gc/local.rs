//! Collects the local store, beside others who write to it.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{Collected, GcError, LeftoverReport, Options, PlaceReport, is_old};
use crate::blob::{Leftover, Stored};
use crate::repo::{Named, Repository};

/// How the place is called.
pub(super) const PLACE: &str = "local";
/// Blobs that are deleted while others wait.
pub(super) const BATCH: usize = 64;
/// How long others have their turn between two batches: longer than they sleep while they wait.
pub(super) const TURN: Duration = Duration::from_millis(30);
/// What git-lfs has written half may be gone on with.
const LEFTOVER_AGE: Duration = Duration::from_secs(86_400);

/// Collects what nothing names.
pub(super) fn collect(
    repository: &Repository,
    named: &mut Named,
    options: &Options<'_>,
    now: SystemTime,
) -> Result<PlaceReport, GcError> {
    if options.delete && !options.outside {
        check_inside(repository)?;
    }
    // What gets its name after the inventory is found by the reading.
    let inventory = repository.blobs.inventory()?;
    named.update(&repository.store)?;
    let mut report = PlaceReport::new(PLACE);
    let mut old = Vec::new();
    for blob in &inventory.blobs {
        if named.contains(blob.sha256) {
            report.named.add(blob.size);
        } else if is_old(blob.modified, now, options.older_than) {
            old.push(blob);
        } else {
            report.young.add(blob.size);
        }
    }
    let leftovers: Vec<&Leftover> = inventory
        .unfinished
        .iter()
        .filter(|leftover| is_forgotten(leftover, options, now))
        .collect();
    if options.delete {
        delete(repository, named, &old, options, &mut report)?;
        delete_leftovers(repository, &leftovers)?;
    } else {
        old.iter().for_each(|blob| report.collect((*blob).into()));
    }
    report.leftovers = leftovers.into_iter().map(described).collect();
    Ok(report)
}

impl From<&Stored> for Collected {
    fn from(blob: &Stored) -> Self {
        Self {
            sha256: blob.sha256,
            size: blob.size,
            modified: Timestamp::try_from(blob.modified).ok(),
            at: None,
        }
    }
}

/// Refuses a store that other repositories may use: what they name is not known here.
pub(super) fn check_inside(repository: &Repository) -> Result<(), GcError> {
    let store = repository.blobs.folder();
    let common = repository.store.common_dir();
    // A store that is not there has nothing to lose.
    let real = |path: &std::path::Path| fs_err::canonicalize(path).ok();
    match (real(store), real(common)) {
        (Some(inside), Some(common)) if !inside.starts_with(&common) => Err(GcError::Outside {
            path: store.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Deletes in batches. What got a name or was written again since it was listed stays.
fn delete(
    repository: &Repository,
    named: &mut Named,
    old: &[&Stored],
    options: &Options<'_>,
    report: &mut PlaceReport,
) -> Result<(), GcError> {
    for (number, batch) in old.chunks(BATCH).enumerate() {
        if number > 0 {
            std::thread::sleep(TURN);
        }
        let quiet = repository.quiet()?;
        named.update(&repository.store)?;
        for blob in batch {
            let Some(modified) = repository.blobs.modified(blob.sha256) else {
                continue;
            };
            if named.contains(blob.sha256) {
                report.named.add(blob.size);
            } else if modified != blob.modified
                && !is_old(modified, SystemTime::now(), options.older_than)
            {
                report.young.add(blob.size);
            } else {
                repository.blobs.remove(blob.sha256)?;
                report.collect((*blob).into());
            }
        }
        drop(quiet);
    }
    Ok(())
}

fn is_forgotten(leftover: &Leftover, options: &Options<'_>, now: SystemTime) -> bool {
    let age = options.older_than.max(LEFTOVER_AGE);
    leftover.is_abandoned || is_old(leftover.modified, now, age)
}

fn delete_leftovers(repository: &Repository, leftovers: &[&Leftover]) -> Result<(), GcError> {
    for leftover in leftovers {
        repository.blobs.remove_leftover(leftover)?;
    }
    repository.blobs.tidy();
    let _quiet = repository.quiet()?;
    Ok(repository.store.remove_stale_objects()?)
}

fn described(leftover: &Leftover) -> LeftoverReport {
    LeftoverReport {
        path: leftover.path.clone(),
        size: leftover.size,
    }
}
