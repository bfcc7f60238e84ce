//! Package sources made in memory, and a second selection to compare the program's with.

pub(crate) mod naive;
pub(crate) mod random;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::device::Device;
pub(crate) use super::select::{Reason, consider};
use crate::git::BlobId;
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, PackageDoc, ReleaseDoc, Text, read};
use crate::repo::{Build, Package, Release, Snapshot};

/// What every build has in common.
pub(crate) static BUILD: LazyLock<BuildDoc> = LazyLock::new(|| {
    let text = "channel='stable'\narch=['noarch']\nos_min_ver='7.0-40000'\n[spk]\nfile='a.spk'\nsize=1\n\
        sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\nmd5='d41d8cd98f00b204e9800998ecf8427e'\n";
    read("b.toml", text.as_bytes()).expect("a valid build")
});

/// The name of git's empty tree.
const EMPTY: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// A package: its releases' versions, builds and texts.
pub(crate) type Releases = Vec<(String, Vec<BuildDoc>, Text)>;

/// Returns the snapshot that has these packages.
pub(crate) fn snapshot(packages: &BTreeMap<String, Releases>, compatibility: &str) -> Snapshot {
    let settings = format!("format = 1\n[catalog]\ncompatibility = '{compatibility}'\n");
    let packages = packages.iter().map(|(name, releases)| {
        let package = package(name, releases);
        (package.name.clone(), Arc::new(package))
    });
    Snapshot {
        commit: EMPTY.parse().expect("a valid name"),
        keys: Arc::default(),
        packages: packages.collect(),
        people: Arc::default(),
        settings: toml::from_str(&settings).expect("valid settings"),
        tree: EMPTY.parse().expect("a valid name"),
    }
}

fn package(name: &str, releases: &Releases) -> Package {
    let parsed = releases.iter().map(|(version, builds, text)| {
        let release = release(version, builds, text);
        (release.version.clone(), Arc::new(release))
    });
    Package {
        doc: PackageDoc::default(),
        name: name.parse().expect("a valid name"),
        releases: parsed.collect(),
        screenshots: Vec::new(),
        // As in git: the same content has the same name, another one another.
        tree: BlobId::of(format!("{releases:?}").as_bytes())
            .to_string()
            .parse()
            .expect("a valid name"),
    }
}

fn release(version: &str, builds: &[BuildDoc], text: &Text) -> Release {
    let builds = builds.iter().map(|doc| {
        let mut doc = doc.clone();
        let id = doc.derived_id();
        doc.spk.file = format!("{version}_{id}.spk");
        let build = Build {
            id: id.clone(),
            install: Arc::new(doc.install.clone()),
            permissions: Arc::default(),
            text: Arc::new(doc.text.over(text)),
            doc: Box::new(doc),
        };
        (id, build)
    });
    Release {
        builds: builds.collect(),
        doc: ReleaseDoc::default(),
        icons: BTreeMap::new(),
        tree: EMPTY.parse().expect("a valid name"),
        version: version.parse().expect("a valid version"),
    }
}

/// Returns the device that sends these parameters; empty ones are not sent.
pub(crate) fn device(parameters: &[(&str, &str)], channel: Channel) -> Device {
    let parameter = |name: &str| {
        let found = parameters.iter().find(|(known, _)| *known == name);
        found
            .map(|(_, value)| (*value).to_owned())
            .filter(|value| !value.is_empty())
    };
    Device::from_parameters(parameter, channel).expect("a device")
}
