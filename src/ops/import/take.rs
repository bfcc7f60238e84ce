//! Takes in what a source has and the repository has not: one release after another, each its own commit.

use jiff::Timestamp;

use super::error::{ImportError, Refusal};
use super::offered::{Offered, Place, ReleaseName};
use super::report::{BuildReport, News, Refused, ReleaseReport, Report, Tell};
use super::source::{Bytes, Options};
use crate::base::causes::with_causes;
use crate::base::digest::Digests;
use crate::ops::add::{self, Origin, Outcome, Staged, Taken, land_release};
use crate::ops::progress::{Progress, Silent};
use crate::repo::{Repository, Snapshot, load};

/// What is needed to take releases in.
pub(super) struct Taker<'a> {
    pub(super) bytes: &'a mut dyn Bytes,
    pub(super) options: &'a Options,
    pub(super) progress: &'a dyn Progress,
    pub(super) report: Report,
    pub(super) repository: &'a Repository,
    /// What was read last.
    pub(super) snapshot: Snapshot,
    /// What the commits' trailers say, where the source has an address.
    pub(super) source: Option<String>,
    pub(super) tell: &'a Tell<'a>,
}

/// Builds of a release that are here, and those among them that are to be forgotten once they are in a commit.
struct Batch<'a> {
    date: Option<Timestamp>,
    offered: Vec<(&'a Offered, Digests)>,
    staged: Vec<Staged>,
}

impl Taker<'_> {
    /// Takes in those of `builds`, all of one release, that are not there.
    pub(super) fn take(
        &mut self,
        release: &ReleaseName,
        builds: &[Offered],
    ) -> Result<(), ImportError> {
        self.refresh()?;
        let is_new = |build: &&Offered| {
            let arrived = self.bytes.arrived(build);
            build.build(&self.snapshot, arrived).is_none()
        };
        let new: Vec<&Offered> = builds.iter().filter(is_new).collect();
        let mut old = builds.iter().filter(|build| !is_new(build));
        self.report.already_there += old.by_ref().count();
        if new.is_empty() {
            return Ok(());
        }
        if self.options.dry_run {
            let builds = new.into_iter().map(BuildReport::expected).collect();
            self.release(release, None, builds, None);
            return Ok(());
        }
        let batch = self.bring(&new)?;
        self.land(release, batch)
    }

    /// Reads what is committed now.
    pub(super) fn refresh(&mut self) -> Result<(), ImportError> {
        let commit = self.repository.commit(None)?;
        if commit != self.snapshot.commit {
            self.snapshot = load(&self.repository.store, commit, Some(&self.snapshot))?;
        }
        Ok(())
    }

    fn bring<'b>(&mut self, builds: &[&'b Offered]) -> Result<Batch<'b>, ImportError> {
        let mut batch = Batch {
            date: None,
            offered: Vec::new(),
            staged: Vec::new(),
        };
        for offered in builds {
            match self.stage(offered)? {
                Ok((staged, date)) => {
                    batch.date = batch.date.max(date);
                    batch.offered.push((offered, staged.digests()));
                    batch.staged.push(staged);
                }
                Err(refusal) => self.refuse(offered, &refusal),
            }
        }
        Ok(batch)
    }

    /// Brings a build and reads it; what was kept of it and is not what it should be is brought once more.
    fn stage(
        &mut self,
        offered: &Offered,
    ) -> Result<Result<(Staged, Option<Timestamp>), Refusal>, ImportError> {
        loop {
            let brought = match self.bytes.bring(offered, self.progress)? {
                Ok(brought) => brought,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let (name, channel) = (offered.place.name(), Some(offered.channel));
            // Who watched a download need not watch it being read.
            let progress = match offered.place {
                Place::File(_) => self.progress,
                Place::Link(_) => &Silent,
            };
            let path = &brought.path;
            let staged = Staged::read(self.repository, path, &name, channel, progress);
            let refusal = match staged {
                Err(error) if !error.is_of_the_file() => return Err(error.into()),
                Err(error) => Refusal::Add(error),
                Ok(staged) => match offered.difference(&staged.digests()) {
                    None if staged.release() == (&offered.package, &offered.version) => {
                        return Ok(Ok((staged, brought.date)));
                    }
                    None => {
                        let expected = (&offered.package, &offered.version);
                        Refusal::named(expected, staged.release())
                    }
                    Some(difference) => {
                        self.bytes.forget(offered, None)?;
                        Refusal::Bytes(difference)
                    }
                },
            };
            if brought.is_fresh || !matches!(refusal, Refusal::Bytes(_)) {
                return Ok(Err(refusal));
            }
        }
    }

    fn land(&mut self, release: &ReleaseName, batch: Batch<'_>) -> Result<(), ImportError> {
        if batch.staged.is_empty() {
            return Ok(());
        }
        let options = add::Options {
            keep_texts: self.options.keep_texts,
            reject_signed: self.options.reject_signed,
            ..add::Options::default()
        };
        let origin = Origin {
            date: batch.date,
            source: self.source.as_deref(),
        };
        let taken = land_release(
            self.repository,
            batch.staged,
            &self.snapshot,
            &options,
            &origin,
        )?;
        let Taken {
            files,
            landed,
            refused,
        } = taken;
        for (name, error) in refused {
            let offered = batch
                .offered
                .iter()
                .find(|(build, _)| build.place.name() == name);
            let (offered, _) = offered.expect("only what was brought can be refused");
            self.refuse(offered, &Refusal::Add(error));
        }
        for (offered, digests) in &batch.offered {
            if files.iter().any(|file| file.file == offered.place.name()) {
                self.bytes.forget(offered, Some(digests))?;
            }
        }
        let (there, new): (Vec<_>, Vec<_>) = files
            .into_iter()
            .partition(|file| file.outcome == Outcome::AlreadyThere);
        self.report.already_there += there.len();
        if let Some(landed) = landed.filter(|_| !new.is_empty()) {
            let builds = new.into_iter().map(BuildReport::taken).collect();
            self.release(release, batch.date, builds, Some(landed));
        }
        Ok(())
    }

    fn release(
        &mut self,
        (package, version): &ReleaseName,
        date: Option<Timestamp>,
        builds: Vec<BuildReport>,
        landed: Option<crate::repo::Landed>,
    ) {
        let commit = landed.as_ref().and_then(|landed| landed.commit);
        let release = ReleaseReport {
            builds,
            commit: commit.map(|commit| commit.to_string()),
            date: date.map(|date| date.to_string()),
            landed,
            package: package.to_string(),
            version: version.to_string(),
        };
        (self.tell)(&News::Release(&release));
        self.report.releases.push(release);
    }

    pub(super) fn refuse(&mut self, offered: &Offered, refusal: &Refusal) {
        self.note(Refused::build(offered, with_causes(refusal)));
    }

    /// Notes that something is left out.
    pub(super) fn note(&mut self, refused: Refused) {
        (self.tell)(&News::Refused(&refused));
        self.report.refused.push(refused);
    }
}
