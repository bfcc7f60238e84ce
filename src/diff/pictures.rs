//! Icons and screenshots that differ.

use std::collections::BTreeMap;

use serde::Serialize;

use super::pairs::Pair;
use crate::git::BlobId;
use crate::repo::Package;

/// A picture that is new, gone or another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PictureChange {
    /// `icon_256.png`, `screenshots/1.png`.
    pub(crate) name: String,
    pub(crate) change: PictureWhat,
    /// Of the release that has it; absent for screenshots.
    pub(crate) version: Option<String>,
}

/// What became of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PictureWhat {
    Added,
    Changed,
    Removed,
}

type Pictures = BTreeMap<String, BlobId>;

/// Returns the pictures of releases that are new or were edited, and the screenshots, that differ.
pub(super) fn compare(
    old: Option<&Package>,
    new: Option<&Package>,
    pairs: &[Pair<'_>],
) -> Vec<PictureChange> {
    let screenshots = |package: Option<&Package>| -> Pictures {
        let shots = package.into_iter().flat_map(|package| &package.screenshots);
        shots
            .map(|asset| (format!("screenshots/{}", asset.name), asset.blob))
            .collect()
    };
    let mut changes = differences(&screenshots(old), &screenshots(new), None);
    for release in new
        .into_iter()
        .flat_map(|package| package.releases.values())
    {
        let before = old.and_then(|old| old.releases.get(&release.version));
        let followed = pairs
            .iter()
            .filter(|pair| pair.is_edit && pair.new.release.version == release.version)
            .find_map(|pair| pair.old)
            .map(|old| old.release);
        let Some(before) = before.map(|release| &**release).or(followed) else {
            continue;
        };
        let icons = |release: &crate::repo::Release| -> Pictures {
            let icons = release.icons.values();
            icons
                .map(|asset| (asset.name.clone(), asset.blob))
                .collect()
        };
        let version = Some(release.version.to_string());
        changes.extend(differences(
            &icons(before),
            &icons(release),
            version.as_ref(),
        ));
    }
    changes
}

fn differences(old: &Pictures, new: &Pictures, version: Option<&String>) -> Vec<PictureChange> {
    let change = |name: &String, change| PictureChange {
        name: name.clone(),
        change,
        version: version.cloned(),
    };
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| change(name, PictureWhat::Removed));
    let there = new.iter().filter_map(|(name, blob)| match old.get(name) {
        None => Some(change(name, PictureWhat::Added)),
        Some(known) if known != blob => Some(change(name, PictureWhat::Changed)),
        Some(_) => None,
    });
    gone.chain(there).collect()
}
