//! Clients that mean harm, or have bad luck: the server answers others, and nothing is left behind.

use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{Source, basic, people, send, spk};
use crate::support::http::Connection;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

/// More than any of it takes.
const PATIENCE: Duration = Duration::from_secs(20);
const CATALOG: &str = "/nas?arch=x86_64&build=42661&language=enu";

fn head(token: &str, rest: &str) -> String {
    let authorization = basic(token);
    format!(
        "POST /packages HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n{rest}\r\n\r\n"
    )
}

/// Returns files of uploads that have no name yet.
fn staged(source: &Source) -> Vec<PathBuf> {
    let files = source.sandbox.files("repo/.git/lfs/tmp").into_iter();
    files.map(|(path, _)| path).collect()
}

#[track_caller]
fn nothing_is_left(source: &Source) {
    let start = Instant::now();
    while !staged(source).is_empty() {
        assert!(start.elapsed() < PATIENCE, "{:?}", staged(source));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn two_hundred_that_trickle_do_not_keep_others_from_the_catalog() {
    let source = Source::start("--max-uploads 8");
    source.publish(&spk("alpha", "1.0-1"));
    let bytes = spk("slow", "1.0-1").payload_size(100_000).bytes();
    let rest = format!("Content-Length: {}", bytes.len());
    let mut slow: Vec<TcpStream> = (0..200)
        .map(|number| {
            let mut stream = TcpStream::connect(source.server.host()).expect("a connection");
            let token = if number % 2 == 0 {
                &source.ada
            } else {
                "spkrepo_guess"
            };
            let begun = [head(token, &rest).as_bytes(), &bytes[..600]].concat();
            // Those who guess may have been sent away already.
            let _ = stream.write_all(&begun);
            stream
        })
        .collect();
    let mut connection = source.server.connect();
    for round in 0..50 {
        connection.get(CATALOG).status(200);
        for stream in &mut slow {
            let _ = stream.write_all(&bytes[600 + round..601 + round]);
        }
    }
    drop(slow);
    nothing_is_left(&source);
    let start = Instant::now();
    // Whoever guessed from this address is not listened to for a minute, and neither are others from there.
    let answer = source.send(&source.ada, &spk("beta", "1.0-1").bytes());
    assert_eq!(answer.status, 429);
    assert!(start.elapsed() < PATIENCE);
}

#[test]
fn too_many_uploads_wait_for_a_place_and_then_are_taken() {
    let source = Source::start("--max-uploads 1");
    let bytes = spk("slow", "1.0-1").bytes();
    let mut first = source.server.connect();
    let rest = format!("Expect: 100-continue\r\nContent-Length: {}", bytes.len());
    first.send(head(&source.ada, &rest).as_bytes());
    first.response("POST").status(100);
    std::thread::scope(|threads| {
        let second = threads.spawn(|| source.send(&source.ada, &spk("quick", "1.0-1").bytes()));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!second.is_finished(), "there is one place");
        first.send(&bytes);
        first.response("POST").status(201);
        second.join().expect("no panic").status(201);
    });
}

#[test]
fn bodies_that_are_not_what_they_announce_are_refused_and_leave_nothing() {
    let source = Source::start("--max-upload-size 1MiB --body-timeout 500ms");
    let before = source.sandbox.head();
    let bytes = spk("alpha", "1.0-1").payload_size(50_000).bytes();
    let length = bytes.len();
    let chunked = "Transfer-Encoding: chunked";
    let long = format!("200000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x20_0000));
    let cases: [(String, Vec<u8>, u16); 8] = [
        // Less than was announced: an end, or silence.
        (
            format!("Content-Length: {}", length + 1),
            bytes.clone(),
            400,
        ),
        (
            format!("Content-Length: {length}"),
            bytes[..1000].to_vec(),
            400,
        ),
        // More: the rest is no request.
        (
            format!("Content-Length: {}", length - 2000),
            bytes.clone(),
            422,
        ),
        (chunked.to_owned(), long.into_bytes(), 413),
        (chunked.to_owned(), b"zz\r\nabc".to_vec(), 400),
        (
            format!("{chunked}\r\nContent-Length: 5"),
            b"0\r\n\r\n".to_vec(),
            400,
        ),
        (
            "Content-Length: 5\r\nContent-Length: 5".to_owned(),
            b"abcde".to_vec(),
            400,
        ),
        (
            "Content-Length: 99999999999999999999".to_owned(),
            Vec::new(),
            413,
        ),
    ];
    for (rest, body, status) in cases {
        let mut stream = TcpStream::connect(source.server.host()).expect("a connection");
        let mut connection = Connection::of(stream.try_clone().expect("an open connection"));
        let sent = [head(&source.ada, &rest).as_bytes(), &body].concat();
        // The server may have had enough of it before its end.
        let _ = stream.write_all(&sent);
        let _ = stream.shutdown(Shutdown::Write);
        let answer = connection.response("POST").status(status);
        assert!(answer.json()["message"].is_string(), "{rest}");
    }
    let mut silent = source.server.connect();
    silent.send(head(&source.ada, "Content-Length: 1000").as_bytes());
    silent.send(&bytes[..500]);
    silent.response("POST").status(408);
    nothing_is_left(&source);
    assert_eq!(source.sandbox.head(), before);
    source.publish(&spk("beta", "1.0-1"));
}

#[test]
fn a_client_that_leaves_in_the_middle_leaves_nothing() {
    let source = Source::start("");
    let before = source.sandbox.head();
    let bytes = spk("alpha", "1.0-1").payload_size(3_000_000).bytes();
    for end in [1, 600, 100_000, 2_500_000, bytes.len() - 1] {
        let mut stream = TcpStream::connect(source.server.host()).expect("a connection");
        let rest = format!("Content-Length: {}", bytes.len());
        let part = [head(&source.ada, &rest).as_bytes(), &bytes[..end]].concat();
        stream.write_all(&part).expect("the server reads");
        drop(stream);
    }
    nothing_is_left(&source);
    assert_eq!(source.sandbox.head(), before);
    source.publish(&spk("alpha", "1.0-1").payload_size(3_000_000));
}

#[test]
fn many_large_uploads_at_once_take_bounded_memory() {
    let source = Source::start("--max-uploads 8");
    std::thread::scope(|threads| {
        for number in 0..8 {
            let source = &source;
            threads.spawn(move || {
                let large = spk(&format!("large{number}"), "1.0-1").payload_size(40 << 20);
                source.publish(&large);
            });
        }
    });
    let status = fs::read_to_string(format!("/proc/{}/status", source.server.id()));
    // Only Linux tells.
    if let Ok(status) = status {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().split(' ').next()?.parse::<u64>().ok());
        let peak = peak.expect("a number");
        assert!(peak < 200 << 10, "{peak} KiB for 320 MiB");
    }
}

/// A file may become no larger than a limit of the system's: what a full disk does to a blob, without a disk.
#[test]
fn an_spk_that_there_is_no_room_for_is_507_and_the_next_one_is_taken() {
    let sandbox = Sandbox::initialized();
    let [ada, _] = people(&sandbox);
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$0\" serve --port 0 --upload";
    let program = env!("CARGO_BIN_EXE_spkrepo");
    let arguments = ["-c", script, program].map(str::to_owned);
    let server = Server::spawn(sandbox.command("sh", &arguments));
    let before = sandbox.head();
    let large = spk("large", "1.0-1").payload_size(5 << 20).bytes();
    let answer = send(server.host(), &ada, &large).status(507).json();
    let message = answer["message"].as_str().expect("a message");
    assert!(message.contains("no room"), "{message}");
    assert_eq!(sandbox.head(), before);
    send(server.host(), &ada, &spk("small", "1.0-1").bytes()).status(201);
    assert!(
        server
            .log()
            .contains("could not publish an upload of ada/ci")
    );
    sandbox.fsck();
}

/// A disk that is really full, where this test may mount one: as root on Linux.
#[test]
fn a_disk_that_is_full_loses_nothing() {
    let sandbox = Sandbox::initialized();
    let [ada, _] = people(&sandbox);
    let disk = sandbox.path("disk");
    fs::create_dir(&disk).expect("a new folder");
    let path = disk.display().to_string();
    let arguments = ["-t", "tmpfs", "-o", "size=6m", "tmpfs", &path].map(str::to_owned);
    let mounted = sandbox.command("mount", &arguments).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        return;
    }
    let _unmount = Unmount(path);
    sandbox.git("clone --quiet --bare . ../disk/repo.git");
    let mut command = sandbox.spkrepo("serve --port 0 --upload");
    command.current_dir(disk.join("repo.git"));
    let server = Server::spawn(command);
    let head = sandbox.git_in("disk/repo.git", "rev-parse HEAD");
    let large = spk("large", "1.0-1").payload_size(10 << 20).bytes();
    send(server.host(), &ada, &large).status(507);
    assert_eq!(sandbox.git_in("disk/repo.git", "rev-parse HEAD"), head);
    send(server.host(), &ada, &spk("small", "1.0-1").bytes()).status(201);
    fs::write(disk.join("filler"), vec![0; 32 << 20]).expect_err("there is no room");
    // Full to the last byte, not even a commit can be written.
    let status = send(server.host(), &ada, &spk("late", "1.0-1").bytes()).status;
    assert_eq!(status, 507);
    fs::remove_file(disk.join("filler")).expect("it is there");
    send(server.host(), &ada, &spk("late", "1.0-1").bytes()).status(201);
    sandbox.git_in("disk/repo.git", "fsck --full --strict --no-dangling");
    drop(server);
}

struct Unmount(String);

impl Drop for Unmount {
    fn drop(&mut self) {
        // The folder could not be removed otherwise.
        let _ = std::process::Command::new("umount")
            .args(["-l", &self.0])
            .status();
    }
}
