//! Properties of exported catalogs, on random packages and devices.

use proptest::prelude::{Strategy, prop_oneof};
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use super::catalogs::{CatalogFile, catalogs};
use crate::catalog::testing::random::{compatibility, devices, packages};
use crate::catalog::testing::{Reason, consider, device, snapshot};
use crate::catalog::{Device, Links, answer};
use crate::model::arch::Arch;
use crate::model::os_version::Os;
use crate::repo::Snapshot;

const URL: &str = "https://example.org/a b";

/// Returns devices as they are: they report a platform and no family, their build tells their version, and their model
/// their platform.
fn real_devices() -> impl Strategy<Value = Device> {
    let builds = select(
        &[
            "732", "1593", "1922", "4457", "5003", "5004", "7320", "7321", "23739", "40000",
            "40725", "42661", "64569", "64570", "64571", "72806", "81000", "90000", "99999",
        ][..],
    );
    let platforms = select(
        &[
            "apollolake",
            "avoton",
            "88f6282",
            "alpine",
            "cypress",
            "moonlake",
        ][..],
    );
    let real = (devices(), builds, platforms).prop_map(|(mut device, build, arch)| {
        let like = self::device(&[("arch", arch), ("build", build)], device.channel);
        device.arch = like.arch;
        device.version = like.version;
        device.os = like.os;
        device
    });
    let any = devices().prop_filter("a device is of one platform", |device| {
        !device.arch.is_family() && !device.arch.is_noarch()
    });
    prop_oneof![1 => any, 3 => real].prop_map(|mut device| {
        device.language = String::new();
        let platform = format!("synology_{}_", device.arch);
        if !device.unique.starts_with(&platform) {
            device.unique = String::new();
        }
        device
    })
}

fn is_for(file: &CatalogFile<'_>, device: &Device) -> bool {
    let listed = &file.listed;
    let build = device.version.build.expect("devices tell it");
    listed.os == device.os
        && listed.channel == device.channel
        && (listed.major, listed.minor) == (device.version.major, device.version.minor)
        && (listed.first..=listed.last).contains(&build)
}

/// The name of the file that is made for this device's model alone.
fn model_name(device: &Device) -> String {
    let model = device.unique.rsplit('_').next().unwrap_or_default();
    format!("{}-{}", device.arch, model.replace('+', "plus"))
}

/// Demands that the device may have each entry, though perhaps a better one too.
fn check_fits(file: &CatalogFile<'_>, snapshot: &Snapshot, device: &Device) {
    let compatibility = snapshot.settings.catalog.compatibility;
    for offer in &file.offers {
        let considered = consider(offer.package, compatibility, device);
        let is_best = considered
            .offer
            .is_some_and(|best| std::ptr::eq(best.build, offer.build));
        let mut left_out = considered.left_out.iter();
        let reason = left_out.find(|(_, build, _)| std::ptr::eq(*build, offer.build));
        let reason = reason.map(|(_, _, reason)| reason);
        assert!(
            is_best || reason == Some(&Reason::Outranked),
            "{:?} offers {} to {device:?}: {reason:?}",
            file.listed,
            offer.build.id
        );
    }
}

#[test]
fn every_file_fits_every_device_of_its_line_and_the_closest_is_what_a_server_answers() {
    let config = Config {
        cases: 256,
        failure_persistence: None,
        ..Config::default()
    };
    let case = (
        packages(),
        compatibility(),
        proptest::collection::vec(real_devices(), 48),
    );
    let (exact, offered) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    TestRunner::new(config)
        .run(&case, |(packages, (compatibility, _), devices)| {
            let snapshot = snapshot(&packages, compatibility);
            let files: Vec<_> = catalogs(&snapshot, Links::below(URL)).collect();
            for device in &devices {
                let named = |name: &str| {
                    let of = files.iter().filter(|file| is_for(file, device));
                    of.filter(|file| file.listed.names.iter().any(|known| known == name))
                        .collect::<Vec<_>>()
                };
                let platform = named(device.arch.as_str());
                let model = named(&model_name(device));
                for file in platform.iter().chain(&model).chain(&named("noarch")) {
                    check_fits(file, &snapshot, device);
                }
                let is_alone = files.iter().all(|file| {
                    let mut names = file.listed.names.iter();
                    !names.any(|name| name.starts_with(&format!("{}-", device.arch)))
                });
                let closest = if is_alone { platform } else { model };
                let closest = closest
                    .iter()
                    .max_by_key(|file| (!file.listed.is_whole, file.listed.first));
                if let Some(file) = closest {
                    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                    let served = text(&answer(&snapshot, device, URL));
                    assert_eq!(text(&file.body), served, "{:?} {device:?}", file.listed);
                    exact.set(exact.get() + 1);
                    offered.set(offered.get() + file.offers.len());
                } else if is_alone && Arch::known().any(|known| known == device.arch) {
                    let served: serde_json::Value =
                        serde_json::from_slice(&answer(&snapshot, device, URL)).expect("JSON");
                    let packages = served.get("packages").unwrap_or(&served);
                    let is_in_a_line = device.version.build.is_some_and(|build| {
                        (6030..39_999).contains(&build)
                            || (40_000..99_999).contains(&build) && device.os == Os::Dsm
                    }) && self::device(
                        &[
                            ("arch", device.arch.as_str()),
                            ("build", &device.version.build.expect("told").to_string()),
                        ],
                        device.channel,
                    )
                    .version
                        == device.version;
                    assert!(
                        !is_in_a_line || packages.as_array().is_some_and(Vec::is_empty),
                        "no file for {device:?}, who is offered {packages}"
                    );
                }
            }
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(
        exact.get() > 300,
        "{} devices found their file",
        exact.get()
    );
    assert!(
        offered.get() > 100,
        "{} entries were compared",
        offered.get()
    );
}
