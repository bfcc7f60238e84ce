//! `verify --url` compares what is on the web with a commit.

use std::io::Read as _;
use std::net::TcpListener;

use fs_err as fs;

use super::{set_url, varied, web};
use crate::support::nginx::Nginx;
use crate::support::outcome::Outcome;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

fn exported() -> (Sandbox, Nginx) {
    let sandbox = varied();
    let nginx = web(&sandbox);
    set_url(&sandbox, &nginx.host);
    sandbox.run("export --output ../site").success();
    (sandbox, nginx)
}

fn verify(sandbox: &Sandbox, host: &str, more: &str) -> Outcome {
    sandbox.run(&format!("verify --url http://{host} {more}"))
}

/// Changes a file of the export, which has many names.
fn tamper(sandbox: &Sandbox, path: &str, edit: impl FnOnce(String) -> String) {
    let path = sandbox.path("site").join(path);
    let text = fs::read_to_string(&path).expect("an exported file");
    let edited = edit(text.clone());
    assert_ne!(edited, text);
    fs::remove_file(&path).expect("an exported file");
    fs::write(&path, edited).expect("a writable folder");
}

#[test]
fn export_that_nobody_changed_is_as_at_its_commit() {
    let (sandbox, nginx) = exported();
    let checked = verify(&sandbox, &nginx.host, "--against HEAD")
        .success()
        .stderr("");
    let out = checked.out();
    assert!(
        out.starts_with("http://127.0.0.1:[PORT] (exported): as at "),
        "{out}"
    );
    verify(&sandbox, &nginx.host, "--download")
        .success()
        .stderr("");
    let report = verify(&sandbox, &nginx.host, "--json").success().json();
    assert_eq!(report["kind"], "exported");
    assert_eq!(report["differences"], serde_json::json!([]));
    assert!(report["catalogs"].as_u64() > Some(300), "{report}");
    assert!(report["pictures"].as_u64() > Some(20) && report["spks"].as_u64() > Some(12));
}

#[test]
fn server_is_asked_as_devices_ask() {
    let sandbox = varied();
    let server = Server::start(&sandbox, "");
    let host = server.host();
    let out = verify(&sandbox, host, "").success().stderr("").out();
    assert!(out.contains("(served): as at "), "{out}");
    let old = sandbox.head();
    sandbox.run("yank families --reason 'it bites'").success();
    let head = sandbox.head();
    while !server.get("/readyz").text().contains(&head) {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    verify(&sandbox, host, "").success();
    let out = verify(&sandbox, host, &format!("--against {old}"))
        .failure(1)
        .out();
    assert!(out.starts_with("`families` `2.0-1` is missing: /"), "{out}");
    assert!(
        out.contains(" more\n") && out.contains("1 difference from"),
        "{out}"
    );
}

#[test]
fn each_change_of_an_export_is_found() {
    let (sandbox, nginx) = exported();
    tamper(&sandbox, "dsm7.1/avoton.json", |text| {
        text.replacen("\"md5\":\"", "\"md5\":\"0", 1)
    });
    tamper(&sandbox, "dsm7.1/rtd1296.json", |_| "<html>".to_owned());
    tamper(&sandbox, "beta/dsm7.1/qoriq.json", |text| {
        text.replace("\"version\":\"2.0-3\"", "\"version\":\"9.9-9\"")
    });
    fs::remove_file(sandbox.path("site/dsm7.0/alpine.json")).expect("a catalog");
    fs::remove_file(sandbox.path("site/packages/ends/1.0-1/icon_72.png")).expect("an icon");
    let spk = sandbox.path("site/packages/old/old_1.0-1_dsm6.2-23739-x86_64.spk");
    fs::remove_file(&spk).expect("an SPK");
    fs::write(&spk, "short").expect("a writable folder");
    let checked = verify(&sandbox, &nginx.host, "").failure(1);
    let out = checked.out();
    for line in [
        "`everywhere` is `9.9-9` instead of `2.0-3`: beta/dsm7.1/qoriq.json\n",
        "is no JSON: dsm7.1/rtd1296.json\n",
        "is answered with status 404: dsm7.0/alpine.json\n",
        "an SPK has 5 bytes instead of ",
        "a picture is answered with status 404: http://",
        ": dsm7.1/avoton.json\n",
        "6 differences from ",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(out.contains("`md5` is `0"), "{out}");
}

#[test]
fn same_size_with_other_bytes_is_found_by_downloading() {
    let (sandbox, nginx) = exported();
    let spk = sandbox.path("site/packages/old/old_1.0-1_dsm6.2-23739-x86_64.spk");
    let mut bytes = fs::read(&spk).expect("an SPK");
    *bytes.last_mut().expect("an SPK is not empty") ^= 1;
    fs::remove_file(&spk).expect("an SPK");
    fs::write(&spk, bytes).expect("a writable folder");
    verify(&sandbox, &nginx.host, "").success();
    let out = verify(&sandbox, &nginx.host, "--download").failure(1).out();
    assert!(out.starts_with("an SPK has the digest "), "{out}");
    assert!(out.contains("old_1.0-1_dsm6.2-23739-x86_64.spk\n"), "{out}");
}

#[test]
fn export_of_another_commit_and_links_to_elsewhere_are_told() {
    let sandbox = varied();
    let nginx = web(&sandbox);
    let template = "--download-url 'http://files.invalid/{tag}/{file}'";
    sandbox
        .run(&format!(
            "export --output ../site --url https://pages.invalid {template}"
        ))
        .success();
    let old = sandbox.head();
    sandbox.run("promote tests").success();
    // Nothing answers below `.invalid`, so the SPKs cannot be asked for.
    verify(&sandbox, &nginx.host, "")
        .failure(2)
        .stderr_has("`http://files.invalid/");
    sandbox
        .run("export --output ../site --url https://pages.invalid")
        .success();
    let checked = verify(&sandbox, &nginx.host, &format!("--against {old}")).failure(1);
    let out = checked.out();
    checked
        .stderr_has("warning: it is the export of ")
        .stderr_has("links lead to https://pages.invalid: its own word");
    assert!(
        out.contains("`tests` `0.1-1` is there besides: dsm6.2-23739/"),
        "{out}"
    );
}

#[test]
fn catalog_that_the_commit_does_not_have_is_found() {
    let (sandbox, nginx) = exported();
    sandbox.git("rm -r --quiet packages/old packages/older packages/oldest packages/tests");
    sandbox.git("commit --quiet -m 'remove what is old'");
    let out = verify(&sandbox, &nginx.host, "").failure(1).out();
    assert!(
        out.contains("there is no such catalog at the commit: beta/dsm3.1/"),
        "{out}"
    );
}

#[test]
fn nobody_there_is_an_error_and_no_difference() {
    let sandbox = Sandbox::initialized();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = listener.local_addr().expect("bound").to_string();
    drop(listener);
    verify(&sandbox, &host, "")
        .failure(2)
        .stderr_has("error: `http://127.0.0.1:[PORT]/spkrepo.json` could not be asked");
    for wrong in [
        "--url 127.0.0.1",
        "--url ftp://h",
        "--against HEAD",
        "--url http://h a",
    ] {
        sandbox.run(&format!("verify {wrong}")).failure(2);
    }
}

#[test]
fn server_that_ends_in_the_middle_of_an_answer_is_an_error() {
    let sandbox = varied();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let host = listener.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = std::io::Write::write_all(
                &mut stream,
                b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"pack",
            );
        }
    });
    verify(&sandbox, &host, "")
        .failure(2)
        .stderr_has("could not be asked");
}
