//! `spkrepo add` of what cannot be taken in: one clear error with the way out, and nothing written.

use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

const STORE: &str = "repo/.git/lfs";

fn demo(arch: &str) -> Spk {
    Spk::new("demo", "1.0-1").arch(arch)
}

fn with_demo(channel: &str) -> Sandbox {
    let sandbox = Sandbox::initialized();
    sandbox.spk("x.spk", &demo("x86_64"));
    sandbox
        .run(&format!("add --channel {channel} ../x.spk"))
        .success();
    sandbox
}

/// Demands that the call fails with this error, and that no commit, file or blob came of it.
#[track_caller]
fn refused(sandbox: &Sandbox, call: &str, stderr: &str) {
    let before = (sandbox.head(), sandbox.status(), sandbox.files(STORE));
    sandbox.run(call).failure(2).stdout("").stderr(stderr);
    assert_eq!(
        (sandbox.head(), sandbox.status(), sandbox.files(STORE)),
        before
    );
}

#[test]
fn other_bytes_of_a_staged_build_need_to_be_asked_for() {
    let sandbox = with_demo("staged");
    sandbox.spk("y.spk", &demo("x86_64").payload("other"));
    refused(
        &sandbox,
        "add ../y.spk",
        "error: `../y.spk` has other bytes than demo 1.0-1 (dsm7.0-40000-x86_64), which is on staged: [SHA256] instead of [SHA256]\n\
         hint: nobody was offered it yet: `spkrepo add --replace FILE` replaces it, or raise the number after the last `-` of the version\n",
    );
    sandbox
        .run("add --replace ../y.spk")
        .success()
        .stdout_has("replaced  demo 1.0-1  x86_64");
    sandbox.fsck();
    sandbox
        .run("log demo -n 1")
        .success()
        .stdout_has("demo 1.0-1 dsm7.0-40000-x86_64: other bytes\n");
}

#[test]
fn other_bytes_of_a_released_build_are_never_taken() {
    for channel in ["beta", "stable"] {
        let sandbox = with_demo(channel);
        sandbox.spk("y.spk", &demo("x86_64").payload("other"));
        for call in ["add ../y.spk", "add --replace ../y.spk"] {
            refused(
                &sandbox,
                call,
                &format!(
                    "error: `../y.spk` has other bytes than demo 1.0-1 (dsm7.0-40000-x86_64), which is on {channel}: [SHA256] instead of [SHA256]\n\
                     hint: released bytes never change: raise the number after the last `-` of the version and build again\n"
                ),
            );
        }
    }
}

#[test]
fn other_bytes_in_one_call_are_refused() {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("x.spk", &demo("x86_64"))
        .spk("y.spk", &demo("x86_64").payload("other"));
    let before = sandbox.head();
    sandbox
        .run("add ../x.spk ../y.spk")
        .failure(2)
        .stderr_has("has other bytes than demo 1.0-1");
    assert_eq!(sandbox.head(), before);
    assert_eq!(sandbox.files(STORE), []);
}

#[test]
fn a_yanked_build_keeps_its_bytes() {
    let sandbox = with_demo("staged");
    sandbox.run("yank demo --reason bad").success();
    sandbox.spk("y.spk", &demo("x86_64").payload("other"));
    let before = sandbox.head();
    sandbox.run("add --replace ../y.spk").failure(2);
    assert_eq!(sandbox.head(), before);
}

#[test]
fn a_build_for_the_same_devices_is_refused_and_the_other_is_named() {
    let sandbox = with_demo("staged");
    sandbox.spk("y.spk", &demo("x86_64 armv7"));
    refused(
        &sandbox,
        "add ../y.spk",
        "error: `../y.spk` is for the same devices as demo 1.0-1 (dsm7.0-40000-x86_64): the same minimum DSM and `x86_64`\n\
         hint: give one of the two another minimum DSM or other platforms; a device must have exactly one best build\n",
    );
}

#[test]
fn texts_that_contradict_the_release_are_listed_with_both_values() {
    let sandbox = with_demo("staged");
    sandbox.spk(
        "y.spk",
        &demo("armv7")
            .info("description", "Else")
            .info("maintainer", "Nobody"),
    );
    refused(
        &sandbox,
        "add ../y.spk",
        "error: `../y.spk` contradicts demo 1.0-1:\n  \
         description: the release has \"What demo does\", the SPK has \"Else\"\n  \
         maintainer: the release has \"Somebody\", the SPK has \"Nobody\"\n\
         hint: raise the version if the texts are meant to change, or use `spkrepo add --keep-texts FILE` to keep the release's\n",
    );
}

#[test]
fn one_bad_file_of_many_stops_them_all() {
    let sandbox = Sandbox::initialized();
    sandbox
        .spk("out/a.spk", &demo("armv7"))
        .spk("out/b.spk", &Spk::new("b", "1").without_package_tgz())
        .spk("out/c.spk", &Spk::new("c", "1"));
    for options in ["", "--commit-each", "--dry-run"] {
        sandbox
            .run(&format!("add {options} ../out"))
            .failure(2)
            .stdout("")
            .stderr_has("error: `../out/b.spk` cannot be published:\n")
            .stderr_has("package.tgz");
        assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
        assert_eq!(sandbox.files(STORE), []);
        assert_eq!(sandbox.status(), "");
    }
}

#[test]
fn what_is_no_spk_is_refused_by_name() {
    let sandbox = Sandbox::initialized();
    fs_err::create_dir(sandbox.path("empty")).expect("a new folder");
    fs_err::write(sandbox.path("text.spk"), "no archive").expect("a new file");
    let hint = "hint: name files that end in `.spk`, a folder of them, or `-` for standard input\n";
    for (call, error) in [
        ("add ../none.spk", "`../none.spk` does not exist"),
        ("add ../empty", "`../empty` holds no SPK"),
        ("add '../empty/*.spk'", "`../empty/*.spk` holds no SPK"),
    ] {
        refused(&sandbox, call, &format!("error: {error}\n{hint}"));
    }
    sandbox
        .run("add ../text.spk")
        .failure(2)
        .stderr_has("error: `../text.spk` cannot be read as an SPK\ncaused by: ");
    sandbox.run("add").failure(2).stderr_has("<FILE>...");
}

#[test]
fn names_that_differ_in_case_only_are_refused() {
    let sandbox = with_demo("staged");
    sandbox.spk("y.spk", &Spk::new("Demo", "1.0-1"));
    refused(
        &sandbox,
        "add ../y.spk",
        "error: `../y.spk` would be Demo beside `demo`: folders that differ in case only cannot be cloned everywhere\n",
    );
}

#[test]
fn a_missing_file_is_the_error_whether_or_not_others_are_good() {
    let sandbox = Sandbox::initialized();
    sandbox.spk("x.spk", &demo("x86_64"));
    refused(
        &sandbox,
        "add ../x.spk ../none.spk",
        "error: `../none.spk` does not exist\n\
         hint: name files that end in `.spk`, a folder of them, or `-` for standard input\n",
    );
}
