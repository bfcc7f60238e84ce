//! Drops local copies of blobs that a remote has: `gc --local-copies`.

use std::collections::BTreeSet;
use std::time::SystemTime;

use super::local::{self, BATCH, TURN, check_inside};
use super::{Collected, Copies, GcError, Options, PlaceReport, is_old};
use crate::base::digest::Sha256;
use crate::blob::Stored;
use crate::repo::{Named, Repository};
use crate::transfer::{BlobRemote, Wanted};

/// Drops what is named, old, and at a remote that can be written to: such a place is meant to have it for good.
pub(super) fn drop_copies(
    repository: &Repository,
    named: &mut Named,
    which: Copies,
    options: &Options<'_>,
    now: SystemTime,
) -> Result<PlaceReport, GcError> {
    if options.delete && !options.outside {
        check_inside(repository)?;
    }
    let stored = repository.blobs.inventory()?.blobs;
    named.update(&repository.store)?;
    let stay = match which {
        Copies::All => BTreeSet::new(),
        Copies::BeforeHead => of_head(repository)?,
    };
    let mut report = PlaceReport::new(local::PLACE);
    let mut old = Vec::new();
    for blob in &stored {
        if !named.contains(blob.sha256) {
            // What nothing names is for an ordinary collection.
            report.young.add(blob.size);
        } else if stay.contains(&blob.sha256) || !is_old(blob.modified, now, options.older_than) {
            report.named.add(blob.size);
        } else {
            old.push(blob);
        }
    }
    for (number, batch) in old.chunks(BATCH).enumerate() {
        if options.delete && number > 0 {
            std::thread::sleep(TURN);
        }
        drop_some(repository, batch, options, &mut report)?;
    }
    Ok(report)
}

fn of_head(repository: &Repository) -> Result<BTreeSet<Sha256>, GcError> {
    let snapshot = repository.snapshot()?;
    let builds = snapshot.builds().map(|(_, _, build)| build.doc.spk.sha256);
    Ok(builds.collect())
}

/// The remotes are asked first, while nobody waits.
fn drop_some(
    repository: &Repository,
    batch: &[&Stored],
    options: &Options<'_>,
    report: &mut PlaceReport,
) -> Result<(), GcError> {
    let mut there = Vec::new();
    for blob in batch {
        match holder(blob, options.remotes)? {
            Some(remote) => there.push((*blob, remote)),
            None => report.named.add(blob.size),
        }
    }
    let quiet = match options.delete {
        true => Some(repository.quiet()?),
        false => None,
    };
    for (blob, remote) in there {
        // Written again meanwhile, somebody wants it here.
        if repository.blobs.modified(blob.sha256) != Some(blob.modified) {
            report.named.add(blob.size);
            continue;
        }
        if quiet.is_some() {
            repository.blobs.remove(blob.sha256)?;
        }
        report.collect(Collected {
            at: Some(remote),
            ..blob.into()
        });
    }
    Ok(())
}

/// Returns the first remote that has the blob with its size.
fn holder(blob: &Stored, remotes: &[&dyn BlobRemote]) -> Result<Option<String>, GcError> {
    let wanted = Wanted::new(blob.sha256, blob.size);
    for remote in remotes.iter().filter(|remote| remote.is_writable()) {
        let found = remote.stat(&wanted)?;
        if found.is_some_and(|found| found.size == blob.size) {
            return Ok(Some(remote.name().to_owned()));
        }
    }
    Ok(None)
}
