//! `spkrepo list` and `show`.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

#[test]
fn an_empty_package_source_says_what_to_do() {
    let sandbox = Sandbox::initialized();
    sandbox
        .run("list")
        .success()
        .stdout("")
        .stderr("there are no packages yet\nhint: `spkrepo add FILE.spk` takes the first SPK in\n");
    assert_eq!(
        sandbox.run("list --json").success().json(),
        serde_json::json!([])
    );
    sandbox.run("log").success().stdout("");
}

#[test]
fn list_tells_the_newest_version_on_each_channel() {
    let sandbox = Sandbox::initialized();
    for (version, channel) in [("1.0-2", "stable"), ("1.0-10", "beta"), ("1.0-9", "stable")] {
        sandbox.spk("n.spk", &Spk::new("demo", version));
        sandbox
            .run(&format!("add --channel {channel} ../n.spk"))
            .success();
    }
    sandbox.spk("b.spk", &Spk::new("bad", "3"));
    sandbox.run("add ../b.spk").success();
    sandbox.run("yank bad --reason x").success();
    sandbox.run("list").success().stderr("").stdout(
        "PACKAGE  STABLE  BETA    STAGED  BUILDS  YANKED\n\
         bad      -       -       -       1       3\n\
         demo     1.0-9   1.0-10  -       3\n",
    );
    assert_eq!(
        sandbox.run("list --json").success().json()[1],
        serde_json::json!({
            "package": "demo", "stable": "1.0-9", "beta": "1.0-10", "staged": null,
            "yanked": [], "releases": 3, "builds": 3,
        })
    );
    sandbox
        .run("list --rev HEAD~4")
        .success()
        .stdout_has("demo     1.0-2   -     -       1");
    sandbox
        .run("list --rev nowhere")
        .failure(2)
        .stderr("error: `nowhere` names no commit here\n");
}

#[test]
fn show_tells_everything_of_a_release() {
    let sandbox = Sandbox::initialized();
    let spk = Spk::new("demo", "1.0-1")
        .arch("x86_64")
        .info("description_fre", "En français")
        .info("maintainer_url", "https://example.org")
        .info("changelog", "One<br>\nTwo")
        .conf("privilege", r#"{"defaults":{"run-as":"package"}}"#)
        .script("postinst", "#!/bin/sh\n")
        .icon(72)
        .screenshot(1);
    sandbox.spk("x.spk", &spk);
    sandbox.run("add --channel beta ../x.spk").success();
    sandbox.spk("y.spk", &Spk::new("demo", "1.0-2"));
    sandbox.run("add ../y.spk").success();
    let out = sandbox.run("show demo@1.0-1").success();
    insta::assert_snapshot!(out.out(), @r"
    demo
      screenshots   screen_1.png

    1.0-1
      name          demo
      description   What demo does
      languages     fre
      maintainer    Somebody <https://example.org>
      changelog     One<br>
                    Two
      runs as       package
      scripts       postinst
      icons         72
      dsm7.0-40000-x86_64
        channel       beta
        platforms     x86_64
        system        DSM 7.0-40000
        file          demo_1.0-1_dsm7.0-40000-x86_64.spk
        size          10.50 KiB
        sha256        [SHA256]
        md5           [MD5]
    ");
    let all = sandbox.run("show demo").success().out();
    let place = |version: &str| all.find(&format!("\n{version}\n")).expect("a release");
    assert!(place("1.0-2") < place("1.0-1"), "newest first: {all}");
    let report = sandbox.run("show demo@1.0-1 --json").success().json();
    assert_eq!(report["releases"].as_array().map(Vec::len), Some(1));
    let build = &report["releases"][0]["builds"][0];
    assert_eq!(build["offered_on"], "beta");
    assert_eq!(build["blob_is_here"], true);
    assert_eq!(build["effective"]["permissions"]["run_as"], "package");
    assert_eq!(
        report["releases"][0]["text"]["languages"]["fre"]["description"],
        "En français"
    );
}

#[test]
fn only_what_is_committed_is_read() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("x.spk", &Spk::new("demo", "1.0-1"));
    sandbox.run("add ../x.spk").success();
    let path = "packages/demo/1.0-1/release.toml";
    sandbox.write(path, "this is no TOML");
    sandbox
        .run("show demo")
        .success()
        .stdout_has("description   What demo does");
    sandbox.git("commit --quiet -am broken");
    sandbox
        .run("show demo")
        .failure(2)
        .stdout("")
        .stderr_has("  packages/demo/1.0-1/release.toml:1: ")
        .stderr_has("hint: mend the files and commit them, then try again\n");
    sandbox
        .run("log -n 1")
        .success()
        .stdout_has("demo 1.0-1: edited packages/demo/1.0-1/release.toml");
}
