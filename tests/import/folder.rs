//! Folders of SPKs.

use std::path::Path;

use super::{commits, date};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Adds an SPK to the pile, as of so many days after the first of January 2020.
fn put(sandbox: &Sandbox, path: &str, spk: &Spk, days: u64) {
    let path = format!("pile/{path}");
    sandbox.spk(&path, spk);
    date(&sandbox.path(&path), days);
}

fn tool(version: &str) -> Spk {
    Spk::new("tool", version).icon(72)
}

#[test]
fn each_release_is_a_commit_in_order_with_the_date_of_its_newest_build() {
    let sandbox = Sandbox::initialized();
    // As SynoCommunity's spkrepo keeps them: by package and revision, with icons beside.
    put(
        &sandbox,
        "tool/10/a.spk",
        &tool("1.10-10").arch("avoton"),
        40,
    );
    put(
        &sandbox,
        "tool/10/b.spk",
        &tool("1.10-10").arch("armv7"),
        41,
    );
    put(&sandbox, "tool/9/tool.spk", &tool("1.9-9"), 50);
    put(
        &sandbox,
        "early.SPK",
        &Spk::new("early", "2.0-1").info("beta", "yes"),
        3,
    );
    put(
        &sandbox,
        "reported.spk",
        &Spk::new("reported", "2.0-1").info("report_url", "https://example.org"),
        4,
    );
    std::fs::write(sandbox.path("pile/tool/9/icon_72.png"), "no SPK").expect("writable");
    std::fs::write(sandbox.path("pile/early.nfo"), "no SPK").expect("writable");
    sandbox.run("import ../pile").success().stdout(
        "added early 2.0-1: 1 build on beta, 5.00 KiB, of 2020-01-04\n\
         added reported 2.0-1: 1 build on beta, 5.00 KiB, of 2020-01-05\n\
         added tool 1.9-9: 1 build on stable, 6.00 KiB, of 2020-02-20\n\
         added tool 1.10-10: 2 builds on stable, 12.00 KiB, of 2020-02-11\n\
         took 5 builds of 4 releases, 0 already there, 0 refused\n",
    );
    assert_eq!(
        commits(&sandbox),
        [
            "2020-01-04T00:00:00Z 2020-01-04T00:00:00Z add early 2.0-1 (noarch, DSM 7.0)",
            "2020-01-05T00:00:00Z 2020-01-05T00:00:00Z add reported 2.0-1 (noarch, DSM 7.0)",
            "2020-02-20T00:00:00Z 2020-02-20T00:00:00Z add tool 1.9-9 (noarch, DSM 7.0)",
            "2020-02-11T00:00:00Z 2020-02-11T00:00:00Z add tool 1.10-10 (2 builds)",
        ]
    );
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
    let head = sandbox.head();
    sandbox
        .run("import ../pile")
        .success()
        .stdout("took 0 builds of 0 releases, 5 already there, 0 refused\n");
    assert_eq!(sandbox.head(), head, "there was nothing new");
}

#[test]
fn what_cannot_be_taken_is_refused_by_name_and_the_rest_is_taken() {
    let sandbox = Sandbox::initialized();
    put(&sandbox, "bad.spk", &tool("1.0-1").truncated(700), 1);
    put(
        &sandbox,
        "empty.spk",
        &tool("1.0-1").without_package_tgz(),
        1,
    );
    put(&sandbox, "other.spk", &tool("1.0-1"), 1);
    put(
        &sandbox,
        "good.spk",
        &tool("1.0-1").payload("other bytes"),
        1,
    );
    put(
        &sandbox,
        "texts.spk",
        &tool("1.0-1").arch("x86_64").info("description", "Another"),
        1,
    );
    let outcome = sandbox.run("import ../pile --json").failure(1);
    let report = outcome.json();
    assert_eq!(
        report["releases"][0]["builds"][0]["from"],
        "../pile/good.spk"
    );
    let refused = report["refused"].as_array().expect("a list");
    let refused: Vec<(&str, &str)> = refused
        .iter()
        .map(|refused| {
            let text = |key: &str| refused[key].as_str().expect("a text");
            (text("what"), text("reason"))
        })
        .collect();
    for (file, reason) in [
        ("../pile/bad.spk", "cannot be read as an SPK"),
        ("../pile/empty.spk", "package.tgz"),
        ("../pile/other.spk", "has other bytes than tool 1.0-1"),
        ("../pile/texts.spk", "the release has \"What tool does\""),
    ] {
        let found = refused.iter().find(|(what, _)| *what == file);
        let (_, found) = found.unwrap_or_else(|| panic!("{file}: {refused:?}"));
        assert!(found.contains(reason), "{file}: {found}");
    }
    assert_eq!(refused.len(), 4);
    assert_eq!(commits(&sandbox).len(), 1);
    sandbox
        .run("import ../pile --keep-texts")
        .failure(1)
        .stdout_has("added tool 1.0-1: 1 build on stable");
    sandbox.fsck();
}

#[test]
fn a_channel_that_is_named_counts_and_unsigned_spks_stay_out_of_where_signatures_are_required() {
    let sandbox = Sandbox::initialized();
    put(
        &sandbox,
        "early.spk",
        &Spk::new("early", "1-1").info("beta", "yes"),
        3,
    );
    put(&sandbox, "tool.spk", &tool("1-1"), 3);
    let settings = sandbox.read("spkrepo.toml");
    let settings = settings.replace("required = []", "required = [\"stable\"]");
    sandbox.write("spkrepo.toml", &settings);
    sandbox.git("commit --quiet -am 'sign what is stable'");
    sandbox
        .run("import ../pile")
        .failure(1)
        .stdout_has("added early 1-1: 1 build on beta")
        .stderr_has("`signing.required` asks for on stable");
    sandbox
        .run("import ../pile --channel staged")
        .success()
        .stdout_has("added tool 1-1: 1 build on staged");
    assert!(
        sandbox
            .read("packages/early/1-1/dsm7.0-40000-noarch.toml")
            .contains("\"beta\"")
    );
}

#[test]
fn a_dry_run_says_what_would_be_taken_and_writes_nothing() {
    let sandbox = Sandbox::initialized();
    put(&sandbox, "tool.spk", &tool("1-1"), 3);
    let head = sandbox.head();
    sandbox.run("import ../pile --dry-run").success().stdout(
        "would add tool 1-1: 1 build on stable, 6.00 KiB\n\
         would take 1 build of 1 release, 0 already there, 0 refused\n",
    );
    assert_eq!(sandbox.head(), head);
    assert!(!sandbox.exists(".git/lfs/objects"));
}

#[test]
fn a_date_that_no_package_can_have_is_that_of_the_commit_before() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("pile/tool.spk", &tool("1-1"));
    let path = sandbox.path("pile/tool.spk");
    let file = std::fs::File::options()
        .write(true)
        .open(path)
        .expect("writable");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .expect("writable");
    sandbox.run("import ../pile").success();
    let of_the_first = sandbox.git("log -1 --format=%cI HEAD^");
    assert_eq!(
        commits(&sandbox),
        [format!(
            "{of_the_first} {of_the_first} add tool 1-1 (noarch, DSM 7.0)"
        )]
    );
}

#[test]
fn what_is_no_source_is_an_error() {
    let sandbox = Sandbox::initialized();
    std::fs::create_dir(sandbox.path("empty")).expect("writable");
    sandbox
        .run("import ../empty")
        .failure(2)
        .stderr_has("holds no SPK");
    sandbox
        .run("import ../none")
        .failure(2)
        .stderr_has("`../none` is no folder");
    sandbox
        .run("import https://me:secret@example.org")
        .failure(2)
        .stderr_has("is not an address");
}

#[test]
fn edits_in_the_way_stop_it_before_anything_is_written() {
    let sandbox = Sandbox::initialized();
    put(&sandbox, "tool.spk", &tool("1-1"), 3);
    sandbox.write("packages/tool/package.toml", "maintainers = []\n");
    sandbox
        .run("import ../pile")
        .failure(2)
        .stderr_has("packages/tool/package.toml");
    assert_eq!(sandbox.status(), "?? packages/tool/package.toml");
    assert_eq!(
        sandbox.read("packages/tool/package.toml"),
        "maintainers = []\n"
    );
}

const COMPLETE: usize = 7;

#[test]
fn the_samples_are_taken_in_and_those_without_a_payload_refused() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/spk");
    if !samples.exists() {
        return;
    }
    let sandbox = Sandbox::initialized();
    let report = sandbox.run(&format!("import '{}' --json", samples.display()));
    let report = report.failure(1).json();
    let releases = report["releases"].as_array().expect("a list");
    let builds: usize = releases
        .iter()
        .map(|release| release["builds"].as_array().map_or(0, Vec::len))
        .sum();
    assert_eq!(builds, COMPLETE);
    let refused = report["refused"].as_array().expect("a list");
    assert!(refused.iter().all(|refused| {
        let reason = refused["reason"].as_str().unwrap_or_default();
        reason.contains("package.tgz")
    }));
    assert_eq!(commits(&sandbox).len(), releases.len());
    sandbox.run("check").success();
    sandbox.fsck();
    sandbox
        .run(&format!("import '{}'", samples.display()))
        .failure(1)
        .stdout_has(&format!("{COMPLETE} already there"));
}
