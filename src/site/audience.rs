//! Who one catalog is for: platforms of which all builds think alike, a model, or everybody.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::arch::{Arch, Fit};
use crate::model::channel::Channel;
use crate::model::os_version::Os;
use crate::repo::{Build, Snapshot};

/// Devices that one catalog of a version of DSM must fit.
#[derive(Debug)]
pub(super) struct Audience {
    /// A platform and a model, as devices report them, of each kind of device; the first decides what is best.
    pub(super) members: Vec<(Arch, String)>,
    /// The files' names, without their ending.
    pub(super) names: Vec<String>,
    pub(super) os: Os,
}

const NOARCH: &str = "noarch";

/// Returns all audiences that have `os`, by their names; `models` are those that builds name.
pub(super) fn audiences(snapshot: &Snapshot, os: Os, models: &BTreeSet<String>) -> Vec<Audience> {
    let values = values(snapshot);
    let platforms = platforms(&values, os);
    let mut classes: BTreeMap<Class, Audience> = BTreeMap::new();
    let mut named = BTreeMap::new();
    for platform in &platforms {
        let models: Vec<&String> = models.iter().filter(|m| is_of(m, platform)).collect();
        let key = (fits(platform, &values), platform.os(), models.clone());
        let audience = classes.entry(key).or_insert_with(|| Audience {
            members: members(platform, &models),
            names: Vec::new(),
            os,
        });
        audience.names.push(platform.to_string());
        for model in models.iter().filter(|model| platform_of(model).is_some()) {
            // Two models of one name: the platform's own file is right for both.
            named
                .entry(format!("{platform}-{}", model_name(model)))
                .or_insert_with(Vec::new)
                .push((platform.clone(), (*model).clone()));
        }
    }
    let everybody = everybody(&classes, models, os);
    let of_models = named.into_iter().filter(|(_, members)| members.len() == 1);
    let of_models = of_models.map(|(name, members)| Audience {
        members,
        names: vec![name],
        os,
    });
    let mut all: Vec<Audience> = of_models.collect();
    all.extend(classes.into_values());
    all.push(everybody);
    all.sort_by(|a, b| a.names.cmp(&b.names));
    all
}

/// What decides which builds cover a platform's devices.
type Class<'a> = (Vec<Option<Fit>>, Option<Os>, Vec<&'a String>);

/// Returns everything that released builds name as a platform.
fn values(snapshot: &Snapshot) -> BTreeSet<Arch> {
    let is_released = |build: &&Build| build.doc.channel != Channel::Staged;
    let builds = snapshot.builds().map(|(_, _, build)| build);
    let builds = builds.filter(is_released);
    builds
        .flat_map(|build| build.doc.arch.iter().chain(&build.doc.exclude_arch))
        .cloned()
        .collect()
}

/// Returns what devices with `os` may report as their platform: all that are known, and those that builds name.
fn platforms(values: &BTreeSet<Arch>, os: Os) -> BTreeSet<Arch> {
    let is_platform = |arch: &&Arch| !arch.is_noarch() && !arch.is_family() && arch.os().is_none();
    let unknown = values.iter().filter(is_platform).cloned();
    let known = Arch::known().filter(|arch| arch.os() == Some(os));
    known.chain(unknown).collect()
}

fn fits(platform: &Arch, values: &BTreeSet<Arch>) -> Vec<Option<Fit>> {
    values.iter().map(|value| value.covers(platform)).collect()
}

/// A model that no build names is one member, each that is named another.
fn members(platform: &Arch, models: &[&String]) -> Vec<(Arch, String)> {
    let named = models.iter().map(|model| (*model).clone());
    std::iter::once(String::new())
        .chain(named)
        .map(|model| (platform.clone(), model))
        .collect()
}

/// What fits a device of which nothing is known, and one of each class.
fn everybody(
    classes: &BTreeMap<Class<'_>, Audience>,
    models: &BTreeSet<String>,
    os: Os,
) -> Audience {
    let noarch: Arch = NOARCH.parse().expect("a valid platform");
    let mut members = members(&noarch, &models.iter().collect::<Vec<_>>());
    members.extend(classes.values().flat_map(|class| class.members.clone()));
    Audience {
        members,
        names: vec![NOARCH.to_owned()],
        os,
    }
}

/// Says whether a device of `platform` may report `model`: what does not name a platform may be anybody's.
fn is_of(model: &str, platform: &Arch) -> bool {
    match platform_of(model) {
        Some(of) => of.canonical() == platform.canonical(),
        None => true,
    }
}

/// Returns the platform that `synology_<platform>_<model>` names.
fn platform_of(model: &str) -> Option<Arch> {
    // Platforms may have a `_` themselves; models have none.
    let (platform, _) = model.strip_prefix("synology_")?.rsplit_once('_')?;
    platform.parse().ok()
}

/// Returns the model as it can be typed: `918plus` for `synology_apollolake_918+`.
fn model_name(model: &str) -> String {
    let name = model.rsplit('_').next().unwrap_or(model);
    let name = name.replace('+', "plus");
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.chars().filter(|c| is_plain(*c)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::catalog::named_models;
    use crate::catalog::testing::{BUILD, snapshot};
    use crate::model::doc::{BuildDoc, Text};

    fn build(arch: &[&str], models: &[&str]) -> BuildDoc {
        let mut doc = BUILD.clone();
        doc.arch = arch
            .iter()
            .map(|arch| arch.parse().expect("valid"))
            .collect();
        doc.model = models.iter().map(|model| (*model).to_owned()).collect();
        doc
    }

    fn audiences_of(builds: Vec<BuildDoc>) -> Vec<Audience> {
        let releases = vec![("1.0-1".to_owned(), builds, Text::default())];
        let snapshot = snapshot(&BTreeMap::from([("a".to_owned(), releases)]), "same-major");
        audiences(&snapshot, Os::Dsm, &named_models(&snapshot))
    }

    fn class_of<'a>(audiences: &'a [Audience], name: &str) -> &'a Audience {
        let mut audiences = audiences.iter();
        let named = audiences.find(|audience| audience.names.iter().any(|known| known == name));
        named.unwrap_or_else(|| panic!("nobody is called {name}"))
    }

    #[test]
    fn platforms_that_builds_do_not_tell_apart_are_one_audience() {
        let audiences = audiences_of(vec![
            build(&["x86_64", "avoton"], &[]),
            build(&["moonlake"], &[]),
        ]);
        let x86 = &class_of(&audiences, "apollolake").names;
        assert!(x86.contains(&"geminilake".to_owned()), "{x86:?}");
        assert_eq!(class_of(&audiences, "avoton").names, ["avoton"]);
        assert_eq!(class_of(&audiences, "moonlake").names, ["moonlake"]);
        assert_eq!(class_of(&audiences, "noarch").names, ["noarch"]);
        let mut all = audiences.iter().flat_map(|audience| &audience.names);
        assert!(!all.any(|name| name == "x86_64" || name == "cypress"));
    }

    #[test]
    fn model_that_a_build_names_has_a_file_and_counts_for_its_platform() {
        let audiences = audiences_of(vec![build(&["x86_64"], &["synology_apollolake_918+", "x"])]);
        let model = class_of(&audiences, "apollolake-918plus");
        assert_eq!(model.members.len(), 1);
        let platform = class_of(&audiences, "apollolake");
        let models: Vec<&str> = platform.members.iter().map(|(_, model)| &**model).collect();
        assert_eq!(models, ["", "synology_apollolake_918+", "x"]);
        assert_eq!(class_of(&audiences, "avoton").members.len(), 2);
    }
}
