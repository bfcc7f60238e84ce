//! One package as a line: the SHA-256 of the rest together with the first line of the file, and the documents as JSON.
//!
//! JSON, since the documents leave out what is empty: formats without names cannot be read back then (serde,
//! `skip_serializing_if`), and of those with names it is the one that the program has. What builds take over from
//! their release is made anew.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::digest::Sha256;
use crate::git::TreeId;
use crate::model::build_id::BuildId;
use crate::model::doc::{BuildDoc, PackageDoc, ReleaseDoc};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::repo::load::Shared;
use crate::repo::snapshot::{Asset, Package, Release};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record<'a> {
    doc: Cow<'a, PackageDoc>,
    name: Cow<'a, PackageName>,
    releases: Vec<ReleaseRecord<'a>>,
    screenshots: Cow<'a, [Asset]>,
    tree: TreeId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseRecord<'a> {
    builds: Vec<(Cow<'a, BuildId>, Cow<'a, BuildDoc>)>,
    doc: Cow<'a, ReleaseDoc>,
    icons: Cow<'a, BTreeMap<u32, Asset>>,
    tree: TreeId,
    version: Cow<'a, Version>,
}

const SEPARATOR: u8 = b' ';
/// Of a SHA-256 in hexadecimal.
const DIGITS: usize = 64;

/// Returns the line, with its end, in a file that begins with `header`.
pub(super) fn encode(header: &str, package: &Package) -> Vec<u8> {
    let json = serde_json::to_vec(&Record::of(package))
        .expect("documents have text keys and plain values");
    let mut line = digest(header, &json).to_string().into_bytes();
    line.push(SEPARATOR);
    line.extend(json);
    line.push(b'\n');
    line
}

/// Returns the package of a line without its end, unless anything is wrong with it.
pub(super) fn decode(header: &str, line: &[u8]) -> Option<Package> {
    let (stated, rest) = line.split_at_checked(DIGITS)?;
    let json = rest.strip_prefix(&[SEPARATOR])?;
    if digest(header, json).to_string().as_bytes() != stated {
        return None;
    }
    let record: Record<'_> = serde_json::from_slice(json).ok()?;
    Some(record.into_package())
}

fn digest(header: &str, json: &[u8]) -> Sha256 {
    Sha256::of_parts(&[header.as_bytes(), json])
}

impl<'a> Record<'a> {
    fn of(package: &'a Package) -> Self {
        Self {
            doc: Cow::Borrowed(&package.doc),
            name: Cow::Borrowed(&package.name),
            releases: package
                .releases
                .values()
                .map(|release| ReleaseRecord::of(release))
                .collect(),
            screenshots: Cow::Borrowed(&package.screenshots),
            tree: package.tree,
        }
    }

    fn into_package(self) -> Package {
        let releases = self.releases.into_iter().map(|release| {
            let release = release.into_release();
            (release.version.clone(), Arc::new(release))
        });
        Package {
            doc: self.doc.into_owned(),
            name: self.name.into_owned(),
            releases: releases.collect(),
            screenshots: self.screenshots.into_owned(),
            tree: self.tree,
        }
    }
}

impl<'a> ReleaseRecord<'a> {
    fn of(release: &'a Release) -> Self {
        let builds = release.builds.iter();
        Self {
            builds: builds
                .map(|(id, build)| (Cow::Borrowed(id), Cow::Borrowed(&*build.doc)))
                .collect(),
            doc: Cow::Borrowed(&release.doc),
            icons: Cow::Borrowed(&release.icons),
            tree: release.tree,
            version: Cow::Borrowed(&release.version),
        }
    }

    fn into_release(self) -> Release {
        let shared = Shared::of(&self.doc);
        let builds = self.builds.into_iter().map(|(id, doc)| {
            let build = shared.build(id.into_owned(), doc.into_owned());
            (build.id.clone(), build)
        });
        Release {
            builds: builds.collect(),
            doc: self.doc.into_owned(),
            icons: self.icons.into_owned(),
            tree: self.tree,
            version: self.version.into_owned(),
        }
    }
}
