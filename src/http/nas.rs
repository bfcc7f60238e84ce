//! The downloads and icons at the paths of SynoCommunity's spkrepo, for links that are in the world already.
//!
//! `/nas/<package>/<rev>/icon_<size>.png` and `/nas/<package>/<rev>/<package>.v<rev>.f<build>[<platform>-…].spk`, where
//! `rev` is the number after the last `-` of the version and `build` the build number of the minimum DSM
//! (SynoCommunity/spkrepo, `models.py` and `views/nas.py`). Our own catalog links to our own paths.
//!
//! spkrepo refuses an SPK whose minimum has no build number (`views/api.py`: `Invalid firmware`), so no link to such a
//! build is in the world. Here it is found under the first build of its version (`os_min_ver="6.0"` is `f5891`), and
//! under `f0` when the version is not known; a build that states that number itself goes first.

use std::collections::BTreeSet;

use super::files::{self, Naming};
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;
use crate::catalog::first_build;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::repo::{Asset, Build, Package, Release};

/// Answers with the SPK or the icon that spkrepo calls `name`, of the release that it calls `revision`.
pub(super) fn answer(
    site: &Site,
    request: &Request,
    package: &str,
    revision: &str,
    name: &str,
) -> Reply {
    let state = site.live.state();
    let package = state.snapshot.packages.get(package);
    match icon_width(name) {
        Some(width) => {
            let asset = package.and_then(|package| icon(package, revision, width));
            files::picture(site, request, asset)
        }
        None => {
            let builds = package.map_or_else(Vec::new, |package| builds(package, revision, name));
            let build = builds.iter().copied().find(|build| is_out(build));
            files::spk(site, request, build, Naming::Alias)
        }
    }
}

fn icon_width(name: &str) -> Option<u32> {
    name.strip_prefix("icon_")?
        .strip_suffix(".png")?
        .parse()
        .ok()
}

/// Two versions may end in the same number: the newest that has what is asked for counts.
fn releases<'a>(package: &'a Package, revision: &str) -> impl Iterator<Item = &'a Release> {
    let revision: Option<u64> = revision.parse().ok();
    let releases = package.releases.values().rev().map(|release| &**release);
    releases.filter(move |release| revision.is_some() && release.version.revision() == revision)
}

fn icon<'a>(package: &'a Package, revision: &str, width: u32) -> Option<&'a Asset> {
    releases(package, revision)
        .filter(|release| release.builds.values().any(is_out))
        .find_map(|release| release.icons.get(&width))
}

/// Returns the builds that have this name, those that are staged as well: first those that state their minimum, and of
/// each the newest first.
fn builds<'a>(package: &'a Package, revision: &str, name: &str) -> Vec<&'a Build> {
    let wanted = FileName::parse(package.name.as_str(), name);
    let Some(wanted) = wanted.filter(|wanted| wanted.revision == revision) else {
        return Vec::new();
    };
    let named = |minimum: fn(&Build) -> Option<u32>| {
        releases(package, revision)
            .flat_map(|release| release.builds.values())
            .filter(|build| wanted.has_platforms(build))
            .filter(|build| minimum(build) == Some(wanted.build))
            .collect::<Vec<_>>()
    };
    [named(|build| build.doc.os_min_ver.build), named(implied)].concat()
}

/// Returns the number that stands for a minimum without a build number.
fn implied(build: &Build) -> Option<u32> {
    let minimum = build.doc.os_min_ver;
    minimum
        .build
        .is_none()
        .then(|| first_build(minimum).unwrap_or(0))
}

fn is_out(build: &Build) -> bool {
    build.doc.channel != Channel::Staged
}

/// The name of a download in spkrepo.
#[derive(Debug, PartialEq, Eq)]
struct FileName<'a> {
    /// The platforms in any order, aliases by the code that stands for them (spkrepo knows `88f628x` only).
    arch: BTreeSet<String>,
    /// The build number of the minimum DSM.
    build: u32,
    revision: &'a str,
}

impl<'a> FileName<'a> {
    fn parse(package: &str, name: &'a str) -> Option<Self> {
        let rest = name.strip_prefix(package)?.strip_prefix(".v")?;
        let (numbers, platforms) = rest.strip_suffix("].spk")?.split_once('[')?;
        let (revision, build) = numbers.split_once(".f")?;
        let platforms = platforms.split('-').map(str::parse::<Arch>);
        Some(Self {
            arch: canonical(platforms.collect::<Result<Vec<_>, _>>().ok()?.iter()),
            build: build.parse().ok()?,
            revision,
        })
    }

    fn has_platforms(&self, build: &Build) -> bool {
        canonical(build.doc.arch.iter()) == self.arch
    }
}

fn canonical<'a>(platforms: impl Iterator<Item = &'a Arch>) -> BTreeSet<String> {
    platforms.map(|arch| arch.canonical().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Option<FileName<'_>> {
        FileName::parse("a.v1", name)
    }

    #[test]
    fn the_name_of_a_download_says_release_minimum_and_platforms() {
        let expected = FileName {
            arch: ["88f628x", "x86_64"].map(str::to_owned).into(),
            build: 42661,
            revision: "16",
        };
        for name in [
            "a.v1.v16.f42661[x86_64-88f628x].spk",
            "a.v1.v16.f42661[88f6281-x86_64].spk",
            "a.v1.v16.f42661[x86_64-88f6281-88f6282].spk",
        ] {
            assert_eq!(parse(name).as_ref(), Some(&expected), "{name}");
        }
    }

    #[test]
    fn any_other_name_is_none() {
        for name in [
            "",
            "a.v1.spk",
            "b.v16.f42661[x86_64].spk",
            "a.v1.v16.f42661.spk",
            "a.v1.v16.f42661[].spk",
            "a.v1.v16.f42661[x86_64]",
            "a.v1.v16.fx[x86_64].spk",
            "a.v1.v16[x86_64].spk",
            "a.v1.v16.f42661[x86_64--noarch].spk",
        ] {
            assert_eq!(parse(name), None, "{name}");
        }
    }

    #[test]
    fn an_icon_is_named_by_its_width() {
        assert_eq!(icon_width("icon_256.png"), Some(256));
        assert_eq!(icon_width("icon_.png"), None);
        assert_eq!(icon_width("icon_72.jpg"), None);
    }
}
