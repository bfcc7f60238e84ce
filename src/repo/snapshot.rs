//! Everything at one commit, parsed, immutable and shared by reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::git::{BlobId, CommitId, TreeId};
use crate::model::build_id::BuildId;
use crate::model::channel::Channel;
use crate::model::doc::{
    BuildDoc, Install, PackageDoc, PeopleDoc, Permissions, ReleaseDoc, SettingsDoc, Text,
};
use crate::model::name::PackageName;
use crate::model::version::Version;
use crate::pgp::Certificate;
use crate::transfer::{Names, Wanted};

/// Packages by their names, each shared by all snapshots in which it is the same.
pub(crate) type Packages = BTreeMap<PackageName, Arc<Package>>;

/// The package source at one commit.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) commit: CommitId,
    pub(crate) keys: Arc<Keys>,
    pub(crate) packages: Packages,
    pub(crate) people: Arc<PeopleDoc>,
    pub(crate) settings: SettingsDoc,
    pub(crate) tree: TreeId,
}

/// The certificates that signatures are checked against.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys {
    /// What a NAS is given of the signers: in armor, and nothing of other people's.
    pub(crate) keyrings: Vec<String>,
    /// Of those who sign SPKs.
    pub(crate) signers: Vec<Certificate>,
    /// Of time servers.
    pub(crate) timestamps: Vec<Certificate>,
}

impl Keys {
    /// The folder of the signers' certificates.
    pub(crate) const FOLDER: &str = "keys";
    /// The folder of the time servers' certificates.
    pub(crate) const TIMESTAMPS: &str = "keys/timestamp";

    /// Returns what is made of the certificates.
    pub(crate) fn new(signers: Vec<Certificate>, timestamps: Vec<Certificate>) -> Self {
        let text = |certificate: &Certificate| certificate.to_text().trim().to_owned();
        Self {
            keyrings: signers.iter().map(text).collect(),
            signers,
            timestamps,
        }
    }
}

/// A package and its releases.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    pub(crate) doc: PackageDoc,
    pub(crate) name: PackageName,
    /// By version, ascending.
    pub(crate) releases: BTreeMap<Version, Arc<Release>>,
    /// In name order.
    pub(crate) screenshots: Vec<Asset>,
    /// The name of the folder's tree: the same tree is the same package.
    pub(crate) tree: TreeId,
}

/// A release and its builds.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) builds: BTreeMap<BuildId, Build>,
    pub(crate) doc: ReleaseDoc,
    /// By width in pixels.
    pub(crate) icons: BTreeMap<u32, Asset>,
    /// The name of the folder's tree: the same tree is the same release.
    pub(crate) tree: TreeId,
    pub(crate) version: Version,
}

/// One SPK: its document, and what it says together with its release.
#[derive(Clone, Debug)]
pub(crate) struct Build {
    /// Boxed, since a map has room for more builds than most releases have.
    pub(crate) doc: Box<BuildDoc>,
    pub(crate) id: BuildId,
    pub(crate) install: Arc<Install>,
    pub(crate) permissions: Arc<Permissions>,
    pub(crate) text: Arc<Text>,
}

/// A picture in the repository.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asset {
    pub(crate) blob: BlobId,
    pub(crate) name: String,
}

impl Snapshot {
    /// Returns every build with its package and release, in the order of names, versions and ids.
    pub(crate) fn builds(&self) -> impl Iterator<Item = (&Package, &Release, &Build)> {
        self.packages.values().flat_map(|package| {
            package.releases.values().flat_map(move |release| {
                release
                    .builds
                    .values()
                    .map(move |build| (&**package, &**release, build))
            })
        })
    }
}

impl Package {
    /// Returns the path of the package's folder in the repository.
    pub(crate) fn folder(name: &PackageName) -> String {
        format!("packages/{name}")
    }

    /// Returns the newest release.
    pub(crate) fn newest(&self) -> Option<&Release> {
        self.releases.values().next_back().map(|release| &**release)
    }

    /// Returns the build that is downloaded as `file`.
    pub(crate) fn build_of_file(&self, file: &str) -> Option<(&Release, &Build)> {
        self.releases.values().rev().find_map(|release| {
            let build = release
                .builds
                .values()
                .find(|build| build.doc.spk.file == file)?;
            Some((&**release, build))
        })
    }
}

impl Release {
    /// Returns the path of the release's folder in the repository.
    pub(crate) fn folder(package: &PackageName, version: &Version) -> String {
        format!("{}/{version}", Package::folder(package))
    }
}

impl Build {
    /// Returns the channel where the build is offered; none when it is staged or yanked.
    pub(crate) fn offered_on(&self) -> Option<Channel> {
        match (self.doc.channel, &self.doc.yanked) {
            (Channel::Staged, _) | (_, Some(_)) => None,
            (channel, None) => Some(channel),
        }
    }

    /// Returns the build's blob, with what the build is called.
    pub(crate) fn blob(&self, package: &PackageName, version: &Version) -> Wanted {
        let spk = &self.doc.spk;
        let names = Names {
            build: self.id.to_string(),
            file: spk.file.clone(),
            package: package.to_string(),
            version: version.to_string(),
        };
        Wanted {
            names: Some(names),
            ..Wanted::new(spk.sha256, spk.size)
        }
    }

    /// Returns the path of the build's document in the repository.
    pub(crate) fn path(package: &PackageName, version: &Version, id: &BuildId) -> String {
        format!("{}/{id}.toml", Release::folder(package, version))
    }
}
