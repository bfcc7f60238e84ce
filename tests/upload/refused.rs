//! What is not published, and why.

use std::time::{Duration, Instant};

use super::{Source, basic, spk, token};
use crate::support::http::{Connection, Response};

#[track_caller]
fn message(response: &Response) -> String {
    let json = response.json();
    json["message"].as_str().expect("a message").to_owned()
}

#[track_caller]
fn refused(source: &Source, token: &str, spk: &[u8], status: u16, parts: &[&str]) {
    let before = source.sandbox.head();
    let answer = source.send(token, spk).status(status);
    let message = message(&answer);
    for part in parts {
        assert!(message.contains(part), "{part} is not in: {message}");
    }
    let root = source.sandbox.root().display().to_string();
    assert!(!message.contains(&root), "a path of the machine: {message}");
    assert_eq!(source.sandbox.head(), before);
}

#[test]
fn whoever_has_no_token_is_told_how_to_show_one_before_the_body_is_read() {
    let source = Source::start("");
    for authorization in ["", "Basic", "Digest x", "Bearer spkrepo_guessed"] {
        let mut connection = source.server.connect();
        let header = match authorization {
            "" => String::new(),
            value => format!("Authorization: {value}\r\n"),
        };
        connection.send(
            format!(
                "POST /packages HTTP/1.1\r\nHost: x\r\n{header}Content-Length: 1000000000\r\n\r\n"
            )
            .as_bytes(),
        );
        let answer = connection.response("POST").status(401);
        let challenge = answer.header("www-authenticate").expect("a challenge");
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
        assert!(message(&answer).contains("`curl -u TOKEN:`"));
        assert!(connection.is_closed());
    }
    let log = source.server.log();
    assert!(
        log.contains("refused an upload from 127.0.0.1: the token is not known"),
        "{log}"
    );
    assert!(!log.contains("guessed"), "{log}");
}

#[test]
fn guessing_is_slowed_down() {
    let source = Source::start("");
    for _ in 0..10 {
        source.send("spkrepo_guess", b"x").status(401);
    }
    let answer = source.send(&source.ada, b"x").status(429);
    let wait: u64 = answer
        .header("retry-after")
        .expect("a time")
        .parse()
        .expect("seconds");
    assert!((1..=61).contains(&wait));
    source
        .server
        .get("/nas?arch=x86_64&build=42661")
        .status(200);
}

#[test]
fn spks_that_are_not_sound_are_refused_with_what_to_mend() {
    let source = Source::start("");
    refused(
        &source,
        &source.ada,
        b"no SPK",
        422,
        &["`the SPK` cannot be read as an SPK"],
    );
    refused(
        &source,
        &source.ada,
        &spk("alpha", "1.0-1").without_info("version").bytes(),
        422,
        &["cannot be published", "version"],
    );
    // What is wrong with the SPK is said before what its sender may not do.
    refused(
        &source,
        &source.dev,
        b"no SPK",
        422,
        &["cannot be read as an SPK"],
    );
}

#[test]
fn what_is_there_is_not_replaced() {
    let source = Source::start("");
    source.publish(&spk("alpha", "1.0-1").arch("x86_64"));
    let other = spk("alpha", "1.0-1")
        .arch("x86_64")
        .payload(b"other".to_vec());
    let parts = ["other bytes than alpha 1.0-1", "raise the number"];
    refused(&source, &source.ada, &other.bytes(), 409, &parts);
    let rival = spk("alpha", "1.0-1").arch("x86_64 armv7");
    let parts = ["for the same devices", "raise the version"];
    refused(&source, &source.ada, &rival.bytes(), 409, &parts);
    let contrary = spk("alpha", "1.0-1")
        .arch("armv7")
        .info("displayname", "Other");
    let parts = ["contradicts alpha 1.0-1", "Other"];
    refused(&source, &source.ada, &contrary.bytes(), 422, &parts);
    refused(
        &source,
        &source.ada,
        &spk("Alpha", "1.0-1").bytes(),
        409,
        &["differ in case"],
    );
}

#[test]
fn people_do_what_they_may_and_no_more() {
    let source = Source::start("");
    source.publish(&spk("libx", "1.0-1").arch("x86_64"));
    source.publish(&spk("other", "1.0-1").arch("x86_64"));
    let new = spk("libnew", "1.0-1").bytes();
    refused(
        &source,
        &source.dev,
        &new,
        403,
        &["only an admin", "`libnew`"],
    );
    let other = spk("other", "1.0-1").arch("armv7").bytes();
    refused(
        &source,
        &source.dev,
        &other,
        403,
        &["dev is no maintainer of `other`"],
    );
    let own = spk("libx", "1.0-1").arch("armv7").bytes();
    source.send(&source.dev, &own).status(201);
    let narrow = token(
        &source.sandbox,
        "ada",
        "narrow",
        "--package 'lib*' --builds-only",
    );
    source.is_served();
    refused(
        &source,
        &narrow,
        &other,
        403,
        &["`narrow` is not for `other`"],
    );
    refused(
        &source,
        &narrow,
        &new,
        403,
        &["`narrow` adds builds to packages that are there"],
    );
}

#[test]
fn a_token_that_is_revoked_while_it_is_used_publishes_nothing() {
    let source = Source::start("");
    let bytes = spk("alpha", "1.0-1").payload_size(200_000).bytes();
    let mut connection = source.server.connect();
    let head = format!(
        "POST /packages HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
        basic(&source.ada),
        bytes.len()
    );
    connection.send(head.as_bytes());
    connection.send(&bytes[..100_000]);
    source.sandbox.run("token revoke ada ci").success();
    let before = source.sandbox.head();
    connection.send(&bytes[100_000..]);
    connection.response("POST").status(401);
    assert_eq!(source.sandbox.head(), before);
}

#[test]
fn bodies_in_a_form_that_is_not_meant_are_refused_before_they_are_read() {
    let source = Source::start("--max-upload-size 1MiB");
    let authorization = basic(&source.ada);
    for (target, media, length, status, part) in [
        (
            "/packages",
            "application/x-www-form-urlencoded",
            "9",
            400,
            "/api/upload",
        ),
        (
            "/packages",
            "multipart/form-data; boundary=a",
            "9",
            400,
            "/api/upload",
        ),
        (
            "/api/upload",
            "application/octet-stream",
            "9",
            400,
            "curl -F file=@FILE",
        ),
        ("/api/upload", "multipart/form-data", "9", 400, "boundary"),
        ("/packages", "", "0", 400, "there is no body"),
        ("/packages", "", "1048577", 413, "1048576 bytes"),
    ] {
        let mut connection = Connection::open(source.server.host());
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\
             Content-Type: {media}\r\nContent-Length: {length}\r\n\r\n"
        );
        connection.send(head.as_bytes());
        let answer = connection.response("POST").status(status);
        let message = message(&answer);
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_package_that_somebody_edits_waits_and_nothing_is_lost() {
    let source = Source::start("");
    source.publish(&spk("alpha", "1.0-1").arch("x86_64"));
    let path = "packages/alpha/1.0-1/icon_120.png";
    source.sandbox.write(path, "mine\n");
    let more = spk("alpha", "1.0-1").arch("armv7").icon(120);
    refused(
        &source,
        &source.ada,
        &more.bytes(),
        503,
        &["working tree of the server"],
    );
    assert_eq!(source.sandbox.read(path), "mine\n");
}

#[test]
fn each_upload_is_in_the_log_with_its_label_and_never_with_its_token() {
    let source = Source::start("--access-log text");
    source.publish(&spk("alpha", "1.0-1"));
    source.send(&source.ada, b"no SPK").status(422);
    let start = Instant::now();
    let log = loop {
        let log = source.server.log();
        if log.matches(" ada/ci\n").count() == 2 || start.elapsed() > Duration::from_secs(10) {
            break log;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(log.contains("\" 201 ") && log.contains("\" 422 "), "{log}");
    assert_eq!(log.matches(" ada/ci\n").count(), 2, "{log}");
    assert!(log.contains("ada/ci uploaded alpha 1.0-1"), "{log}");
    assert!(!log.contains(&source.ada[8..]), "{log}");
}
