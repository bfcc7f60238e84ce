//! What holds for every pair of package sources: nothing that a device sees is missing from the report.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, proptest};
use proptest::sample::select;

use super::{Diff, Documents, Scripts, Sides, compare, offered};
use crate::blob::BlobStore;
use crate::catalog::testing::random::{LANGUAGES, compatibility, packages};
use crate::catalog::testing::{device, snapshot};
use crate::catalog::{Device, offer, piece};
use crate::model::channel::Channel;
use crate::model::doc::PeopleDoc;
use crate::repo::Snapshot;

/// Platforms, and a model of the platform that some builds name.
const PLATFORMS: [(&str, &str); 8] = [
    ("apollolake", "synology_apollolake_918+"),
    ("apollolake", "synology_apollolake_718+"),
    ("avoton", "synology_avoton_415+"),
    ("88f6281", "synology_88f6281_211j"),
    ("88f6282", ""),
    ("cypress", "synology_cypress_rt1900ac"),
    ("alpine", ""),
    ("moonlake", ""),
];
const BUILDS: [&str; 16] = [
    "732", "1593", "3776", "4458", "5004", "5900", "7742", "9366", "15047", "23738", "23739",
    "25556", "40000", "42661", "64570", "99999",
];

/// Returns devices that say of themselves what such devices do.
fn devices() -> impl Strategy<Value = Device> {
    let channel = select(&[Channel::Stable, Channel::Beta][..]);
    let parts = (
        select(&PLATFORMS[..]),
        select(&BUILDS[..]),
        select(&LANGUAGES[..]),
        channel,
    );
    parts.prop_map(|((arch, unique), build, language, channel)| {
        let parameters = [
            ("arch", arch),
            ("build", build),
            ("unique", unique),
            ("language", language),
        ];
        device(&parameters, channel)
    })
}

fn differences(old: &Snapshot, new: &Snapshot) -> Diff {
    let people = PeopleDoc::default();
    let blobs = BlobStore::new(Path::new("/nowhere"));
    let documents = |snapshot| {
        let Snapshot { keys, settings, .. }: &Snapshot = snapshot;
        (keys.clone(), settings.clone())
    };
    let (before, after) = (documents(old), documents(new));
    let side = |(keys, settings)| Documents {
        keys,
        people: &people,
        settings,
    };
    let sides = Sides {
        old: (&old.packages, side((&before.0, &before.1))),
        new: (&new.packages, side((&after.0, &after.1))),
    };
    compare(sides, &mut Scripts::new(&blobs))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_is_offered_can_go_and_nobody_is_offered_anything_else(
        packages in packages(), rule in compatibility(), devices in vec(devices(), 24),
    ) {
        let before = snapshot(&packages, rule.0);
        let rule = before.settings.catalog.compatibility;
        for package in before.packages.values() {
            let offered = offered(package, rule);
            let mut after = (**package).clone();
            for release in after.releases.values_mut() {
                let version = release.version.clone();
                let builds = &mut std::sync::Arc::make_mut(release).builds;
                builds.retain(|id, _| offered.contains(&(&version, id)));
            }
            for device in &devices {
                let version = |package| {
                    let offer = offer(package, rule, device)?;
                    Some((offer.release.version.clone(), offer.build.id.clone()))
                };
                prop_assert_eq!(version(package), version(&after), "{:?}", device);
            }
        }
    }

    #[test]
    fn what_a_device_sees_is_told(
        old in packages(), new in packages(), rules in (compatibility(), compatibility()), device in devices(),
    ) {
        let (old, new) = (snapshot(&old, rules.0.0), snapshot(&new, rules.1.0));
        let diff = differences(&old, &new);
        let entry = |side: &Snapshot, name: &str| {
            let rule = side.settings.catalog.compatibility;
            let package = side.packages.get(name)?;
            let version = offer(package, rule, &device)?.release.version.to_string();
            Some((version, piece(package, rule, &device, "http://a")?))
        };
        for name in old.packages.keys().chain(new.packages.keys()) {
            let (before, after) = (entry(&old, name.as_str()), entry(&new, name.as_str()));
            if before == after {
                continue;
            }
            let told = diff.packages.iter().find(|package| package.package == name.as_str());
            let told = told.filter(|package| package.visible);
            prop_assert!(told.is_some(), "{} for {:?}", name, device);
            let versions = (before.map(|entry| entry.0), after.map(|entry| entry.0));
            let is_told = told.into_iter().flat_map(|package| &package.offers).any(|change| {
                (&change.from, &change.to) == (&versions.0, &versions.1)
            });
            prop_assert!(is_told, "{} {:?} for {:?}: {:?}", name, versions, device, told);
        }
    }

    #[test]
    fn a_source_does_not_differ_from_itself(packages in packages(), rule in compatibility()) {
        let side = snapshot(&packages, rule.0);
        let diff = differences(&side, &side);
        prop_assert!(!diff.visible && diff.packages.is_empty() && diff.risks.is_empty());
    }
}
