//! Everything about a package, or about one release of it.

use serde::Serialize;

use super::target::{Target, TargetError};
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, Install, PackageDoc, Permissions, ReleaseDoc, Text};
use crate::repo::{Package, Release, Repository, Snapshot};

/// A package and the releases that were asked for, newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) package: String,
    #[serde(flatten)]
    pub(crate) doc: PackageDoc,
    pub(crate) screenshots: Vec<String>,
    pub(crate) releases: Vec<ReleaseReport>,
}

/// A release.
#[derive(Debug, Serialize)]
pub(crate) struct ReleaseReport {
    pub(crate) version: String,
    #[serde(flatten)]
    pub(crate) doc: ReleaseDoc,
    /// Widths in pixels.
    pub(crate) icons: Vec<u32>,
    pub(crate) builds: Vec<BuildReport>,
}

/// A build.
#[derive(Debug, Serialize)]
pub(crate) struct BuildReport {
    pub(crate) build: String,
    /// Where it is offered now; none when staged or yanked.
    pub(crate) offered_on: Option<Channel>,
    /// Whether its SPK is in the blob store of this clone.
    pub(crate) blob_is_here: bool,
    #[serde(flatten)]
    pub(crate) doc: BuildDoc,
    pub(crate) effective: Effective,
}

/// What a build says together with its release.
#[derive(Debug, Serialize)]
pub(crate) struct Effective {
    pub(crate) text: Text,
    pub(crate) install: Install,
    pub(crate) permissions: Permissions,
}

/// Returns the package with all releases, or with the one that `target` names.
pub(crate) fn show(
    repository: &Repository,
    snapshot: &Snapshot,
    target: &Target,
) -> Result<Report, TargetError> {
    let package = target.package(snapshot)?;
    let releases: Vec<&Release> = match &target.version {
        Some(_) => vec![target.release(snapshot)?.1],
        None => package
            .releases
            .values()
            .rev()
            .map(|release| &**release)
            .collect(),
    };
    Ok(report(repository, package, &releases))
}

fn report(repository: &Repository, package: &Package, releases: &[&Release]) -> Report {
    Report {
        package: package.name.to_string(),
        doc: package.doc.clone(),
        screenshots: package
            .screenshots
            .iter()
            .map(|asset| asset.name.clone())
            .collect(),
        releases: releases
            .iter()
            .map(|release| release_report(repository, release))
            .collect(),
    }
}

fn release_report(repository: &Repository, release: &Release) -> ReleaseReport {
    let builds = release.builds.values().map(|build| BuildReport {
        build: build.id.to_string(),
        offered_on: build.offered_on(),
        blob_is_here: repository
            .blobs
            .contains(build.doc.spk.sha256, build.doc.spk.size),
        doc: (*build.doc).clone(),
        effective: Effective {
            text: (*build.text).clone(),
            install: (*build.install).clone(),
            permissions: (*build.permissions).clone(),
        },
    });
    ReleaseReport {
        version: release.version.to_string(),
        doc: release.doc.clone(),
        icons: release.icons.keys().copied().collect(),
        builds: builds.collect(),
    }
}
