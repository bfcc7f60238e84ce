//! What jdel/sspks answered over the main corpus, asked of this program: each difference has a reason.
//!
//! Its answers are not JSON wherever a text has a quote, so of each entry only what comes before the texts is read, and
//! the link after them.

use std::collections::{BTreeMap, HashMap};

use crate::support::replay::{
    Differences, Known, Reason, Record, file_of, known, oracle, records, revision, serve_corpus,
};
use crate::support::server::Server;

/// A reason without an id is a rule that no record here needs.
const REASONS: &[Reason] = &[
    (
        "body: not JSON",
        "accept_gzip",
        "sspks takes the escapes out of its JSON: any quote in a text ends it",
    ),
    (
        "offer: another build of the version",
        "beta_x86_64_64570",
        "of several that fit, the one for the newest DSM is offered, not the first that is read",
    ),
    (
        "offer: beta of INFO",
        "accept_gzip",
        "who is offered a build says its channel here, not a mark in INFO; all were added to `stable`",
    ),
    (
        "offer: not for this DSM",
        "beta_x86_64_24922",
        "sspks tells DSM 7 from older ones and no more, and takes SRM's bounds for DSM's",
    ),
    (
        "offer: nothing for what it does not know",
        "beta_uppercase",
        "an unknown channel, `BETA`, or no major version: tolerated here",
    ),
    (
        "offer: one platform, two codes",
        "m_88f628x_5644",
        "88f6281, 88f6282 and 88f628x are one",
    ),
    (
        "offer: order of versions",
        "accept_gzip",
        "sspks reads 1.9-12 as 1.9.12, newer than 1.9.2-14",
    ),
    ("status: HEAD", "", "HEAD works"),
    ("status: OPTIONS", "", "answered with what is allowed"),
    (
        "status: entity tag",
        "if_none_match_star",
        "304: the catalog has an entity tag here",
    ),
    (
        "status: no build number",
        "build_odd_0",
        "a build that is missing or no number (negative, digits of other scripts) is said, not taken for 0",
    ),
    (
        "status: no parameters",
        "post_empty",
        "a probe of Package Center gets an empty catalog",
    ),
    ("status: no platform", "", "what the device lacks is said"),
    (
        "status: no such platform",
        "",
        "no platform has such a name",
    ),
    (
        "status: odd numbers",
        "",
        "a number that cannot be a version counts as missing",
    ),
    ("status: other methods", "", "405: the catalog is read"),
];

#[derive(Debug)]
struct Entry {
    file: String,
    version: String,
}

#[test]
fn every_difference_to_sspks_has_a_reason() {
    let Some(oracle) = oracle() else {
        return;
    };
    let (_sandbox, server) = serve_corpus(&oracle);
    let known = known(&oracle);
    let mut differences = Differences::default();
    for record in records(&oracle, "sspks/catalog.jsonl.gz") {
        replay(&mut differences, &server, &known, &record);
    }
    differences.have_reasons(REASONS);
}

fn replay(
    differences: &mut Differences,
    server: &Server,
    known: &HashMap<String, Known>,
    record: &Record,
) {
    differences.begin(record);
    let answer = record.replay(server);
    let (theirs, ours) = (record.status(), u64::from(answer.status));
    let name = match record.status_reason(theirs, ours) {
        Some(reason) => reason.to_owned(),
        None => format!("status: {}", record.id()),
    };
    differences.compare(&name, record.id(), &theirs, &ours);
    let has_body = ["GET", "POST"].contains(&record.method());
    if theirs != 200 || ours != 200 || !has_body {
        return;
    }
    let ours: serde_json::Value = answer.json();
    let ours = ours.get("packages").unwrap_or(&ours);
    let ours = ours.as_array().expect("a list").iter().map(|entry| {
        let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
        (
            text("package"),
            (
                text("version"),
                text("md5"),
                entry.get("report_url").is_some(),
            ),
        )
    });
    let ours: BTreeMap<_, _> = ours.collect();
    let theirs = entries(record.body());
    if serde_json::from_str::<serde_json::Value>(record.body()).is_err() {
        differences.note("body: not JSON", || record.id().to_owned());
    }
    let device = device(record);
    for (package, entry) in &theirs {
        let id = format!("{}: {package} {entry:?}", record.id());
        let runs = known[&entry.file].runs_on(device.major, device.build);
        let name = match ours.get(package) {
            Some((_, md5, _)) if *md5 == known[&entry.file].md5 => continue,
            _ if !runs => "offer: not for this DSM",
            Some((_, _, true)) if !device.beta => "offer: beta of INFO",
            Some((version, md5, _)) if *version == entry.version => {
                let ours = known.values().find(|spk| spk.md5 == *md5);
                let ours = ours.expect("an SPK of the corpus");
                assert!(ours.minimum() >= known[&entry.file].minimum(), "{id}");
                "offer: another build of the version"
            }
            Some((version, ..)) if revision(version) > revision(&entry.version) => {
                "offer: order of versions"
            }
            Some(_) => "offer: another version",
            None => "offer: fits, left out",
        };
        differences.note(name, || format!("{id} ours {:?}", ours.get(package)));
    }
    let mut unknown = ours
        .iter()
        .filter(|(package, _)| !theirs.contains_key(*package));
    for (package, (version, _, is_beta)) in &mut unknown {
        let name = match is_beta {
            _ if theirs.is_empty() => "offer: nothing for what it does not know",
            true if !device.beta => "offer: beta of INFO",
            _ if device.arch.starts_with("88f628") => "offer: one platform, two codes",
            _ => "offer: more",
        };
        differences.note(name, || format!("{}: {package} {version}", record.id()));
    }
}

struct Device {
    arch: String,
    beta: bool,
    build: u32,
    major: u32,
}

fn device(record: &Record) -> Device {
    let number = |name| {
        record
            .parameter(name)
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    };
    Device {
        arch: record.parameter("arch").unwrap_or_default(),
        beta: record.parameter("package_update_channel").as_deref() == Some("beta"),
        build: number("build"),
        major: number("major"),
    }
}

/// Reads `{"package":"…","version":"…"` and the link of each entry.
fn entries(body: &str) -> BTreeMap<String, Entry> {
    let entries = body.split("{\"package\":\"").skip(1).map(|entry| {
        let (package, rest) = entry.split_once('"').expect("a name");
        let file = file_of(between(rest, "\"link\":\"", "\"")).to_owned();
        let version = between(rest, "\"version\":\"", "\"").to_owned();
        (package.to_owned(), Entry { file, version })
    });
    entries.collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).expect("the key");
    rest.split_once(end).expect("an end").0
}
