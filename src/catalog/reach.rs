//! Whether any device could be offered a build, among the others of its release.

use std::collections::BTreeSet;

use super::device::{Device, normal_unique};
use super::os_lines::{first_builds, version_of_build};
use super::select::best;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::model::doc::Compatibility;
use crate::model::os_version::Os;
use crate::repo::{Build, Release};

/// Returns whether some device gets `build` when it is offered `release`.
///
/// Tried are the platforms that the build names, each at the versions where anything could change: the minimums of all
/// builds, the first build of each line of DSM, and what follows a maximum.
pub(crate) fn is_reachable(release: &Release, build: &Build, compatibility: Compatibility) -> bool {
    let Some(channel) = build.offered_on() else {
        return false;
    };
    let builds = builds(release);
    let uniques = uniques(build);
    platforms_of(build).into_iter().any(|arch| {
        // Most builds are the best at their own minimum.
        let mut tried = build.doc.os_min_ver.build.iter().chain(&builds);
        tried.any(|number| {
            uniques.iter().any(|unique| {
                let device = device(&arch, *number, unique, channel, build);
                let best = best(release, compatibility, &device);
                best.is_some_and(|best| best.id == build.id)
            })
        })
    })
}

/// A platform that nobody knows stands for those that are to come.
fn platforms_of(build: &Build) -> Vec<Arch> {
    let stated = || build.doc.arch.iter();
    let covers = |platform: &Arch| stated().any(|arch| arch.covers(platform).is_some());
    let named = stated().filter(|arch| !arch.is_noarch() && !arch.is_family());
    let mut found: Vec<Arch> = named.cloned().chain(Arch::known().filter(covers)).collect();
    if stated().any(Arch::is_noarch) {
        found.extend("unheard_of".parse::<Arch>());
    }
    found
}

fn builds(release: &Release) -> BTreeSet<u32> {
    let docs = || release.builds.values().map(|build| &build.doc);
    let minimums = docs().filter_map(|doc| doc.os_min_ver.build);
    let maximums = docs().filter_map(|doc| doc.os_max_ver?.build);
    let around = maximums.flat_map(|build| [build, build.saturating_add(1)]);
    first_builds().chain(minimums).chain(around).collect()
}

/// A build for some models is for these alone; for all others, no name at all does.
fn uniques(build: &Build) -> Vec<String> {
    if build.doc.model.is_empty() {
        return vec![String::new()];
    }
    build
        .doc
        .model
        .iter()
        .map(|model| normal_unique(model))
        .collect()
}

fn device(arch: &Arch, number: u32, unique: &str, channel: Channel, build: &Build) -> Device {
    let stated = build.doc.os_min_ver;
    let os = arch.os().filter(|os| *os == Os::Srm).unwrap_or(stated.os());
    let inferred = version_of_build(os, number);
    let version = match stated.build {
        // A build number of its own line, known or not.
        Some(minimum) if minimum == number && stated.major > inferred.major => stated,
        _ => inferred,
    };
    Device {
        arch: arch.clone(),
        channel,
        language: String::new(),
        unique: unique.to_owned(),
        os,
        version,
    }
}
