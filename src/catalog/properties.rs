//! What holds for every package source and every device.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;
use serde_json::Value;

use super::device::Device;
use super::entry::answer;
use super::explain::explain;
use super::select::{Offer, offer};
use super::testing::naive::Facts;
use super::testing::random::{build, compatibility, devices, packages};
use super::testing::snapshot;
use crate::model::channel::Channel;
use crate::model::doc::{LocalText, Text};
use crate::repo::Snapshot;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1024,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Returns the entries of the answer, which must be JSON of some shape.
fn entries(snapshot: &Snapshot, device: &Device) -> Vec<Value> {
    let json = answer(snapshot, device, "http://a");
    let json: Value = serde_json::from_slice(&json).expect("the answer is JSON");
    let entries = json.get("packages").unwrap_or(&json);
    entries.as_array().expect("a list").clone()
}

/// Returns what is offered, in the order of names.
fn select<'a>(snapshot: &'a Snapshot, device: &Device) -> Vec<Offer<'a>> {
    let compatibility = snapshot.settings.catalog.compatibility;
    let packages = snapshot.packages.values();
    packages
        .filter_map(|package| offer(package, compatibility, device))
        .collect()
}

fn by_package(entries: Vec<Value>) -> BTreeMap<String, Value> {
    let name = |entry: &Value| entry["package"].as_str().expect("a name").to_owned();
    entries
        .into_iter()
        .map(|entry| (name(&entry), entry))
        .collect()
}

/// The asked language, then English, then none; what is empty does not count.
fn words<'a>(
    text: &'a Text,
    language: &str,
    of: fn(&LocalText) -> Option<&String>,
    plain: Option<&'a String>,
) -> Option<&'a str> {
    let local = |language| text.languages.get(language).and_then(of);
    let candidates = [local(language), local("enu"), plain];
    let mut filled = candidates.into_iter().flatten();
    filled.find(|text| !text.is_empty()).map(String::as_str)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_package_has_one_entry_at_most_and_it_is_the_best_that_may_be_offered(
        packages in packages(), compatibility in compatibility(), device in devices(),
    ) {
        let snapshot = snapshot(&packages, compatibility.0);
        let facts = Facts::read();
        let offers = select(&snapshot, &device);
        for offer in &offers {
            let doc = &offer.build.doc;
            prop_assert!(doc.yanked.is_none() && doc.channel != Channel::Staged);
            prop_assert!(facts.rank(offer.build, &device, compatibility.1).is_some(), "{:?}", doc);
        }
        let offers: Vec<_> = offers
            .iter()
            .map(|offer| {
                let (package, version) = (&offer.package.name, &offer.release.version);
                (package.to_string(), version.to_string(), offer.build.id.to_string())
            })
            .collect();
        let names: BTreeSet<_> = offers.iter().map(|offer| &offer.0).collect();
        prop_assert_eq!(names.len(), offers.len());
        prop_assert_eq!(&offers, &facts.select(&snapshot, &device, compatibility.1));
    }

    #[test]
    fn another_build_leaves_the_entries_of_other_packages_as_they_were(
        packages in packages(), build in build(), at in proptest::arbitrary::any::<Index>(), device in devices(),
    ) {
        let before = by_package(entries(&snapshot(&packages, "same-major"), &device));
        let mut packages = packages;
        let names: Vec<String> = packages.keys().cloned().chain(["new".to_owned()]).collect();
        let name = at.get(&names);
        let release = ("1.0-99".to_owned(), vec![build], Text::default());
        packages.entry(name.clone()).or_default().push(release);
        let mut after = by_package(entries(&snapshot(&packages, "same-major"), &device));
        let mut others = before.clone();
        others.remove(name);
        if let Some(entry) = after.remove(name) {
            let is_new = entry["version"] == "1.0-99";
            prop_assert!(is_new || before.get(name) == Some(&entry));
        } else {
            prop_assert!(!before.contains_key(name));
        }
        prop_assert_eq!(after, others);
    }

    #[test]
    fn the_answer_is_json_that_says_the_texts_whatever_they_are(
        packages in packages(), device in devices(),
    ) {
        let snapshot = snapshot(&packages, "dsm7-boundary");
        let entries = entries(&snapshot, &device);
        let offers = select(&snapshot, &device);
        prop_assert_eq!(entries.len(), offers.len());
        for (entry, offer) in entries.iter().zip(offers) {
            let text = &*offer.build.text;
            let name = words(text, &device.language, |t| t.displayname.as_ref(), text.displayname.as_ref());
            let about = words(text, &device.language, |t| t.description.as_ref(), text.description.as_ref());
            prop_assert_eq!(entry["dname"].as_str(), Some(name.unwrap_or(offer.package.name.as_str())));
            prop_assert_eq!(entry["desc"].as_str(), Some(about.unwrap_or_default()));
            let changelog = text.changelog.as_deref().filter(|text| !text.is_empty());
            prop_assert_eq!(entry.get("changelog").and_then(Value::as_str), changelog);
        }
    }

    #[test]
    fn what_is_explained_is_what_is_offered(packages in packages(), device in devices()) {
        let snapshot = snapshot(&packages, "same-major");
        let offers = select(&snapshot, &device);
        for package in snapshot.packages.values() {
            let compatibility = snapshot.settings.catalog.compatibility;
            let explanation = explain(package, compatibility, &device);
            let builds: usize = package.releases.values().map(|release| release.builds.len()).sum();
            prop_assert_eq!(explanation.builds.len(), builds);
            let told: Vec<_> = explanation.builds.iter().filter(|verdict| verdict.offered).collect();
            let offer = offers.iter().find(|offer| offer.package.name == package.name);
            prop_assert_eq!(told.len(), usize::from(offer.is_some()));
            for (verdict, offer) in told.iter().zip(offer) {
                prop_assert_eq!(&verdict.build, &offer.build.id.to_string());
                prop_assert_eq!(&verdict.version, offer.release.version.as_str());
            }
        }
    }
}
