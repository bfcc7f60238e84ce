//! The addresses of jdel/gosspks and of the package server guide, and the entry that shows a NAS its own request.

use serde_json::{Value, json};

use super::{DSM62, DSM72, catalog, entries, offering, offers, path_of};
use crate::support::http::Response;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// The newer `alpha` for a family.
fn alpha(family: &str) -> Spk {
    Spk::new("alpha", "1.1-2")
        .arch(family)
        .os_min("7.0-40000")
        .icon(72)
        .icon(256)
        .info("displayname", "First")
        .info("displayname_fre", "Premier")
}

/// `alpha` in three builds, `beta-tool` on the channel `beta`, `gamma` staged.
fn source() -> Sandbox {
    let old = Spk::new("alpha", "1.0-1")
        .arch("x86_64")
        .os_min("6.2-22259");
    let sandbox = offering(&[old, alpha("x86_64"), alpha("armv8")]);
    sandbox.spk("beta.spk", &Spk::new("beta-tool", "2.0-1"));
    sandbox.spk("staged.spk", &Spk::new("gamma", "3.0-1"));
    sandbox.run("add --channel beta ../beta.spk").success();
    sandbox.run("add --channel staged ../staged.spk").success();
    sandbox
}

/// Returns `package version arch` of each entry.
#[track_caller]
fn listed(server: &Server, target: &str) -> Vec<String> {
    let text = |entry: &Value, key: &str| entry[key].as_str().expect("a text").to_owned();
    entries(&server.get(target).status(200))
        .iter()
        .map(|entry| {
            ["package", "version", "arch"]
                .map(|key| text(entry, key))
                .join(" ")
        })
        .collect()
}

fn may_be_read_by_all(answer: &Response) -> bool {
    answer.header("access-control-allow-origin") == Some("*")
}

#[test]
fn the_list_has_every_offered_build_newest_first() {
    let server = Server::start(&source(), "");
    let mut all = listed(&server, "/v1/packages");
    all[..2].sort();
    let stable = [
        "alpha 1.1-2 armv8",
        "alpha 1.1-2 x86_64",
        "alpha 1.0-1 x86_64",
    ];
    assert_eq!(all, stable);
    assert_eq!(listed(&server, "/v1/packages/").len(), 3);
    let beta = listed(&server, "/beta/v1/packages");
    assert_eq!(
        (beta.len(), beta[3].as_str()),
        (4, "beta-tool 2.0-1 noarch")
    );
}

#[test]
fn the_list_is_narrowed_by_platform_name_and_latest() {
    let server = Server::start(&source(), "");
    for (query, expected) in [
        ("arch=rtd1296", &["alpha 1.1-2 armv8"][..]),
        ("arch=APOLLOLAKE&latest=true", &["alpha 1.1-2 x86_64"]),
        ("arch=evansport", &[]),
        ("name=LPH&latest=true&arch=avoton", &["alpha 1.1-2 x86_64"]),
        ("name=first&arch=avoton", &["alpha 1.1-2 x86_64"]),
        ("name=none", &[]),
    ] {
        assert_eq!(
            listed(&server, &format!("/v1/packages?{query}")),
            expected,
            "{query}"
        );
    }
    let mut latest = listed(&server, "/v1/packages?latest=true");
    latest.sort();
    assert_eq!(latest, ["alpha 1.1-2 armv8", "alpha 1.1-2 x86_64"]);
    let wrong = server.get("/v1/packages?arch=a/b").status(400);
    assert!(wrong.json()["message"].is_string());
}

#[test]
fn an_entry_has_the_keys_of_gosspks_and_links_that_work() {
    let sandbox = source();
    let server = Server::start(&sandbox, "");
    let list = server.get("/v1/packages?arch=avoton&latest=true&language=fre");
    let entry = entries(&list).remove(0);
    assert_eq!(entry["dname"], "Premier");
    assert_eq!(entry["firmware"], "7.0-40000");
    assert!(entry["size"].is_u64());
    assert_eq!(
        (&entry["qupdate"], &entry["qupgrade"]),
        (&json!(true), &json!(true))
    );
    assert!(entry.get("beta").is_none() && entry.get("snapshot").is_none());
    let link = path_of(entry["link"].as_str().expect("a link"), server.host()).to_owned();
    let spk = server.get(&link).status(200);
    let (_, file) = link.rsplit_once('/').expect("a path");
    let one = server
        .get(&format!("/v1/packages/{file}?language=fre"))
        .status(200);
    assert_eq!(one.json(), entry);
    assert!(server.get(&format!("/download/{file}")).status(200).body == spk.body);
    for (name, number) in [("PACKAGE_ICON.PNG", 0), ("PACKAGE_ICON_256.PNG", 1)] {
        let icon = server.get(&format!("/static/{file}/{name}")).status(200);
        let known = entry["thumbnail"][number].as_str().expect("a link");
        assert!(
            icon.body == server.get(path_of(known, server.host())).body,
            "{name}"
        );
    }
}

#[test]
fn what_is_not_offered_is_not_found() {
    let server = Server::start(&source(), "");
    let beta = server.get("/beta/v1/packages?name=beta");
    let link = entries(&beta)[0]["link"]
        .as_str()
        .expect("a link")
        .to_owned();
    let (_, file) = link.rsplit_once('/').expect("a path");
    server.get(&format!("/beta/v1/packages/{file}")).status(200);
    for target in [
        format!("/v1/packages/{file}"),
        "/v1/packages/none.spk".to_owned(),
        "/download/none.spk".to_owned(),
        format!("/static/{file}/INFO"),
        format!("/static/{file}/"),
    ] {
        let answer = server.get(&target).status(404);
        assert!(answer.json()["message"].is_string(), "{target}");
        assert!(may_be_read_by_all(&answer), "{target}");
    }
}

#[test]
fn models_are_found_by_a_part_of_their_name() {
    let server = Server::start(&source(), "");
    let found = server.get("/v1/models?name=s918").status(200);
    assert_eq!(
        found.json(),
        json!([{"name": "DS918+", "arch": "apollolake"}])
    );
    assert_eq!(server.get("/v1/models?name=none").status(200).text(), "[]");
    let all = server.get("/v1/models").status(200).json();
    assert!(all.as_array().expect("a list").len() > 100);
}

#[test]
fn about_tells_name_and_version() {
    let server = Server::start(&source(), "");
    let about = server.get("/about").status(200).json();
    assert_eq!(about["name"], "spkrepo");
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert!(about["year"].as_i64() >= Some(2026));
}

#[test]
fn every_site_may_read_and_head_works() {
    let server = Server::start(&source(), "");
    for target in ["/about", "/v1/models", "/v1/packages", &catalog(DSM72)] {
        let get = server.get(target).status(200);
        let head = server.request("HEAD", target, &[], b"").status(200);
        assert!(
            may_be_read_by_all(&get) && may_be_read_by_all(&head),
            "{target}"
        );
        let length = get.body.len().to_string();
        assert_eq!(
            head.header("content-length"),
            Some(length.as_str()),
            "{target}"
        );
    }
    let asked = server
        .request("OPTIONS", "/v1/packages", &[], b"")
        .status(204);
    assert!(may_be_read_by_all(&asked));
    let refused = server.request("POST", "/v1/packages", &[], b"").status(405);
    assert_eq!(refused.header("allow"), Some("GET, HEAD, OPTIONS"));
}

#[test]
fn synologys_own_address_and_the_guides_answer_as_the_root() {
    let server = Server::start(&source(), "");
    let root = server.get(&catalog(DSM72)).status(200);
    assert_eq!(offers(&root), ["alpha 1.1-2"]);
    let path = "7/2/0/64570/0/apollolake/stable/synology_apollolake_918+/enu";
    assert_eq!(
        server.get(&format!("/getList/v0/{path}")).status(200).body,
        root.body
    );
    assert_eq!(
        server
            .get(&format!("/api/package?{DSM72}"))
            .status(200)
            .body,
        root.body
    );
    let both = ["alpha 1.1-2", "beta-tool 2.0-1"];
    let beta = path.replace("/stable/", "/beta/");
    for target in [
        format!("/getList/v0/{beta}"),
        format!("/beta/getList/v0/{path}"),
        format!("/beta/api/package?{DSM72}"),
    ] {
        assert_eq!(offers(&server.get(&target).status(200)), both, "{target}");
    }
    server
        .get("/getList/v0/7/2/0/new/0/apollolake/stable/x/enu")
        .status(400);
    server.get("/getList/v0/7/2/0").status(404);
}

#[test]
fn the_debug_entry_shows_the_request_on_every_catalog_when_asked_for() {
    let sandbox = source();
    let server = Server::start(&sandbox, "");
    assert!(!server.get(&catalog(DSM72)).text().contains("spkrepo-debug"));
    let server = Server::start(&sandbox, "--debug-package");
    let list = "getList/v0/7/2/0/64570/0/apollolake/stable/synology_apollolake_918+/enu";
    for target in [
        catalog(DSM72),
        catalog(DSM62),
        catalog("arch=apollolake&build=4493"),
        format!("/{list}"),
        format!("/beta/?{DSM72}"),
    ] {
        let answer = server.get(&target).status(200);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let entry = entries(&answer).pop().expect("an entry");
        assert_eq!(entry["package"], "spkrepo-debug", "{target}");
        let shown = entry["desc"].as_str().expect("a text");
        assert!(
            shown.contains("apollolake") || shown.contains("avoton"),
            "{shown}"
        );
        let link = entry["link"].as_str().expect("a link");
        server.get(path_of(link, server.host())).status(404);
    }
}

/// jdel/gosspks-ui: `src/apis/spk/index.ts` (addresses), `src/models/Package.ts` and `Syno.ts` (fields and types),
/// `src/spk/SPK.tsx` and `src/spk/reducers/index.ts` (how they are used).
#[test]
fn gosspkss_web_interface_finds_what_it_reads() {
    let no_icon = Spk::new("delta", "1.0-1").info("report_url", "https://a/");
    let sandbox = offering(&[alpha("x86_64"), alpha("armv8"), no_icon]);
    let server = Server::start(&sandbox, "");
    let packages = server.get("/api/v1/packages?latest=true").status(200);
    assert!(may_be_read_by_all(&packages));
    let packages = entries(&packages);
    assert_eq!(packages.len(), 3);
    for package in &packages {
        for key in ["package", "dname", "version", "firmware", "arch", "link"] {
            assert!(package[key].is_string(), "{key}: {package}");
        }
        for key in ["desc", "maintainer", "changelog", "install_dep_packages"] {
            let value = package.get(key);
            assert!(value.is_none_or(Value::is_string), "{key}: {package}");
        }
        // `thumbnail_retina[0]`, without looking whether there is one.
        assert!(package["thumbnail_retina"].is_array(), "{package}");
        // `beta == null` is what is not a beta: `false` would be one.
        let is_beta = package["package"] == "delta";
        assert_eq!(package.get("beta"), is_beta.then_some(&json!(true)));
        assert!(package["start"].is_boolean());
        let link = package["link"].as_str().expect("a link");
        server.get(path_of(link, server.host())).status(200);
    }
    let alpha = &packages[0]["thumbnail_retina"][0];
    assert!(
        alpha
            .as_str()
            .is_some_and(|link| link.ends_with("/icon_256.png"))
    );
    assert_eq!(packages[2]["thumbnail_retina"], json!([]));
    let models = server.get("/api/v1/models").status(200).json();
    let models = models.as_array().expect("a list");
    assert!(models.len() > 100);
    for model in models {
        assert!(model["name"].is_string() && model["arch"].is_string());
    }
    // It shows the builds whose `arch` is the chosen model's, and those for all.
    let arch = |name: &str| {
        let model = models.iter().find(|model| model["name"] == name);
        model.expect("a known model")["arch"].clone()
    };
    assert_eq!(arch("DS918+"), "apollolake");
}

#[test]
fn a_picture_of_another_size_stands_for_the_large_one_in_the_list() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1").icon(72).icon(120)]);
    let server = Server::start(&sandbox, "");
    let entry = entries(&server.get("/v1/packages")).remove(0);
    let icon = entry["thumbnail_retina"][0].as_str().expect("a link");
    assert!(icon.ends_with("/icon_120.png"), "{icon}");
}

#[test]
fn the_list_is_the_same_from_a_cold_and_a_warm_cache_and_for_each_way_of_asking() {
    let sandbox = source();
    let server = Server::start(&sandbox, "");
    for query in [
        "",
        "?arch=avoton",
        "?latest=true",
        "?language=fre",
        "?name=alpha",
    ] {
        let target = format!("/v1/packages{query}");
        let cold = server.get(&target).status(200);
        let warm = server.get(&target).status(200);
        assert!(cold.body == warm.body, "{query}");
        let tag = cold.header("etag").expect("a tag");
        assert_eq!(warm.header("etag"), Some(tag));
        let not_modified = server.request("GET", &target, &[("If-None-Match", tag)], b"");
        assert_eq!(not_modified.status, 304);
        assert!(may_be_read_by_all(&not_modified));
        let elsewhere = server.request("GET", &target, &[("Host", "other:1")], b"");
        assert!(elsewhere.text().contains("http://other:1/"), "{query}");
    }
}
