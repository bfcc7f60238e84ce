//! Platforms that no build tells apart, and the shortest words for a set of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::normal_unique;
use crate::model::arch::{Arch, Fit, platforms};
use crate::model::doc::BuildDoc;
use crate::model::os_version::Os;

/// Devices that each build of either side judges alike, apart from their version of the system.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// One of them.
    pub(super) arch: Arch,
    pub(super) members: Members,
    pub(super) os: Os,
    /// `synology_<platform>_<model>`, empty for all models that no build names.
    pub(super) unique: String,
}

/// Who is in a class.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Members {
    /// A model that a build names.
    Model(String),
    Platforms(BTreeSet<Arch>),
}

/// Platforms that are left out before the rest is named instead.
const FEW: usize = 3;

/// Every platform that is known or named by a build, with what it runs.
fn universe(builds: &[&BuildDoc]) -> BTreeMap<Arch, Os> {
    let mut all: BTreeMap<Arch, Os> = platforms().map(|(arch, _, os)| (arch, os)).collect();
    let covers_many = |arch: &Arch| {
        arch.is_noarch()
            || all
                .keys()
                .any(|known| arch.covers(known) == Some(Fit::Family))
    };
    let named = builds
        .iter()
        .flat_map(|doc| doc.arch.iter().chain(&doc.exclude_arch));
    let strange: Vec<Arch> = named
        .filter(|arch| !covers_many(arch) && !all.contains_key(*arch))
        .filter(|arch| {
            all.keys()
                .all(|known| known.canonical() != arch.canonical())
        })
        .cloned()
        .collect();
    all.extend(strange.into_iter().map(|arch| (arch, Os::Dsm)));
    all
}

/// Returns the classes that the builds make.
pub(super) fn classes(builds: &[&BuildDoc]) -> Vec<Class> {
    let lists: BTreeSet<(&BTreeSet<Arch>, &BTreeSet<Arch>)> = builds
        .iter()
        .map(|doc| (&doc.arch, &doc.exclude_arch))
        .collect();
    let verdict = |device: &Arch| -> Vec<(Option<Fit>, bool)> {
        let covered =
            |list: &BTreeSet<Arch>| list.iter().filter_map(|arch| arch.covers(device)).max();
        lists
            .iter()
            .map(|(arch, excluded)| (covered(arch), covered(excluded).is_some()))
            .collect()
    };
    let mut classes: BTreeMap<_, BTreeSet<Arch>> = BTreeMap::new();
    for (arch, os) in universe(builds) {
        classes
            .entry((os, verdict(&arch)))
            .or_default()
            .insert(arch);
    }
    let platforms = classes.into_iter().filter_map(|((os, _), members)| {
        Some(Class {
            arch: members.first()?.clone(),
            members: Members::Platforms(members),
            os,
            unique: String::new(),
        })
    });
    platforms.chain(models(builds)).collect()
}

/// Returns a class for each model that a build names: `synology_<platform>_<model>`.
fn models(builds: &[&BuildDoc]) -> Vec<Class> {
    let named = builds
        .iter()
        .flat_map(|doc| doc.model.iter().chain(&doc.exclude_model));
    let named: BTreeSet<String> = named.map(|model| normal_unique(model)).collect();
    let class = |unique: String| {
        let (arch, _) = unique.strip_prefix("synology_")?.rsplit_once('_')?;
        let arch: Arch = arch.parse().ok()?;
        Some(Class {
            os: arch.os().unwrap_or(Os::Dsm),
            arch,
            members: Members::Model(unique.clone()),
            unique,
        })
    };
    named.into_iter().filter_map(class).collect()
}

/// Returns the shortest words for the `chosen` of all `classes` that run `os`, with the names that the builds use first.
pub(super) fn words(
    os: Os,
    classes: &[Class],
    chosen: &[bool],
    builds: &[&BuildDoc],
) -> Vec<String> {
    let picked = || {
        classes
            .iter()
            .zip(chosen)
            .filter(|(class, is_chosen)| **is_chosen && class.os == os)
    };
    let set: BTreeSet<Arch> = picked()
        .flat_map(|(class, _)| platforms_of(&class.members))
        .cloned()
        .collect();
    let all: BTreeSet<Arch> = universe(builds)
        .into_iter()
        .filter_map(|(arch, its)| (its == os).then_some(arch))
        .collect();
    let whose = match os {
        Os::Dsm => "all platforms",
        Os::Srm => "all routers",
    };
    let mut words = Vec::new();
    let mut left = set.clone();
    if !set.is_empty() && all.len() > 2 * FEW {
        let missing: Vec<&str> = all.difference(&set).map(Arch::as_str).collect();
        if missing.len() <= FEW {
            words.push(but(whose, &missing));
            left.clear();
        }
    }
    for name in names(builds) {
        let covered: BTreeSet<&Arch> = all
            .iter()
            .filter(|arch| name.covers(arch).is_some())
            .collect();
        let missing: Vec<&str> = covered
            .iter()
            .filter(|arch| !set.contains(**arch))
            .map(|arch| arch.as_str())
            .collect();
        let is_useful = covered.iter().any(|arch| left.contains(*arch))
            && (missing.is_empty() || (missing.len() <= FEW && 2 * missing.len() < covered.len()));
        if is_useful {
            words.push(but(name.as_str(), &missing));
            left.retain(|arch| !covered.contains(arch));
        }
    }
    words.extend(left.iter().map(ToString::to_string));
    words.extend(model_words(os, classes, chosen, &set));
    words
}

/// A model is worth a word when it fares otherwise than the rest of its platform.
fn model_words(os: Os, classes: &[Class], chosen: &[bool], set: &BTreeSet<Arch>) -> Vec<String> {
    let models = classes
        .iter()
        .zip(chosen)
        .filter(|(class, _)| class.os == os);
    models
        .filter_map(|(class, is_chosen)| {
            match (&class.members, is_chosen, set.contains(&class.arch)) {
                (Members::Model(model), true, false) => Some(model.clone()),
                (Members::Model(model), false, true) => Some(format!("without {model}")),
                _ => None,
            }
        })
        .collect()
}

fn but(whole: &str, missing: &[&str]) -> String {
    if missing.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole} but {}", missing.join(" and "))
    }
}

fn platforms_of(members: &Members) -> impl Iterator<Item = &Arch> {
    match members {
        Members::Model(_) => None,
        Members::Platforms(platforms) => Some(platforms),
    }
    .into_iter()
    .flatten()
}

/// The names that may stand for platforms: those of the builds, then the families.
fn names(builds: &[&BuildDoc]) -> Vec<Arch> {
    let stated = builds
        .iter()
        .flat_map(|doc| doc.arch.iter().chain(&doc.exclude_arch));
    let mut names: Vec<Arch> = stated.filter(|arch| !arch.is_noarch()).cloned().collect();
    names.sort();
    let families: BTreeSet<Arch> = platforms()
        .flat_map(|(_, families, _)| families)
        .filter_map(|family| family.parse().ok())
        .collect();
    // A family of one platform says less than the platform.
    names.extend(
        families
            .into_iter()
            .filter(|family| family.as_str() != "i686"),
    );
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::read;

    fn build(keys: &str) -> BuildDoc {
        let text = format!(
            "channel='stable'\nos_min_ver='7.0-40000'\n{keys}\n[spk]\nfile='a.spk'\nsize=1\n\
             sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\nmd5='d41d8cd98f00b204e9800998ecf8427e'\n"
        );
        read("b.toml", text.as_bytes()).expect("a valid build")
    }

    /// Returns the words for each class of devices that run DSM, sorted.
    fn told(keys: &[&str]) -> Vec<String> {
        let builds: Vec<BuildDoc> = keys.iter().map(|keys| build(keys)).collect();
        let builds: Vec<&BuildDoc> = builds.iter().collect();
        let classes = classes(&builds);
        let dsm = (0..classes.len()).filter(|index| classes[*index].os == Os::Dsm);
        let mut told: Vec<String> = dsm
            .map(|index| {
                let chosen: Vec<bool> = (0..classes.len()).map(|other| other == index).collect();
                words(Os::Dsm, &classes, &chosen, &builds).join(", ")
            })
            .collect();
        told.sort_by_key(String::len);
        told
    }

    #[test]
    fn platforms_that_no_build_tells_apart_are_one_class() {
        assert_eq!(told(&["arch=['noarch']"]), ["all platforms"]);
        let told = told(&["arch=['x86_64']", "arch=['apollolake']"]);
        assert_eq!(told[..2], ["apollolake", "x86_64 but apollolake"]);
        assert_eq!(told.len(), 3);
    }

    #[test]
    fn what_is_left_out_is_named_when_it_is_little() {
        let told = told(&["arch=['noarch']\nexclude_arch=['avoton']"]);
        assert_eq!(told, ["avoton", "all platforms but avoton"]);
    }

    #[test]
    fn a_platform_that_nobody_has_heard_of_is_one_more() {
        assert_eq!(told(&["arch=['moonlake']"])[0], "moonlake");
    }

    #[test]
    fn models_that_are_named_are_classes_of_their_own() {
        let told = told(&["arch=['x86_64']\nexclude_model=['synology_apollolake_918+']"]);
        assert_eq!(
            told[..2],
            [
                "synology_apollolake_918+",
                "x86_64, without synology_apollolake_918+"
            ]
        );
    }
}
