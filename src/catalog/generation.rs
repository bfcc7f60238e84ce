//! The keys of an entry that only some generations of DSM know.
//!
//! Whether DSM reads a key follows from the version since which the developer guide has the key of INFO that it comes
//! from ("INFO optional fields"): `startable`, `install_reboot` and `start_dep_services` since 3.2-1922, `conf/PKG_DEPS`
//! since 4.2-3160, `thirdparty` from 4.0 to 4.3, `silent_…` and `install_type` since 5.0-4458, `auto_upgrade_from` since
//! 5.2-5565, `install_on_cold_storage` since 7.0-40726.
//!
//! `price`, `category`, `subcategory` and `type` come from no INFO. Sources made for DSM before 6 (sspks, ArxOne) send the
//! number 0 for each. Synology's own list for DSM 6.2 has `price` null, `category` a list of names, `type` 0 and no
//! `subcategory`, and says of each entry whether it is a security version or not rolled out yet; nothing here has a
//! category, is rolled out in steps or is a security version by the source's word. What the lists for DSM 7 and for SRM
//! have is not known, so nothing of the kind is sent there.
//!
//! What spkrepo sends every device (`startable`, `deppkgs`, `conflictpkgs` and the texts) is not here.

use serde::Serialize;
use serde_json::Value;

use super::device::Device;
use super::entry::filled;
use crate::model::doc::{Install, PackageBounds};
use crate::model::os_version::Os;

/// The keys, in the order in which they are sent; those that the device's DSM does not know are left out.
#[derive(Debug, Default, Serialize)]
pub(super) struct Generation<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depsers: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conf_deppkgs: Option<&'a Bounds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conf_conxpkgs: Option<&'a Bounds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_install: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_upgrade: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silent_uninstall: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_upgrade_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    install_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    install_reboot: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    install_on_cold_storage: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subcategory: Option<u8>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thirdparty: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_security_version: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_rolling: Option<bool>,
}

/// The builds of DSM at which what an entry says may change, besides the first of a version: keys that are known from then on.
pub(super) const FIRST_BUILDS: [u32; 5] = [
    since::DSM_3_2,
    since::DSM_4_2,
    since::DSM_5_0,
    since::DSM_5_2,
    since::COLD_STORAGE,
];

type Bounds = std::collections::BTreeMap<String, PackageBounds>;

/// Builds of DSM since which keys are known.
mod since {
    pub(super) const DSM_3_2: u32 = 1922;
    pub(super) const DSM_4_2: u32 = 3160;
    pub(super) const DSM_5_0: u32 = 4458;
    pub(super) const DSM_5_2: u32 = 5565;
    pub(super) const COLD_STORAGE: u32 = 40726;
}

impl<'a> Generation<'a> {
    /// Returns what `device` is told of `install`. A router counts by its build number, as for the answer's shape.
    pub(super) fn of(install: &'a Install, device: &Device) -> Self {
        let build = device.version.build.unwrap_or(0);
        let text = |since: u32, text: &'a Option<String>| {
            filled(text.as_deref()).filter(|_| build >= since)
        };
        let flag = |since: u32, flag: Option<bool>| flag.filter(|_| build >= since);
        let bounds = |bounds: &'a Bounds| {
            Some(bounds).filter(|bounds| build >= since::DSM_4_2 && !bounds.is_empty())
        };
        Self {
            start: (build >= since::DSM_3_2).then_some(install.startable != Some(false)),
            depsers: text(since::DSM_3_2, &install.start_dep_services),
            conf_deppkgs: bounds(&install.conf_deppkgs),
            conf_conxpkgs: bounds(&install.conf_conxpkgs),
            silent_install: flag(since::DSM_5_0, install.silent_install),
            silent_upgrade: flag(since::DSM_5_0, install.silent_upgrade),
            silent_uninstall: flag(since::DSM_5_0, install.silent_uninstall),
            auto_upgrade_from: text(since::DSM_5_2, &install.auto_upgrade_from),
            install_type: text(since::DSM_5_0, &install.install_type),
            install_reboot: flag(since::DSM_3_2, install.install_reboot),
            install_on_cold_storage: flag(since::COLD_STORAGE, install.install_on_cold_storage),
            ..Self::of_the_list(install, device)
        }
    }

    /// Says whether two devices are told different things of `install`.
    pub(super) fn differs(install: &Install, one: &Device, other: &Device) -> bool {
        let told = |device| serde_json::to_string(&Generation::of(install, device));
        told(one).ok() != told(other).ok()
    }

    /// Returns the keys of Synology's own lists that say the same of everything here.
    fn of_the_list(install: &Install, device: &Device) -> Self {
        match (device.os, device.version.major) {
            (Os::Dsm, 6) => Self {
                price: Some(Value::Null),
                category: Some(Value::Array(Vec::new())),
                kind: Some(0),
                is_security_version: Some(false),
                ignore_rolling: Some(false),
                ..Self::default()
            },
            (Os::Dsm, major @ 0..6) => Self {
                price: Some(Value::from(0)),
                category: Some(Value::from(0)),
                subcategory: Some(0),
                kind: Some(0),
                // What is not from Synology is a third party's, whether INFO repeats it or not.
                thirdparty: (major == 4).then_some(install.thirdparty != Some(false)),
                ..Self::default()
            },
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::device;
    use super::*;
    use crate::model::channel::Channel;

    /// Returns what a device is told of a package that states everything.
    fn told(arch: &str, build: &str) -> Value {
        let install: Install = toml::from_str(
            "start_dep_services='ssh'\nauto_upgrade_from='1.0'\ninstall_type='system'\nsilent_install=true\n\
             silent_upgrade=true\nsilent_uninstall=true\ninstall_reboot=true\ninstall_on_cold_storage=true\n\
             thirdparty=true\nstartable=false\n[conf_deppkgs.a]\npkg_min_ver='1'\n[conf_conxpkgs.b]\n",
        )
        .expect("valid");
        let device = device(&[("arch", arch), ("build", build)], Channel::Stable);
        serde_json::to_value(Generation::of(&install, &device)).expect("JSON")
    }

    /// Returns the keys that a device is told, in their order.
    fn keys(arch: &str, build: &str) -> String {
        let told = told(arch, build);
        let keys: Vec<&str> = told
            .as_object()
            .expect("an object")
            .keys()
            .map(String::as_str)
            .collect();
        keys.join(" ")
    }

    #[test]
    fn each_key_is_told_from_the_build_on_that_knows_it() {
        let is_told = |build: &str, key: &str| told("avoton", build).get(key).is_some();
        for (key, before, first) in [
            ("start", "1921", "1922"),
            ("depsers", "1921", "1922"),
            ("install_reboot", "1921", "1922"),
            ("conf_deppkgs", "3159", "3160"),
            ("conf_conxpkgs", "3159", "3160"),
            ("silent_install", "4457", "4458"),
            ("silent_upgrade", "4457", "4458"),
            ("silent_uninstall", "4457", "4458"),
            ("install_type", "4457", "4458"),
            ("auto_upgrade_from", "5564", "5565"),
            ("install_on_cold_storage", "40725", "40726"),
        ] {
            assert!(!is_told(before, key), "{key} {before}");
            assert!(is_told(first, key), "{key} {first}");
            assert!(is_told("99999", key), "{key}");
        }
    }

    #[test]
    fn what_synologys_lists_have_has_the_type_of_each_generation() {
        let dsm6 = told("avoton", "25556");
        assert_eq!(dsm6["price"], Value::Null);
        assert!(dsm6.as_object().expect("an object").contains_key("price"));
        assert_eq!(dsm6["category"], json!([]));
        assert_eq!(dsm6["type"], 0);
        assert_eq!(dsm6["is_security_version"], false);
        assert_eq!(dsm6["ignore_rolling"], false);
        for build in ["1594", "2636", "3776", "4458", "5565"] {
            let old = told("avoton", build);
            for key in ["price", "category", "subcategory", "type"] {
                assert_eq!(old[key], 0, "{build} {key}");
            }
        }
        let lists = "category ignore_rolling is_security_version price subcategory thirdparty type";
        for (arch, build) in [("avoton", "64570"), ("cypress", "9193")] {
            let keys = keys(arch, build);
            for key in lists.split(' ') {
                assert!(
                    !keys.split(' ').any(|known| known == key),
                    "{arch} {build} {key}"
                );
            }
        }
    }

    #[test]
    fn only_dsm_4_is_told_who_made_it() {
        for (build, expected) in [
            ("2031", None),
            ("2265", Some(true)),
            ("4244", Some(true)),
            ("4458", None),
            ("64570", None),
        ] {
            let told = told("avoton", build);
            assert_eq!(
                told.get("thirdparty").and_then(Value::as_bool),
                expected,
                "{build}"
            );
        }
        let silent = Install::default();
        let dsm4 = device(&[("arch", "avoton"), ("build", "3776")], Channel::Stable);
        assert_eq!(Generation::of(&silent, &dsm4).thirdparty, Some(true));
    }

    #[test]
    fn what_is_not_stated_is_not_told() {
        let silent = Install::default();
        let dsm7 = device(&[("arch", "avoton"), ("build", "64570")], Channel::Stable);
        let told = serde_json::to_string(&Generation::of(&silent, &dsm7)).expect("JSON");
        assert_eq!(told, r#"{"start":true}"#);
        assert_eq!(
            keys("avoton", "64570"),
            "start depsers conf_deppkgs conf_conxpkgs silent_install silent_upgrade silent_uninstall \
             auto_upgrade_from install_type install_reboot install_on_cold_storage"
        );
    }
}
