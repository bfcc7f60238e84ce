//! The answers, as git-lfs's documentation of its API has them.

use serde_json::json;

use super::{Host, JSON, bytes, message};
use crate::support::server::Server;
use crate::upload::basic;

#[test]
fn an_object_goes_in_and_out_by_what_the_batch_says() {
    let host = Host::start("");
    let (content, oid) = bytes(1, 200_000);
    let answer = host
        .batch("upload", &host.ada, &[(&oid, content.len())])
        .status(200);
    assert_eq!(answer.header("content-type"), Some(JSON));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let object = answer.json()["objects"][0].clone();
    let base = format!("http://{}/info/lfs/objects/{oid}", host.server.host());
    let upload = &object["actions"]["upload"];
    assert_eq!(upload["href"], format!("{base}?size=200000"));
    assert_eq!(upload["header"]["Authorization"], basic(&host.ada));
    let stored = host
        .put(&format!("{oid}?size=200000"), &host.ada, &content)
        .status(200);
    assert_eq!(stored.json(), json!({"oid": oid, "size": 200_000}));
    let verify = |oid: &str, size: usize| {
        let body = json!({"oid": oid, "size": size}).to_string();
        let target = format!(
            "/info/lfs/objects/{}/verify",
            &object["oid"].as_str().expect("a text")
        );
        host.server
            .request("POST", &target, &[("Content-Type", JSON)], body.as_bytes())
    };
    verify(&oid, content.len()).status(200);
    verify(&oid, 3).status(422);
    verify(&bytes(2, 1).1, 1).status(422);

    let again = host
        .batch("upload", &host.ada, &[(&oid, content.len())])
        .status(200);
    assert_eq!(
        again.json()["objects"][0],
        json!({"oid": oid, "size": 200_000})
    );
    let answer = host
        .batch("download", "", &[(&oid, content.len())])
        .status(200);
    let download = &answer.json()["objects"][0]["actions"]["download"];
    assert_eq!(*download, json!({"href": base}));
}

#[test]
fn downloads_have_ranges_tags_and_heads_and_are_kept_by_who_asked() {
    let host = Host::start("");
    let (content, oid) = bytes(3, 100_000);
    host.put(&oid, &host.ada, &content).status(200);
    let target = format!("/info/lfs/objects/{oid}");
    let whole = host.server.get(&target).status(200);
    assert!(whole.body == content);
    let tag = format!("\"{oid}\"");
    assert_eq!(whole.header("etag"), Some(tag.as_str()));
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    assert_eq!(
        whole.header("cache-control"),
        Some("max-age=31536000, immutable")
    );
    let head = host.server.request("HEAD", &target, &[], b"").status(200);
    assert_eq!(head.header("content-length"), Some("100000"));
    let range = [("Range", "bytes=1000-1999"), ("If-Range", tag.as_str())];
    let part = host.server.request("GET", &target, &range, b"").status(206);
    assert!(part.body == content[1000..2000]);
    let known = [("If-None-Match", tag.as_str())];
    host.server.request("GET", &target, &known, b"").status(304);
    for oid in [bytes(4, 9).1, "abc".to_owned()] {
        let missing = host
            .server
            .get(&format!("/info/lfs/objects/{oid}"))
            .status(404);
        assert_eq!(message(&missing), "the object is not here");
    }
}

#[test]
fn requests_that_are_not_understood_are_refused_in_git_lfs_own_media_type() {
    let host = Host::start("");
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let target = format!("/info/lfs/{path}");
        host.server
            .request(method, &target, headers, body.as_bytes())
    };
    let empty = r#"{"operation": "download", "objects": []}"#;
    let sha512 = r#"{"operation": "download", "objects": [], "hash_algo": "sha512"}"#;
    for (answer, status) in [
        (ask("POST", "objects/batch", &[], "{"), 422),
        (
            ask("POST", "objects/batch", &[("Accept", "text/html")], empty),
            406,
        ),
        (ask("POST", "objects/batch", &[], sha512), 409),
        (ask("GET", "objects/batch", &[], ""), 405),
        (ask("POST", "locks/verify", &[], "{}"), 404),
        (ask("GET", "locks", &[], ""), 404),
        (ask("DELETE", "objects/abc", &[], ""), 405),
    ] {
        let answer = answer.status(status);
        assert!(!message(&answer).is_empty());
    }
    ask("POST", "objects/batch", &[], empty).status(200);
    let many = "0".repeat(64);
    let many: Vec<_> = (0..650).map(|_| json!({"oid": many, "size": 1})).collect();
    let body = json!({"operation": "download", "objects": many}).to_string();
    assert!(body.len() < 64 << 10, "within what any body may have");
    let answer = ask("POST", "objects/batch", &[], &body).status(200);
    assert_eq!(answer.json()["objects"][649]["error"]["code"], 404);
    let options = ask("OPTIONS", "objects/batch", &[], "").status(200);
    assert_eq!(options.header("allow"), Some("POST, OPTIONS"));
}

#[test]
fn without_the_setting_there_is_nothing_and_the_answer_says_which() {
    let host = Host::start("");
    let mut command = host.shared.sandbox.spkrepo("serve --port 0");
    command.current_dir(host.shared.sandbox.path("remote.git"));
    let server = Server::spawn(command);
    for (method, path) in [
        ("POST", "objects/batch"),
        ("GET", "objects/abc"),
        ("PUT", "objects/abc"),
    ] {
        let answer = server.request(method, &format!("/info/lfs/{path}"), &[], b"{}");
        assert!(message(&answer.status(404)).contains("`spkrepo serve --lfs`"));
    }
}

#[test]
fn links_begin_where_the_client_has_asked_below_the_prefix() {
    let host = Host::start("--url-prefix /spk");
    let (content, oid) = bytes(5, 10);
    let body = json!({"operation": "upload", "objects": [{"oid": oid, "size": 10}]}).to_string();
    let basic = basic(&host.ada);
    let headers = [
        ("Host", "files.example.org"),
        ("Authorization", basic.as_str()),
    ];
    let target = "/spk/info/lfs/objects/batch";
    let answer = host
        .server
        .request("POST", target, &headers, body.as_bytes())
        .status(200);
    let href = format!("http://files.example.org/spk/info/lfs/objects/{oid}?size=10");
    assert_eq!(
        answer.json()["objects"][0]["actions"]["upload"]["href"],
        href
    );
    host.put(&oid, &host.ada, &content).status(404);
    let target = format!("/spk/info/lfs/objects/{oid}?size=10");
    host.server
        .request("PUT", &target, &headers, &content)
        .status(200);
    host.server
        .get(&format!("/spk/info/lfs/objects/{oid}"))
        .status(200);
}

#[test]
fn routes_have_names_in_the_log_and_the_log_has_no_token() {
    let host = Host::start("--access-log json");
    let (content, oid) = bytes(6, 10);
    host.batch("upload", &host.ada, &[(&oid, 10)]).status(200);
    host.put(&oid, &host.ada, &content).status(200);
    host.server
        .get(&format!("/info/lfs/objects/{oid}"))
        .status(200);
    host.server
        .request("POST", "/info/lfs/locks/verify", &[], b"{}")
        .status(404);
    for name in ["lfs-batch", "lfs-object", "lfs-locks"] {
        let named = || host.server.log().contains(&format!("\"route\":\"{name}\""));
        let start = std::time::Instant::now();
        while !named() {
            assert!(start.elapsed().as_secs() < 20, "{}", host.server.log());
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
    let log = host.server.log();
    assert!(log.contains("\"user\":\"ada/ci\""), "{log}");
    assert!(!log.contains(&host.ada) && !log.contains(&basic(&host.ada)));
}
