//! `spkrepo history`: the life of each release, of commands, of hands and of merges.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

fn add(sandbox: &Sandbox, version: &str, platforms: &[&str]) {
    let _ = fs_err::remove_dir_all(sandbox.path("in"));
    for arch in platforms {
        sandbox.spk(
            &format!("in/{arch}.spk"),
            &Spk::new("demo", version).arch(arch),
        );
    }
    sandbox.run("add ../in").success();
}

/// Returns the history with each commit's short name replaced by `COMMIT`.
fn told(sandbox: &Sandbox, arguments: &str) -> String {
    let mut out = sandbox
        .run(&format!("history {arguments}"))
        .success()
        .stderr("")
        .out();
    for id in sandbox.git("log --all --format=%H").lines() {
        out = out.replace(&id[..10], "COMMIT");
    }
    out
}

#[test]
fn each_release_has_its_life_from_the_first_commit_on() {
    let sandbox = Sandbox::initialized();
    add(&sandbox, "1.0-1", &["x86_64", "armv8"]);
    sandbox.run("promote demo --to stable").success();
    add(&sandbox, "2.0-2", &["x86_64"]);
    sandbox.run("promote demo@2.0-2").success();
    sandbox.run("promote demo@2.0-2").success();
    sandbox
        .run("rollback demo@1.0-1 --reason 'eats photos'")
        .success();
    sandbox.write("packages/demo/package.toml", "maintainers = [\"eve\"]\n");
    sandbox.git("commit --quiet --author 'E\u{1b}[31mve <eve@example.org>' -am 'Eve takes over'");
    assert_eq!(
        told(&sandbox, "demo"),
        "demo 2.0-2\n\
        \u{20} 2026-01-02  COMMIT  Tess Tester  added on staged (dsm7.0-40000-x86_64)\n\
        \u{20} 2026-01-02  COMMIT  Tess Tester  staged → beta (dsm7.0-40000-x86_64)\n\
        \u{20} 2026-01-02  COMMIT  Tess Tester  beta → stable (dsm7.0-40000-x86_64)\n\
        \u{20} 2026-01-02  COMMIT  Tess Tester  yanked: eats photos (dsm7.0-40000-x86_64)\n\
        \n\
        demo 1.0-1\n\
        \u{20} 2026-01-02  COMMIT  Tess Tester  added on staged (2 builds)\n\
        \u{20} 2026-01-02  COMMIT  Tess Tester  staged → stable (2 builds)\n\
        \n\
        demo\n\
        \u{20} 2026-01-02  COMMIT  E\\u{1b}[31mve  edited packages/demo/package.toml: maintainers\n"
    );
    assert_eq!(told(&sandbox, "demo@1.0-1").lines().count(), 3);
    assert_eq!(told(&sandbox, "demo@2.0-2 --rev HEAD~3").lines().count(), 3);
}

#[test]
fn a_release_that_is_gone_is_told_with_the_reason_of_its_end() {
    let sandbox = Sandbox::initialized();
    sandbox.write("notes.txt", "none\n");
    add(&sandbox, "1.0-1", &["x86_64"]);
    let first = sandbox.head();
    add(&sandbox, "2.0-2", &["x86_64"]);
    sandbox
        .run(&format!("rollback {first} --reason 'built by mistake'"))
        .success();
    let life = told(&sandbox, "demo@2.0-2");
    assert!(
        life.ends_with("removed (dsm7.0-40000-x86_64), because: built by mistake\n"),
        "{life}"
    );
    let log = sandbox.run("log -n 1").success().out();
    assert!(log.ends_with("    because: built by mistake\n"), "{log}");
    let json = sandbox.run("history demo@2.0-2 --json").success().json();
    let last = &json["releases"][0]["events"][1];
    assert_eq!(
        serde_json::json!([
            last["event"],
            last["action"],
            last["reason"],
            last["builds"]
        ]),
        serde_json::json!([
            "removed",
            "rollback",
            "built by mistake",
            ["dsm7.0-40000-x86_64"]
        ])
    );
}

#[test]
fn what_merges_and_hands_changed_is_part_of_it() {
    let sandbox = Sandbox::initialized();
    add(&sandbox, "1.0-1", &["x86_64"]);
    let build = "packages/demo/1.0-1/dsm7.0-40000-x86_64.toml";
    let text = sandbox.read(build);
    sandbox.git("switch --quiet -c side");
    sandbox.write(
        build,
        &text
            .replace("[spk]", "[install]\nstartable = false\n\n[spk]")
            .replace("staged", "beta"),
    );
    sandbox.git("commit --quiet -am 'By hand'");
    sandbox.git("switch --quiet main");
    add(&sandbox, "1.0-1", &["armv8"]);
    sandbox.git("merge --quiet --no-edit side");
    sandbox.write("packages/demo/screenshots/1.png", "no picture\n");
    sandbox.git("add .");
    sandbox.git("commit --quiet -m 'A picture'");
    let life = told(&sandbox, "demo");
    for part in [
        "added on staged (dsm7.0-40000-armv8)",
        "staged → beta (dsm7.0-40000-x86_64)",
        "dsm7.0-40000-x86_64.toml: install.startable (dsm7.0-40000-x86_64)",
        "another picture: packages/demo/screenshots/1.png",
    ] {
        assert_eq!(life.matches(part).count(), 1, "{part}: {life}");
    }
}

#[test]
fn what_was_never_here_is_an_error() {
    let sandbox = Sandbox::initialized();
    add(&sandbox, "1.0-1", &["x86_64"]);
    sandbox
        .run("history dem")
        .failure(2)
        .stdout("")
        .stderr("error: there is no package `dem` here\nhint: did you mean `demo`?\n");
    sandbox
        .run("history demo@2")
        .failure(2)
        .stderr("error: demo has no release 2; it has 1.0-1\n");
}
