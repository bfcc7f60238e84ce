//! What is sent, and what is answered.

use serde_json::json;

use super::{Source, basic, spk};
use crate::support::http::Connection;

#[test]
fn an_spk_that_is_sent_is_a_build_and_can_be_downloaded() {
    let source = Source::start("");
    let spk = spk("alpha", "1.0-1").arch("x86_64").os_min("7.1-42661");
    let answer = source.send(&source.ada, &spk.bytes()).status(201);
    let head = source.sandbox.head();
    assert_eq!(
        answer.json(),
        json!({
            "package": "alpha",
            "version": "1.0-1",
            "firmware": "7.1-42661",
            "architectures": ["x86_64"],
            "build": "dsm7.1-42661-x86_64",
            "channel": "staged",
            "commit": head,
        })
    );
    source.sandbox.fsck();
    assert_eq!(source.sandbox.status(), "");
    source.sandbox.run("verify --all").success();
    source
        .sandbox
        .run("promote alpha@1.0-1 --to stable")
        .success();
    let file = "/packages/alpha/alpha_1.0-1_dsm7.1-42661-x86_64.spk";
    source.is_served();
    let download = source.server.get(file).status(200);
    assert!(download.body == spk.bytes());
}

#[test]
fn every_address_and_scheme_takes_it() {
    let source = Source::start("");
    let (basic, bearer) = (basic(&source.ada), format!("Bearer {}", source.ada));
    let mut connection = source.server.connect();
    for (number, (target, authorization, media)) in [
        ("/packages", &basic, "application/octet-stream"),
        ("/api/packages", &basic, "application/x-tar"),
        ("/packages", &bearer, ""),
        ("/api/packages", &bearer, "application/octet-stream"),
    ]
    .into_iter()
    .enumerate()
    {
        let bytes = spk(&format!("p{number}"), "1.0-1").bytes();
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", media),
        ];
        connection
            .request("POST", target, &headers, &bytes)
            .status(201);
    }
    for (number, authorization) in [&basic, &bearer].into_iter().enumerate() {
        let bytes = spk(&format!("form{number}"), "1.0-1").bytes();
        let mut form =
            b"--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.spk\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n"
                .to_vec();
        form.extend(bytes);
        form.extend(b"\r\n--xyz--\r\n");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "multipart/form-data; boundary=xyz"),
        ];
        connection
            .request("POST", "/api/upload", &headers, &form)
            .status(201);
    }
    let commits = source
        .sandbox
        .git("rev-list --count --grep Uploaded-By HEAD");
    assert_eq!(commits, "6");
    source.sandbox.fsck();
}

#[test]
fn chunks_and_a_client_that_waits_for_leave_are_understood() {
    let source = Source::start("");
    let bytes = spk("chunked", "1.0-1").payload_size(300_000).bytes();
    let mut connection = source.server.connect();
    let head = format!(
        "POST /packages HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n",
        basic(&source.ada)
    );
    connection.send(format!("{head}Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    for piece in bytes.chunks(70_001) {
        connection.send(format!("{:x}\r\n", piece.len()).as_bytes());
        connection.send(piece);
        connection.send(b"\r\n");
    }
    connection.send(b"0\r\n\r\n");
    connection.response("POST").status(201);
    let bytes = spk("waiting", "1.0-1").bytes();
    let length = bytes.len();
    let expects = format!("{head}Expect: 100-continue\r\nContent-Length: {length}\r\n\r\n");
    connection.send(expects.as_bytes());
    assert_eq!(connection.response("POST").status, 100);
    connection.send(&bytes);
    connection.response("POST").status(201);
    assert_eq!(connection.get("/api/packages").status, 405);
}

#[test]
fn addresses_of_uploads_can_only_be_sent_to() {
    let source = Source::start("");
    for (target, allow) in [
        ("/api/packages", "POST, OPTIONS"),
        ("/api/upload", "POST, OPTIONS"),
    ] {
        let answer = source.server.get(target).status(405);
        assert_eq!(answer.header("allow"), Some(allow));
        let put = source.server.request("PUT", target, &[], b"").status(405);
        assert_eq!(put.header("allow"), Some(allow));
    }
    source.server.get("/packages").status(200);
    let put = source.server.request("PUT", "/packages", &[], b"");
    let allow = "GET, HEAD, POST, OPTIONS";
    assert_eq!(put.status(405).header("allow"), Some(allow));
}

#[test]
fn a_server_that_takes_none_says_how_it_would() {
    let mut source = Source::start("");
    source.server = crate::support::server::Server::start(&source.sandbox, "");
    for (target, status) in [
        ("/packages", 405),
        ("/api/packages", 404),
        ("/api/upload", 404),
    ] {
        let basic = basic(&source.ada);
        let headers = [("Authorization", basic.as_str())];
        let answer = Connection::open(source.server.host()).request("POST", target, &headers, b"a");
        let answer = answer.status(status).json();
        let message = answer["message"].as_str().expect("a message");
        assert!(message.contains("spkrepo serve --upload"), "{message}");
    }
    source.server.get("/api/packages").status(404);
}
