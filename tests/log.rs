//! `spkrepo log`: spkrepo's commits, commits made by hand, and merges.

use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn demo(arch: &str) -> Spk {
    Spk::new("demo", "1.0-1").arch(arch)
}

fn with_demo() -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("x.spk", &demo("x86_64"))
        .spk("a.spk", &demo("armv7"))
        .spk("i.spk", &demo("i686"))
        .spk("o.spk", &Spk::new("demo2", "3"));
    sandbox.run("add ../x.spk").success();
    sandbox
}

/// Returns the log with each commit's short name replaced by its place in the output of `git log --topo-order`.
fn log(sandbox: &Sandbox, options: &str) -> String {
    let mut out = sandbox.run(&format!("log {options}")).success().out();
    for id in sandbox.git("log --format=%H").lines() {
        out = out.replace(&id[..10], "COMMIT");
    }
    out
}

#[test]
fn each_command_is_told_in_a_line_per_build() {
    let sandbox = with_demo();
    sandbox.run("add ../o.spk").success();
    sandbox.run("promote demo --to stable").success();
    sandbox.run("yank demo --reason 'eats photos'").success();
    sandbox.run("unyank demo").success();
    assert_eq!(
        log(&sandbox, "demo"),
        "COMMIT  2026-01-02  Tess Tester: unyank demo 1.0-1 (x86_64, DSM 7.0)\n    \
             demo 1.0-1 dsm7.0-40000-x86_64: unyanked\n\
         COMMIT  2026-01-02  Tess Tester: yank demo 1.0-1 (x86_64, DSM 7.0)\n    \
             demo 1.0-1 dsm7.0-40000-x86_64: yanked: eats photos\n\
         COMMIT  2026-01-02  Tess Tester: promote demo 1.0-1 to stable (x86_64, DSM 7.0)\n    \
             demo 1.0-1 dsm7.0-40000-x86_64: staged → stable\n\
         COMMIT  2026-01-02  Tess Tester: add demo 1.0-1 (x86_64, DSM 7.0)\n    \
             demo 1.0-1 dsm7.0-40000-x86_64: added on staged\n"
    );
    assert_eq!(log(&sandbox, "demo2").lines().count(), 2);
    assert_eq!(log(&sandbox, "").lines().count(), 10);
    assert_eq!(log(&sandbox, "-n 1").lines().count(), 2);
    assert_eq!(log(&sandbox, "-n 0"), "");
    assert_eq!(log(&sandbox, "--rev HEAD~3").lines().count(), 4);
    let json = sandbox.run("log --json -n 1").success().json();
    assert_eq!(
        json,
        serde_json::json!([{
            "commit": sandbox.head(),
            "author": "Tess Tester",
            "email": "tess@example.org",
            "date": "2026-01-02T03:04:05Z",
            "subject": "unyank demo 1.0-1 (x86_64, DSM 7.0)",
            "action": "unyank",
            "events": [{
                "package": "demo", "version": "1.0-1", "build": "dsm7.0-40000-x86_64", "event": "unyanked",
            }],
        }])
    );
}

#[test]
fn commits_made_by_hand_are_told_by_what_they_changed() {
    let sandbox = with_demo();
    let release = "packages/demo/1.0-1/release.toml";
    let build = "packages/demo/1.0-1/dsm7.0-40000-x86_64.toml";
    sandbox.write(release, &sandbox.read(release).replace("What", "All that"));
    sandbox.git("commit --quiet -am 'Correct a text'");
    sandbox.write(build, &sandbox.read(build).replace("staged", "stable"));
    sandbox.git("commit --quiet -am 'Publish'");
    sandbox.write("notes.txt", "nothing about packages\n");
    sandbox.git("add notes.txt");
    sandbox.git("commit --quiet -m 'Notes'");
    sandbox.git("rm --quiet -r packages/demo/1.0-1");
    sandbox.git("commit --quiet -m 'Away with it'");
    assert_eq!(
        log(&sandbox, "-n 3"),
        "COMMIT  2026-01-02  Tess Tester: Away with it\n    \
             demo 1.0-1 dsm7.0-40000-x86_64: removed\n\
         COMMIT  2026-01-02  Tess Tester: Publish\n    \
             demo 1.0-1 dsm7.0-40000-x86_64: staged → stable\n\
         COMMIT  2026-01-02  Tess Tester: Correct a text\n    \
             demo 1.0-1: edited packages/demo/1.0-1/release.toml: text.description\n"
    );
}

#[test]
fn two_branches_that_each_add_a_build_merge_cleanly_and_are_told_once() {
    for base_has_release in [true, false] {
        let sandbox = with_demo();
        if !base_has_release {
            sandbox.git("reset --quiet --hard HEAD~");
        }
        sandbox.git("switch --quiet -c side");
        sandbox.run("add --channel stable ../a.spk").success();
        sandbox.git("switch --quiet main");
        sandbox.run("add --channel stable ../i.spk").success();
        sandbox.git("merge --quiet --no-edit side");
        assert_eq!(sandbox.status(), "");
        let log = log(&sandbox, "");
        for arch in ["armv7", "i686"] {
            let line = format!("demo 1.0-1 dsm7.0-40000-{arch}: added on stable");
            assert_eq!(log.matches(&line).count(), 1, "{log}");
        }
        assert!(
            !log.contains("Merge"),
            "the merge itself did nothing: {log}"
        );
        let server = Server::start(&sandbox, "");
        for arch in ["armv7", "i686"] {
            let query = format!("/?arch={arch}&build=64570&major=7&minor=2&language=enu");
            let catalog = server.get(&query).status(200);
            assert_eq!(
                catalog.json()["packages"].as_array().map(Vec::len),
                Some(1),
                "{arch}"
            );
        }
        sandbox.run("promote demo --arch i686").success();
        sandbox.fsck();
    }
}

#[test]
fn what_a_merge_itself_changed_is_told() {
    let sandbox = with_demo();
    let build = "packages/demo/1.0-1/dsm7.0-40000-x86_64.toml";
    let text = sandbox.read(build);
    sandbox.git("switch --quiet -c side");
    sandbox.write(build, &format!("# side\n{text}"));
    sandbox.git("commit --quiet -am side");
    sandbox.git("switch --quiet main");
    sandbox.write(build, &format!("# main\n{text}"));
    sandbox.git("commit --quiet -am main");
    sandbox.try_git("merge --quiet side").failure(1);
    sandbox.write(build, &text.replace("staged", "beta"));
    sandbox.git("commit --quiet -am 'Merge by hand'");
    assert!(
        log(&sandbox, "-n 1")
            .ends_with("Merge by hand\n    demo 1.0-1 dsm7.0-40000-x86_64: staged → beta\n"),
        "{}",
        log(&sandbox, "")
    );
}
