//! Looks after what is served: whether the SPKs that are offered are there, and whether the disk has room.
//!
//! It looks after each commit and every minute, more often while something is missing, at names and sizes only, and not at
//! all of them at once: a store on a slow disk has other things to do. That a blob is what its name says is not looked at
//! here. Where SPKs are fetched from remotes, one that is not here counts as being there until no remote has given it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;

use super::live::{Live, State};
use crate::repo::Build;

/// How often everything is looked at.
const EVERY: Duration = Duration::from_secs(60);
/// How often while something is missing, which may be on its way: a server is ready as soon as it is there.
const SOON: Duration = Duration::from_secs(2);
/// How often it is seen that there is another commit, or that the server stops.
const LOOK: Duration = Duration::from_millis(200);
/// Blobs that are looked at in a row, and the rest after that.
const BATCH: usize = 1000;
const REST: Duration = Duration::from_millis(20);
/// How many lost SPKs are named.
const NAMED: usize = 5;
/// With less than this left, the next `add` or `fetch` may fail.
const ENOUGH: u64 = 64 << 20;

/// Says whether the SPK of a build can be had.
type IsThere<'a> = &'a dyn Fn(&State, &Build) -> bool;

/// What was found last.
#[derive(Debug, Default)]
pub(super) struct Checkup(ArcSwap<Findings>);

/// What the last look found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// Bytes that are left on the disk of the repository, as far as the system says.
    pub(super) free: Option<u64>,
    /// Paths of some builds whose SPK is not there, or of another size than it should be.
    pub(super) lost: Vec<String>,
    /// How many there are.
    pub(super) lost_count: usize,
    /// SPKs that are offered.
    pub(super) offered: usize,
}

impl Checkup {
    pub(super) fn findings(&self) -> Arc<Findings> {
        self.0.load_full()
    }

    /// Looks until `stop` is set.
    pub(super) fn keep(
        &self,
        live: &Live,
        is_there: IsThere<'_>,
        folder: &Path,
        stop: &AtomicBool,
    ) {
        let mut last: Option<(Arc<State>, Instant)> = None;
        while !stop.load(Ordering::Relaxed) {
            let state = live.state();
            let every = match self.findings().lost_count {
                0 => EVERY,
                _ => SOON,
            };
            let is_due = last
                .as_ref()
                .is_none_or(|(seen, at)| !Arc::ptr_eq(seen, &state) || at.elapsed() >= every);
            if is_due {
                let is_over = || stop.load(Ordering::Relaxed);
                if let Some(findings) = look(&state, is_there, folder, is_over) {
                    self.0.store(Arc::new(findings));
                }
                last = Some((state, Instant::now()));
            }
            std::thread::sleep(LOOK);
        }
    }
}

impl Findings {
    /// Says what is wrong with the SPKs, if anything.
    pub(super) fn loss(&self) -> Option<String> {
        let (lost, offered) = (self.lost_count, self.offered);
        (lost > 0).then(|| {
            format!("{lost} of {offered} SPKs that are offered are missing or of a wrong size")
        })
    }

    /// Says that the disk is full, if it is.
    pub(super) fn shortage(&self) -> Option<String> {
        let free = self.free.filter(|free| *free < ENOUGH)?;
        Some(format!("the disk of the repository has {free} bytes left"))
    }
}

fn look(
    state: &State,
    is_there: IsThere<'_>,
    folder: &Path,
    is_over: impl Fn() -> bool,
) -> Option<Findings> {
    let mut findings = Findings {
        free: free(folder),
        ..Findings::default()
    };
    let builds = state.snapshot.builds();
    for (package, release, build) in builds.filter(|(_, _, build)| build.offered_on().is_some()) {
        findings.offered += 1;
        if !is_there(state, build) {
            findings.lost_count += 1;
            if findings.lost.len() < NAMED {
                let version = &release.version;
                findings
                    .lost
                    .push(format!("{} {version}, build {}", package.name, build.id));
            }
        }
        if findings.offered.is_multiple_of(BATCH) {
            if is_over() {
                return None;
            }
            std::thread::sleep(REST);
        }
    }
    Some(findings)
}

fn free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_full_before_nothing_is_left() {
        let with = |free| Findings {
            free,
            ..Findings::default()
        };
        assert_eq!(with(None).shortage(), None);
        assert_eq!(with(Some(ENOUGH)).shortage(), None);
        let said = with(Some(7)).shortage().expect("seven bytes are nothing");
        assert!(said.contains("7 bytes left"), "{said}");
        assert!(free(Path::new("/")).is_some());
        assert_eq!(free(Path::new("/there/is/no/such/folder")), None);
    }

    #[test]
    fn a_loss_is_counted_among_what_is_offered() {
        assert_eq!(Findings::default().loss(), None);
        let findings = Findings {
            lost_count: 2,
            offered: 9,
            ..Findings::default()
        };
        let said = findings.loss().expect("two are lost");
        assert!(said.starts_with("2 of 9 SPKs"), "{said}");
    }
}
