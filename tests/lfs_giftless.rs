//! A Git LFS server that is not ours, and git-lfs, with what spkrepo writes; and spkrepo with what people commit by them.

use std::time::{Duration, Instant};

use fs_err as fs;

use crate::lfs_server::{remember, try_git, use_at};
use crate::remote::{Shared, build};
use crate::support::digest::sha256;
use crate::support::giftless::Giftless;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const POINTER: &str = "packages/alpha/1.0-1/alpha_1.0-1_dsm7.0-40000-noarch.spk";

fn sound(package: &str) -> Spk {
    let privilege = r#"{"defaults": {"run-as": "package"}}"#;
    build(package).conf("privilege", privilege)
}

/// Commits and publishes the `.lfsconfig` that tells every clone where the objects are.
fn tell(shared: &Shared, url: &str) {
    let path = shared.sandbox.path("repo/.lfsconfig");
    fs::write(path, format!("[lfs]\n\turl = {url}\n")).expect("writable");
    shared.git("repo", "add .lfsconfig");
    shared.git("repo", "commit --quiet -m 'where the SPKs are'");
    shared.git("repo", "push --quiet origin main");
}

fn spk_of(shared: &Shared, package: &str) -> Vec<u8> {
    fs::read(shared.sandbox.path(&format!("in/{package}.spk"))).expect("the SPK")
}

#[test]
fn what_spkrepo_adds_git_lfs_pushes_and_a_clone_with_filters_has_it_whole() {
    let shared = Shared::new();
    let server = Giftless::open(&shared.sandbox);
    tell(&shared, &server.url());
    for package in ["alpha", "beta"] {
        let spk = shared.spk(package, &sound(package).payload_size(500_000));
        let added = shared.run("repo", &format!("add {spk} --channel stable"));
        added.success();
    }
    shared.git("repo", "lfs push --all origin");
    shared.git("repo", "push --quiet origin main");
    for package in ["alpha", "beta"] {
        let bytes = spk_of(&shared, package);
        let object = fs::read(server.object(&sha256(&bytes)));
        assert!(
            object.expect("an object of the server") == bytes,
            "{package}"
        );
    }
    shared.git("repo", "lfs install --skip-repo");
    shared.clone_as("other");
    let file = fs::read(shared.sandbox.path(&format!("other/{POINTER}")));
    assert!(file.expect("a file") == spk_of(&shared, "alpha"));
    assert_eq!(shared.git("other", "lfs fsck"), "Git LFS fsck OK");
    shared.run("other", "verify --all").success();
    shared.run("other", "check --blobs").success();
}

#[test]
fn what_a_person_commits_by_git_and_git_lfs_alone_spkrepo_checks_and_serves() {
    let shared = Shared::new();
    let server = Giftless::open(&shared.sandbox);
    tell(&shared, &server.url());
    // The files as they are elsewhere, with the SPK itself in its place.
    let elsewhere = Sandbox::initialized();
    elsewhere.spk("alpha.spk", &sound("alpha"));
    elsewhere.run("add --channel stable ../alpha.spk").success();
    elsewhere.git("lfs install --local");
    elsewhere.git("lfs checkout");
    let bytes = fs::read(elsewhere.path(&format!("repo/{POINTER}"))).expect("the SPK");

    shared.git("repo", "lfs install --skip-repo");
    shared.clone_as("person");
    shared.git("person", "lfs install --local");
    let from = elsewhere.path("repo/packages").display().to_string();
    let to = shared.sandbox.path("person").display().to_string();
    let copy = ["-R", &from, &to].map(str::to_owned);
    let copied = shared.sandbox.command("cp", &copy).status();
    assert!(copied.expect("a POSIX system").success());
    shared.git("person", "add packages");
    shared.git("person", "commit --quiet -m 'alpha, by hand'");
    shared.git("person", "push --quiet origin main");
    let object = fs::read(server.object(&sha256(&bytes)));
    assert!(object.expect("an object of the server") == bytes);

    shared.clone_as("clone");
    let file = fs::read(shared.sandbox.path(&format!("clone/{POINTER}")));
    assert!(file.expect("a file") == bytes);
    shared.run("clone", "check --blobs").success();
    shared.run("clone", "verify --all").success();
    // As if `add` had been used: it has nothing to do.
    shared.sandbox.spk("in/alpha.spk", &sound("alpha"));
    let head = shared.head("clone");
    shared.run("clone", "add ../in/alpha.spk").success();
    assert_eq!(shared.head("clone"), head);
    shared.run("clone", "yank alpha --reason x").success();
    shared.run("clone", "unyank alpha").success();
    assert_eq!(shared.git("clone", "status --porcelain"), "");
    let mut command = shared.sandbox.spkrepo("serve --port 0");
    command.current_dir(shared.sandbox.path("clone"));
    let served = Server::spawn(command);
    let download = served.get("/packages/alpha/alpha_1.0-1_dsm7.0-40000-noarch.spk");
    assert!(download.status(200).body == bytes);
}

#[test]
fn push_and_follow_go_by_the_address_in_lfsconfig_with_the_password_of_a_credential_helper() {
    let shared = Shared::new();
    let server = Giftless::closed(&shared.sandbox);
    tell(&shared, &server.url());
    let spk = shared.spk("alpha", &sound("alpha"));
    let line = format!("add {spk} --channel stable --push");
    let before = shared.head("remote.git");
    let refused = shared.run("repo", &line).failure(2);
    assert_eq!(
        shared.head("remote.git"),
        before,
        "no commit without its SPK"
    );
    drop(refused);
    remember(&shared, &server.credentials());
    shared.run("repo", &line).success();
    let bytes = spk_of(&shared, "alpha");
    let object = fs::read(server.object(&sha256(&bytes)));
    assert!(object.expect("an object of the server") == bytes);

    shared.git("repo", "init --quiet --bare ../replica");
    let mut command = shared
        .sandbox
        .spkrepo("serve --port 0 --follow ../remote.git");
    command.current_dir(shared.sandbox.path("replica"));
    let replica = Server::spawn(command);
    let download = || replica.get("/packages/alpha/alpha_1.0-1_dsm7.0-40000-noarch.spk");
    let start = Instant::now();
    while download().status != 200 {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{}",
            replica.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(download().body == bytes, "{}", server.log());
}

#[test]
fn an_object_that_the_server_has_lost_is_named_and_a_clone_that_has_it_sends_it_again() {
    let shared = Shared::new();
    let server = Giftless::open(&shared.sandbox);
    let spk = shared.spk("alpha", &sound("alpha"));
    shared
        .run("repo", &format!("add {spk} --channel stable"))
        .success();
    use_at(&shared, "repo", &server.url());
    shared.git("repo", "push --quiet origin main");
    let oid = sha256(&spk_of(&shared, "alpha"));
    fs::remove_file(server.object(&oid)).expect("it was there");
    shared.clone_as("other");
    use_at(&shared, "other", &server.url());
    try_git(&shared, "other", "lfs pull").failure(2);
    let verified = shared.run("other", "verify --all").failure(1).out();
    assert!(verified.contains("alpha"), "{verified}");
    shared.git("repo", "lfs push --all origin");
    shared.git("other", "lfs pull");
    shared.run("other", "verify --all").success();
}
