//! SynoCommunity's spkrepo.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::compare::{Comparison, Difference, entries};
use super::known::{Known, check};
use super::recorded::{Recorded, recorded};
use super::{corpus, recordings};
use crate::support::digest::md5;
use crate::support::server::Server;
use crate::support::tar::Content;

const VERSION_ORDER: &str = "versions are ordered by all their parts, as DSM orders them when it looks for updates; by the \
    number after the last `-` alone, 1.5-10 would hide 2.0-1";
const BACKSLASH: &str =
    "a backslash before a quotation mark is an escape of INFO and no part of the text";
const PAGES: &str = "a client that is not clearly a browser is answered in JSON, and no redirection leads to a page";

fn any(_: &Difference) -> bool {
    true
}

fn ours_is_newer(difference: &Difference) -> bool {
    parts(&difference.ours) > parts(&difference.theirs)
}

/// The numbers and words of a version; words come before numbers.
fn parts(version: &str) -> (Vec<(bool, u64, String)>, u64) {
    let (feature, revision) = version.rsplit_once('-').expect("a version with a revision");
    let words = feature.split(|letter: char| !letter.is_ascii_alphanumeric());
    let runs = words.flat_map(|word| {
        word.as_bytes()
            .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
    });
    let part = |run: &[u8]| {
        let text = String::from_utf8_lossy(run).into_owned();
        match text.parse() {
            Ok(number) => (true, number, String::new()),
            Err(_) => (false, 0, text),
        }
    };
    (
        runs.map(part).collect(),
        revision.parse().expect("a number"),
    )
}

fn theirs_keeps_backslashes(difference: &Difference) -> bool {
    let unescaped = |text: &str| text.replace(r#"\\\""#, r#"\""#);
    unescaped(&difference.theirs) == difference.ours
}

fn theirs_is(difference: &Difference, value: &str) -> bool {
    difference.theirs == value
}

const BOTH: [Known; 1] = [Known {
    ids: "*",
    what: "version",
    packages: "*",
    holds: ours_is_newer,
    reason: VERSION_ORDER,
}];

const MAIN: [Known; 13] = [
    Known {
        ids: "*",
        what: "changelog desc",
        packages: "*",
        holds: theirs_keeps_backslashes,
        reason: BACKSLASH,
    },
    Known {
        ids: "*",
        what: "conf_conxpkgs conf_deppkgs",
        packages: "*",
        holds: |difference| theirs_is(difference, "absent"),
        reason: "DSM reads the ranges of conf/PKG_DEPS and PKG_CONX here",
    },
    Known {
        ids: "nomajor_srm_9193",
        what: "extra",
        packages: "*",
        holds: any,
        reason: "a router's platform tells that it runs SRM, also when it does not say major=1",
    },
    Known {
        ids: "srm_northstarplus_6931 srm_northstarplus_9193",
        what: "missing",
        packages: "*",
        holds: |difference| difference.theirs.contains(".f1594%5Bnoarch%5D"),
        reason: "a router is offered builds for SRM only, not those for DSM 3.1",
    },
    Known {
        ids: "major_negative",
        what: "extra",
        packages: "*",
        holds: any,
        reason: "no system has a major version below 1: the build number tells it",
    },
    Known {
        ids: "major_5_build_7",
        what: "build",
        packages: "*",
        holds: |difference| difference.theirs.contains(".f4"),
        reason: "a device that says major=5 is not offered builds for DSM 7, whatever build it says besides",
    },
    Known {
        ids: "bad_arch arch_plus_space bad_language_empty bad_language_upper bad_utf8_language nomajor_below_all",
        what: "status",
        packages: "*",
        holds: |difference| theirs_is(difference, "422") && difference.ours == "200",
        reason: "platforms, languages and builds that are not known work by rule",
    },
    Known {
        ids: "missing_language_accept_html missing_language_accept_json",
        what: "status",
        packages: "*",
        holds: |difference| difference.ours == "200",
        reason: "without a language, texts are in English",
    },
    Known {
        ids: "bad_arch_empty build_odd_1 build_odd_2",
        what: "status",
        packages: "*",
        holds: |difference| theirs_is(difference, "422") && difference.ours == "400",
        reason: "a request that is not Package Center's is a bad request, whether a parameter is empty or missing",
    },
    Known {
        ids: "build_odd_4 build_odd_10",
        what: "status",
        packages: "*",
        holds: |difference| theirs_is(difference, "200") && difference.ours == "400",
        reason: "what Python's `int` takes (`4_2661`, digits of other scripts) is no build number",
    },
    Known {
        ids: "missing_arch_* missing_build_*",
        what: "status",
        packages: "*",
        holds: |difference| theirs_is(difference, "302") && difference.ours == "400",
        reason: PAGES,
    },
    Known {
        ids: "no_params",
        what: "status",
        packages: "*",
        holds: |difference| difference.ours == "200",
        reason: "DSM's probe when a source is added may lack all parameters and must read a catalog",
    },
    Known {
        ids: "if_none_match_star",
        what: "status",
        packages: "*",
        holds: |difference| difference.ours == "304",
        reason: "the catalog has an entity tag",
    },
];

const DATA: [Known; 3] = [
    Known {
        ids: "front_root",
        what: "type content-length body",
        packages: "*",
        holds: any,
        reason: PAGES,
    },
    Known {
        ids: "front_admin",
        what: "status",
        packages: "*",
        holds: |difference| difference.ours == "404",
        reason: "the source is administered in git: there is nothing to sign in to",
    },
    Known {
        ids: "nul traversal_slash_enc",
        what: "status",
        packages: "*",
        holds: |difference| theirs_is(difference, "404") && difference.ours == "400",
        reason: "a path that could mean another file is refused before anything is looked for",
    },
];

const EDGE: [Known; 15] = [
    Known {
        ids: "*",
        what: "desc",
        packages: "text-specials",
        holds: theirs_keeps_backslashes,
        reason: BACKSLASH,
    },
    Known {
        ids: "*",
        what: "conflictpkgs deppkgs",
        packages: "deps-empty",
        holds: |difference| theirs_is(difference, "\"\"") && difference.ours == "null",
        reason: "an empty list of packages is none",
    },
    Known {
        ids: "*",
        what: "download_count recent_download_count",
        packages: "counts",
        holds: |difference| difference.ours == "0",
        reason: "downloads are not counted",
    },
    Known {
        ids: "*",
        what: "startable",
        packages: "qm-start-null",
        holds: |difference| theirs_is(difference, "absent"),
        reason: "only a change of the original's database makes it unknown: INFO's default is yes",
    },
    Known {
        ids: "*",
        what: "support_url",
        packages: "deps-full",
        holds: |difference| theirs_is(difference, "absent"),
        reason: "Package Center shows it",
    },
    Known {
        ids: "*",
        what: "beta",
        packages: "betaflag",
        holds: |difference| theirs_is(difference, "absent"),
        reason: "a package says that it is a beta by INFO's `beta` too",
    },
    Known {
        ids: "*",
        what: "twice",
        packages: "both inact-native",
        holds: any,
        reason: "a package is listed once, by its closest platform",
    },
    Known {
        ids: "recorded_link",
        what: "status",
        packages: "inact-native",
        holds: |difference| theirs_is(difference, "200") && difference.ours == "404",
        reason: "the original lists and hands out a build that is switched off beside one that is not",
    },
    Known {
        ids: "*",
        what: "build",
        packages: "srmdsm",
        holds: |difference| difference.theirs.contains(".f7742"),
        reason: "a device with DSM is not offered builds for SRM",
    },
    Known {
        ids: "srm_7742 srm_9193",
        what: "missing",
        packages: "noarch30 noarch31 mixed31 noarch-all",
        holds: any,
        reason: "a router is offered builds for SRM only, not those for DSM 3",
    },
    Known {
        ids: "srm_as_dsm",
        what: "extra",
        packages: "srmonly",
        holds: any,
        reason: "a router's platform tells that it runs SRM, also when it does not say major=1",
    },
    Known {
        ids: "*",
        what: "extra",
        packages: "noarch20",
        holds: any,
        reason: "noarch for DSM 3 serves 4 and 5, and so does noarch for DSM 2",
    },
    Known {
        ids: "beta_cedar",
        what: "extra",
        packages: "*",
        holds: |difference| difference.ours.contains("-x86_64.spk"),
        reason: "a build for the family x86_64 runs on cedarview",
    },
    Known {
        ids: "major0",
        what: "extra missing",
        packages: "*",
        holds: any,
        reason: "no system has a major version below 1: the build number tells it",
    },
    Known {
        ids: "major2",
        what: "missing",
        packages: "noarch30 noarch31 mixed31 noarch-all",
        holds: any,
        reason: "a device that says major=2 is not offered builds for DSM 3, whatever build it says besides",
    },
];

fn replay(comparison: &mut Comparison, server: &Server, requests: &[Recorded]) {
    for recorded in requests {
        let ours = recorded.ask(server);
        if ours.status >= 400 && recorded.request.method != "HEAD" {
            assert!(ours.json()["message"].is_string(), "{}", recorded.id);
        }
        comparison.catalog(recorded, &ours);
    }
}

/// Follows every link that the original handed out, by its path: the SPKs of people's lists and bookmarks.
fn follow_links(comparison: &mut Comparison, server: &Server, requests: &[Recorded]) -> usize {
    let catalogs = requests
        .iter()
        .filter_map(|recorded| recorded.response.catalog());
    let entries: Vec<Value> = catalogs
        .flat_map(|catalog| entries(&catalog).to_vec())
        .collect();
    let links: BTreeMap<&str, &Value> = entries
        .iter()
        .map(|entry| (path(&entry["link"]), entry))
        .collect();
    let mut connection = server.connect();
    for (link, entry) in &links {
        let answer = connection.get(link);
        let name = entry["package"].as_str().expect("a name");
        comparison.note(
            "recorded_link",
            name,
            "status",
            "200",
            &answer.status.to_string(),
        );
        if answer.status == 200 {
            assert_eq!(entry["size"], answer.body.len(), "{link}");
            assert_eq!(entry["md5"], md5(&Content::Bytes(answer.body)), "{link}");
        }
    }
    links.len()
}

/// Returns the path and query of a link.
fn path(link: &Value) -> &str {
    let link = link.as_str().expect("a link");
    let (_, rest) = link.split_once("://").expect("a URL");
    &rest[rest.find('/').expect("a path")..]
}

/// Gets the icons of every entry at the original's paths and at ours: the same bytes, of the width that the name says.
fn icons_are_the_same(server: &Server, requests: &[Recorded], id: &str) {
    let recorded = requests
        .iter()
        .find(|recorded| recorded.id == id)
        .expect("a request");
    let catalog = recorded.ask(server).json();
    let mut connection = server.connect();
    for entry in entries(&catalog) {
        let name = entry["package"].as_str().expect("a name");
        let (_, revision) = entry["version"]
            .as_str()
            .and_then(|version| version.rsplit_once('-'))
            .expect("a revision");
        for link in entry["thumbnail"].as_array().expect("a list") {
            let own = path(link);
            let (_, file) = own.rsplit_once('/').expect("a path");
            let icon = connection.get(own).status(200).body;
            let theirs = connection
                .get(&format!("/nas/{name}/{revision}/{file}"))
                .status(200);
            assert!(icon == theirs.body, "{own}");
            let width = u32::from_be_bytes(icon[16..20].try_into().expect("a PNG"));
            assert_eq!(file, format!("icon_{width}.png"));
        }
    }
}

fn requests(recordings: &Path, name: &str) -> Vec<Recorded> {
    recorded(&recordings.join("spkrepo").join(name))
}

#[test]
fn the_main_corpus_is_answered_as_the_original_answers() {
    let Some(recordings) = recordings() else {
        return;
    };
    let sandbox = corpus::main(&recordings);
    let server = Server::start(&sandbox, "");
    let catalogs = requests(&recordings, "catalog.jsonl.gz");
    let mut comparison = Comparison::default();
    replay(&mut comparison, &server, &catalogs);
    assert!(comparison.entries > 1900, "{} entries", comparison.entries);
    assert!(follow_links(&mut comparison, &server, &catalogs) > 600);
    icons_are_the_same(&server, &catalogs, "m_x86_64_42661");
    for recorded in requests(&recordings, "data.jsonl.gz") {
        comparison.file(&recorded, &recorded.ask(&server));
    }
    check(
        &comparison.differences,
        BOTH.iter().chain(&MAIN).chain(&DATA),
    );
}

#[test]
fn the_edge_cases_are_answered_as_the_original_answers() {
    let Some(recordings) = recordings() else {
        return;
    };
    let sandbox = corpus::edge(&recordings);
    let server = Server::start(&sandbox, "");
    let catalogs = requests(&recordings, "catalog_edge.jsonl.gz");
    let mut comparison = Comparison::default();
    replay(&mut comparison, &server, &catalogs);
    assert!(comparison.entries > 220, "{} entries", comparison.entries);
    assert!(follow_links(&mut comparison, &server, &catalogs) > 60);
    icons_are_the_same(&server, &catalogs, "x86_64_42661");
    check(&comparison.differences, BOTH.iter().chain(&EDGE));
}
