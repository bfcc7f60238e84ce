//! What Package Center and browsers are answered.

use serde_json::json;

use super::{DSM62, DSM72, catalog, download_path, entries, offering, offers, wait_for_head};
use crate::support::http::Response;
use crate::support::server::Server;
use crate::support::spk::Spk;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const BROWSER: [(&str, &str); 2] = [
    ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
    ),
];

/// One package for each line of DSM, all of them called alike.
fn every_line() -> Vec<Spk> {
    ["3.0-1593", "5.1-5004", "6.0-7321", "7.0-40000"]
        .into_iter()
        .map(|minimum| Spk::new("alpha", "1.0-1").os_min(minimum))
        .collect()
}

fn post(server: &Server, target: &str, form: &str) -> Response {
    server.request("POST", target, &[FORM], form.as_bytes())
}

#[test]
fn get_post_form_and_post_with_query_are_equal() {
    let sandbox = offering(&every_line());
    let server = Server::start(&sandbox, "");
    for query in [DSM72, DSM62, "arch=avoton&build=4493"] {
        let get = server.get(&catalog(query)).status(200);
        assert_eq!(offers(&get), ["alpha 1.0-1"], "{query}");
        let (first, rest) = query.split_once('&').expect("two parameters");
        for answer in [
            post(&server, "/", query),
            post(&server, &catalog(query), ""),
            post(&server, &catalog(first), rest),
        ] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body, get.body, "{query}");
        }
        let head = server
            .request("HEAD", &catalog(query), &[], b"")
            .status(200);
        assert_eq!(
            head.header("content-length"),
            Some(get.body.len().to_string().as_str())
        );
    }
}

#[test]
fn the_shape_is_the_one_that_the_build_of_dsm_knows() {
    let sandbox = offering(&every_line());
    let server = Server::start(&sandbox, "");
    let ask = |build: u32| {
        let answer = server
            .get(&format!("/?arch=avoton&build={build}"))
            .status(200);
        assert_eq!(
            answer.header("content-type"),
            Some("application/json; charset=utf-8")
        );
        assert_eq!(offers(&answer), ["alpha 1.0-1"], "{build}");
        answer.json()
    };
    for build in [4493, 5003] {
        assert!(ask(build).is_array(), "{build}");
    }
    for build in [5004, 25556, 39999] {
        let answer = ask(build);
        assert_eq!(answer["keyrings"], json!([]), "{build}");
        assert!(answer["packages"].is_array());
    }
    for build in [40000, 64570, 90000] {
        let answer = ask(build);
        let keys: Vec<_> = answer.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["packages"], "{build}");
    }
}

#[test]
fn each_generation_of_dsm_gets_the_keys_that_it_knows() {
    let line = |minimum: &str| {
        Spk::new("alpha", "1.0-1")
            .os_min(minimum)
            .info("install_reboot", "yes")
            .info("install_on_cold_storage", "yes")
            .info("silent_install", "yes")
    };
    let minimums = ["3.0-1593", "5.1-5004", "6.0-7321", "7.0-40000"];
    let server = Server::start(&offering(&minimums.map(line)), "");
    for (build, expected) in [
        (
            "4244",
            json!({
                "start": true, "install_reboot": true, "price": 0, "category": 0, "subcategory": 0, "type": 0,
                "thirdparty": true
            }),
        ),
        (
            "4627",
            json!({
                "start": true, "install_reboot": true, "silent_install": true, "price": 0, "category": 0,
                "subcategory": 0, "type": 0
            }),
        ),
        (
            "25556",
            json!({
                "start": true, "install_reboot": true, "silent_install": true, "price": null, "category": [],
                "type": 0, "is_security_version": false, "ignore_rolling": false
            }),
        ),
        (
            "64570",
            json!({
                "start": true, "install_reboot": true, "silent_install": true, "install_on_cold_storage": true
            }),
        ),
    ] {
        let target = format!("/?arch=avoton&build={build}");
        let entry = entries(&server.get(&target).status(200)).remove(0);
        let told = entry.as_object().expect("an entry");
        let keys = "start install_reboot install_on_cold_storage silent_install silent_upgrade silent_uninstall \
            install_type auto_upgrade_from depsers conf_deppkgs conf_conxpkgs price category subcategory type \
            thirdparty is_security_version ignore_rolling";
        let told: serde_json::Map<_, _> = keys
            .split_whitespace()
            .filter_map(|key| Some((key.to_owned(), told.get(key)?.clone())))
            .collect();
        assert_eq!(json!(told), expected, "{build}");
    }
}

#[test]
fn nothing_that_fits_is_an_empty_list() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")
        .arch("x86_64")
        .os_min("7.2-64570")]);
    let server = Server::start(&sandbox, "");
    for (query, body) in [
        ("arch=rtd1296&build=64570", r#"{"packages":[]}"#),
        ("arch=unheard_of&build=64570", r#"{"packages":[]}"#),
        ("arch=avoton&build=99999999&major=99", r#"{"packages":[]}"#),
        (
            "arch=avoton&build=25556",
            r#"{"keyrings":[],"packages":[]}"#,
        ),
        ("arch=avoton&build=1", "[]"),
    ] {
        assert_eq!(
            server.get(&catalog(query)).status(200).text(),
            body,
            "{query}"
        );
    }
}

#[test]
fn without_parameters_a_client_gets_an_empty_catalog_and_a_browser_a_page() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1").info("displayname", "<b>")]);
    let server = Server::start(&sandbox, "");
    for answer in [
        server.get("/"),
        server.request("GET", "/", &BROWSER[..1], b""),
        server.request("GET", "/", &BROWSER[1..], b""),
        post(&server, "/", ""),
        server.get("/beta/"),
    ] {
        assert_eq!(answer.status(200).text(), r#"{"packages":[]}"#);
    }
    let page = server.request("GET", "/", &BROWSER, b"").status(200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.header("content-security-policy").is_some());
    let address = format!("<code>http://{}</code>", server.host());
    for part in ["<!doctype html>", "alpha", "1.0-1", &address] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    let catalog = server.request("GET", &catalog(DSM72), &BROWSER, b"");
    assert_eq!(offers(&catalog.status(200)), ["alpha 1.0-1"]);
}

#[test]
fn parameters_that_are_wrong_are_named() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    for (query, name) in [
        ("arch=avoton", "build"),
        ("build=64570", "arch"),
        ("arch=avoton&build=new", "build"),
        ("arch=a/b&build=64570", "arch"),
    ] {
        let answer = server.get(&catalog(query)).status(400).json();
        let message = answer["message"].as_str().expect("a message");
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

#[test]
fn parameters_that_are_odd_are_understood() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    for query in [
        "arch=apollolake+&build=64570&major=7",
        "arch=%09APOLLOLAKE&build=+64570+&major=+7",
        "arch=&arch=apollolake&arch=avoton&build=&build=64570&build=1",
        "arch=apollolake&build=64570&major=7&minor=2&micro=6.2&nano=x",
        "arch=apollolake&build=64570&major=-1",
        "arch=apollolake&build=64570&major=0&language=%ff%fe",
        "arch=apollolake&build=99999999999",
        "arch=apollolake&build=90000",
    ] {
        let answer = server.get(&catalog(query)).status(200);
        assert_eq!(offers(&answer), ["alpha 1.0-1"], "{query}");
    }
    for build in ["42661.0", "4_2661", "-1", "%EF%BC%94%EF%BC%92"] {
        let answer = server.get(&catalog(&format!("arch=apollolake&build={build}")));
        assert!(answer.status(400).json()["message"].is_string(), "{build}");
    }
}

#[test]
fn a_staged_build_is_neither_listed_nor_downloadable() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    sandbox.spk("new.spk", &Spk::new("alpha", "1.1-2"));
    sandbox.run("add ../new.spk").success();
    let server = Server::start(&sandbox, "");
    for target in [catalog(DSM72), format!("/beta/?{DSM72}")] {
        assert_eq!(offers(&server.get(&target)), ["alpha 1.0-1"]);
    }
    let path = download_path(&server, DSM72).replace("1.0-1", "1.1-2");
    server.get(&path).status(404);
    let page = server.request("GET", "/", &BROWSER, b"").status(200);
    assert!(!page.text().contains("1.1-2"), "{}", page.text());
    sandbox.run("promote alpha --to stable").success();
    wait_for_head(&sandbox, &server);
    assert_eq!(offers(&server.get(&catalog(DSM72))), ["alpha 1.1-2"]);
    server.get(&path).status(200);
}

#[test]
fn a_yanked_build_is_not_listed_and_still_downloadable() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1"), Spk::new("alpha", "1.1-2")]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    assert!(path.contains("1.1-2"), "{path}");
    sandbox.run("yank alpha@1.1-2 --reason broken").success();
    wait_for_head(&sandbox, &server);
    assert_eq!(offers(&server.get(&catalog(DSM72))), ["alpha 1.0-1"]);
    let spk = Spk::new("alpha", "1.1-2").bytes();
    assert!(server.get(&path).status(200).body == spk);
    sandbox.run("unyank alpha@1.1-2").success();
    wait_for_head(&sandbox, &server);
    assert_eq!(offers(&server.get(&catalog(DSM72))), ["alpha 1.1-2"]);
}

#[test]
fn a_build_that_was_staged_when_it_was_yanked_is_not_downloadable() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    sandbox.spk("new.spk", &Spk::new("alpha", "1.1-2"));
    sandbox.run("add ../new.spk").success();
    sandbox.run("yank alpha@1.1-2 --reason early").success();
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72).replace("1.0-1", "1.1-2");
    server.get(&path).status(404);
}

#[test]
fn betas_come_by_their_own_address_and_by_parameter_before_dsm_7_only() {
    let lines = ["6.0-7321", "7.0-40000"];
    let sandbox = offering(&lines.map(|line| Spk::new("alpha", "1.0-1").os_min(line)));
    for line in lines {
        let spk = Spk::new("alpha", "2.0-2").os_min(line);
        sandbox.spk(&format!("beta/{line}.spk"), &spk);
    }
    sandbox.run("add --channel beta ../beta").success();
    let server = Server::start(&sandbox, "");
    let asks_for_beta = "&package_update_channel=beta";
    for (target, expected) in [
        (format!("/?{DSM72}"), "alpha 1.0-1"),
        (format!("/?{DSM72}{asks_for_beta}"), "alpha 1.0-1"),
        (format!("/beta/?{DSM72}"), "alpha 2.0-2"),
        (format!("/beta?{DSM72}"), "alpha 2.0-2"),
        (format!("/?{DSM62}"), "alpha 1.0-1"),
        (
            format!("/?{DSM62}&package_update_channel=stable"),
            "alpha 1.0-1",
        ),
        (format!("/?{DSM62}{asks_for_beta}"), "alpha 2.0-2"),
        (format!("/beta/?{DSM62}"), "alpha 2.0-2"),
    ] {
        let answer = server.get(&target).status(200);
        assert_eq!(offers(&answer), [expected], "{target}");
        let says_beta = target.contains(DSM62) && expected.ends_with("2.0-2");
        assert_eq!(
            entries(&answer)[0].get("beta"),
            says_beta.then_some(&json!(true)),
            "DSM 7 hides what says so: {target}"
        );
    }
    post(&server, "/beta/", DSM72).status(200);
}

#[test]
fn an_unchanged_catalog_is_not_sent_again() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    let tag = |answer: &Response| answer.header("etag").expect("a tag").to_owned();
    let first = tag(&server.get(&catalog(DSM72)));
    let ask = |tag: &str| server.request("GET", &catalog(DSM72), &[("If-None-Match", tag)], b"");
    assert!(ask(&first).status(304).body.is_empty());
    sandbox.run("yank alpha --reason broken").success();
    wait_for_head(&sandbox, &server);
    assert_ne!(tag(&ask(&first).status(200)), first);
}

#[test]
fn other_addresses_and_methods_are_refused_in_json() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    let path = download_path(&server, DSM72);
    for target in [
        "/nowhere",
        "/packages/alpha",
        "/packages/alpha/x.spk",
        "/packages/x/1.0-1/icon_72.png",
        "/spkrepo.toml",
    ] {
        let answer = server.get(target).status(404);
        assert!(answer.json()["message"].is_string(), "{target}");
    }
    for (method, target, allow) in [
        ("PUT", "/", "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/beta/", "GET, HEAD, POST, OPTIONS"),
        ("POST", path.as_str(), "GET, HEAD, OPTIONS"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("PATCH", "/readyz", "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.request(method, target, &[], b"").status(405);
        assert_eq!(answer.header("allow"), Some(allow), "{method} {target}");
        assert!(answer.json()["message"].is_string());
    }
    for (target, allow) in [
        ("/", "GET, HEAD, POST, OPTIONS"),
        ("/readyz", "GET, HEAD, OPTIONS"),
    ] {
        let answer = server.request("OPTIONS", target, &[], b"").status(200);
        assert_eq!(answer.header("allow"), Some(allow), "{target}");
        assert_eq!(answer.header("content-length"), Some("0"), "{target}");
    }
    for target in [
        "/../etc/passwd",
        "/packages/alpha/%2e%2e",
        "/packages/%2fetc%2fpasswd/x",
    ] {
        server.get(target).status(400);
    }
}

#[test]
fn health_is_a_word_and_readiness_names_the_commit() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    assert_eq!(server.get("/healthz").status(200).text(), "ok\n");
    let ready = server.get("/readyz").status(200);
    assert_eq!(
        ready.json(),
        json!({ "commit": sandbox.head(), "packages": 1 })
    );
    assert_eq!(ready.header("cache-control"), Some("no-store"));
}
