//! Random packages and devices: values that meet each other often, and texts of anything.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::option::{of, weighted};
use proptest::prelude::{Strategy, any};
use proptest::sample::select;

use super::{BUILD, Releases, device};
use crate::catalog::Device;
use crate::model::arch::Arch;
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, LocalText, Text};

/// Platforms, families, aliases, what nobody knows, and routers.
const VALUES: [&str; 14] = [
    "noarch",
    "x86_64",
    "armv7",
    "armv5",
    "apollolake",
    "avoton",
    "88f6281",
    "88f6282",
    "628x",
    "alpine",
    "alpine310",
    "cypress",
    "ipq806x",
    "moonlake",
];
const VERSIONS: [&str; 18] = [
    "1.0-0",
    "1.2-7742",
    "1.3-9193",
    "2.0-731",
    "3.0-1593",
    "4.3-3776",
    "5.0-4418",
    "5.1-5004",
    "6.0-7321",
    "6.0",
    "6.1-15047",
    "6.2-23739",
    "7.0-40000",
    "7.1-42661",
    "7.2-64570",
    "7.2",
    "7.3-81000",
    "7.4",
];
const MODELS: [&str; 4] = [
    "synology_apollolake_918+",
    "SYNOLOGY_avoton_415+",
    "synology_88f6281_211j",
    "synology_cypress_rt1900ac",
];
const BUILDS: [&str; 14] = [
    "732", "1593", "3776", "4458", "5004", "7742", "9193", "9366", "15047", "25556", "40000",
    "42661", "64570", "99999",
];
pub(crate) const LANGUAGES: [&str; 4] = ["", "enu", "fre", "ger"];

fn values() -> impl Strategy<Value = Arch> {
    select(&VALUES[..]).prop_map(|value| value.parse().expect("a valid platform"))
}

fn models() -> impl Strategy<Value = BTreeSet<String>> {
    let some = btree_set(select(&MODELS[..]).prop_map(str::to_owned), 1..3);
    weighted(0.15, some).prop_map(Option::unwrap_or_default)
}

/// Any UTF-8, also what JSON must escape.
fn words() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(|letters| letters.into_iter().collect())
}

/// Returns texts in any language or none.
pub(crate) fn text() -> impl Strategy<Value = Text> {
    let local = (of(words()), of(words())).prop_map(|(displayname, description)| LocalText {
        displayname,
        description,
    });
    let languages = vec((select(&LANGUAGES[1..]), local), 0..3);
    let plain = (of(words()), of(words()), of(words()), of(words()));
    (plain, languages).prop_map(
        |((displayname, description, changelog, maintainer), languages)| Text {
            displayname,
            description,
            changelog,
            maintainer,
            languages: languages
                .into_iter()
                .map(|(language, local)| (language.to_owned(), local))
                .collect(),
            ..Text::default()
        },
    )
}

fn yanked<T: serde::de::DeserializeOwned>(reason: String) -> Option<T> {
    let table = toml::Table::from_iter([("reason".to_owned(), reason.into())]);
    Some(table.try_into().expect("`[yanked]` has a reason"))
}

/// Returns builds of any kind.
pub(crate) fn build() -> impl Strategy<Value = BuildDoc> {
    let version = || select(&VERSIONS[..]).prop_map(|text| text.parse().expect("a version"));
    let platforms = (
        btree_set(values(), 1..4),
        weighted(0.2, btree_set(values(), 1..3)),
    );
    let models = (models(), models());
    let range = (version(), weighted(0.3, version()));
    let channel = select(
        &[
            Channel::Stable,
            Channel::Stable,
            Channel::Stable,
            Channel::Beta,
            Channel::Staged,
        ][..],
    );
    let rest = (
        channel,
        weighted(0.15, words()),
        weighted(0.1, any::<bool>()),
    );
    (platforms, models, range, rest, weighted(0.2, text())).prop_map(
        |((arch, exclude_arch), (model, exclude_model), (minimum, maximum), rest, text)| {
            let mut doc = BUILD.clone();
            doc.arch = arch;
            doc.exclude_arch = exclude_arch.unwrap_or_default();
            doc.model = model;
            doc.exclude_model = exclude_model;
            doc.os_min_ver = minimum;
            doc.os_max_ver = maximum;
            doc.channel = rest.0;
            doc.yanked = rest.1.and_then(yanked);
            doc.install.offline_install = rest.2;
            doc.text = text.unwrap_or_default();
            doc
        },
    )
}

/// Returns some packages with some releases of some builds.
pub(crate) fn packages() -> impl Strategy<Value = BTreeMap<String, Releases>> {
    let release = (1..12_u8, vec(build(), 0..4), text())
        .prop_map(|(number, builds, text)| (format!("1.0-{number}"), builds, text));
    let name = select(&["alpha", "beta", "Gamma+", "délta d", "e"][..]).prop_map(str::to_owned);
    let packages = vec((name, vec(release, 0..4)), 0..5);
    packages.prop_map(|packages| packages.into_iter().collect())
}

/// Returns the setting that says which lines of DSM are walls, and whether it is the strict one.
pub(crate) fn compatibility() -> impl Strategy<Value = (&'static str, bool)> {
    select(&[("same-major", true), ("dsm7-boundary", false)][..])
}

/// Returns the parameters of a request of Package Center, in their order.
pub(crate) fn parameters() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let major = select(&["", "", "1", "3", "5", "6", "7"][..]);
    let unique = select(&["", MODELS[0], MODELS[1], MODELS[2], MODELS[3]][..]);
    let channel = select(&["", "stable", "beta"][..]);
    let language = select(&LANGUAGES[..]);
    let platform = select(&VALUES[1..]);
    (
        platform,
        select(&BUILDS[..]),
        major,
        unique,
        channel,
        language,
    )
        .prop_map(|(arch, build, major, unique, channel, language)| {
            vec![
                ("arch", arch),
                ("build", build),
                ("major", major),
                ("unique", unique),
                ("package_update_channel", channel),
                ("language", language),
            ]
        })
}

/// Returns any device, at the source's own address or at that of betas.
pub(crate) fn devices() -> impl Strategy<Value = Device> {
    let channel = select(&[Channel::Stable, Channel::Beta][..]);
    (parameters(), channel).prop_map(|(parameters, channel)| device(&parameters, channel))
}
