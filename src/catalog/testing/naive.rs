//! The selection once more, written from the rules alone and as simply as can be: it shares no code with the program's.
//!
//! It reads platforms from the same data, versions from their texts, and looks at every build for every device.

use std::collections::HashMap;

use crate::catalog::Device;
use crate::model::channel::Channel;
use crate::model::doc::BuildDoc;
use crate::repo::{Build, Snapshot};

/// What is known of the platforms.
pub(crate) struct Facts {
    aliases: HashMap<String, String>,
    /// Families, and whether it is a router's.
    platforms: HashMap<String, (Vec<String>, bool)>,
}

/// How well a build fits; greater is better.
type Rank = (u32, u32, u32, u8);
/// Package, version and build id.
type Offered = (String, String, String);

impl Facts {
    pub(crate) fn read() -> Self {
        let file: toml::Table = include_str!("../../model/platforms.toml")
            .parse()
            .expect("TOML");
        let rows = |name: &str| file[name].as_array().expect("a list").clone();
        let text = |row: &toml::Value, key: &str| row[key].as_str().expect("a text").to_owned();
        let aliases = rows("alias");
        let platforms = rows("platform");
        Self {
            aliases: aliases
                .iter()
                .map(|row| (text(row, "code"), text(row, "platform")))
                .collect(),
            platforms: platforms
                .iter()
                .map(|row| {
                    let families = row.get("families").and_then(toml::Value::as_array);
                    let families = families.into_iter().flatten().filter_map(|f| f.as_str());
                    let is_router = row.get("os").and_then(toml::Value::as_str) == Some("srm");
                    let families = families.map(str::to_owned).collect();
                    (text(row, "code"), (families, is_router))
                })
                .collect(),
        }
    }

    /// Returns the code of every platform, sorted.
    pub(crate) fn codes(&self) -> Vec<String> {
        let mut codes: Vec<_> = self.platforms.keys().cloned().collect();
        codes.sort();
        codes
    }

    fn real<'a>(&'a self, code: &'a str) -> &'a str {
        self.aliases.get(code).map_or(code, String::as_str)
    }

    fn known(&self, code: &str) -> Option<&(Vec<String>, bool)> {
        self.platforms
            .get(code)
            .or_else(|| self.platforms.get(self.real(code)))
    }

    /// 0: not for the device; 1: for all; 2: for its family; 3: for its platform.
    fn closeness(&self, value: &str, device: &str) -> u8 {
        if value == "noarch" {
            return 1;
        }
        if self.real(value) == self.real(device) {
            return 3;
        }
        let is_family = self
            .known(device)
            .is_some_and(|(families, _)| families.iter().any(|family| family == value));
        if is_family { 2 } else { 0 }
    }

    /// Returns how well the build fits the device, unless it must not be offered.
    pub(crate) fn rank(&self, build: &Build, device: &Device, strict: bool) -> Option<Rank> {
        let doc = &build.doc;
        if !is_released(doc, device.channel) || build.install.offline_install == Some(true) {
            return None;
        }
        let code = device.arch.as_str();
        let of = |value: &crate::model::arch::Arch| self.closeness(value.as_str(), code);
        let closeness = doc.arch.iter().map(of).max().unwrap_or(0);
        if closeness == 0 || doc.exclude_arch.iter().any(|value| of(value) > 1) {
            return None;
        }
        let is_it = |model: &String| model.to_lowercase() == device.unique;
        if (!doc.model.is_empty() && !doc.model.iter().any(is_it))
            || doc.exclude_model.iter().any(is_it)
        {
            return None;
        }
        let (major, minor, number) = numbers(&doc.os_min_ver.to_string());
        let names_router = doc.arch.iter().any(|value| of(value) == 3)
            && self.known(code).is_some_and(|(_, is_router)| *is_router);
        let is_for_router = names_router || (major == 1 && number >= Some(6000));
        let is_router = match self.known(code) {
            Some((_, is_router)) => *is_router,
            None => device.version.major == 1,
        };
        if is_router != is_for_router || !in_range(doc, device) {
            return None;
        }
        let line = if strict {
            let has = device.version.major;
            let for_all = doc.arch.iter().any(|value| value.as_str() == "noarch");
            major == has || (for_all && major < 4 && [3, 4, 5].contains(&has))
        } else {
            (major < 7) == (device.version.major < 7)
        };
        (is_router || line).then_some((major, minor, number.unwrap_or(0), closeness))
    }

    /// Returns every offer, in the order of packages.
    pub(crate) fn select(
        &self,
        snapshot: &Snapshot,
        device: &Device,
        strict: bool,
    ) -> Vec<Offered> {
        let mut offers = Vec::new();
        for package in snapshot.packages.values() {
            let mut best: Option<((u32, Rank), Offered)> = None;
            for release in package.releases.values() {
                for build in release.builds.values() {
                    let Some(rank) = self.rank(build, device, strict) else {
                        continue;
                    };
                    // Versions here are `1.0-<number>`.
                    let version = release.version.to_string();
                    let number = version[4..].parse().expect("a number");
                    if best.as_ref().is_none_or(|(best, _)| (number, rank) > *best) {
                        let id = build.id.to_string();
                        best = Some(((number, rank), (package.name.to_string(), version, id)));
                    }
                }
            }
            offers.extend(best.map(|(_, offer)| offer));
        }
        offers
    }
}

fn is_released(doc: &BuildDoc, asked: Channel) -> bool {
    doc.yanked.is_none()
        && match doc.channel {
            Channel::Staged => false,
            Channel::Beta => asked != Channel::Stable,
            Channel::Stable => true,
        }
}

fn in_range(doc: &BuildDoc, device: &Device) -> bool {
    let has = (device.version.major, device.version.minor);
    let build = device.version.build.expect("devices tell it");
    let above = match numbers(&doc.os_min_ver.to_string()) {
        (_, _, Some(number)) => build >= number,
        (major, minor, None) => has >= (major, minor),
    };
    let below = match doc.os_max_ver.map(|maximum| numbers(&maximum.to_string())) {
        None => true,
        Some((_, _, Some(number))) => build <= number,
        Some((major, minor, None)) => has <= (major, minor),
    };
    above && below
}

fn numbers(version: &str) -> (u32, u32, Option<u32>) {
    let mut numbers = version
        .split(['.', '-'])
        .map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next();
    (next().expect("major"), next().expect("minor"), next())
}
