//! `spkrepo mirror`: an import that is repeated.

use serde_json::Value;

use super::commits;
use super::live::{FAST, source};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// Mirrors the server's source and returns the report.
fn mirror(ours: &Sandbox, server: &Server, options: &str, code: i32) -> Value {
    let line = format!("mirror http://{} {FAST} --json {options}", server.host());
    let outcome = ours.run(&line);
    match code {
        0 => outcome.success().json(),
        code => outcome.failure(code).json(),
    }
}

fn names(report: &Value, list: &str) -> Vec<String> {
    let list = report[list].as_array().expect("a list");
    let name = |one: &Value| {
        let text = |key: &str| one[key].as_str().expect("a text").to_owned();
        format!("{} {}", text("package"), text("version"))
    };
    list.iter().map(name).collect()
}

/// Returns how many downloads are in the server's text log, once that says no more: a line is written after its answer.
fn downloads(server: &Server) -> usize {
    let count = || {
        let log = server.log();
        let lines = log.lines();
        let downloads = lines.filter(|line| line.contains(".spk") && line.contains("GET"));
        downloads.count()
    };
    let mut last = count();
    loop {
        std::thread::sleep(std::time::Duration::from_millis(300));
        match count() {
            now if now == last => return now,
            now => last = now,
        }
    }
}

/// Waits until the server has the source's newest commit: it must not answer with the one before.
fn wait(server: &Server, part: &str) {
    let start = std::time::Instant::now();
    while !server.get("/v1/packages").text().contains(part) {
        assert!(start.elapsed().as_secs() < 20, "`{part}` is not served");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn without_news_nothing_is_committed_and_nothing_downloaded() {
    let (theirs, ours) = (source(), Sandbox::initialized());
    let server = Server::start(&theirs, "--access-log text");
    for options in ["", "--devices --dsm 7.2 --dsm 6.2"] {
        let first = mirror(&ours, &server, options, 0);
        let (head, before) = (ours.head(), downloads(&server));
        let second = mirror(&ours, &server, options, 0);
        assert_eq!(names(&second, "releases"), [""; 0]);
        assert_eq!(first["questions"], second["questions"]);
        assert_eq!(ours.head(), head);
        assert_eq!(downloads(&server), before, "{options}");
        // A line is written after its answer.
        let start = std::time::Instant::now();
        while !server.log().contains(" 304 ") {
            let waited = start.elapsed().as_secs();
            assert!(waited < 20, "catalogs are asked for by their tags");
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    let left = ours.files("repo/.git/spkrepo/import");
    let left: Vec<_> = left
        .iter()
        .filter_map(|(path, _)| path.extension())
        .collect();
    assert_eq!(left, ["json"], "no download is left");
}

#[test]
fn only_what_is_new_is_downloaded_and_what_became_stable_is_promoted() {
    let (theirs, ours) = (source(), Sandbox::initialized());
    let server = Server::start(&theirs, "--access-log text");
    mirror(&ours, &server, "", 0);
    let before = downloads(&server);
    theirs.spk("new.spk", &Spk::new("old", "1.0-2").os_min("3.1-1594"));
    theirs.run("add --channel stable ../new.spk").success();
    theirs.run("promote gamma@0.2-2 --to stable").success();
    wait(&server, "0.2-2");
    let plan = mirror(&ours, &server, "--dry-run", 0);
    assert_eq!(names(&plan, "promoted"), ["gamma 0.2-2"]);
    assert_eq!(downloads(&server), before);
    let report = mirror(&ours, &server, "", 0);
    assert_eq!(names(&report, "releases"), ["old 1.0-2"]);
    assert_eq!(names(&report, "promoted"), ["gamma 0.2-2"]);
    assert_eq!(names(&report, "gone"), [""; 0]);
    assert_eq!(downloads(&server), before + 1);
    let commits = commits(&ours);
    let last = commits.last().expect("a commit");
    assert!(last.contains("promote gamma 0.2-2 to stable"), "{last}");
    assert_eq!(ours.status(), "");
}

#[test]
fn a_release_that_is_withdrawn_is_reported_and_yanked_only_when_that_is_asked_for() {
    let (theirs, ours) = (source(), Sandbox::initialized());
    // What is ours alone is nobody's to withdraw.
    ours.spk("own.spk", &Spk::new("own", "1-1"));
    ours.run("add --channel stable ../own.spk").success();
    let server = Server::start(&theirs, "");
    mirror(&ours, &server, "", 0);
    theirs.run("yank alpha@2.0-3 --reason bad").success();
    theirs.run("yank gamma@0.1-1 --reason old").success();
    theirs
        .run("yank router --reason 'nobody has one'")
        .success();
    let start = std::time::Instant::now();
    while server.get("/beta/v1/packages").text().contains("router") {
        assert!(start.elapsed().as_secs() < 20, "it is still served");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let head = ours.head();
    let expected = ["alpha 2.0-3", "router 2.0-1"];
    let report = mirror(&ours, &server, "", 1);
    assert_eq!(names(&report, "gone"), expected);
    assert_eq!(ours.head(), head, "nothing is yanked silently");
    let narrow = mirror(&ours, &server, "--arch avoton", 0);
    assert_eq!(
        names(&narrow, "gone"),
        [""; 0],
        "nobody was asked for the others"
    );
    let report = mirror(&ours, &server, "--yank-gone", 0);
    assert_eq!(names(&report, "gone"), expected);
    let reason = format!("withdrawn by http://{}", server.host());
    ours.run("show router").success().stdout_has("yanked");
    assert!(ours.git("log -1 --format=%B").contains(&reason));
    let report = mirror(&ours, &server, "--yank-gone", 0);
    assert_eq!(names(&report, "gone"), [""; 0], "once");
}

#[test]
fn what_was_signed_here_since_is_known_again() {
    let (theirs, ours) = (source(), Sandbox::initialized());
    let gpg = crate::support::gpg::Gpg::new(&ours);
    gpg.key("tess", "ed25519", "", "");
    gpg.export("tess", "");
    let server = Server::start(&theirs, "--access-log text");
    mirror(&ours, &server, "", 0);
    ours.run("sign old --key ../tess.key").success();
    let (head, before) = (ours.head(), downloads(&server));
    let report = mirror(&ours, &server, "", 0);
    assert_eq!(report["already_there"], 11);
    assert_eq!((ours.head(), downloads(&server)), (head, before));
}

#[test]
fn a_source_that_has_lost_everything_is_not_followed() {
    let (theirs, ours) = (source(), Sandbox::initialized());
    let server = Server::start(&theirs, "");
    mirror(&ours, &server, "", 0);
    theirs.git("rm -r --quiet packages");
    theirs.git("commit --quiet -m 'an accident'");
    let start = std::time::Instant::now();
    while server.get("/v1/packages").text() != "[]" {
        assert!(start.elapsed().as_secs() < 20, "it is still served");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let head = ours.head();
    let report = mirror(&ours, &server, "--yank-gone", 1);
    assert_eq!(names(&report, "gone").len(), 5);
    let note = report["notes"][0].as_str().expect("a text");
    assert!(note.contains("nothing was yanked"), "{note}");
    assert_eq!(ours.head(), head);
}
