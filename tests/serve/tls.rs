//! TLS through the real binary: what clients get, and how the certificate changes.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{DSM72, offering, wait_until};
use crate::support::certificate::Certificate;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn alpha() -> Sandbox {
    offering(&[Spk::new("alpha", "1.0-1")])
}

/// Asks with curl, which trusts only `certificate`.
fn curl(certificate: &Certificate, options: &[&str], url: &str) -> Output {
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--cacert"]);
    command.arg(&certificate.cert).args(options).arg(url);
    command.output().expect("curl is needed (see .ci/test)")
}

#[track_caller]
fn text(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn catalogs_and_downloads_come_encrypted_with_links_that_are() {
    let sandbox = alpha();
    let certificate = Certificate::write(&sandbox, "one");
    let server = Server::start(&sandbox, &certificate.options());
    let host = server.host();
    let catalog = text(&curl(
        &certificate,
        &[],
        &format!("https://{host}/?{DSM72}"),
    ));
    let json: serde_json::Value = serde_json::from_str(&catalog).expect("JSON");
    let link = json["packages"][0]["link"].as_str().expect("a link");
    assert!(
        link.starts_with(&format!("https://{host}/packages/")),
        "{link}"
    );
    let spk = curl(&certificate, &[], link);
    assert!(spk.stdout == Spk::new("alpha", "1.0-1").bytes());
    let other = Certificate::write(&sandbox, "other");
    assert!(
        !curl(&other, &[], &format!("https://{host}/"))
            .status
            .success()
    );
}

#[test]
fn old_versions_of_tls_are_refused_and_new_ones_are_not() {
    let sandbox = alpha();
    let certificate = Certificate::write(&sandbox, "one");
    let server = Server::start(&sandbox, &certificate.options());
    let url = format!("https://{}/healthz", server.host());
    for version in ["1.2", "1.3"] {
        let only = [&format!("--tlsv{version}"), "--tls-max", version];
        assert_eq!(text(&curl(&certificate, &only, &url)), "ok\n", "{version}");
    }
    for version in ["1.0", "1.1"] {
        // The client must be willing, or nothing of the server is seen.
        let ciphers = ["--ciphers", "DEFAULT@SECLEVEL=0"];
        let only = [&format!("--tlsv{version}"), "--tls-max", version];
        let output = curl(&certificate, &[&only[..], &ciphers].concat(), &url);
        let fault = String::from_utf8_lossy(&output.stderr);
        assert!(
            fault.contains("alert protocol version") || fault.contains("alert handshake failure"),
            "{version}: {fault}"
        );
    }
}

#[test]
fn a_new_certificate_is_served_without_a_restart_and_a_broken_one_is_not() {
    let sandbox = alpha();
    let used = Certificate::write(&sandbox, "used");
    let [first, second] = ["first", "second"].map(|name| Certificate::write(&sandbox, name));
    let copy = |from: &Certificate| {
        fs::copy(&from.key, &used.key).expect("a writable folder");
        fs::copy(&from.cert, &used.cert).expect("a writable folder");
    };
    copy(&first);
    let server = Server::start(&sandbox, &used.options());
    let url = format!("https://{}/healthz", server.host());
    let is_served = |certificate: &Certificate| curl(certificate, &[], &url).status.success();
    assert!(is_served(&first) && !is_served(&second));
    fs::write(&used.cert, "no certificate").expect("a writable folder");
    wait_until("the warning", || server.log().contains("stays in use"));
    assert!(is_served(&first));
    copy(&second);
    wait_until("the second certificate", || is_served(&second));
    assert!(!is_served(&first));
    assert!(server.log().contains("the certificate was read again"));
}

#[test]
fn a_signal_has_the_certificate_read_again() {
    let sandbox = alpha();
    let certificate = Certificate::write(&sandbox, "one");
    let server = Server::start(&sandbox, &certificate.options());
    assert!(!server.log().contains("read again"));
    server.signal("HUP");
    wait_until("it is read again", || {
        server.log().contains("the certificate was read again")
    });
}

#[test]
fn plain_http_is_refused_at_the_encrypted_port_and_redirected_at_its_own() {
    let sandbox = alpha();
    let certificate = Certificate::write(&sandbox, "one");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let plain = listener.local_addr().expect("a bound socket");
    drop(listener);
    let options = format!("{} --redirect-listen {plain}", certificate.options());
    let server = Server::start(&sandbox, &options);
    let answer = server.get("/healthz").status(400);
    assert!(answer.text().contains("speaks HTTPS only"), "{answer:?}");
    assert!(answer.header("x-request-id").is_some());
    let headers = ["--dump-header", "-"];
    let redirect = text(&curl(
        &certificate,
        &headers,
        &format!("http://{plain}/a?b=c"),
    ));
    let location = format!("https://{}/a?b=c", server.host());
    assert!(redirect.starts_with("HTTP/1.1 308 "), "{redirect}");
    assert!(
        redirect
            .to_lowercase()
            .contains(&format!("location: {location}\r\n")),
        "{redirect}"
    );
    let followed = curl(
        &certificate,
        &["--location"],
        &format!("http://{plain}/healthz"),
    );
    assert_eq!(text(&followed), "ok\n");
}

#[test]
fn a_client_that_stalls_in_the_handshake_is_dropped() {
    let sandbox = alpha();
    let certificate = Certificate::write(&sandbox, "one");
    let options = format!("{} --head-timeout 300ms", certificate.options());
    let server = Server::start(&sandbox, &options);
    // Nothing at all, and the first five bytes of a record (RFC 8446 §5.1) that announces 512 more.
    for begun in [&b""[..], b"\x16\x03\x01\x02\x00"] {
        let mut stream = TcpStream::connect(server.host()).expect("a listening server");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("an open connection");
        let start = Instant::now();
        stream.write_all(begun).expect("an open connection");
        // An alert may come first; what counts is the end.
        let ended = stream.read_to_end(&mut Vec::new());
        let is_reset = |error: &std::io::Error| error.kind() == std::io::ErrorKind::ConnectionReset;
        assert!(ended.is_ok() || ended.is_err_and(|error| is_reset(&error)));
        assert!(start.elapsed() < Duration::from_secs(5), "{begun:?}");
    }
    let url = format!("https://{}/healthz", server.host());
    assert_eq!(text(&curl(&certificate, &[], &url)), "ok\n");
}
