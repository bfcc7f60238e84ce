//! An object store that speaks S3 and checks signatures and digests.

use fs_err as fs;

use super::{add_remotes, empty_store, store, with_remotes};
use crate::lfs_server::Host;
use crate::remote::build;
use crate::support::s3::{KEY, S3Server, SECRET, table};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// A repository with two SPKs, and a store that has none of them yet.
fn with_store() -> (Sandbox, S3Server) {
    let sandbox = with_remotes("");
    let server = S3Server::start(&sandbox);
    add_remotes(&sandbox, &server.table("store"));
    (sandbox, server)
}

#[test]
fn what_is_pushed_is_in_the_bucket_and_is_pulled_where_it_is_missing() {
    let (sandbox, server) = with_store();
    let blobs = store(&sandbox);
    let pushed = sandbox.run("blob push").success();
    let out = pushed.out();
    assert!(out.starts_with("store: uploaded 2 SPKs, 1."), "{out}");
    for blob in &blobs {
        let object = fs::read(server.object(blob)).expect("it was pushed");
        assert!(object == sandbox.blob(blob), "{blob}");
    }
    sandbox
        .run("blob push")
        .success()
        .stdout("store: uploaded nothing; 2 there already\n");
    let listed = sandbox.run("blob list store --json").success().json();
    let names = listed["blobs"].as_array().expect("a list").iter();
    let mut names: Vec<&str> = names.filter_map(|blob| blob["sha256"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, blobs);
    assert!(listed["blobs"][0]["modified"].is_string());
    empty_store(&sandbox);
    let status = sandbox.run("blob status --json").success().json();
    assert_eq!(status["blobs"][0]["here"], "absent");
    assert_eq!(status["blobs"][0]["at"][0], "present");
    sandbox.run("blob pull").success();
    assert_eq!(store(&sandbox), blobs);
    sandbox.run("verify --all").success();
}

#[test]
fn a_blob_that_is_not_there_is_named() {
    let (sandbox, _server) = with_store();
    empty_store(&sandbox);
    let pulled = sandbox.run("blob pull").failure(2);
    assert_eq!(pulled.err().matches("`store` has no blob").count(), 2);
    sandbox.run("blob status").failure(1);
}

#[test]
fn sixteen_that_push_at_once_all_succeed() {
    let (sandbox, server) = with_store();
    for number in 0..6 {
        let spk = Spk::new(&format!("p{number}"), "1.0-1").payload_size(300_000 << number);
        sandbox.spk(&format!("in/{number}.spk"), &spk);
    }
    sandbox.run("add ../in").success();
    let blobs = store(&sandbox);
    let reports: Vec<serde_json::Value> = std::thread::scope(|threads| {
        let push = || sandbox.run("blob push --json").success().json();
        let pushers: Vec<_> = (0..16).map(|_| threads.spawn(push)).collect();
        let ended = pushers.into_iter();
        ended
            .map(|pusher| pusher.join().expect("it succeeds"))
            .collect()
    });
    let of = |key: &str| -> u64 {
        let counts = reports.iter();
        counts
            .filter_map(|report| report["remotes"][0][key].as_u64())
            .sum()
    };
    assert_eq!(of("sent") + of("there"), 16 * blobs.len() as u64);
    assert!(of("sent") >= blobs.len() as u64);
    for blob in &blobs {
        let object = fs::read(server.object(blob)).expect("it was pushed");
        assert!(object == sandbox.blob(blob), "{blob}");
    }
}

#[test]
fn a_truncated_and_a_swapped_object_are_found() {
    let (sandbox, server) = with_store();
    sandbox.run("blob push").success();
    let blobs = store(&sandbox);
    let [first, second] = [0, 1].map(|at| server.object(&blobs[at]));
    let mut other = fs::read(&first).expect("it was pushed");
    let middle = other.len() / 2;
    other[middle] ^= 1;
    fs::write(&first, &other).expect("writable");
    let whole = fs::read(&second).expect("it was pushed");
    fs::write(&second, &whole[..whole.len() / 2]).expect("writable");
    let status = sandbox.run("blob status --json").success().json();
    let at = status["blobs"].as_array().expect("a list").iter();
    let at: Vec<&str> = at.filter_map(|blob| blob["at"][0].as_str()).collect();
    assert!(
        at.contains(&"damaged"),
        "a list tells sizes, and no bytes: {at:?}"
    );
    empty_store(&sandbox);
    let pulled = sandbox.run("blob pull").failure(2);
    let found = pulled.err().matches("what `store` has as the blob").count();
    assert_eq!(found, blobs.len(), "{}", pulled.err());
    assert!(store(&sandbox).is_empty());
}

#[test]
fn what_has_another_size_is_replaced() {
    let (sandbox, server) = with_store();
    sandbox.run("blob push").success();
    let blob = store(&sandbox).remove(0);
    fs::write(server.object(&blob), "cut").expect("writable");
    let pushed = sandbox.run("blob push").success().out();
    assert!(pushed.ends_with("; 1 there already\n"), "{pushed}");
    assert!(fs::read(server.object(&blob)).expect("it is there") == sandbox.blob(&blob));
}

#[test]
fn what_is_old_is_put_again_before_a_collector_takes_it() {
    let (sandbox, server) = with_store();
    sandbox.run("blob push").success();
    let object = server.object(&store(&sandbox)[0]);
    let file = fs::File::options().append(true).open(&object);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(8 * 24 * 3600);
    let file = file.expect("writable").into_parts().0;
    file.set_modified(old).expect("it is ours");
    let pushed = sandbox.run("blob push").success().out();
    assert!(pushed.ends_with("; 1 there already\n"), "{pushed}");
    let modified = fs::metadata(&object).and_then(|found| found.modified());
    assert!(modified.expect("it is there") > old + std::time::Duration::from_secs(3600));
}

#[test]
fn wrong_credentials_and_none_are_told_apart_and_no_secret_is_shown() {
    let (sandbox, _server) = with_store();
    let path = sandbox.path("home/.aws/credentials");
    let right = fs::read_to_string(&path).expect("the server's");
    let other = "b+secret/that-is-another-one";
    fs::write(&path, right.replace(SECRET, other)).expect("writable");
    let wrong = sandbox.run("blob push").failure(2);
    assert!(
        wrong
            .err()
            .contains("`store` does not let us in: SignatureDoesNotMatch"),
        "{}",
        wrong.err()
    );
    fs::write(&path, right.replace(KEY, "AKIANOBODY")).expect("writable");
    let unknown = sandbox.run("blob pull --remote store").success();
    assert_eq!(
        unknown.err(),
        "",
        "nothing is missing, and nobody was asked"
    );
    let unknown = sandbox.run("blob list store").failure(2);
    assert!(
        unknown.err().contains("`store` does not let us in: "),
        "{}",
        unknown.err()
    );
    fs::remove_file(&path).expect("writable");
    let mut command = sandbox.spkrepo("blob push");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let output = command.output().expect("the program");
    let none = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        none.contains("`store` wants credentials, and there are none in AWS_ACCESS_KEY_ID"),
        "{none}"
    );
    for text in [wrong.err(), unknown.err(), &none] {
        for secret in [other, SECRET, "AKIANOBODY", "X-Amz"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[test]
fn the_environment_has_keys_too() {
    let (sandbox, _server) = with_store();
    fs::remove_file(sandbox.path("home/.aws/credentials")).expect("the server's");
    let mut command = sandbox.spkrepo("blob push");
    command
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET);
    let output = command.output().expect("the program");
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{err}");
}

#[test]
fn a_bucket_that_is_not_there_is_not_an_empty_one() {
    let (sandbox, server) = with_store();
    let settings = sandbox.read("spkrepo.toml");
    sandbox.write("spkrepo.toml", &settings.replace("s3://spks", "s3://other"));
    sandbox.git("commit --quiet -am other");
    sandbox
        .run("blob list store")
        .failure(2)
        .stderr_has("there is no bucket `other` where `store` should be");
    drop(server);
}

#[test]
fn a_large_blob_that_is_damaged_here_leaves_nothing_in_the_store() {
    let (sandbox, server) = with_store();
    sandbox.spk("l.spk", &Spk::new("large", "1").payload_size(70 << 20));
    sandbox.run("add ../l.spk").success();
    let blob = store(&sandbox)
        .into_iter()
        .find(|blob| sandbox.blob(blob).len() > 64 << 20)
        .expect("it was added");
    let mut bytes = sandbox.blob(&blob);
    bytes[1000] ^= 1;
    fs::write(sandbox.blob_path(&blob), &bytes).expect("writable");
    sandbox
        .run("blob push large")
        .failure(2)
        .stderr_has("is damaged here");
    assert!(!server.object(&blob).exists());
    let parts = sandbox.files("s3").into_iter();
    let parts = parts.filter(|(path, _)| path.to_string_lossy().contains("part-"));
    assert_eq!(parts.count(), 0, "the upload was aborted");
    let notes = sandbox.files("repo/.git/spkrepo/uploads");
    assert!(notes.is_empty(), "{notes:?}");
    bytes[1000] ^= 1;
    fs::write(sandbox.blob_path(&blob), &bytes).expect("writable");
    sandbox.run("blob push large").success();
    assert!(fs::read(server.object(&blob)).expect("it is there") == bytes);
}

#[test]
fn a_store_that_does_not_answer_is_named() {
    let (sandbox, server) = with_store();
    drop(server);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = listener.local_addr().expect("a bound socket").to_string();
    drop(listener);
    add_remotes(&sandbox, &table("away", &host));
    sandbox
        .run("blob list away")
        .failure(2)
        .stderr_has("`away` could not be reached");
}

#[test]
fn who_has_no_credentials_reads_what_is_public() {
    let host = Host::start("");
    let shared = &host.shared;
    let spk = shared.spk("alpha", &build("alpha"));
    shared
        .run("repo", &format!("add {spk} --channel stable"))
        .success();
    host.use_in("repo", &host.ada);
    shared.run("repo", "blob push").success();
    // A store that nobody answers for, and the server as the public side of it.
    let public = format!("http://{}/info/lfs/objects/{{sha256}}", host.server.host());
    let table = format!(
        "\n[[blobs.remote]]\nname = \"store\"\nurl = \"s3://spks/blobs\"\nendpoint = \"http://127.0.0.1:9\"\n\
         public_url = \"{public}\"\n"
    );
    let sandbox = &shared.sandbox;
    sandbox.write("spkrepo.toml", &(sandbox.read("spkrepo.toml") + &table));
    shared.git("repo", "commit --quiet -am store");
    let blobs = store(sandbox);
    empty_store(sandbox);
    shared.run("repo", "blob status").success();
    shared.run("repo", "blob pull").success();
    assert_eq!(store(sandbox), blobs);
}
