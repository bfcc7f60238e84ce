//! `spkrepo add`: what it takes, what it commits, and what it says.

use crate::support::digest::{md5, sha256};
use crate::support::outcome::Checked;
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;
use crate::support::tar::Content;

fn demo(arch: &str) -> Spk {
    Spk::new("demo", "1.0-1").arch(arch)
}

/// A repository with nothing in it, and SPKs `x.spk`, `a.spk`, `o.spk` beside it: two builds of a release, and another.
fn with_spks() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("x.spk", &demo("x86_64").os_min("7.2-64570").icon(72))
        .spk("a.spk", &demo("armv7").os_min("7.2-64570"))
        .spk("o.spk", &Spk::new("Other Pkg_7.x", "2.0"));
    sandbox
}

#[track_caller]
fn committed(sandbox: &Sandbox, checked: Checked, hint: &str) -> Checked {
    let short = &sandbox.head()[..10];
    let hint = if hint.is_empty() {
        String::new()
    } else {
        format!("hint: {hint}\n")
    };
    checked.stderr(&format!("committed {short}\n{hint}"))
}

#[test]
fn one_file_becomes_a_package_a_release_a_build_and_a_pointer() {
    let sandbox = with_spks();
    let checked = sandbox.run("add ../x.spk").success();
    committed(
        &sandbox,
        checked.stdout("added  demo 1.0-1  x86_64  DSM 7.2-64570  staged  6.00 KiB\n"),
        "`spkrepo promote demo@1.0-1` offers it on the next channel",
    );
    assert_eq!(
        sandbox.git("diff --name-status HEAD~ HEAD"),
        "A\tpackages/demo/1.0-1/demo_1.0-1_dsm7.2-64570-x86_64.spk\n\
         A\tpackages/demo/1.0-1/dsm7.2-64570-x86_64.toml\n\
         A\tpackages/demo/1.0-1/icon_72.png\n\
         A\tpackages/demo/1.0-1/release.toml\n\
         A\tpackages/demo/package.toml"
    );
    let bytes = fs_err::read(sandbox.path("x.spk")).expect("the SPK");
    let (oid, size) = (sha256(&bytes), bytes.len());
    assert_eq!(
        sandbox.read("packages/demo/1.0-1/demo_1.0-1_dsm7.2-64570-x86_64.spk"),
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
    );
    assert_eq!(
        sandbox.read("packages/demo/1.0-1/dsm7.2-64570-x86_64.toml"),
        format!(
            "channel = \"staged\"\narch = [\"x86_64\"]\nos_min_ver = \"7.2-64570\"\n\n[spk]\n\
             file = \"demo_1.0-1_dsm7.2-64570-x86_64.spk\"\nsize = {size}\nsha256 = \"{oid}\"\nmd5 = \"{}\"\n",
            md5(&Content::Bytes(bytes.clone()))
        )
    );
    assert_eq!(
        sandbox.read("packages/demo/1.0-1/release.toml"),
        "[text]\ndisplayname = \"demo\"\ndescription = \"What demo does\"\nmaintainer = \"Somebody\"\n"
    );
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
}

#[test]
fn the_message_has_a_subject_a_body_and_trailers() {
    let sandbox = with_spks();
    sandbox.run("add ../x.spk").success();
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        "add demo 1.0-1 (x86_64, DSM 7.2)\n\n\
         - demo 1.0-1 for x86_64, DSM 7.2-64570, on staged\n\n\
         Spkrepo-Action: add\nSpkrepo-Package: demo\nSpkrepo-Version: 1.0-1\n\
         Spkrepo-Build: dsm7.2-64570-x86_64"
    );
    sandbox.run("add ../a.spk ../o.spk").success();
    let message = sandbox.git("log -1 --format=%B");
    assert!(message.starts_with("add 2 builds of 2 releases\n\n- Other Pkg_7.x 2.0 for noarch, DSM 7.0-40000, on staged\n"), "{message}");
    let mut parse = sandbox.command("git", &["interpret-trailers", "--parse"].map(str::to_owned));
    fs_err::write(sandbox.path("message"), &message).expect("a new file");
    parse.arg(sandbox.path("message"));
    let parsed = parse.output().expect("git is installed");
    assert_eq!(
        String::from_utf8_lossy(&parsed.stdout),
        "Spkrepo-Action: add\nSpkrepo-Package: Other Pkg_7.x\nSpkrepo-Version: 2.0\n\
         Spkrepo-Build: dsm7.0-40000-noarch\nSpkrepo-Package: demo\nSpkrepo-Version: 1.0-1\n\
         Spkrepo-Build: dsm7.2-64570-armv7\n"
    );
}

#[test]
fn builds_of_one_release_in_one_call_are_one_commit() {
    let sandbox = with_spks();
    let checked = sandbox.run("add ../x.spk ../a.spk").success();
    committed(
        &sandbox,
        checked.stdout(
            "added  demo 1.0-1  armv7   DSM 7.2-64570  staged  5.00 KiB\n\
             added  demo 1.0-1  x86_64  DSM 7.2-64570  staged  6.00 KiB\n",
        ),
        "`spkrepo promote demo@1.0-1` offers it on the next channel",
    );
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    assert_eq!(
        sandbox.git("log -1 --format=%s"),
        "add demo 1.0-1 (2 builds)"
    );
    sandbox.fsck();
}

#[test]
fn folders_patterns_and_standard_input_are_taken() {
    let sandbox = with_spks();
    sandbox.spk("out/deep/n.spk", &Spk::new("nested", "1"));
    sandbox.write("../out/notes.txt", "no SPK\n");
    sandbox
        .run("add ../out '../[xa].spk'")
        .success()
        .stdout_has("demo 1.0-1  armv7")
        .stdout_has("demo 1.0-1  x86_64")
        .stdout_has("nested 1");
    let bytes = fs_err::read(sandbox.path("o.spk")).expect("the SPK");
    sandbox
        .run_with_input("add -", &bytes)
        .success()
        .stdout_has("added  Other Pkg_7.x 2.0");
    sandbox
        .run_with_input("add -", b"")
        .failure(2)
        .stderr_has("error: `standard input` cannot be read as an SPK\ncaused by: ");
    sandbox.fsck();
}

#[test]
fn more_files_than_a_process_may_open_are_taken_in_one_call() {
    let sandbox = Sandbox::initialized();
    for number in 0..80 {
        let spk = Spk::new(&format!("package-{number}"), "1.0-1");
        sandbox.spk(&format!("many/{number}.spk"), &spk);
    }
    let program = env!("CARGO_BIN_EXE_spkrepo");
    let line = format!("ulimit -n 48 && exec '{program}' add ../many");
    let output = sandbox
        .command("sh", &["-c".to_owned(), line])
        .output()
        .expect("sh is there");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(sandbox.git("ls-files packages/*.spk").lines().count(), 80);
}

#[test]
fn the_same_file_twice_is_already_there() {
    let sandbox = with_spks();
    sandbox.run("add ../x.spk ../x.spk").success().stdout(
        "added          demo 1.0-1  x86_64  DSM 7.2-64570  staged  6.00 KiB\n\
             already there  demo 1.0-1  x86_64  DSM 7.2-64570  staged  6.00 KiB\n",
    );
    let head = sandbox.head();
    sandbox
        .run("add ../x.spk")
        .success()
        .stdout("already there  demo 1.0-1  x86_64  DSM 7.2-64570  staged  6.00 KiB\n")
        .stderr("");
    let report = sandbox.run("add --json ../x.spk").success().json();
    assert_eq!(report["files"][0]["outcome"], "already_there");
    assert_eq!(report["commits"], serde_json::json!([]));
    sandbox.run("add --dry-run ../x.spk").success().stdout("");
    assert_eq!(sandbox.head(), head);
}

#[test]
fn the_order_of_the_arguments_and_the_repository_change_nothing() {
    let trees = [
        "../x.spk ../a.spk ../o.spk",
        "../o.spk ../x.spk ../a.spk",
        "..",
    ]
    .map(|files| {
        let sandbox = with_spks();
        sandbox.run(&format!("add {files}")).success();
        sandbox.git("rev-parse 'HEAD^{tree}'")
    });
    assert_eq!(trees[0], trees[1]);
    assert_eq!(trees[0], trees[2]);
}

#[test]
fn builds_may_differ_in_what_dsm_does_with_them() {
    let sandbox = Sandbox::initialized();
    let six = demo("noarch")
        .os_min("6.0-7321")
        .info("install_dep_packages", "python2")
        .conf("privilege", r#"{"defaults":{"run-as":"root"}}"#);
    let seven = demo("noarch")
        .os_min("7.0-40000")
        .info("install_dep_packages", "python3")
        .conf("privilege", r#"{"defaults":{"run-as":"package"}}"#);
    sandbox.spk("6.spk", &six).spk("7.spk", &seven);
    sandbox.run("add ../6.spk").success();
    let release = sandbox.read("packages/demo/1.0-1/release.toml");
    sandbox.run("add ../7.spk").success();
    assert_eq!(sandbox.read("packages/demo/1.0-1/release.toml"), release);
    assert!(
        release.contains("install_dep_packages = \"python2\"")
            && release.contains("run_as = \"root\""),
        "{release}"
    );
    let build = sandbox.read("packages/demo/1.0-1/dsm7.0-40000-noarch.toml");
    assert!(
        build.ends_with(
            "\n[install]\ninstall_dep_packages = \"python3\"\n\n[permissions]\nrun_as = \"package\"\n"
        ),
        "{build}"
    );
    let first = sandbox.read("packages/demo/1.0-1/dsm6.0-7321-noarch.toml");
    assert!(!first.contains("[install]"), "{first}");
    assert_eq!(
        sandbox.git("diff --name-status HEAD~ HEAD"),
        "A\tpackages/demo/1.0-1/demo_1.0-1_dsm7.0-40000-noarch.spk\n\
         A\tpackages/demo/1.0-1/dsm7.0-40000-noarch.toml"
    );
    let shown = sandbox.run("show demo --json").success().json();
    let effective = |build: usize| {
        shown["releases"][0]["builds"][build]["effective"]["install"]["install_dep_packages"]
            .clone()
    };
    assert_eq!([effective(0), effective(1)], ["python2", "python3"]);
}

#[test]
fn the_channel_is_the_settings_or_the_options() {
    let sandbox = with_spks();
    sandbox.write("spkrepo.toml", "format = 1\n[add]\nchannel = \"beta\"\n");
    sandbox.git("commit --quiet -am 'add to beta'");
    let checked = sandbox
        .run("add ../x.spk")
        .success()
        .stdout("added  demo 1.0-1  x86_64  DSM 7.2-64570  beta  6.00 KiB\n");
    committed(&sandbox, checked, "");
    sandbox
        .run("add --channel stable ../a.spk")
        .success()
        .stdout_has("stable");
    assert!(
        sandbox
            .read("packages/demo/1.0-1/dsm7.2-64570-armv7.toml")
            .starts_with("channel = \"stable\"\n")
    );
    sandbox
        .run("add --channel gold ../o.spk")
        .failure(2)
        .stderr_has("gold");
}

#[test]
fn commit_each_makes_a_commit_per_release() {
    let sandbox = with_spks();
    let checked = sandbox.run("add --commit-each --json ..").success();
    assert_eq!(checked.json()["commits"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        sandbox.git("log --format=%s --reverse"),
        "init: make this repository a package source\n\
         add Other Pkg_7.x 2.0 (noarch, DSM 7.0)\n\
         add demo 1.0-1 (2 builds)"
    );
    assert_eq!(
        checked.json()["commits"][1].as_str(),
        Some(sandbox.head().as_str())
    );
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
}

#[test]
fn a_dry_run_prints_the_diff_that_is_then_committed_and_writes_nothing() {
    let sandbox = with_spks();
    sandbox
        .spk("u.spk", &Spk::new("Ünï", "1.0-1").icon(72).screenshot(1))
        .spk(
            "y.spk",
            &demo("x86_64")
                .os_min("7.2-64570")
                .info("description", "Better"),
        );
    let before = sandbox.files("repo");
    for call in [
        "add ../x.spk ../a.spk ../o.spk ../u.spk",
        "promote demo --arch x86_64",
        "yank 'Other Pkg_7.x' --reason 'does not start'",
        "unyank 'Other Pkg_7.x'",
        "promote 'Other Pkg_7.x' --to stable",
    ] {
        let head = sandbox.head();
        let before = sandbox.files("repo");
        let dry = sandbox
            .run(&format!("{call} --dry-run"))
            .success()
            .stderr("");
        assert_eq!(sandbox.files("repo"), before, "{call}");
        sandbox.run(call).success();
        assert_ne!(sandbox.head(), head, "{call}");
        let shown = sandbox.try_git("show --format=").success();
        assert_eq!(
            String::from_utf8_lossy(dry.bytes()),
            String::from_utf8_lossy(shown.bytes()),
            "{call}"
        );
    }
    assert_ne!(sandbox.files("repo"), before);
}

#[test]
fn a_dry_run_of_a_replacement_is_the_diff_too() {
    let sandbox = with_spks();
    sandbox.spk(
        "y.spk",
        &demo("x86_64")
            .os_min("7.2-64570")
            .info("description", "Better"),
    );
    sandbox.run("add ../x.spk").success();
    let dry = sandbox.run("add --replace --dry-run ../y.spk").success();
    sandbox
        .run("add --replace ../y.spk")
        .success()
        .stdout_has("replaced  demo 1.0-1");
    let shown = sandbox.try_git("show --format=").success();
    assert_eq!(
        String::from_utf8_lossy(dry.bytes()),
        String::from_utf8_lossy(shown.bytes())
    );
    assert!(dry.out().contains("+description = \"Better\""));
}

#[test]
fn replaced_bytes_take_their_texts_along_unless_told_otherwise() {
    let sandbox = with_spks();
    let release = "packages/demo/1.0-1/release.toml";
    sandbox.run("add ../x.spk").success();
    let text = format!("# checked by hand\n{}", sandbox.read(release));
    sandbox.write(release, &text);
    sandbox.git("commit --quiet -am comment");
    let better = demo("x86_64").os_min("7.2-64570").payload("other");
    sandbox.spk("y.spk", &better);
    sandbox.run("add --replace ../y.spk").success();
    assert_eq!(sandbox.read(release), text, "it says the same");
    sandbox.spk("z.spk", &better.info("description", "Better"));
    sandbox.run("add --replace --keep-texts ../z.spk").success();
    assert_eq!(sandbox.read(release), text, "the texts were to be kept");
    sandbox.fsck();
}

#[test]
fn contradicting_texts_are_kept_when_that_is_asked_for() {
    let sandbox = with_spks();
    sandbox.run("add ../x.spk").success();
    let release = sandbox.read("packages/demo/1.0-1/release.toml");
    sandbox.spk("b.spk", &demo("armv7").info("description", "Else"));
    sandbox.run("add --keep-texts ../b.spk").success();
    assert_eq!(sandbox.read("packages/demo/1.0-1/release.toml"), release);
    let build = sandbox.read("packages/demo/1.0-1/dsm7.0-40000-armv7.toml");
    assert!(!build.contains("[text]"), "{build}");
}

#[test]
fn icons_and_screenshots_are_committed_once() {
    let sandbox = Sandbox::initialized();
    let spk = |arch: &str| {
        Spk::new("demo", "1.0-1")
            .arch(arch)
            .info_icon(72)
            .icon(256)
            .screenshot(1)
            .screenshot(2)
    };
    sandbox
        .spk("x.spk", &spk("x86_64"))
        .spk("a.spk", &spk("armv7"));
    sandbox.run("add ../x.spk ../a.spk").success().stderr_has(
        "warning: ../x.spk: the icon of 72 pixels differs from the release's, which stays\n",
    );
    let pictures: Vec<String> = sandbox
        .tree()
        .into_iter()
        .filter(|path| path.ends_with(".png"))
        .collect();
    assert_eq!(
        pictures,
        [
            "packages/demo/1.0-1/icon_256.png",
            "packages/demo/1.0-1/icon_72.png",
            "packages/demo/screenshots/screen_1.png",
            "packages/demo/screenshots/screen_2.png",
        ]
    );
    assert_eq!(
        sandbox.read("packages/demo/package.toml"),
        "maintainers = []\n"
    );
    let shown = sandbox.run("show demo").success();
    shown
        .stdout_has("screenshots   screen_1.png, screen_2.png")
        .stdout_has("icons         72, 256");
}

#[test]
fn names_with_spaces_and_dots_work_everywhere() {
    let sandbox = with_spks();
    let checked = sandbox.run("add ../o.spk").success();
    committed(
        &sandbox,
        checked,
        "`spkrepo promote 'Other Pkg_7.x@2.0'` offers it on the next channel",
    );
    sandbox.run("promote 'Other Pkg_7.x@2.0'").success();
    sandbox
        .run("show 'Other Pkg_7.x'")
        .success()
        .stdout_has("file          Other Pkg_7.x_2.0_dsm7.0-40000-noarch.spk");
    sandbox
        .run("log 'Other Pkg_7.x'")
        .success()
        .stdout_has("staged → beta");
    sandbox.run("list").success().stdout(
        "PACKAGE        STABLE  BETA  STAGED  BUILDS  YANKED\nOther Pkg_7.x  -       2.0   -       1\n",
    );
    sandbox.fsck();
}

#[test]
fn the_report_is_json() {
    let sandbox = with_spks();
    let report = sandbox.run("add --json ../x.spk").success().json();
    let file = &report["files"][0];
    let head = sandbox.head();
    assert_eq!(report["commits"], serde_json::json!([head]));
    assert_eq!(report.get("diff"), None);
    for (key, value) in [
        ("file", "../x.spk"),
        ("package", "demo"),
        ("version", "1.0-1"),
        ("build", "dsm7.2-64570-x86_64"),
        ("platforms", "x86_64"),
        ("range", "DSM 7.2-64570"),
        ("channel", "staged"),
        ("outcome", "added"),
    ] {
        assert_eq!(file[key], value, "{key}");
    }
    let dry = sandbox
        .run("add --json --dry-run ../a.spk")
        .success()
        .json();
    assert!(
        dry["diff"]
            .as_str()
            .expect("a diff")
            .starts_with("diff --git")
    );
    assert_eq!(dry["commits"], serde_json::json!([]));
}
