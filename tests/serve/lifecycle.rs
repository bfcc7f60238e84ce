//! Starting, listening and stopping.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::{DSM72, catalog, download_path, offering, offers};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

#[test]
fn a_signal_ends_the_server_once_the_download_in_flight_is_finished() {
    let spk = Spk::new("alpha", "1.0-1").payload_size(48 << 20);
    let sandbox = offering(std::slice::from_ref(&spk));
    for signal in ["TERM", "INT"] {
        let mut server = Server::start(&sandbox, "");
        let path = download_path(&server, DSM72);
        let mut connection = server.connect();
        let _idle = server.connect();
        let request = format!("GET {path} HTTP/1.1\r\nHost: nas\r\n\r\n");
        connection.send(request.as_bytes());
        // Beyond what the buffers of a connection hold, the server waits for the client.
        std::thread::sleep(Duration::from_millis(300));
        let client = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            connection.response("GET")
        });
        let start = Instant::now();
        assert_eq!(
            server.stop(signal),
            Some(0),
            "SIG{signal}:\n{}",
            server.log()
        );
        assert!(start.elapsed() < Duration::from_secs(6));
        let answer = client.join().expect("the download is whole");
        assert!(answer.status(200).body == spk.bytes(), "SIG{signal}");
        assert!(server.log().contains("stopping"));
    }
}

#[test]
fn an_idle_server_stops_at_once_and_its_port_can_be_taken_again() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let mut server = Server::start(&sandbox, "");
    let mut connection = server.connect();
    connection.get("/healthz").status(200);
    let start = Instant::now();
    assert_eq!(server.stop("TERM"), Some(0));
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "{:?}",
        start.elapsed()
    );
    let port = server.host().rsplit(':').next().expect("a port").to_owned();
    let again = Server::spawn(sandbox.spkrepo(&format!("serve --port {port}")));
    assert_eq!(again.host(), server.host());
    assert_eq!(offers(&again.get(&catalog(DSM72))), ["alpha 1.0-1"]);
}

#[test]
fn a_port_in_use_is_an_error_that_names_it() {
    let sandbox = Sandbox::initialized();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("a bound socket").port();
    sandbox
        .run(&format!("serve --port {port}"))
        .failure(2)
        .stdout("")
        .stderr_has("cannot listen on `127.0.0.1:[PORT]`")
        .stderr_has("in use");
}

#[test]
fn it_listens_where_it_is_told_to() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let command = sandbox.spkrepo("serve --port 0 --listen 127.0.0.1");
    Server::spawn(command).get("/healthz").status(200);
    sandbox
        .run("serve --port 0 --listen 192.0.2.1")
        .failure(2)
        .stderr_has("cannot listen on `192.0.2.1:0`");
    sandbox
        .run("serve --listen localhost")
        .failure(2)
        .stderr_has("--listen");
}

#[test]
fn outside_a_package_source_nothing_is_served() {
    let sandbox = Sandbox::new();
    sandbox
        .run("serve --port 0")
        .failure(2)
        .stderr_has("spkrepo init");
    sandbox.git("init --quiet");
    sandbox
        .run("serve --port 0")
        .failure(2)
        .stderr_has("without a commit");
    sandbox.git("commit --quiet --allow-empty -m empty");
    sandbox
        .run("serve --port 0")
        .failure(2)
        .stderr_has("spkrepo.toml");
}

#[test]
fn requests_are_logged_when_asked_for() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "--access-log text");
    server.get("/healthz").status(200);
    super::wait_until("the line", || {
        server
            .log()
            .contains("\"GET /healthz HTTP/1.1\" 200 3 bytes")
    });
}
