//! git-lfs pushes to the server and fetches from it, both directions, as its users do.

use fs_err as fs;

use super::{Host, remember, try_git, use_at};
use crate::remote::build;
use crate::replicas::add_store;
use crate::support::digest::sha256;
use crate::support::server::Server;

const POINTER: &str = "packages/alpha/1.0-1/alpha_1.0-1_dsm7.0-40000-noarch.spk";
const CATALOG: &str = "/nas?arch=x86_64&build=42661&language=enu";

#[test]
fn git_lfs_pushes_what_spkrepo_has_added_and_another_clone_gets_it() {
    let host = Host::start("");
    let shared = &host.shared;
    let privilege = r#"{"defaults": {"run-as": "package"}}"#;
    let spk = shared.spk("alpha", &build("alpha").conf("privilege", privilege));
    shared
        .run("repo", &format!("add {spk} --channel stable"))
        .success();
    host.use_in("repo", &host.ada);
    shared.git("repo", "lfs push --all origin");
    shared.git("repo", "push --quiet origin main");
    shared.check_remote();
    let bytes = fs::read(shared.sandbox.path("in/alpha.spk")).expect("the SPK");
    let log = host.server.log();
    assert!(
        log.contains(&format!("ada/ci sent the object {}", sha256(&bytes))),
        "{log}"
    );

    // A clone with filters gets the file itself, by the address that the repository states, and needs no token.
    let url = format!("http://{}/info/lfs", host.server.host());
    shared.git("repo", "config --global --unset credential.helper");
    fs::write(
        shared.sandbox.path("repo/.lfsconfig"),
        format!("[lfs]\n\turl = {url}\n"),
    )
    .expect("writable");
    shared.git("repo", "add .lfsconfig");
    shared.git("repo", "commit --quiet -m 'where the SPKs are'");
    shared.git("repo", "push --quiet origin main");
    shared.git("repo", "lfs install --skip-repo");
    shared.clone_as("other");
    let found = fs::read(shared.sandbox.path(&format!("other/{POINTER}"))).expect("a file");
    assert!(found == bytes);
    assert_eq!(shared.git("other", "lfs fsck"), "Git LFS fsck OK");
    shared.run("other", "verify --all").success();
    shared.run("other", "check").success();
}

#[test]
fn git_lfs_sends_what_a_person_has_committed_and_the_server_offers_it() {
    let host = Host::start("");
    let shared = &host.shared;
    shared.clone_as("person");
    host.use_in("person", &host.ada);
    let spk = shared.spk("alpha", &build("alpha"));
    shared
        .run("person", &format!("add {spk} --channel stable"))
        .success();
    shared.git("person", "lfs checkout");
    // The hook of git-lfs sends the objects, and then git the commit.
    shared.git("person", "push --quiet origin main");
    shared.check_remote();
    let start = std::time::Instant::now();
    let catalog = loop {
        let catalog = host.server.get(CATALOG).status(200).text().to_owned();
        if catalog.contains("alpha") {
            break catalog;
        }
        assert!(start.elapsed().as_secs() < 20, "{catalog}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert!(catalog.contains("\"version\":\"1.0-1\""), "{catalog}");
    let bytes = fs::read(shared.sandbox.path("in/alpha.spk")).expect("the SPK");
    let download = host
        .server
        .get("/packages/alpha/alpha_1.0-1_dsm7.0-40000-noarch.spk");
    assert!(download.status(200).body == bytes);
}

#[test]
fn fetch_all_and_pull_bring_every_object_of_the_history() {
    let host = Host::start("");
    let shared = &host.shared;
    host.use_in("repo", &host.ada);
    for (number, package) in (0..).zip(["alpha", "beta", "gamma"]) {
        let spk = shared.spk(package, &build(package).payload_size(number * 300_000));
        shared.run("repo", &format!("add {spk}")).success();
    }
    shared.git("repo", "rm --quiet -r packages/beta");
    shared.git("repo", "commit --quiet -m 'without beta'");
    shared.git("repo", "push --quiet origin main");
    shared.clone_as("mirror");
    host.use_in("mirror", "spkrepo_nobodys");
    shared.git("mirror", "lfs fetch --all");
    assert_eq!(shared.git("mirror", "lfs fsck"), "Git LFS fsck OK");
    for package in ["alpha", "beta", "gamma"] {
        let bytes = fs::read(shared.sandbox.path(&format!("in/{package}.spk"))).expect("an SPK");
        let oid = sha256(&bytes);
        let path = format!("mirror/.git/lfs/objects/{}/{}/{oid}", &oid[..2], &oid[2..4]);
        assert!(fs::read(shared.sandbox.path(&path)).expect(package) == bytes);
    }
    shared.clone_as("puller");
    host.use_in("puller", "spkrepo_nobodys");
    shared.git("puller", "lfs pull");
    shared.git("puller", "lfs fsck");
    shared.run("puller", "verify --all").success();
}

#[test]
fn a_server_that_follows_a_remote_gives_out_what_it_has_fetched() {
    let host = Host::start("");
    let shared = &host.shared;
    let spk = shared.spk("alpha", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --channel stable --push"))
        .success();
    shared.git("repo", "init --quiet --bare ../follower");
    let mut command = shared
        .sandbox
        .spkrepo("serve --port 0 --lfs --follow ../remote.git");
    command.current_dir(shared.sandbox.path("follower"));
    let follower = Server::spawn(command);
    let bytes = fs::read(shared.sandbox.path("in/alpha.spk")).expect("the SPK");
    let target = format!("/info/lfs/objects/{}", sha256(&bytes));
    assert!(follower.get(&target).status(200).body == bytes);
    shared.clone_as("other");
    use_at(
        shared,
        "other",
        &format!("http://{}/info/lfs", follower.host()),
    );
    shared.git("other", "lfs pull");
    shared.run("other", "verify --all").success();
}

#[test]
fn objects_of_the_newest_commit_that_are_elsewhere_are_fetched() {
    let host = Host::start("--downloads cache");
    let shared = &host.shared;
    add_store(shared);
    let spk = shared.spk("alpha", &build("alpha").payload_size(500_000));
    shared
        .run("repo", &format!("add {spk} --channel stable --push"))
        .success();
    let bytes = fs::read(shared.sandbox.path("in/alpha.spk")).expect("the SPK");
    let oid = sha256(&bytes);
    assert!(!host.object(&oid).exists(), "it is in the store alone");
    let start = std::time::Instant::now();
    while !host.server.get(CATALOG).text().contains("alpha") {
        assert!(start.elapsed().as_secs() < 20, "{}", host.server.log());
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let size = bytes.len();
    let answer = host.batch("download", "", &[(&oid, size), (&oid, size - 1)]);
    let objects = answer.status(200).json()["objects"].clone();
    assert!(objects[0]["actions"]["download"].is_object(), "{objects}");
    assert_eq!(objects[1]["error"]["code"], 422);
    shared.clone_as("other");
    host.use_in("other", "spkrepo_nobodys");
    shared.git("other", "lfs pull");
    shared.run("other", "verify --all").success();
    assert!(
        !host.object(&oid).exists(),
        "what is fetched is only kept for a while"
    );
}

#[test]
fn what_the_server_has_already_is_not_sent_again() {
    let host = Host::start("");
    let shared = &host.shared;
    host.use_in("repo", &host.ada);
    let spk = shared.spk("alpha", &build("alpha"));
    shared.run("repo", &format!("add {spk}")).success();
    for _ in 0..2 {
        shared.git("repo", "lfs push --all origin");
    }
    assert_eq!(host.server.log().matches("sent the object").count(), 1);
}

#[test]
fn a_push_without_an_accepted_token_sends_nothing_and_says_why() {
    let host = Host::start("");
    let shared = &host.shared;
    let spk = shared.spk("alpha", &build("alpha"));
    shared.run("repo", &format!("add {spk}")).success();
    let bytes = fs::read(shared.sandbox.path("in/alpha.spk")).expect("the SPK");
    let oid = sha256(&bytes);
    let url = format!("http://{}/info/lfs", host.server.host());
    use_at(shared, "repo", &url);
    try_git(shared, "repo", "lfs push --all origin").failure(2);
    remember(
        shared,
        &format!("http://me:spkrepo_guess@{}", host.server.host()),
    );
    try_git(shared, "repo", "lfs push --all origin").failure(2);
    assert!(!host.object(&oid).exists());
    // What a person does then.
    host.use_in("repo", &host.ada);
    shared.git("repo", "lfs push --all origin");
    assert!(fs::read(host.object(&oid)).expect("the object") == bytes);
}

#[test]
fn several_clones_push_the_same_objects_at_once() {
    let host = Host::start("");
    let shared = &host.shared;
    let clones: Vec<String> = (0..4).map(|number| format!("clone{number}")).collect();
    for package in ["alpha", "beta"] {
        shared.spk(package, &build(package).payload_size(2_000_000));
    }
    for clone in &clones {
        shared.clone_as(clone);
        host.use_in(clone, &host.ada);
        shared.run(clone, "add ../in").success();
    }
    std::thread::scope(|threads| {
        for clone in &clones {
            threads.spawn(|| shared.git(clone, "lfs push --all origin"));
        }
    });
    for package in ["alpha", "beta"] {
        let bytes = fs::read(shared.sandbox.path(&format!("in/{package}.spk"))).expect("an SPK");
        assert!(fs::read(host.object(&sha256(&bytes))).expect(package) == bytes);
    }
    host.nothing_is_left();
}
