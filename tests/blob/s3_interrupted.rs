//! A store that is killed in the middle of large transfers: what has arrived is not sent again.

use fs_err as fs;

use super::{add_remotes, empty_store, store};
use crate::support::relay::Relay;
use crate::support::s3::{S3Server, table};
use crate::support::sandbox::Sandbox;
use crate::support::spk::Spk;

/// Seven parts and a bit.
const SIZE: u64 = 120 << 20;
const PART: u64 = 16 << 20;

/// A repository with one large SPK, and a store behind a relay.
fn with_large() -> (Sandbox, S3Server, Relay, String) {
    let sandbox = Sandbox::initialized();
    let server = S3Server::start(&sandbox);
    let relay = Relay::start(server.host());
    add_remotes(&sandbox, &table("store", relay.host()));
    sandbox.spk("l.spk", &Spk::new("large", "1").payload_size(SIZE));
    sandbox.run("add ../l.spk").success();
    let blob = store(&sandbox).remove(0);
    (sandbox, server, relay, blob)
}

#[test]
fn a_push_goes_on_with_the_parts_that_have_not_arrived() {
    let (sandbox, mut server, relay, blob) = with_large();
    relay.cut_at(SIZE / 2);
    let pushed = sandbox.run("blob push").failure(2);
    assert!(
        pushed.err().contains("`store` could not be reached"),
        "{}",
        pushed.err()
    );
    assert!(!server.object(&blob).exists());
    server.restart();
    relay.mend();
    relay.sent();
    sandbox.run("blob push").success();
    let sent = relay.sent();
    // At least half of what had gone was in whole parts, however the three that go at once share the line.
    assert!(sent < SIZE - PART, "{sent}");
    assert!(sent > SIZE / 2 - PART, "{sent}");
    assert!(fs::read(server.object(&blob)).expect("it is there") == sandbox.blob(&blob));
    let notes = sandbox.files("repo/.git/spkrepo/uploads");
    assert!(notes.is_empty(), "{notes:?}");
    let parts = sandbox.files("s3").into_iter();
    let parts = parts.filter(|(path, _)| path.to_string_lossy().contains("part-"));
    assert_eq!(parts.count(), 0);
}

#[test]
fn a_push_outlives_a_store_that_is_away_for_a_moment() {
    let (sandbox, mut server, relay, blob) = with_large();
    relay.cut_at(SIZE / 2);
    std::thread::scope(|threads| {
        let push = threads.spawn(|| sandbox.run("blob push").success());
        while !relay.is_cut() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        server.restart();
        relay.mend();
        push.join().expect("it succeeds");
    });
    assert!(fs::read(server.object(&blob)).expect("it is there") == sandbox.blob(&blob));
}

#[test]
fn an_upload_that_the_store_has_forgotten_begins_anew() {
    let (sandbox, server, relay, blob) = with_large();
    relay.cut_at(SIZE / 2);
    sandbox.run("blob push").failure(2);
    relay.mend();
    for (path, _) in sandbox.files("s3") {
        fs::remove_file(path).expect("writable");
    }
    sandbox.run("blob push").success();
    assert!(fs::read(server.object(&blob)).expect("it is there") == sandbox.blob(&blob));
}

#[test]
fn a_pull_goes_on_where_it_ended() {
    let (sandbox, mut server, relay, blob) = with_large();
    let bytes = sandbox.blob(&blob);
    sandbox.run("blob push").success();
    empty_store(&sandbox);
    relay.received();
    relay.sent();
    relay.cut_at(SIZE / 2);
    let pulled = sandbox.run("blob pull").failure(2);
    assert!(pulled.err().contains("`store`"), "{}", pulled.err());
    server.restart();
    relay.mend();
    relay.received();
    sandbox.run("blob pull").success();
    let received = relay.received();
    assert!(received < SIZE * 2 / 3, "{received}");
    assert!(sandbox.blob(&blob) == bytes);
}

#[test]
fn several_that_push_one_large_blob_at_once_all_succeed() {
    let (sandbox, server, _relay, blob) = with_large();
    std::thread::scope(|threads| {
        let pushers: Vec<_> = (0..4)
            .map(|_| threads.spawn(|| sandbox.run("blob push").success()))
            .collect();
        for pusher in pushers {
            pusher.join().expect("it succeeds");
        }
    });
    assert!(fs::read(server.object(&blob)).expect("it is there") == sandbox.blob(&blob));
}
