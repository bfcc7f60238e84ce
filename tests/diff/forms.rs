//! What is compared without being named, and the forms of the report.

use super::{add, base, commit, demo, replace};
use crate::support::sandbox::Sandbox;

const RELEASE: &str = "packages/demo/1.0-1/release.toml";

/// Returns the names of both sides, and the packages that differ.
fn compared(sandbox: &Sandbox, arguments: &str) -> [String; 3] {
    let json = sandbox
        .run(&format!("diff --json {arguments}"))
        .success()
        .json();
    let side = |name: &str| json[name]["name"].as_str().expect("a name").to_owned();
    let packages = json["packages"].as_array().expect("a list").iter();
    let packages: Vec<&str> = packages
        .filter_map(|package| package["package"].as_str())
        .collect();
    [side("from"), side("to"), packages.join(" ")]
}

#[test]
fn a_branch_is_compared_with_where_it_left_the_main_branch() {
    let sandbox = base();
    add(&sandbox, "stable", &[demo("2.0-2", "x86_64")]);
    sandbox.git("switch --quiet main");
    sandbox
        .run("yank tool --reason 'not for this branch'")
        .success();
    sandbox.git("switch --quiet request");
    assert_eq!(
        compared(&sandbox, ""),
        ["main, where HEAD left it", "HEAD", "demo"]
    );
    replace(
        &sandbox,
        "packages/tool/2.0-5/release.toml",
        "What",
        "All that",
    );
    assert_eq!(
        compared(&sandbox, ""),
        ["main, where HEAD left it", "the working tree", "demo tool"]
    );
    assert_eq!(
        compared(&sandbox, "HEAD"),
        ["HEAD", "the working tree", "tool"]
    );
    assert_eq!(
        compared(&sandbox, "main HEAD"),
        ["main", "HEAD", "demo tool"]
    );
    assert_eq!(
        compared(&sandbox, "main...HEAD"),
        ["main, where HEAD left it", "HEAD", "demo"]
    );
    assert_eq!(compared(&sandbox, "main.."), ["main", "HEAD", "demo tool"]);
    assert_eq!(sandbox.status(), " M packages/tool/2.0-5/release.toml");
}

#[test]
fn on_the_main_branch_it_is_what_is_not_committed_or_else_the_last_commit() {
    let sandbox = base();
    sandbox.git("switch --quiet main");
    assert_eq!(compared(&sandbox, "")[1..], ["HEAD", "demo"]);
    replace(
        &sandbox,
        "packages/tool/2.0-5/release.toml",
        "What",
        "All that",
    );
    assert_eq!(compared(&sandbox, ""), ["HEAD", "the working tree", "tool"]);
    let fresh = Sandbox::initialized();
    assert_eq!(compared(&fresh, "")[2], "");
}

#[test]
fn the_main_branch_of_origin_comes_before_the_local_one() {
    let sandbox = base();
    sandbox.git("clone --quiet . ../clone");
    sandbox.git_in("clone", "switch --quiet -c side");
    let json = sandbox.run_in("clone", "diff --json").success().json();
    assert_eq!(
        json["from"]["name"],
        "before the last commit, since HEAD is part of origin/HEAD"
    );
}

#[test]
fn what_cannot_be_compared_says_what_to_do() {
    let sandbox = base();
    sandbox.git("switch --quiet --orphan other");
    sandbox.git("commit --quiet --allow-empty -m other");
    sandbox.run("diff").failure(2).stdout("").stderr(
        "error: main and HEAD have no commit in common here\nhint: a shallow clone lacks the history: `git fetch --unshallow`, or `fetch-depth: 0` for actions/checkout; or name both commits, `spkrepo diff A B`\n",
    );
    sandbox.git("branch --quiet -D main");
    sandbox.git("branch --quiet -D request");
    sandbox.run("diff").failure(2).stderr(
        "error: no main branch is known here to compare with\nhint: name the commit to compare with: `spkrepo diff A`\n",
    );
    sandbox
        .run("diff nowhere")
        .failure(2)
        .stderr("error: `nowhere` names no commit here\n");
}

#[test]
fn a_terminal_gets_columns_and_no_markup() {
    let sandbox = base();
    add(
        &sandbox,
        "stable",
        &[demo("2.0-2", "x86_64").script("preinst", "exit 0\n")],
    );
    let out = sandbox.run("diff").success().stderr("").out();
    assert!(
        !out.contains("**") && !out.contains('`') && !out.contains('\u{1b}'),
        "{out}"
    );
    let has = |part: &str| assert!(out.contains(part), "{out}");
    has("Devices see a difference in one package: demo\n");
    has("  medium  script-changed demo: new, changed or gone: scripts/preinst\n");
    has("  rises             1.1-2   2.0-2  x86_64");
    has("    +exit 0\n");
}

#[test]
fn a_large_change_fits_a_comment_and_says_what_was_cut() {
    let sandbox = base();
    for number in 0..400 {
        let name = format!("packages/tool-{number:03}");
        let keys =
            "channel = \"stable\"\narch = [\"noarch\"]\nos_min_ver = \"7.0-40000\"\n\n[spk]\n";
        let sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let digests = format!(
            "size = 1\nsha256 = \"{sha256}\"\nmd5 = \"d41d8cd98f00b204e9800998ecf8427e\"\n"
        );
        sandbox.write(&format!("{name}/package.toml"), "");
        sandbox.write(
            &format!("{name}/1.0-1/release.toml"),
            "[text]\ndisplayname = \"T\"\n",
        );
        sandbox.write(
            &format!("{name}/1.0-1/dsm7.0-40000-noarch.toml"),
            &format!("{keys}file = \"t.spk\"\n{digests}"),
        );
        sandbox.write(
            &format!("{name}/1.0-1/t.spk"),
            &format!("version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize 1\n"),
        );
    }
    commit(&sandbox, "Many");
    let checked = sandbox.run("diff --format markdown").success();
    let text = checked.out();
    assert!(checked.bytes().len() <= 60_000, "{}", checked.bytes().len());
    assert!(
        text.contains("Left out here, to fit a comment: "),
        "{}",
        &text[text.len() - 500..]
    );
    assert!(
        sandbox
            .run("diff")
            .success()
            .out()
            .matches("tool-399")
            .count()
            > 1
    );
}

#[test]
fn comments_in_a_document_are_no_difference() {
    let sandbox = base();
    let text = sandbox.read(RELEASE);
    sandbox.write(RELEASE, &format!("# Remark\n{text}"));
    let json = sandbox.run("diff --json").success().json();
    assert_eq!(json["visible"], false);
    assert_eq!(json["risks"], serde_json::json!([]));
}
