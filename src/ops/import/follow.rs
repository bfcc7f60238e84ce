//! What a mirror does besides taking in what is new: builds that are stable at the source now are promoted, and newest
//! releases that it does not offer any more are found, and yanked when that is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ImportError, Refusal};
use super::offered::{Offered, ReleaseName};
use super::report::{Gone, News, Promoted};
use super::take::Taker;
use crate::history::trailer;
use crate::model::build_id::BuildId;
use crate::model::channel::Channel;
use crate::ops::offer::{Action, OfferError, offer};
use crate::ops::target::{Filters, Target};
use crate::repo::Landed;

/// Packages that may be gone at once whatever is left.
const FEW: usize = 4;

impl Taker<'_> {
    /// Promotes what is on `beta` here and stable at the source.
    pub(super) fn promote(&mut self, offered: &[Offered]) -> Result<(), ImportError> {
        self.refresh()?;
        let mut moved: BTreeMap<ReleaseName, Vec<(&Offered, BuildId)>> = BTreeMap::new();
        for build in offered
            .iter()
            .filter(|build| build.channel == Channel::Stable)
        {
            let here = build.build(&self.snapshot, self.bytes.arrived(build));
            let is_beta =
                here.filter(|here| here.doc.channel == Channel::Beta && here.doc.yanked.is_none());
            if let Some(here) = is_beta {
                let name = (build.package.clone(), build.version.clone());
                moved
                    .entry(name)
                    .or_default()
                    .push((build, here.id.clone()));
            }
        }
        for ((package, version), builds) in moved {
            let mut ids: Vec<BuildId> = builds.iter().map(|(_, id)| id.clone()).collect();
            ids.sort();
            ids.dedup();
            let action = Action::Promote {
                to: Some(Channel::Stable),
            };
            match self.offer((&package, &version), ids.clone(), &action)? {
                Ok((commit, landed)) => {
                    let promoted = Promoted {
                        builds: ids.iter().map(ToString::to_string).collect(),
                        commit,
                        landed,
                        package: package.to_string(),
                        version: version.to_string(),
                    };
                    (self.tell)(&News::Promoted(&promoted));
                    self.report.promoted.push(promoted);
                }
                Err(refusal) => self.refuse(builds[0].0, &refusal),
            }
        }
        Ok(())
    }

    fn offer(
        &self,
        (package, version): (
            &crate::model::name::PackageName,
            &crate::model::version::Version,
        ),
        build: Vec<BuildId>,
        action: &Action,
    ) -> Result<Result<(Option<String>, Landed), Refusal>, ImportError> {
        let target = Target {
            package: package.clone(),
            version: Some(version.clone()),
        };
        let filters = Filters {
            build,
            ..Filters::default()
        };
        let dry_run = self.options.dry_run;
        match offer(self.repository, &target, &filters, action, dry_run) {
            Ok(report) => Ok(Ok((report.commit, report.landed))),
            Err(error @ OfferError::Unsigned { .. }) => Ok(Err(Refusal::Offer(error))),
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the newest releases that came from `source`, which does not offer them any more.
    pub(super) fn find_gone(
        &mut self,
        offered: &[Offered],
        source: &str,
    ) -> Result<(), ImportError> {
        self.refresh()?;
        let there: BTreeSet<ReleaseName> = offered
            .iter()
            .map(|build| (build.package.clone(), build.version.clone()))
            .collect();
        let mut gone: BTreeSet<ReleaseName> = BTreeSet::new();
        for package in self.snapshot.packages.values() {
            let offered = package.releases.values().rev();
            let mut offered = offered.filter(|release| {
                let mut builds = release.builds.values();
                builds.any(|build| build.offered_on().is_some())
            });
            if let Some(newest) = offered.next() {
                gone.insert((package.name.clone(), newest.version.clone()));
            }
        }
        gone.retain(|name| !there.contains(name));
        let gone = self.came_from(source, gone)?;
        let packages: BTreeSet<_> = there.iter().map(|(package, _)| package).collect();
        let is_believed = gone.len() <= FEW || gone.len() <= packages.len();
        let yanks = self.options.yank_gone && is_believed && !packages.is_empty();
        if self.options.yank_gone && !yanks && !gone.is_empty() {
            let note =
                "so much is gone at once that the source itself may be broken: nothing was yanked";
            self.report.notes.push(note.to_owned());
        }
        for (package, version) in gone {
            let mut found = Gone {
                landed: Landed::default(),
                package: package.to_string(),
                version: version.to_string(),
                yanked: false,
            };
            if yanks {
                let action = Action::Yank {
                    reason: format!("withdrawn by {source}"),
                };
                match self.offer((&package, &version), Vec::new(), &action)? {
                    Ok((_, landed)) => found.landed = landed,
                    Err(_) => unreachable!("a yank needs no signature"),
                }
                found.yanked = true;
            }
            (self.tell)(&News::Gone(&found));
            self.report.gone.push(found);
        }
        Ok(())
    }

    /// Keeps the releases that commits took in from `source`, as far as history goes.
    fn came_from(
        &self,
        source: &str,
        mut wanted: BTreeSet<ReleaseName>,
    ) -> Result<BTreeSet<ReleaseName>, ImportError> {
        let mut found = BTreeSet::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let store = &self.repository.store;
        store.walk(self.snapshot.commit, |info| {
            let message = &info.message;
            let of = |key: &str| trailer(message, key);
            if of("Spkrepo-Source").as_deref() == Some(source)
                && let (Some(package), Some(version)) =
                    (of("Spkrepo-Package"), of("Spkrepo-Version"))
            {
                let is_it =
                    |name: &ReleaseName| name.0.as_str() == package && name.1.as_str() == version;
                let name = wanted.iter().find(|name| is_it(name)).cloned();
                if let Some(name) = name {
                    wanted.remove(&name);
                    found.insert(name);
                }
            }
            Ok::<bool, crate::git::GitError>(!wanted.is_empty())
        })?;
        Ok(found)
    }
}
