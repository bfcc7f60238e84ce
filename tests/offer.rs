//! `spkrepo promote`, `yank` and `unyank`.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const X86: &str = "packages/demo/1.0-1/dsm7.0-40000-x86_64.toml";

/// A release with three builds on `staged`: x86_64 and armv7 for DSM 7.0, noarch for 6.0.
fn with_builds() -> Sandbox {
    let sandbox = Sandbox::initialized();
    let demo = |arch: &str, os: &str| Spk::new("demo", "1.0-1").arch(arch).os_min(os);
    sandbox
        .spk("in/x.spk", &demo("x86_64", "7.0-40000"))
        .spk("in/a.spk", &demo("armv7", "7.0-40000"))
        .spk("in/n.spk", &demo("noarch", "6.0-7321"));
    sandbox.run("add ../in").success();
    sandbox
}

/// Returns the channel of each build: noarch, armv7, x86_64.
fn channels(sandbox: &Sandbox) -> [String; 3] {
    [
        "dsm6.0-7321-noarch",
        "dsm7.0-40000-armv7",
        "dsm7.0-40000-x86_64",
    ]
    .map(|build| {
        let text = sandbox.read(&format!("packages/demo/1.0-1/{build}.toml"));
        text.split('"').nth(1).expect("a channel").to_owned()
    })
}

#[track_caller]
fn unchanged(sandbox: &Sandbox, call: &str, code: i32, stdout: &str, stderr: &str) {
    let before = (sandbox.head(), sandbox.status());
    let outcome = sandbox.run(call);
    let checked = if code == 0 {
        outcome.success()
    } else {
        outcome.failure(code)
    };
    checked.stdout(stdout).stderr(stderr);
    assert_eq!((sandbox.head(), sandbox.status()), before);
}

#[test]
fn builds_go_up_one_channel_at_a_time_and_then_stay() {
    let sandbox = with_builds();
    let checked = sandbox.run("promote demo").success().stdout(
        "demo 1.0-1  noarch  DSM 6.0-7321   staged → beta\n\
         demo 1.0-1  armv7   DSM 7.0-40000  staged → beta\n\
         demo 1.0-1  x86_64  DSM 7.0-40000  staged → beta\n",
    );
    checked.stderr(&format!("committed {}\n", &sandbox.head()[..10]));
    assert_eq!(
        sandbox.git("log -1 --format=%B"),
        "promote demo 1.0-1 to beta (3 builds)\n\n\
         - noarch, DSM 6.0-7321\n- armv7, DSM 7.0-40000\n- x86_64, DSM 7.0-40000\n\n\
         Spkrepo-Action: promote\nSpkrepo-Package: demo\nSpkrepo-Version: 1.0-1\n\
         Spkrepo-Build: dsm6.0-7321-noarch\nSpkrepo-Build: dsm7.0-40000-armv7\n\
         Spkrepo-Build: dsm7.0-40000-x86_64"
    );
    sandbox
        .run("promote demo@1.0-1")
        .success()
        .stdout_has("beta → stable");
    unchanged(
        &sandbox,
        "promote demo",
        0,
        "demo 1.0-1  noarch  DSM 6.0-7321   already on stable\n\
         demo 1.0-1  armv7   DSM 7.0-40000  already on stable\n\
         demo 1.0-1  x86_64  DSM 7.0-40000  already on stable\n",
        "",
    );
    unchanged(&sandbox, "promote demo --dry-run", 0, "", "");
    let report = sandbox.run("promote demo --json").success().json();
    assert_eq!(report["commit"], serde_json::Value::Null);
    assert_eq!(report["builds"][0]["outcome"], "already_on");
    assert_eq!(sandbox.status(), "");
    sandbox.fsck();
}

#[test]
fn a_channel_can_be_named_and_builds_that_came_later_catch_up() {
    let sandbox = with_builds();
    sandbox
        .run("promote demo --to stable --arch x86_64")
        .success()
        .stdout("demo 1.0-1  x86_64  DSM 7.0-40000  staged → stable\n");
    assert_eq!(channels(&sandbox), ["staged", "staged", "stable"]);
    sandbox.run("promote demo").success().stdout(
        "demo 1.0-1  noarch  DSM 6.0-7321   staged → beta\n\
         demo 1.0-1  armv7   DSM 7.0-40000  staged → beta\n\
         demo 1.0-1  x86_64  DSM 7.0-40000  already on stable\n",
    );
    assert_eq!(channels(&sandbox), ["beta", "beta", "stable"]);
}

#[test]
fn filters_narrow_the_builds() {
    for (filter, expected) in [
        ("--arch x86_64", ["staged", "staged", "beta"]),
        ("--arch armv7 --arch noarch", ["beta", "beta", "staged"]),
        ("--dsm 7", ["staged", "beta", "beta"]),
        ("--dsm 6.0", ["beta", "staged", "staged"]),
        ("--dsm 7.0-40000 --arch armv7", ["staged", "beta", "staged"]),
        ("--build dsm6.0-7321-noarch", ["beta", "staged", "staged"]),
    ] {
        let sandbox = with_builds();
        sandbox.run(&format!("promote demo {filter}")).success();
        assert_eq!(channels(&sandbox), expected, "{filter}");
    }
    let sandbox = with_builds();
    unchanged(
        &sandbox,
        "promote demo --dsm 7.2",
        2,
        "",
        "error: no build of demo 1.0-1 fits `--arch`, `--dsm` and `--build`; it has dsm6.0-7321-noarch, dsm7.0-40000-armv7, dsm7.0-40000-x86_64\n",
    );
}

#[test]
fn downwards_is_refused() {
    let sandbox = with_builds();
    sandbox.run("promote demo --to stable").success();
    unchanged(
        &sandbox,
        "promote demo --to beta",
        2,
        "",
        "error: demo 1.0-1 (dsm6.0-7321-noarch) is on stable, above beta: builds are promoted upwards only\n\
         hint: `spkrepo yank PACKAGE@VERSION --reason TEXT` withdraws a release from every channel\n",
    );
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let sandbox = with_builds();
    for verb in ["promote", "yank --reason x", "unyank", "show"] {
        unchanged(
            &sandbox,
            &format!("{verb} demmo"),
            2,
            "",
            "error: there is no package `demmo` here\nhint: did you mean `demo`?\n",
        );
        unchanged(
            &sandbox,
            &format!("{verb} transmission"),
            2,
            "",
            "error: there is no package `transmission` here\n",
        );
        unchanged(
            &sandbox,
            &format!("{verb} demo@2.0-1"),
            2,
            "",
            "error: demo has no release 2.0-1; it has 1.0-1\n",
        );
    }
    sandbox
        .run("promote ../demo")
        .failure(2)
        .stderr_has("'../demo'");
}

#[test]
fn the_newest_release_is_meant_unless_one_is_named() {
    let sandbox = with_builds();
    sandbox.spk("new.spk", &Spk::new("demo", "1.0-10"));
    sandbox.run("add ../new.spk").success();
    sandbox
        .run("promote demo")
        .success()
        .stdout("demo 1.0-10  noarch  DSM 7.0-40000  staged → beta\n");
    assert_eq!(channels(&sandbox), ["staged"; 3]);
}

#[test]
fn a_hand_edited_document_keeps_its_comments_and_its_layout() {
    let sandbox = with_builds();
    let text = sandbox
        .read(X86)
        .replace(
            "channel = \"staged\"",
            "# not before Monday\nchannel='staged'   # asked for by Ann",
        )
        .replace("arch = [\"x86_64\"]", "arch = [ 'x86_64' ]")
        + "\n# the end\n";
    sandbox.write(X86, &text);
    sandbox.git("commit --quiet -am 'by hand'");
    sandbox.run("promote demo --arch x86_64").success();
    let promoted = text.replace("'staged'", "\"beta\"");
    assert_eq!(sandbox.read(X86), promoted);
    sandbox.run("yank demo --reason bad").success();
    assert_ne!(sandbox.read(X86), promoted);
    sandbox.run("unyank demo").success();
    assert_eq!(sandbox.read(X86), promoted);
    assert_eq!(sandbox.status(), "");
}

#[test]
fn yank_withdraws_and_unyank_gives_the_same_tree_back() {
    let sandbox = with_builds();
    sandbox.run("promote demo --to stable").success();
    let tree = sandbox.git("rev-parse 'HEAD^{tree}'");
    sandbox
        .run("yank demo --reason 'eats photos'")
        .success()
        .stdout(
            "demo 1.0-1  noarch  DSM 6.0-7321   yanked from stable\n\
             demo 1.0-1  armv7   DSM 7.0-40000  yanked from stable\n\
             demo 1.0-1  x86_64  DSM 7.0-40000  yanked from stable\n",
        );
    assert!(
        sandbox
            .read(X86)
            .ends_with("\n[yanked]\nreason = \"eats photos\"\n")
    );
    assert_eq!(
        sandbox.git("log -1 --format='%s|%(trailers:key=Spkrepo-Reason)'"),
        "yank demo 1.0-1 (3 builds)|Spkrepo-Reason: eats photos"
    );
    sandbox.run("list").success().stdout(
        "PACKAGE  STABLE  BETA  STAGED  BUILDS  YANKED\ndemo     -       -     -       3       1.0-1\n",
    );
    sandbox
        .run("yank demo --reason again")
        .success()
        .stdout_has("already yanked")
        .stderr("");
    unchanged(
        &sandbox,
        "promote demo",
        2,
        "",
        "error: demo 1.0-1 is yanked: no build of it can be promoted\n\
         hint: `spkrepo unyank PACKAGE@VERSION` takes the yank back\n",
    );
    sandbox
        .run("unyank demo")
        .success()
        .stdout_has("unyanked, on stable again");
    assert_eq!(sandbox.git("rev-parse 'HEAD^{tree}'"), tree);
    sandbox
        .run("unyank demo")
        .success()
        .stdout_has("not yanked")
        .stderr("");
    sandbox.fsck();
}

#[test]
fn a_yanked_build_stays_while_the_others_are_promoted() {
    let sandbox = with_builds();
    sandbox.run("yank demo --arch armv7 --reason bad").success();
    sandbox.run("promote demo").success().stdout(
        "demo 1.0-1  noarch  DSM 6.0-7321   staged → beta\n\
         demo 1.0-1  armv7   DSM 7.0-40000  stays yanked\n\
         demo 1.0-1  x86_64  DSM 7.0-40000  staged → beta\n",
    );
    assert_eq!(channels(&sandbox), ["beta", "staged", "beta"]);
}

#[test]
fn a_yank_needs_a_reason() {
    let sandbox = with_builds();
    sandbox
        .run("yank demo")
        .failure(2)
        .stderr_has("--reason <TEXT>");
    for reason in ["''", "'  '"] {
        unchanged(
            &sandbox,
            &format!("yank demo --reason {reason}"),
            2,
            "",
            "error: a yank needs a reason: it is what people are told\n",
        );
    }
}

#[test]
fn a_reason_of_several_lines_forges_no_trailer() {
    let sandbox = with_builds();
    let reason = "bad\n\nSpkrepo-Action: promote\n---\n\"quoted\" \\ and 'more'";
    let mut command = sandbox.spkrepo("yank demo --json --reason");
    command.arg(reason);
    let output = command.output().expect("an executable file");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        sandbox.git("log -1 --format='%(trailers:key=Spkrepo-Action,valueonly)'"),
        "yank"
    );
    let shown = sandbox.run("show demo --json").success().json();
    assert_eq!(
        shown["releases"][0]["builds"][0]["yanked"]["reason"],
        reason
    );
    sandbox.run("unyank demo").success();
    sandbox.git("diff --exit-code HEAD~2 HEAD");
}

#[test]
fn the_report_is_json() {
    let sandbox = with_builds();
    let report = sandbox
        .run("promote demo --json --arch x86_64")
        .success()
        .json();
    assert_eq!(
        report,
        serde_json::json!({
            "package": "demo",
            "version": "1.0-1",
            "builds": [{
                "build": "dsm7.0-40000-x86_64",
                "platforms": "x86_64",
                "range": "DSM 7.0-40000",
                "outcome": "promoted",
                "from": "staged",
                "to": "beta",
            }],
            "commit": sandbox.head(),
        })
    );
}
