//! What the repository becomes when candidates are added to a snapshot, or why they cannot be.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::draft::{Begun, Draft};
use super::error::AddError;
use super::sections::overrides;
use super::{FileReport, Options, Outcome};
use crate::base::digest::Sha256;
use crate::blob::Pointer;
use crate::catalog::competition;
use crate::git::BlobId;
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, PackageDoc, ReleaseDoc, Sections, SpkDoc, write};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::ops::words;
use crate::repo::{Build, Change, Message, Package, Release, Snapshot};

/// The change, and what becomes of each file.
pub(super) struct Plan {
    pub(super) change: Change,
    pub(super) files: Vec<FileReport>,
}

/// Plans to add `candidates`, which are in order, to `snapshot`.
pub(super) fn plan(
    snapshot: &Snapshot,
    candidates: &[&Candidate],
    options: &Options,
) -> Result<Plan, AddError> {
    let mut planner = Planner {
        added: Vec::new(),
        begun: Begun::default(),
        change: Change::default(),
        drafts: BTreeMap::new(),
        files: Vec::new(),
        options,
        snapshot,
    };
    for candidate in candidates {
        planner.add(candidate)?;
    }
    planner.change.message = message(&planner.added);
    Ok(Plan {
        change: planner.change,
        files: planner.files,
    })
}

struct Planner<'a> {
    added: Vec<(PackageName, Version, BuildDoc)>,
    begun: Begun,
    change: Change,
    drafts: BTreeMap<(PackageName, Version), Draft>,
    files: Vec<FileReport>,
    options: &'a Options,
    snapshot: &'a Snapshot,
}

impl Planner<'_> {
    fn add(&mut self, candidate: &Candidate) -> Result<(), AddError> {
        self.check_case(candidate)?;
        let mut draft = self.take_draft(candidate);
        let same = draft
            .builds
            .values()
            .find(|doc| is_of(doc, candidate.arrived));
        if let Some(same) = same {
            let same = same.clone();
            self.report(candidate, &same, Outcome::AlreadyThere, Vec::new());
        } else {
            self.add_build(candidate, &mut draft)?;
        }
        let (package, version) = candidate.release();
        self.drafts
            .insert((package.clone(), version.clone()), draft);
        Ok(())
    }

    fn take_draft(&mut self, candidate: &Candidate) -> Draft {
        let (package, version) = candidate.release();
        self.drafts
            .remove(&(package.clone(), version.clone()))
            .unwrap_or_else(|| {
                let package = self.snapshot.packages.get(package);
                let release = package.and_then(|package| package.releases.get(version));
                Draft::of(release.map(|release| &**release))
            })
    }

    fn add_build(&mut self, candidate: &Candidate, draft: &mut Draft) -> Result<(), AddError> {
        let old = draft.builds.get(&candidate.id);
        self.check_bytes(candidate, old)?;
        let channel = self.channel(candidate, old);
        self.check_signed(candidate, channel)?;
        let outcome = if old.is_some() {
            Outcome::Replaced
        } else {
            Outcome::Added
        };
        if draft.has_only(&candidate.id) && !self.options.keep_texts {
            draft.release = None;
        }
        let own = self.release_doc(candidate, draft)?;
        let doc = build_doc(candidate, own, channel);
        check_rivals(candidate, draft, &doc)?;
        let notes = self.put_pictures(candidate, draft);
        self.put_build(candidate, &doc);
        self.report(candidate, &doc, outcome, notes);
        draft.builds.insert(candidate.id.clone(), doc.clone());
        let (package, version) = candidate.release();
        self.added.push((package.clone(), version.clone(), doc));
        Ok(())
    }

    /// A clone on macOS or Windows would mix the two folders.
    fn check_case(&self, candidate: &Candidate) -> Result<(), AddError> {
        let name = &candidate.identity.package;
        let lower = name.as_str().to_lowercase();
        let known = self
            .snapshot
            .packages
            .keys()
            .chain(self.drafts.keys().map(|(package, _)| package));
        match known
            .into_iter()
            .find(|known| *known != name && known.as_str().to_lowercase() == lower)
        {
            None => Ok(()),
            Some(existing) => Err(AddError::CaseCollision {
                existing: existing.to_string(),
                file: candidate.file.clone(),
                package: name.to_string(),
            }),
        }
    }

    /// Released bytes never change; staged ones may, when that is asked for.
    fn check_bytes(&self, candidate: &Candidate, old: Option<&BuildDoc>) -> Result<(), AddError> {
        let Some(old) = old else { return Ok(()) };
        if self.options.replace && old.channel == Channel::Staged && old.yanked.is_none() {
            return Ok(());
        }
        let (package, version) = candidate.release();
        Err(AddError::OtherBytes {
            build: format!("{package} {version} ({})", candidate.id),
            channel: old.channel,
            committed: old.spk.sha256,
            file: candidate.file.clone(),
            found: candidate.arrived,
        })
    }

    /// Only what is signed goes to a channel that asks for it, on whatever way.
    fn check_signed(&self, candidate: &Candidate, channel: Channel) -> Result<(), AddError> {
        let required = &self.snapshot.settings.signing.required;
        if candidate.signature.is_some() || !required.contains(&channel) {
            return Ok(());
        }
        Err(AddError::Unsigned {
            channel,
            file: candidate.file.clone(),
        })
    }

    fn channel(&self, candidate: &Candidate, old: Option<&BuildDoc>) -> Channel {
        let default = old.map_or(self.snapshot.settings.add.channel, |old| old.channel);
        let wanted = candidate.channel.or(self.options.channel);
        wanted.unwrap_or(default)
    }

    /// Returns what the build says beside its release; the first build of a release says it all for the others.
    fn release_doc(
        &mut self,
        candidate: &Candidate,
        draft: &mut Draft,
    ) -> Result<Sections, AddError> {
        if let Some(release) = &draft.release {
            return overrides(release, &candidate.sections, self.options.keep_texts).map_err(
                |differences| AddError::Contradicts {
                    differences,
                    file: candidate.file.clone(),
                    package: candidate.identity.package.to_string(),
                    version: candidate.identity.version.to_string(),
                },
            );
        }
        let (package, version) = candidate.release();
        if self.begun.package(self.snapshot, candidate) {
            let path = format!("{}/package.toml", Package::folder(package));
            let doc = PackageDoc {
                maintainers: self.options.maintainers.clone(),
                ..PackageDoc::default()
            };
            self.change.put(path, write(&doc));
        }
        let release = ReleaseDoc::from(candidate.sections.clone());
        // A text that already says so keeps its comments.
        let known = self.snapshot.packages.get(package);
        let known = known.and_then(|package| package.releases.get(version));
        if known.is_none_or(|known| known.doc != release) {
            let path = format!("{}/release.toml", Release::folder(package, version));
            self.change.put(path, write(&release));
        }
        draft.release = Some(release);
        Ok(Sections::default())
    }

    /// Puts icons that the release lacks, and the package's first screenshots; returns what is left out.
    fn put_pictures(&mut self, candidate: &Candidate, draft: &mut Draft) -> Vec<String> {
        let mut notes = Vec::new();
        let (package, version) = candidate.release();
        let is_alone = draft.has_only(&candidate.id);
        for (width, bytes) in &candidate.icons {
            let blob = BlobId::of(bytes);
            match draft.icons.get(width) {
                Some(known) if *known == blob => {}
                Some(_) if !is_alone => notes.push(format!(
                    "the icon of {width} pixels differs from the release's, which stays"
                )),
                _ => {
                    let path = format!("{}/icon_{width}.png", Release::folder(package, version));
                    self.change.put(path, bytes.as_slice());
                    draft.icons.insert(*width, blob);
                }
            }
        }
        let known = self.snapshot.packages.get(package).map(AsRef::as_ref);
        if self.begun.screenshots(known, candidate) {
            for screenshot in &candidate.screenshots {
                let path = format!(
                    "{}/screenshots/{}",
                    Package::folder(package),
                    screenshot.name
                );
                self.change.put(path, screenshot.bytes.as_slice());
            }
        }
        notes
    }

    fn put_build(&mut self, candidate: &Candidate, doc: &BuildDoc) {
        let (package, version) = candidate.release();
        let pointer = Pointer {
            oid: doc.spk.sha256,
            size: doc.spk.size,
        };
        let folder = Release::folder(package, version);
        self.change
            .put(format!("{folder}/{}", doc.spk.file), pointer.to_text());
        self.change
            .put(Build::path(package, version, &candidate.id), write(doc));
    }

    fn report(
        &mut self,
        candidate: &Candidate,
        doc: &BuildDoc,
        outcome: Outcome,
        notes: Vec<String>,
    ) {
        self.files.push(FileReport {
            file: candidate.file.clone(),
            package: candidate.identity.package.to_string(),
            version: candidate.identity.version.to_string(),
            build: doc.derived_id().to_string(),
            platforms: words::platforms(doc),
            range: words::range(doc),
            channel: doc.channel,
            outcome,
            sha256: candidate.digests.sha256.to_string(),
            size: candidate.digests.size,
            warnings: candidate.warnings.iter().cloned().chain(notes).collect(),
        });
    }
}

/// An SPK that was signed here since it came is still the one that came.
pub(crate) fn is_of(doc: &BuildDoc, sha256: Sha256) -> bool {
    let unsigned = doc.signature.as_ref().map(|known| known.unsigned_sha256);
    doc.spk.sha256 == sha256 || unsigned == Some(sha256)
}

fn check_rivals(candidate: &Candidate, draft: &Draft, doc: &BuildDoc) -> Result<(), AddError> {
    for (id, other) in draft.builds.iter().filter(|(id, _)| **id != candidate.id) {
        if let Some(platform) = competition(other, doc) {
            let (package, version) = candidate.release();
            return Err(AddError::Competes {
                file: candidate.file.clone(),
                platform: platform.to_string(),
                rival: format!("{package} {version} ({id})"),
            });
        }
    }
    Ok(())
}

fn build_doc(candidate: &Candidate, own: Sections, channel: Channel) -> BuildDoc {
    let identity = &candidate.identity;
    BuildDoc {
        channel,
        arch: identity.arch.clone(),
        exclude_arch: identity.exclude_arch.clone(),
        model: identity.model.clone(),
        exclude_model: identity.exclude_model.clone(),
        os_min_ver: identity.os_min_ver,
        os_max_ver: identity.os_max_ver,
        spk: SpkDoc {
            file: format!(
                "{}_{}_{}.spk",
                identity.package, identity.version, candidate.id
            ),
            size: candidate.digests.size,
            sha256: candidate.digests.sha256,
            md5: candidate.digests.md5,
        },
        text: own.text,
        install: own.install,
        permissions: own.permissions,
        signature: candidate.signature.clone(),
        yanked: None,
    }
}

fn message(added: &[(PackageName, Version, BuildDoc)]) -> Message {
    let releases: Vec<_> = added
        .chunk_by(|a, b| (&a.0, &a.1) == (&b.0, &b.1))
        .collect();
    let docs = |group: &[(PackageName, Version, BuildDoc)]| -> String {
        words::builds(&group.iter().map(|(_, _, doc)| doc).collect::<Vec<_>>())
    };
    let subject = match releases.as_slice() {
        [] => String::new(),
        [group] => format!("add {} {} ({})", group[0].0, group[0].1, docs(group)),
        groups => format!("add {} builds of {} releases", added.len(), groups.len()),
    };
    let mut trailers = vec![("Action", "add".to_owned())];
    for group in &releases {
        trailers.push(("Package", group[0].0.to_string()));
        trailers.push(("Version", group[0].1.to_string()));
        trailers.extend(
            group
                .iter()
                .map(|(_, _, doc)| ("Build", doc.derived_id().to_string())),
        );
    }
    Message {
        body: added.iter().map(line).collect(),
        subject,
        trailers,
    }
}

fn line((package, version, doc): &(PackageName, Version, BuildDoc)) -> String {
    format!(
        "- {package} {version} for {}, {}, on {}",
        words::platforms(doc),
        words::range(doc),
        doc.channel
    )
}
