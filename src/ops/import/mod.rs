//! Takes in what another source has: `import`, and `mirror`, which repeats it.
//!
//! The stages: [`survey`](Survey) (what the source has: `folder` reads every SPK, [`web`] asks as devices do) →
//! [`offered`] (which of it is not here, in releases) → [`take`] (the bytes of one release, then its commit, dated as the
//! source says) → with `mirror`, [`follow`] (what moved to stable there, what is gone). What cannot be taken is refused by
//! name, and the rest goes on.
//!
//! Every commit follows from the one before it and from the source alone, so that an import that was interrupted and goes
//! on makes the same commits as one that was not.

mod error;
mod folder;
mod follow;
mod offered;
mod report;
mod source;
mod take;
mod web;

pub(crate) use error::ImportError;
pub(crate) use report::{Gone, News, Promoted, Refused, ReleaseReport, Report, Tell};
pub(crate) use source::{Options, Source};
pub(crate) use web::{Manners, Rate};

use super::progress::Progress;
use crate::model::base_url::BaseUrl;
use crate::repo::{Landed, Repository};
use folder::Files;
use offered::{Offered, releases};
use source::{Bytes, Survey};
use take::Taker;
use web::{Downloads, Memory, Polite, Shelf};

/// Takes in what `source` has; `tell` hears of each release as it comes.
pub(crate) fn import(
    repository: &Repository,
    source: &Source,
    options: &Options,
    progress: &dyn Progress,
    tell: &Tell<'_>,
) -> Result<Report, ImportError> {
    match source {
        Source::Folder(path) => {
            let begun = begin(repository, options)?;
            let survey = folder::survey(path, options, progress)?;
            let name = path.display().to_string();
            let mut files = Files;
            let mut taker = taker(repository, options, progress, tell, name, &mut files)?;
            taker.report.begun = begun;
            taker.note_survey(&survey);
            taker.take_all(survey.offered)?;
            Ok(taker.report)
        }
        Source::Web(url) => from_web(repository, url, options, progress, tell, false),
    }
}

/// Takes in what the source at `url` has and follows what it did since.
pub(crate) fn mirror(
    repository: &Repository,
    url: &BaseUrl,
    options: &Options,
    progress: &dyn Progress,
    tell: &Tell<'_>,
) -> Result<Report, ImportError> {
    from_web(repository, url, options, progress, tell, true)
}

fn from_web(
    repository: &Repository,
    url: &BaseUrl,
    options: &Options,
    progress: &dyn Progress,
    tell: &Tell<'_>,
    follows: bool,
) -> Result<Report, ImportError> {
    let begun = begin(repository, options)?;
    let folder = repository.store.common_dir().join("spkrepo/import");
    let shelf = Shelf::open(&folder)?;
    let mut memory = Memory::open(&folder, url.as_str());
    let mut polite = Polite::new(&options.manners);
    let survey = web::survey(url, &mut polite, &mut memory, options, progress)?;
    let mut downloads = Downloads {
        failures: 0,
        max_size: options.manners.max_size,
        memory,
        polite,
        shelf,
    };
    let is_complete = survey.is_complete;
    let failed = |source| ImportError::Shelf {
        path: folder.clone(),
        source,
    };
    downloads.memory.save(is_complete).map_err(failed)?;
    let name = url.to_string();
    let mut taker = taker(repository, options, progress, tell, name, &mut downloads)?;
    taker.report.begun = begun;
    taker.source = Some(url.to_string());
    taker.note_survey(&survey);
    let offered = survey.offered;
    taker.take_all(offered.clone())?;
    if follows {
        if options.channel.is_none() {
            taker.promote(&offered)?;
        }
        if is_complete {
            taker.find_gone(&offered, url.as_str())?;
        } else if options.yank_gone {
            let note = "not everything was asked for and answered, so nobody knows what is gone";
            taker.report.notes.push(note.to_owned());
        }
    }
    taker.refresh()?;
    let (report, snapshot) = (taker.report, taker.snapshot);
    if !options.dry_run {
        let is_missing =
            |build: &&Offered| build.build(&snapshot, downloads.arrived(build)).is_none();
        downloads.tidy(offered.iter().filter(is_missing))?;
    }
    downloads.memory.save(is_complete).map_err(failed)?;
    Ok(report)
}

/// Does what a killed command has left, even when there is nothing new, and finds out whether anything can be committed
/// before it is asked for.
fn begin(repository: &Repository, options: &Options) -> Result<Landed, ImportError> {
    match options.dry_run {
        true => Ok(Landed::default()),
        false => Ok(repository.writer()?.begun()),
    }
}

fn taker<'a>(
    repository: &'a Repository,
    options: &'a Options,
    progress: &'a dyn Progress,
    tell: &'a Tell<'a>,
    name: String,
    bytes: &'a mut dyn Bytes,
) -> Result<Taker<'a>, ImportError> {
    Ok(Taker {
        bytes,
        options,
        progress,
        report: Report::new(name),
        repository,
        snapshot: repository.snapshot()?,
        source: None,
        tell,
    })
}

impl Taker<'_> {
    /// Notes what the survey found besides builds.
    fn note_survey(&mut self, survey: &Survey) {
        self.report.questions = survey.questions;
        self.report.notes.extend(survey.notes.iter().cloned());
        for refused in &survey.refused {
            self.note(refused.clone());
        }
    }

    fn take_all(&mut self, offered: Vec<Offered>) -> Result<(), ImportError> {
        for (release, builds) in &releases(offered) {
            self.take(release, builds)?;
        }
        Ok(())
    }
}
