//! What SynoCommunity's spkrepo answered, when its records are beside the sources: served again, and imported.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::commits;
use super::live::FAST;
use crate::support::replay::{corpus, oracle, records};
use crate::support::sandbox::Sandbox;
use crate::support::web_source::{Asked, Told, WebSource};

/// Packages of the corpus that are offered, of 120: a debug build is slow.
const PACKAGES: usize = 24;
/// Where the recorded links lead.
const RECORDED: &str = "http://127.0.0.1:18080";

/// A recorded catalog and the device that it is for.
struct Recorded {
    arch: String,
    body: Value,
    build: u64,
    channel: String,
    major: String,
}

/// What the source says: the recorded catalogs of GET requests, without all but the first packages.
fn catalogs(oracle: &Path) -> Vec<Recorded> {
    let records = records(oracle, "spkrepo/catalog.jsonl.gz");
    let mut catalogs = Vec::new();
    for record in records
        .iter()
        .filter(|record| record.method() == "GET" && record.status() == 200)
    {
        let parameter = |name: &str| record.parameter(name).unwrap_or_default();
        let (Ok(build), Ok(body)) = (
            parameter("build").parse(),
            serde_json::from_str(record.body()),
        ) else {
            continue;
        };
        catalogs.push(Recorded {
            arch: parameter("arch"),
            body,
            build,
            channel: parameter("package_update_channel"),
            major: parameter("major"),
        });
    }
    let mut names: Vec<String> = catalogs
        .iter()
        .flat_map(|one| packages(&one.body))
        .map(name)
        .collect();
    names.sort();
    names.dedup();
    names.truncate(PACKAGES);
    for catalog in &mut catalogs {
        let list = match &mut catalog.body {
            Value::Array(list) => list,
            body => body["packages"].as_array_mut().expect("a list"),
        };
        list.retain(|entry| names.contains(&name(entry)));
    }
    catalogs
}

fn packages(body: &Value) -> impl Iterator<Item = &Value> {
    let list = body.get("packages").unwrap_or(body);
    list.as_array().into_iter().flatten()
}

fn name(entry: &Value) -> String {
    entry["package"].as_str().unwrap_or_default().to_owned()
}

/// Returns the nearest recorded answer for a device.
fn nearest<'a>(catalogs: &'a [Recorded], asked: &Asked) -> Option<&'a Recorded> {
    let parameter = |name: &str| asked.parameter(name).unwrap_or_default();
    let build: u64 = parameter("build").parse().ok()?;
    let (arch, major, channel) = (
        parameter("arch"),
        parameter("major"),
        parameter("package_update_channel"),
    );
    let same = catalogs
        .iter()
        .filter(|one| one.arch == arch && one.major == major);
    same.min_by_key(|one| (one.channel != channel, one.build.abs_diff(build)))
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a readable folder");
    let paths = entries.map(|entry| entry.expect("a readable folder").path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files_below(&path),
            false => vec![path],
        })
        .collect()
}

#[test]
fn a_recorded_source_is_imported_as_it_told_devices() {
    let Some(oracle) = oracle() else { return };
    let catalogs = Arc::new(catalogs(&oracle));
    let files: BTreeMap<String, PathBuf> = files_below(&corpus(&oracle))
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path).expect("a file of the corpus");
            let md5 = crate::support::digest::md5(&crate::support::tar::Content::Bytes(bytes));
            (md5, path)
        })
        .collect();
    let entries = catalogs.iter().flat_map(|one| packages(&one.body));
    let by_path: BTreeMap<String, PathBuf> = entries
        .filter_map(|entry| {
            let link = entry["link"].as_str()?.strip_prefix(RECORDED)?;
            let path = link.split('?').next()?.to_owned();
            Some((path, files.get(entry["md5"].as_str()?)?.clone()))
        })
        .collect();
    assert!(by_path.len() > PACKAGES, "{}", by_path.len());
    let recorded = Arc::clone(&catalogs);
    let source = WebSource::start(move |asked, url| {
        if let Some(path) = by_path.get(asked.path()) {
            return Told::ok(std::fs::read(path).expect("a file of the corpus"));
        }
        if asked.path() != "/nas/" {
            return Told::status(404);
        }
        match nearest(&recorded, asked) {
            Some(found) => Told::ok(found.body.to_string().replace(RECORDED, url)),
            None => Told::status(422),
        }
    });
    let archs = [
        "x86_64",
        "cedarview",
        "armada38x",
        "88f6281",
        "rtd1296",
        "qoriq",
        "northstarplus",
    ];
    let archs: String = archs.iter().map(|arch| format!(" --arch {arch}")).collect();
    let ours = Sandbox::initialized();
    let line = format!(
        "import {}/nas {FAST}{archs} --keep-texts --json",
        source.url()
    );
    let report = ours.run(&line).success().json();
    let mut offered: Vec<&str> = catalogs
        .iter()
        .filter(|one| archs.contains(&one.arch))
        .flat_map(|one| packages(&one.body))
        .filter_map(|entry| entry["md5"].as_str())
        .collect();
    offered.sort_unstable();
    offered.dedup();
    let taken = report["releases"].as_array().expect("a list").iter();
    let taken: usize = taken
        .map(|one| one["builds"].as_array().map_or(0, Vec::len))
        .sum();
    assert!(taken > PACKAGES, "{taken}");
    assert!(taken <= offered.len(), "{taken} of {}", offered.len());
    let documents = ours.git("grep -h '^md5 = ' HEAD -- packages");
    for document in documents.lines() {
        let md5 = document
            .trim_start_matches("md5 = \"")
            .trim_end_matches('"');
        assert!(offered.contains(&md5), "{md5} was never offered");
    }
    assert_eq!(documents.lines().count(), taken);
    assert!(commits(&ours).len() >= PACKAGES);
    ours.fsck();
    ours.run(&line)
        .success()
        .stdout_has(&format!("\"already_there\": {taken}"));
}

/// Says what other servers' recorded catalogs would bring, none of which can be downloaded here.
fn offered_by(oracle: &Path, server: &str) -> (usize, usize) {
    let records = records(oracle, &format!("{server}/catalog.jsonl.gz"));
    let is_whole = |record: &&crate::support::replay::Record| {
        record.parameter("arch").as_deref() == Some("x86_64")
            && record.parameter("build").as_deref() == Some("42661")
            && record.status() == 200
            && record.method() == "GET"
    };
    let record = records.iter().find(is_whole).expect("a catalog");
    let body = record.body().to_owned();
    let source = WebSource::start(move |asked, _| match asked.path() {
        "/" => Told::ok(body.clone()),
        _ => Told::status(404),
    });
    let ours = Sandbox::initialized();
    let line = format!(
        "import {} {FAST} --arch x86_64 --dsm 7.1-42661 --dry-run --json",
        source.url()
    );
    let report = ours.run(&line).success().json();
    let releases = report["releases"].as_array().expect("a list");
    let builds = releases
        .iter()
        .map(|one| one["builds"].as_array().map_or(0, Vec::len));
    (releases.len(), builds.sum())
}

#[test]
fn recorded_catalogs_of_sspks_and_gosspks_are_read() {
    let Some(oracle) = oracle() else { return };
    for server in ["sspks", "gosspks"] {
        let (releases, builds) = offered_by(&oracle, server);
        assert!(
            releases > 50 && builds >= releases,
            "{server}: {releases} {builds}"
        );
    }
}
