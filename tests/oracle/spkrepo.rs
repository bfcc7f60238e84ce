//! SynoCommunity's spkrepo.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::compare::{Comparison, entries};
use super::known::check;
use super::reasons::{ENTRIES, FILES, OFFERS, REQUESTS};
use super::recorded::{Recorded, recorded};
use super::{corpus, recordings};
use crate::support::digest::md5;
use crate::support::server::Server;
use crate::support::tar::Content;

fn replay(comparison: &mut Comparison, server: &Server, requests: &[Recorded]) {
    comparison.learn(requests);
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
        let id = format!("link_of_{name}");
        comparison.replayed.insert(id.clone());
        comparison.note(&id, name, "status", "200", &answer.status.to_string());
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
fn icons_are_the_same(server: &Server, requests: &[Recorded]) {
    let recorded = requests
        .iter()
        .max_by_key(|recorded| Some(entries(&recorded.response.catalog()?).len()))
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

#[track_caller]
fn check_all(comparison: &Comparison) {
    let known = ENTRIES.iter().chain(&OFFERS).chain(&REQUESTS).chain(&FILES);
    check(&comparison.differences, &comparison.replayed, known);
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
    assert!(
        comparison.entries > 15 * catalogs.len(),
        "{} entries",
        comparison.entries
    );
    assert!(follow_links(&mut comparison, &server, &catalogs) > 4 * catalogs.len());
    icons_are_the_same(&server, &catalogs);
    for recorded in requests(&recordings, "data.jsonl.gz") {
        comparison.file(&recorded, &recorded.ask(&server));
    }
    assert!(comparison.elsewhere_compared > 0);
    check_all(&comparison);
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
    assert!(
        comparison.entries > 4 * catalogs.len(),
        "{} entries",
        comparison.entries
    );
    assert!(follow_links(&mut comparison, &server, &catalogs) > catalogs.len());
    icons_are_the_same(&server, &catalogs);
    check_all(&comparison);
}
