//! What signals do: SIGHUP has everything read again, a second SIGTERM ends at once.

use std::time::{Duration, Instant};

use fs_err as fs;

use super::{DSM72, download_path, offering, wait_until};
use crate::support::server::Server;
use crate::support::spk::Spk;

#[test]
fn the_log_is_opened_again_after_it_was_moved_away() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let [log, moved] = ["access.log", "access.log.1"].map(|name| sandbox.path(name));
    let options = format!("--access-log text --access-log-file {}", log.display());
    let mut server = Server::start(&sandbox, &options);
    let lines = |path| fs::read_to_string(path).unwrap_or_default().lines().count();
    server.get("/healthz").status(200);
    wait_until("the first line", || lines(&log) == 1);
    fs::rename(&log, &moved).expect("a writable folder");
    server.get("/healthz").status(200);
    wait_until("the second line", || lines(&moved) == 2);
    server.signal("HUP");
    wait_until("the new log", || log.exists());
    server.get("/healthz").status(200);
    wait_until("the third line", || lines(&log) == 1);
    assert_eq!(lines(&moved), 2);
    assert!(server.log().contains("reading everything again"));
    server.get("/healthz").status(200);
    assert_eq!(server.stop("TERM"), Some(0));
    assert_eq!(lines(&log), 2, "what waits is written at the end");
}

#[test]
fn a_setting_that_has_changed_is_named() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "--max-body-size 1MiB");
    server.signal("HUP");
    wait_until("it is read again", || {
        server.log().contains("reading everything again")
    });
    let settings = sandbox.read("spkrepo.toml");
    let serve = "[serve]\nmax_body_size = \"2MiB\"\nidle_timeout = \"7s\"\n";
    sandbox.write("spkrepo.toml", &format!("{settings}\n{serve}"));
    sandbox.git("commit --quiet --all -m settings");
    server.signal("HUP");
    let warning = "`idle-timeout` has changed; it counts after a restart";
    wait_until("the change is named", || server.log().contains(warning));
    assert!(!server.log().contains("`max-body-size`"), "its flag counts");
}

#[test]
fn a_second_signal_ends_what_is_in_flight() {
    let spk = Spk::new("alpha", "1.0-1").payload_size(48 << 20);
    let sandbox = offering(&[spk]);
    let mut server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    let mut connection = server.connect();
    connection.send(format!("GET {path} HTTP/1.1\r\nHost: nas\r\n\r\n").as_bytes());
    std::thread::sleep(Duration::from_millis(300));
    server.signal("TERM");
    wait_until("it stops", || server.log().contains("stopping"));
    std::thread::sleep(Duration::from_millis(300));
    let start = Instant::now();
    assert_eq!(server.stop("TERM"), Some(0));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}: nobody reads");
}
