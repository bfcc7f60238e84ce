//! SPKs that are in an object store: clients are sent there by signed addresses, or get them by way of the cache.

use std::time::{Duration, Instant};

use super::{Away, away, download, wait_until};
use crate::support::s3::S3Server;
use crate::support::server::Server;

const MEBIBYTE: u64 = 1 << 20;

/// Puts the SPKs of `away` into an object store, which is the only remote from then on.
fn stored(away: &Away) -> S3Server {
    let store = S3Server::start(&away.sandbox);
    for (number, bytes) in away.spks.iter().enumerate() {
        let object = store.object(&away.oid(number));
        fs_err::create_dir_all(object.parent().expect("a folder")).expect("a writable folder");
        fs_err::write(object, bytes).expect("a writable folder");
    }
    let text = away.sandbox.read("spkrepo.toml");
    let own = text.split("\n[[blobs.remote]]").next().expect("a part");
    let text = format!("{own}{}", store.table("store"));
    away.sandbox.write("spkrepo.toml", &text);
    away.sandbox.git("commit --quiet --all -m store");
    store
}

#[test]
fn a_signed_address_is_good_for_anybody_and_head_is_answered_here() {
    let away = away(1, MEBIBYTE);
    let store = stored(&away);
    let server = Server::start(&away.sandbox, "--downloads redirect");
    let answer = server.get(&away.path(0)).status(302);
    let place = answer.header("location").expect("a place").to_owned();
    let path = place.strip_prefix(&format!("http://{}", store.host()));
    let path = path.expect("an address at the store");
    assert!(path.contains("X-Amz-Signature="), "{path}");
    let came = download(store.host(), path);
    assert!(came.status == 200 && came.body == away.spks[0]);
    let unsigned = path.split('?').next().expect("a path");
    assert_ne!(download(store.host(), unsigned).status, 200);
    server.request("HEAD", &away.path(0), &[], b"").status(200);
    let again = server.get(&away.path(0)).status(302);
    assert_eq!(
        again.header("location"),
        Some(place.as_str()),
        "kept for a while"
    );
    assert_eq!(away.cached(), 0);
}

#[test]
fn what_the_store_has_damaged_is_never_sent_whole() {
    let away = away(2, MEBIBYTE);
    let store = stored(&away);
    let bytes = &away.spks[0];
    let swapped: Vec<u8> = bytes.iter().map(|byte| byte ^ 1).collect();
    fs_err::write(store.object(&away.oid(0)), swapped).expect("a writable folder");
    fs_err::write(store.object(&away.oid(1)), &away.spks[1][..500_000]).expect("writable");
    let server = away.serve("");
    for number in [0, 1] {
        let came = download(server.host(), &away.path(number));
        assert!(came.status == 503 || came.is_cut(), "{number}");
    }
}

#[test]
fn while_the_store_is_gone_what_was_fetched_is_served_and_the_rest_when_it_is_back() {
    let away = away(2, MEBIBYTE);
    let mut store = stored(&away);
    let server = away.serve("");
    assert!(download(server.host(), &away.path(0)).body == away.spks[0]);
    store.kill();
    assert!(download(server.host(), &away.path(0)).body == away.spks[0]);
    let start = Instant::now();
    for _ in 0..20 {
        server.get(&away.path(1)).status(503);
    }
    assert!(start.elapsed() < Duration::from_secs(10));
    let ready = server.get("/readyz").status(200).text().to_owned();
    assert!(ready.contains("`store` could not be reached"), "{ready}");
    store.restart();
    std::thread::sleep(Duration::from_secs(8));
    wait_until("the store is asked again", || {
        download(server.host(), &away.path(1)).body == away.spks[1]
    });
}
