//! A live source: a repository of spkrepo's own that is served.

use serde_json::Value;

use super::commits;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// Requests are not to wait for each other here.
pub(super) const FAST: &str = "--rate 100000/s";

/// A package source with stable builds and betas, for several platforms, several versions of DSM and a router.
pub(super) fn source() -> Sandbox {
    let sandbox = Sandbox::initialized();
    let put = |name: &str, spk: Spk| {
        sandbox.spk(&format!("stable/{name}.spk"), &spk);
    };
    put("alpha1", Spk::new("alpha", "1.0-1").icon(72));
    for (arch, minimum) in [
        ("x86_64", "7.2-64570"),
        ("armv8", "7.2-64570"),
        ("x86_64", "6.2-23739"),
        ("apollolake avoton", "6.1-15047"),
    ] {
        let name = format!("alpha2-{}-{minimum}", &arch[..4]);
        put(
            &name,
            Spk::new("alpha", "1.1-2")
                .icon(72)
                .arch(arch)
                .os_min(minimum),
        );
    }
    put("old", Spk::new("old", "0.9-1").os_min("3.1-1594"));
    put(
        "router",
        Spk::new("router", "2.0-1")
            .arch("northstarplus")
            .os_min("1.2-7742"),
    );
    put(
        "reported",
        Spk::new("reported", "1.0-1").info("report_url", "https://example.org"),
    );
    for (name, spk) in [
        (
            "alpha3",
            Spk::new("alpha", "2.0-3").icon(72).arch("apollolake"),
        ),
        ("gamma", Spk::new("gamma", "0.1-1").os_min("6.0-7321")),
        ("gamma7", Spk::new("gamma", "0.2-2")),
    ] {
        sandbox.spk(&format!("beta/{name}.spk"), &spk);
    }
    sandbox.run("add --channel stable ../stable").success();
    sandbox.run("add --channel beta ../beta").success();
    sandbox
}

/// Demands that two servers answer each platform with each version of DSM and each channel with the same catalog.
fn same_catalogs(theirs: &Server, ours: &Server) -> usize {
    let table: Value = {
        let text = include_str!("../../src/model/platforms.toml");
        let table: toml::Table = text.parse().expect("TOML");
        serde_json::to_value(table).expect("JSON")
    };
    let lines = [
        (3, 1, 1748),
        (4, 3, 4244),
        (5, 2, 5967),
        (6, 0, 8754),
        (6, 1, 15284),
        (6, 2, 25556),
        (7, 1, 42962),
        (7, 2, 72806),
        (7, 4, 90080),
        (1, 3, 9366),
    ];
    let (mut theirs_at, mut ours_at) = (theirs.connect(), ours.connect());
    let mut filled = 0;
    for row in table["platform"].as_array().expect("a list") {
        let arch = row["code"].as_str().expect("a text");
        for (major, minor, build) in lines {
            for (path, channel) in [("/", "stable"), ("/", "beta"), ("/beta/", "stable")] {
                let target = format!(
                    "{path}?arch={arch}&major={major}&minor={minor}&build={build}&language=enu\
                     &package_update_channel={channel}"
                );
                let of = |text: &str, server: &Server| text.replace(server.host(), "HOST");
                let found = ours_at.get(&target).status(200);
                let found = of(found.text(), ours);
                let expected = theirs_at.get(&target).status(200);
                assert_eq!(found, of(expected.text(), theirs), "{target}");
                filled += usize::from(found.contains("\"package\""));
            }
        }
    }
    filled
}

fn imported(options: &str) -> (Sandbox, Sandbox) {
    let theirs = source();
    let ours = Sandbox::initialized();
    let server = Server::start(&theirs, "");
    let line = format!("import http://{} {FAST} {options}", server.host());
    ours.run(&line).success().stdout_has("0 refused");
    ours.fsck();
    let other = Server::start(&ours, "");
    let filled = same_catalogs(&server, &other);
    assert!(filled > 200, "{filled} catalogs had something");
    (theirs, ours)
}

#[test]
fn the_catalogs_are_the_sources_when_it_lists_its_builds() {
    let (theirs, ours) = imported("");
    let documents = |sandbox: &Sandbox| {
        let mut tree = sandbox.tree();
        tree.retain(|path| path.starts_with("packages/"));
        tree
    };
    assert_eq!(documents(&ours), documents(&theirs), "old releases too");
    let commits = commits(&ours);
    assert_eq!(commits.len(), 8, "{commits:#?}");
    // spkrepo says no dates of downloads, so that they follow the first commit.
    assert!(
        commits
            .iter()
            .all(|line| line.starts_with("2026-01-02T03:04:05Z ")),
        "{commits:#?}"
    );
    assert!(commits[0].contains(" add alpha 1.0-1 "), "{commits:#?}");
    assert!(commits[2].contains(" add alpha 2.0-3 "), "{commits:#?}");
}

#[test]
fn the_catalogs_are_the_sources_when_it_is_asked_as_devices_ask() {
    let (_, ours) = imported("--devices");
    // What no device of these versions is offered is not known of.
    assert!(!ours.exists("packages/old/0.9-2"));
    let message = ours.git("log -1 --format=%B");
    assert!(
        message.contains("Spkrepo-Source: http://127.0.0.1:"),
        "{message}"
    );
}

#[test]
fn platforms_and_versions_of_dsm_narrow_what_is_asked() {
    let theirs = source();
    let ours = Sandbox::initialized();
    let server = Server::start(&theirs, "");
    let line = format!("import http://{} {FAST}", server.host());
    let report = ours.run(&format!("{line} --arch avoton --dsm 6 --json --dry-run"));
    let report = report.success().json();
    assert_eq!(report["questions"], 6);
    let releases = report["releases"].as_array().expect("a list");
    let names: Vec<&str> = releases
        .iter()
        .filter_map(|one| one["package"].as_str())
        .collect();
    assert_eq!(names, ["alpha", "gamma"]);
    assert_eq!(releases[1]["builds"][0]["channel"], "beta");
    ours.run(&format!("{line} --arch cypress --dsm 7"))
        .failure(2)
        .stderr_has("--dsm");
}

#[test]
fn each_commit_is_pushed_with_its_blobs_when_that_is_asked_for() {
    let theirs = source();
    let server = Server::start(&theirs, "");
    let shared = crate::remote::Shared::new();
    let line = format!("import http://{} {FAST} --push", server.host());
    shared.run("repo", &line).success();
    assert_eq!(
        shared.git("remote.git", "rev-parse main"),
        shared.head("repo")
    );
    shared.clone_as("other");
    shared.git("other", "lfs fetch");
    let count = shared.git("other", "rev-list --count HEAD");
    assert_eq!(count, "9");
}
