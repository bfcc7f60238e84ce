//! Clients that mean harm, or have bad luck: others are answered, and nothing is left behind.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{Host, bytes, put, serve};
use crate::support::server::Server;
use crate::upload::basic;

fn begin(host: &Host, oid: &str, length: usize, body: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(host.server.host()).expect("a listening server");
    let head = format!(
        "PUT /info/lfs/objects/{oid} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {length}\r\n\r\n",
        basic(&host.ada)
    );
    stream
        .write_all(&[head.as_bytes(), body].concat())
        .expect("an open connection");
    stream
}

#[track_caller]
fn something_arrives(host: &Host) {
    let start = Instant::now();
    while host.shared.sandbox.files("remote.git/lfs/tmp").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(20), "nothing arrives");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn twenty_that_push_the_same_object_at_once_all_succeed() {
    let host = Host::start("--max-uploads 8");
    let (content, oid) = bytes(1, 3_000_000);
    std::thread::scope(|threads| {
        for _ in 0..20 {
            threads.spawn(|| host.put(&oid, &host.ada, &content).status(200));
        }
    });
    assert!(fs::read(host.object(&oid)).expect("the object") == content);
    host.nothing_is_left();
    assert_eq!(host.shared.sandbox.files("remote.git/lfs").len(), 1);
}

#[test]
fn whoever_hangs_up_or_is_silent_leaves_nothing_and_others_are_answered() {
    let host = Host::start("--max-uploads 2 --body-timeout 1s");
    let (content, oid) = bytes(1, 500_000);
    let stream = begin(&host, &oid, content.len(), &content[..400_000]);
    something_arrives(&host);
    stream.shutdown(Shutdown::Both).expect("an open connection");
    drop(stream);
    host.nothing_is_left();
    let silent: Vec<_> = (0..2)
        .map(|_| begin(&host, &oid, content.len(), &content[..9]))
        .collect();
    something_arrives(&host);
    host.server.get("/nas?arch=x86_64&build=42661").status(200);
    // The places are free again once the silent are given up.
    host.put(&oid, &host.ada, &content).status(200);
    drop(silent);
    host.nothing_is_left();
    assert!(fs::read(host.object(&oid)).expect("the object") == content);
}

#[test]
fn a_server_that_is_killed_leaves_nothing_half_written() {
    let mut host = Host::start("");
    let (content, oid) = bytes(1, 5_000_000);
    for round in 0..3 {
        let stream = begin(&host, &oid, content.len(), &content[..4_000_000]);
        something_arrives(&host);
        host.server.stop("KILL");
        drop(stream);
        host.server = serve(&host.shared.sandbox, "");
        let files = host.shared.sandbox.files("remote.git/lfs");
        assert!(files.is_empty(), "after kill {round}: {files:?}");
    }
    host.put(&oid, &host.ada, &content).status(200);
    let files = host.shared.sandbox.files("remote.git/lfs");
    assert_eq!(files.len(), 1, "{files:?}");
}

/// A file may become no larger than a limit of the system's: what a full disk does to an object, without a disk.
#[test]
fn an_object_that_there_is_no_room_for_is_507_and_the_next_one_is_taken() {
    let host = Host::start("");
    let sandbox = &host.shared.sandbox;
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" serve --port 0 --lfs";
    let arguments = ["-c", script, env!("CARGO_BIN_EXE_spkrepo")].map(str::to_owned);
    let mut command = sandbox.command("sh", &arguments);
    command.current_dir(sandbox.path("remote.git"));
    let server = Server::spawn(command);
    let (large, large_oid) = bytes(1, 5 << 20);
    let answer = put(server.host(), &large_oid, &host.ada, &large).status(507);
    assert_eq!(
        super::message(&answer),
        "the server has no room for the object"
    );
    let files = sandbox.files("remote.git/lfs");
    assert!(files.is_empty(), "{files:?}");
    let (small, small_oid) = bytes(2, 1000);
    put(server.host(), &small_oid, &host.ada, &small).status(200);
    assert!(
        server.log().contains("could not keep an object of ada/ci"),
        "{}",
        server.log()
    );
}
