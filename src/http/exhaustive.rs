//! Every platform with every DSM in some languages and both channels; and that the way of asking does not matter.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};
use serde_json::Value;

use super::catalog_cache::CatalogCache;
use super::front::Handler as _;
use super::handler::Site;
use super::live::Live;
use super::origin::OriginRules;
use super::reply::{Body, Reply};
use super::request::{Method, Request};
use crate::blob::BlobStore;
use crate::catalog::answer;
use crate::catalog::testing::naive::Facts;
use crate::catalog::testing::random::{compatibility, devices, packages, parameters};
use crate::catalog::testing::{BUILD, Releases, device, snapshot};
use crate::git::Store;
use crate::model::channel::Channel;
use crate::model::doc::{BuildDoc, Text};
use crate::model::url_prefix::UrlPrefix;
use crate::repo::Snapshot;

const BASE_URL: &str = "http://a";
/// From DSM 2 to one that is not there yet.
const DSM: [&str; 20] = [
    "732", "1118", "1593", "1922", "2166", "2668", "3202", "3776", "4458", "5004", "5565", "7321",
    "15047", "23739", "25556", "40000", "42661", "64570", "81000", "99999",
];
const LANGUAGES: [&str; 3] = ["enu", "fre", "xyz"];
const CHANNELS: [Channel; 2] = [Channel::Stable, Channel::Beta];
const MINIMUMS: [&str; 12] = [
    "1.0-0",
    "1.2-7742",
    "3.0-1593",
    "4.3-3776",
    "5.0-4418",
    "5.2-5565",
    "6.0-7321",
    "6.2-23739",
    "7.0-40000",
    "7.1-42661",
    "7.2-64570",
    "7.3-81000",
];

fn text(name: &str) -> Text {
    let toml =
        format!("displayname = '{name}'\n[languages.fre]\ndescription = 'Ce que fait {name}'\n");
    toml::from_str(&toml).expect("valid")
}

/// Returns builds for every platform and family, and more of everything else than any real source has.
fn corpus(facts: &Facts) -> BTreeMap<String, Releases> {
    let mut values = facts.codes();
    values.extend(
        [
            "noarch",
            "x86_64",
            "armv5",
            "armv7",
            "armv8",
            "aarch64",
            "628x",
            "88f628x",
            "alpine310",
        ]
        .map(str::to_owned),
    );
    let mut packages: BTreeMap<String, Releases> = BTreeMap::new();
    for number in 0..480 {
        let package = packages
            .entry(format!("package-{:02}", number % 24))
            .or_default();
        let version = format!("1.0-{}", 1 + number / 24 % 5);
        let doc = build(number, &values);
        match package.iter_mut().find(|release| release.0 == version) {
            Some(release) => release.1.push(doc),
            None => {
                let text = text(&version);
                package.push((version, vec![doc], text));
            }
        }
    }
    packages
}

/// Returns one of `count` for the build `number`, each `question` apart from the others, and the same in every run.
fn mixed(number: usize, question: u64, count: usize) -> usize {
    let mut state = number as u64 * 31 + question + 1;
    for _ in 0..3 {
        state = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    }
    usize::try_from((state >> 32) % count as u64).expect("less than the count")
}

fn build(number: usize, values: &[String]) -> BuildDoc {
    let pick = |question, count| mixed(number, question, count);
    let value = |at: usize| values[at].parse().expect("valid");
    let any = |question| value(pick(question, values.len()));
    let mut doc = BUILD.clone();
    doc.arch = match pick(0, 4) {
        0 => [value(values.len() - 1 - pick(1, 9))].into(),
        1 => ["noarch".parse().expect("valid")].into(),
        _ => [any(2), any(3)].into(),
    };
    doc.os_min_ver = MINIMUMS[pick(4, 12)].parse().expect("valid");
    match pick(5, 12) {
        0 => doc.os_max_ver = Some("6.2-25556".parse().expect("valid")),
        1 => doc.exclude_arch = [any(6), any(7)].into(),
        2 => doc.model = ["synology_test_1+".to_owned()].into(),
        3 => doc.exclude_model = ["synology_test_1+".to_owned()].into(),
        _ => {}
    }
    doc.channel = match pick(8, 12) {
        0 => Channel::Staged,
        1..4 => Channel::Beta,
        _ => Channel::Stable,
    };
    if pick(9, 17) == 0 {
        doc.yanked = toml::from_str("reason = 'bad'").expect("valid");
    }
    doc
}

/// Returns package, version, file and description of each entry.
fn entries(body: &[u8]) -> Vec<[String; 4]> {
    let json: Value = serde_json::from_slice(body).expect("JSON");
    let entries = json
        .get("packages")
        .unwrap_or(&json)
        .as_array()
        .expect("a list");
    let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_owned();
    entries
        .iter()
        .map(|entry| {
            let link = text(entry, "link");
            let file = link.rsplit('/').next().expect("a path").to_owned();
            [
                text(entry, "package"),
                text(entry, "version"),
                file,
                text(entry, "desc"),
            ]
        })
        .collect()
}

#[test]
fn every_platform_with_every_dsm_is_answered_as_the_rules_say() {
    let facts = Facts::read();
    let snapshot = snapshot(&corpus(&facts), "same-major");
    let builds = snapshot.builds().count();
    assert!(builds > 300, "{builds}");
    let cache = CatalogCache::new(&snapshot, None);
    let codes = facts.codes();
    assert_eq!(codes.len(), 60);
    let (half, other_half) = codes.split_at(codes.len() / 2);
    let offered: usize = std::thread::scope(|threads| {
        let all = [half, other_half].map(|codes| {
            let work = || {
                codes
                    .iter()
                    .map(|code| platform(&facts, &snapshot, &cache, code))
                    .sum()
            };
            threads.spawn(work)
        });
        all.into_iter()
            .map(|thread| -> usize { thread.join().expect("equal") })
            .sum()
    });
    assert!(offered > 10_000, "the corpus offers too little: {offered}");
}

/// Compares all answers for a platform; returns how many offers there were.
fn platform(facts: &Facts, snapshot: &Snapshot, cache: &CatalogCache, code: &str) -> usize {
    let mut offered = 0;
    for (build, channel) in DSM
        .iter()
        .flat_map(|build| CHANNELS.map(|channel| (*build, channel)))
    {
        let unique = ["", "synology_test_1+"][usize::from(build.ends_with('0'))];
        let parameters = |language| {
            [
                ("arch", code),
                ("build", build),
                ("unique", unique),
                ("language", language),
            ]
        };
        let selection = facts.select(snapshot, &device(&parameters("enu"), channel), true);
        for language in LANGUAGES {
            let asked = device(&parameters(language), channel);
            let expected: Vec<[String; 4]> = selection
                .iter()
                .map(|(package, version, id)| {
                    let about = match language {
                        "fre" => format!("Ce que fait {version}"),
                        _ => String::new(),
                    };
                    [
                        package.clone(),
                        version.clone(),
                        format!("{version}_{id}.spk"),
                        about,
                    ]
                })
                .collect();
            let catalog = cache.get(snapshot, asked, BASE_URL.to_owned(), 64 << 20);
            assert_eq!(
                entries(&catalog.body),
                expected,
                "{code} {build} {channel} {language}"
            );
            offered += expected.len();
        }
    }
    offered
}

/// Returns a site that serves `snapshot`, without any files.
fn site(snapshot: Snapshot, folder: &std::path::Path) -> Site {
    Site {
        accel_redirect: None,
        catalog_cache_size: 64 << 20,
        debug_package: false,
        downloads: None,
        blobs: BlobStore::new(folder),
        checkup: Arc::default(),
        follower: None,
        hook_secret: None,
        lfs: None,
        live: Arc::new(Live::of(snapshot)),
        metrics: Arc::default(),
        origins: OriginRules {
            allowed_hosts: Vec::new(),
            listening: SocketAddr::from((Ipv4Addr::LOCALHOST, 80)),
            prefix: UrlPrefix::default(),
            trusted_proxies: Vec::new(),
        },
        store: Mutex::new(Store::init(folder, true).expect("an empty folder")),
        uploads: None,
    }
}

fn bytes(reply: Reply) -> (u16, Vec<u8>) {
    let Body::Bytes(bytes) = reply.body else {
        panic!("a catalog is made of bytes");
    };
    (reply.status, bytes.as_slice().to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_cold_and_a_warm_cache_answer_alike(
        packages in packages(), devices in proptest::collection::vec(devices(), 1..8),
    ) {
        let snapshot = snapshot(&packages, "same-major");
        let cache = CatalogCache::new(&snapshot, None);
        for _ in 0..2 {
            for device in &devices {
                let cold = answer(&snapshot, device, BASE_URL);
                let warm = cache.get(&snapshot, device.clone(), BASE_URL.to_owned(), 1 << 20);
                prop_assert!(*warm.body == *cold);
                let other = CatalogCache::new(&snapshot, None).get(&snapshot, device.clone(), BASE_URL.to_owned(), 1 << 20);
                prop_assert!(warm.tag == other.tag);
            }
        }
    }

    #[test]
    fn what_is_left_of_older_answers_makes_the_same_as_a_new_one(
        history in proptest::collection::vec((packages(), compatibility()), 2..5),
        devices in proptest::collection::vec(devices(), 1..6),
    ) {
        let mut cache: Option<CatalogCache> = None;
        // Each commit changes some packages and leaves others; not everybody asks after each.
        let mut all = BTreeMap::new();
        for (number, (packages, (compatibility, _))) in history.into_iter().enumerate() {
            all.retain(|name: &String, _| name.len() % 5 != number);
            all.extend(packages);
            let snapshot = snapshot(&all, compatibility);
            let next = CatalogCache::new(&snapshot, cache.as_ref());
            for device in devices.iter().skip(number % 2) {
                let fresh = CatalogCache::new(&snapshot, None).get(&snapshot, device.clone(), BASE_URL.to_owned(), 1 << 20);
                let renewed = next.get(&snapshot, device.clone(), BASE_URL.to_owned(), 1 << 20);
                prop_assert_eq!(&renewed.body, &fresh.body);
                prop_assert!(renewed.tag == fresh.tag);
                prop_assert!(*renewed.body == *answer(&snapshot, device, BASE_URL));
            }
            cache = Some(next);
        }
    }

    #[test]
    fn a_get_and_a_post_of_the_same_are_answered_alike(
        packages in packages(), parameters in parameters(), path in proptest::sample::select(&["/", "/beta", "/beta/"][..]),
        split in 0..6_usize,
    ) {
        let folder = tempfile::tempdir().expect("a writable folder");
        let site = site(snapshot(&packages, "same-major"), folder.path());
        let encoded = |pairs: &[(&str, &str)]| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(pairs).finish()
        };
        let get = Request::get(&format!("{path}?{}", encoded(&parameters)));
        let (query, form) = parameters.split_at(split);
        let post = Request::of(Method::Post, &format!("{path}?{}", encoded(query))).form(&encoded(form));
        let (get, post) = (bytes(site.answer(&get)), bytes(site.answer(&post)));
        prop_assert_eq!(get.0, 200);
        prop_assert_eq!(get, post);
    }
}
