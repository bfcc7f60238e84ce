//! Who may not write, and what is not kept.

use fs_err as fs;

use super::{Host, bytes, message, serve};
use crate::upload::{basic, token};

#[test]
fn to_write_needs_an_accepted_token_and_to_read_none() {
    let host = Host::start("");
    let sandbox = &host.shared.sandbox;
    let old = token(sandbox, "ada", "old", "--expires 2026-01-01");
    let revoked = token(sandbox, "ada", "lost", "");
    sandbox.run("token revoke ada lost").success();
    sandbox
        .run("maintainer add guest --name 'A Guest' --role developer")
        .success();
    let guest = token(sandbox, "guest", "ci", "");
    let people = sandbox.read("maintainers.toml");
    let own = "name = \"A Guest\"\n";
    assert!(
        people.contains(&format!("{own}role = \"developer\"\n")),
        "{people}"
    );
    let people = people.replace(&format!("{own}role = \"developer\"\n"), own);
    sandbox.write("maintainers.toml", &people);
    sandbox.git("commit --quiet -am 'a guest'");
    host.shared.git("repo", "push --quiet origin main");
    let head = host.shared.head("remote.git");
    let start = std::time::Instant::now();
    while host.server.get("/readyz").json()["commit"] != head {
        assert!(start.elapsed().as_secs() < 20, "{head} is not served");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (content, oid) = bytes(1, 10);
    for (token, status, words) in [
        ("", 401, "to write needs a token"),
        ("spkrepo_guess", 401, "not known"),
        (old.as_str(), 401, "expired"),
        (revoked.as_str(), 401, "revoked"),
        (guest.as_str(), 403, "no role"),
    ] {
        let answers = [
            host.batch("upload", token, &[(&oid, 10)]),
            match token {
                "" => {
                    host.server
                        .request("PUT", &format!("/info/lfs/objects/{oid}"), &[], &content)
                }
                token => host.put(&oid, token, &content),
            },
        ];
        for answer in answers {
            let answer = answer.status(status);
            assert!(message(&answer).contains(words), "{}", message(&answer));
            let asks = ["lfs-authenticate", "www-authenticate"].map(|name| answer.header(name));
            assert_eq!(asks.map(|value| value.is_some()), [status == 401; 2]);
        }
        host.batch("download", token, &[(&oid, 10)]).status(200);
    }
    assert!(!host.object(&oid).exists());
    let bearer = format!("Bearer {}", host.ada);
    let target = format!("/info/lfs/objects/{oid}");
    let header = [("Authorization", bearer.as_str())];
    host.server
        .request("PUT", &target, &header, &content)
        .status(200);
}

#[test]
fn guessing_is_slowed_down_at_both_addresses_together() {
    let host = Host::start("--upload");
    let (content, oid) = bytes(1, 10);
    for _ in 0..4 {
        host.batch("upload", "spkrepo_guess", &[(&oid, 10)])
            .status(401);
        host.put(&oid, "spkrepo_guess", &content).status(401);
    }
    for _ in 0..2 {
        crate::upload::send(host.server.host(), "spkrepo_guess", b"x").status(401);
    }
    for answer in [
        host.batch("upload", &host.ada, &[(&oid, 10)]),
        host.put(&oid, &host.ada, &content),
        crate::upload::send(host.server.host(), &host.ada, b"x"),
    ] {
        assert!(answer.status(429).header("retry-after").is_some());
    }
    host.batch("download", "", &[(&oid, 10)]).status(200);
}

#[test]
fn what_is_not_what_was_announced_leaves_nothing() {
    let host = Host::start("--max-upload-size 1000");
    let (content, oid) = bytes(1, 100);
    let (_, other) = bytes(2, 100);
    for (target, body, status, words) in [
        (
            other.clone(),
            &content[..],
            422,
            "the SHA-256 of what came is",
        ),
        (
            format!("{oid}?size=99"),
            &content[..],
            422,
            "99 bytes were announced",
        ),
        (oid.clone(), &content[..99], 422, "the SHA-256"),
        ("abc".to_owned(), &content[..], 422, "no SHA-256"),
        (oid.to_uppercase(), &content[..], 422, "no SHA-256"),
        (
            format!("{oid}?size=x"),
            &content[..],
            422,
            "a number of bytes",
        ),
    ] {
        let answer = host.put(&target, &host.ada, body).status(status);
        assert!(message(&answer).contains(words), "{}", message(&answer));
    }
    let (large, large_oid) = bytes(3, 1001);
    host.put(&large_oid, &host.ada, &large).status(413);
    let answer = host
        .batch("upload", &host.ada, &[(&large_oid, 1001)])
        .status(200);
    assert_eq!(answer.json()["objects"][0]["error"]["code"], 413);
    let chunked = |size: usize| {
        let head = format!(
            "PUT /info/lfs/objects/{oid}?size={size} HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n",
            basic(&host.ada)
        );
        let mut connection = host.server.connect();
        connection.send(&[head.as_bytes(), &content, b"\r\n0\r\n\r\n"].concat());
        connection.response("PUT")
    };
    assert!(message(&chunked(99).status(422)).contains("100 bytes came, not 99"));
    let files = host.shared.sandbox.files("remote.git/lfs");
    assert!(files.is_empty(), "{files:?}");
    chunked(100).status(200);
    assert!(fs::read(host.object(&oid)).expect("the object") == content);
}

#[test]
fn a_server_of_one_commit_gives_objects_and_takes_none() {
    let host = Host::start("");
    let (content, oid) = bytes(1, 10);
    host.put(&oid, &host.ada, &content).status(200);
    let fixed = serve(&host.shared.sandbox, "--rev HEAD");
    for answer in [
        super::batch(fixed.host(), "upload", &host.ada, &[(&oid, 10)]),
        super::put(fixed.host(), &oid, &host.ada, &content),
    ] {
        assert!(message(&answer.status(403)).contains("only gives"));
    }
    let answer = super::batch(fixed.host(), "download", "", &[(&oid, 10)]).status(200);
    assert!(answer.json()["objects"][0]["actions"]["download"].is_object());
}

#[test]
fn one_that_is_damaged_on_the_server_is_told_and_can_be_sent_again() {
    let host = Host::start("");
    let (content, oid) = bytes(1, 1000);
    host.put(&oid, &host.ada, &content).status(200);
    fs::write(host.object(&oid), &content[..10]).expect("writable");
    let answer = host.batch("download", "", &[(&oid, 1000)]).status(200);
    let error = answer.json()["objects"][0]["error"].clone();
    assert_eq!(error["message"], "the object has 10 bytes here, not 1000");
    let answer = host.batch("upload", &host.ada, &[(&oid, 1000)]).status(200);
    assert!(answer.json()["objects"][0]["actions"]["upload"].is_object());
    host.put(&oid, &host.ada, &content).status(200);
    assert!(fs::read(host.object(&oid)).expect("the object") == content);
}

#[test]
fn what_is_here_already_is_made_young_for_who_is_about_to_name_it() {
    let host = Host::start("");
    let (content, oid) = bytes(1, 10);
    host.put(&oid, &host.ada, &content).status(200);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(40 * 24 * 3600);
    let file = fs::OpenOptions::new().write(true).open(host.object(&oid));
    file.expect("the object")
        .file()
        .set_modified(old)
        .expect("ours");
    let age = || {
        let modified = fs::metadata(host.object(&oid))
            .expect("the object")
            .modified();
        modified.expect("a date").elapsed().unwrap_or_default()
    };
    host.batch("download", "", &[(&oid, 10)]).status(200);
    assert!(age().as_secs() > 3600, "to read is not to name");
    host.batch("upload", &host.ada, &[(&oid, 10)]).status(200);
    assert!(age().as_secs() < 3600);
}
