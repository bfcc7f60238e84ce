//! What a start takes over from the one before it.

use std::path::PathBuf;

use fs_err as fs;

use super::{DSM72, catalog, served_commit, wait_for_head, wait_until};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::{change_one, many};

/// Five packages of as many releases of five builds: enough for a cache.
const RELEASES: usize = 20;

/// Returns a source that is large enough for a cache, and the cache's file, which a server has written.
fn with_cache() -> (Sandbox, PathBuf, String) {
    let sandbox = many(5, RELEASES).0;
    let file = sandbox.path("repo/spkrepo/cache/packages");
    assert!(!file.exists());
    let server = Server::start(&sandbox, "");
    wait_until("the cache", || file.exists());
    let body = body(&server);
    (sandbox, file, body)
}

/// Returns the catalog as it would be at any other port.
fn body(server: &Server) -> String {
    let catalog = server.get(&catalog(DSM72)).status(200);
    catalog.text().replace(server.host(), "HOST")
}

#[test]
fn a_start_with_a_cache_serves_the_same_and_so_does_one_with_a_damaged_one() {
    let (sandbox, file, expected) = with_cache();
    assert!(expected.len() > 1000);
    assert_eq!(body(&Server::start(&sandbox, "")), expected);
    let mut bytes = fs::read(&file).expect("a file");
    let (position, length) = (bytes.len() / 2, bytes.len() - 100);
    bytes[position] ^= 1;
    bytes.truncate(length);
    for content in [&bytes[..], b"", b"\0\n\xff"] {
        fs::write(&file, content).expect("a writable file");
        assert_eq!(body(&Server::start(&sandbox, "")), expected);
    }
}

#[test]
fn a_commit_that_came_between_two_starts_is_served_and_so_is_one_after_the_cache_was_removed() {
    let (sandbox, file, old) = with_cache();
    change_one(&sandbox, RELEASES, "between two starts");
    let server = Server::start(&sandbox, "");
    assert_eq!(served_commit(&server), sandbox.head());
    fs::remove_dir_all(file.parent().expect("a folder")).expect("a folder");
    change_one(&sandbox, RELEASES, "after the removal");
    wait_for_head(&sandbox, &server);
    let served = body(&server);
    drop(server);
    assert_eq!(body(&Server::start(&sandbox, "")), served);
    assert!(served.contains("after the removal") && served != old);
}
