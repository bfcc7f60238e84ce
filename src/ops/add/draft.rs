//! A release as it becomes while builds are added to it.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::Candidate;
use crate::git::BlobId;
use crate::model::build_id::BuildId;
use crate::model::doc::{BuildDoc, ReleaseDoc};
use crate::repo::{Build, Package, Release, Snapshot};

/// A release that is there already or begins with the first candidate.
pub(super) struct Draft {
    pub(super) builds: BTreeMap<BuildId, BuildDoc>,
    /// Widths, and the icons' bytes as git names them.
    pub(super) icons: BTreeMap<u32, BlobId>,
    /// Absent until the first build says what the builds share.
    pub(super) release: Option<ReleaseDoc>,
}

impl Draft {
    /// Takes the release over from the snapshot, if it has it.
    pub(super) fn of(release: Option<&Release>) -> Self {
        let Some(release) = release else {
            return Self {
                builds: BTreeMap::new(),
                icons: BTreeMap::new(),
                release: None,
            };
        };
        let docs = release
            .builds
            .values()
            .map(|build: &Build| (build.id.clone(), (*build.doc).clone()));
        Self {
            builds: docs.collect(),
            icons: release
                .icons
                .iter()
                .map(|(width, asset)| (*width, asset.blob))
                .collect(),
            release: Some(release.doc.clone()),
        }
    }

    /// Returns whether `id` is the only build, so that replacing it may replace what the release says.
    pub(super) fn has_only(&self, id: &BuildId) -> bool {
        self.builds.keys().all(|other| other == id)
    }
}

/// Packages that are new or get their first screenshots in this call.
#[derive(Default)]
pub(super) struct Begun {
    packages: BTreeSet<String>,
    screenshots: BTreeSet<String>,
}

impl Begun {
    /// Returns whether the package is new, the first time that it is asked.
    pub(super) fn package(&mut self, snapshot: &Snapshot, candidate: &Candidate) -> bool {
        let name = &candidate.identity.package;
        !snapshot.packages.contains_key(name) && self.packages.insert(name.to_string())
    }

    /// Returns whether the package has no screenshots yet, the first time that it is asked.
    pub(super) fn screenshots(&mut self, package: Option<&Package>, candidate: &Candidate) -> bool {
        !candidate.screenshots.is_empty()
            && package.is_none_or(|package| package.screenshots.is_empty())
            && self
                .screenshots
                .insert(candidate.identity.package.to_string())
    }
}
