//! The paths of SynoCommunity's spkrepo, and the plain pages.

use super::{DSM62, DSM72, catalog, entries, offering, offers, wait_for_head};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn alpha(revision: u32, arch: &str) -> Spk {
    Spk::new("alpha", &format!("1.0-{revision}"))
        .arch(arch)
        .os_min("7.0-40000")
        .icon(72)
        .icon(256)
}

/// Gets a path below `/nas` and below `/beta/nas`, which must answer alike, and returns status and body.
#[track_caller]
fn get(server: &Server, path: &str) -> (u16, Vec<u8>) {
    let stable = server.get(&format!("/nas{path}"));
    let beta = server.get(&format!("/beta/nas{path}"));
    assert_eq!(stable.status, beta.status, "{path}");
    assert!(stable.body == beta.body, "{path}");
    (stable.status, stable.body)
}

#[test]
fn nas_answers_as_the_source_itself_does() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    sandbox.spk("beta.spk", &Spk::new("alpha", "1.1-2"));
    sandbox.run("add --channel beta ../beta.spk").success();
    let server = Server::start(&sandbox, "");
    for query in [DSM72, DSM62] {
        for (path, root) in [
            ("/nas", "/"),
            ("/nas/", "/"),
            ("/beta/nas", "/beta/"),
            ("/beta/nas/", "/beta/"),
        ] {
            let expected = server.get(&format!("{root}?{query}")).status(200);
            let got = server.get(&format!("{path}?{query}")).status(200);
            let posted = server.request("POST", path, &[FORM], query.as_bytes());
            assert_eq!(got.header("etag"), expected.header("etag"), "{path}");
            for answer in [got, posted.status(200)] {
                assert_eq!(answer.text(), expected.text(), "{path}");
            }
            let head = server.request("HEAD", &format!("{path}?{query}"), &[], b"");
            assert_eq!(head.status(200).header("etag"), expected.header("etag"));
        }
    }
    let allow = server.request("DELETE", "/nas/", &[], b"").status(405);
    assert_eq!(allow.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
    let options = server.request("OPTIONS", "/nas/", &[], b"").status(200);
    assert_eq!(options.header("allow"), Some("GET, HEAD, POST, OPTIONS"));
}

#[test]
fn a_download_is_found_by_revision_minimum_and_platforms() {
    let (native, noarch) = (alpha(2, "x86_64 88f6281 avoton"), alpha(2, "noarch"));
    let sandbox = offering(&[native.clone(), noarch.clone(), alpha(1, "noarch")]);
    let server = Server::start(&sandbox, "");
    for (name, spk) in [
        ("alpha.v2.f40000%5Bx86_64-88f628x-avoton%5D.spk", &native),
        ("alpha.v2.f40000[avoton-x86_64-88f628x].spk", &native),
        (
            "alpha.v2.f40000%5bx86_64-88f6282-avoton%5d.spk?arch=avoton&build=64570",
            &native,
        ),
        ("alpha.v2.f40000%5Bnoarch%5D.spk", &noarch),
    ] {
        let (status, body) = get(&server, &format!("/alpha/2/{name}"));
        assert_eq!(status, 200, "{name}");
        assert!(body == spk.bytes(), "{name}");
    }
    for path in [
        "/alpha/1/alpha.v2.f40000%5Bnoarch%5D.spk",
        "/alpha/2/alpha.v2.f40000%5Bx86_64%5D.spk",
        "/alpha/2/alpha.v2.f42661%5Bnoarch%5D.spk",
        "/alpha/3/alpha.v3.f40000%5Bnoarch%5D.spk",
        "/beta/2/alpha.v2.f40000%5Bnoarch%5D.spk",
        "/alpha/2/alpha_1.0-2.spk",
        "/alpha/2",
        "/alpha",
    ] {
        assert_eq!(get(&server, path).0, 404, "{path}");
    }
    let path = "/nas/alpha/2/alpha.v2.f40000%5Bnoarch%5D.spk";
    let range = server.request("GET", path, &[("Range", "bytes=0-9")], b"");
    assert_eq!(range.status(206).body, noarch.bytes()[..10]);
    server.request("POST", path, &[], b"").status(405);
    let link = &entries(&server.get(&catalog(DSM72)))[0]["link"];
    let link = link.as_str().expect("a link");
    assert!(link.contains("/packages/alpha/"), "our own path: {link}");
}

#[test]
fn a_minimum_without_a_build_has_the_path_of_its_versions_first_build() {
    let spk = |revision: u32, minimum: &str| {
        Spk::new("alpha", &format!("1.0-{revision}"))
            .arch("noarch")
            .os_min(minimum)
    };
    let (implied, stated, unheard) = (spk(2, "6.0"), spk(3, "6.0-5891"), spk(4, "12.0"));
    let sandbox = offering(&[implied.clone(), stated.clone(), unheard.clone()]);
    let server = Server::start(&sandbox, "");
    for (path, spk) in [
        ("/alpha/2/alpha.v2.f5891%5Bnoarch%5D.spk", &implied),
        ("/alpha/3/alpha.v3.f5891%5Bnoarch%5D.spk", &stated),
        ("/alpha/4/alpha.v4.f0%5Bnoarch%5D.spk", &unheard),
    ] {
        let (status, body) = get(&server, path);
        assert_eq!(status, 200, "{path}");
        assert!(body == spk.bytes(), "{path}");
    }
    for path in [
        "/alpha/2/alpha.v2.f0%5Bnoarch%5D.spk",
        "/alpha/2/alpha.v2.f7321%5Bnoarch%5D.spk",
        "/alpha/3/alpha.v3.f0%5Bnoarch%5D.spk",
    ] {
        assert_eq!(get(&server, path).0, 404, "{path}");
    }
}

#[test]
fn icons_are_found_by_revision_and_width() {
    let sandbox = offering(&[alpha(2, "noarch")]);
    sandbox.spk("new.spk", &alpha(3, "noarch"));
    sandbox.run("add ../new.spk").success();
    let server = Server::start(&sandbox, "");
    for width in [72, 256] {
        let (status, body) = get(&server, &format!("/alpha/2/icon_{width}.png"));
        assert_eq!(status, 200);
        let own = server.get(&format!("/packages/alpha/1.0-2/icon_{width}.png"));
        assert!(body == own.status(200).body, "{width}");
    }
    for path in [
        "/alpha/2/icon_120.png",
        "/alpha/1/icon_72.png",
        "/alpha/3/icon_72.png",
        "/other/2/icon_72.png",
    ] {
        assert_eq!(get(&server, path).0, 404, "{path}");
    }
}

/// A source with a stable, a yanked and a staged release.
fn stable_yanked_staged() -> Sandbox {
    let sandbox = offering(&[alpha(1, "noarch"), alpha(2, "noarch")]);
    sandbox.run("yank alpha@1.0-2 --reason broken").success();
    sandbox.spk("new.spk", &alpha(3, "noarch"));
    sandbox.spk("other.spk", &Spk::new("unseen", "1.0-1"));
    sandbox.run("add ../new.spk ../other.spk").success();
    sandbox
}

#[test]
fn staged_builds_have_no_download_and_yanked_ones_keep_theirs() {
    let sandbox = stable_yanked_staged();
    let server = Server::start(&sandbox, "");
    assert_eq!(offers(&server.get(&catalog(DSM72))), ["alpha 1.0-1"]);
    let download = |revision: u32| {
        let name = format!("/alpha/{revision}/alpha.v{revision}.f40000%5Bnoarch%5D.spk");
        get(&server, &name).0
    };
    assert_eq!([1, 2, 3].map(download), [200, 200, 404]);
    sandbox.run("promote alpha@1.0-3 --to stable").success();
    wait_for_head(&sandbox, &server);
    assert_eq!(download(3), 200);
}

#[test]
fn of_two_versions_with_one_revision_the_newer_is_found() {
    let older = Spk::new("alpha", "1.0-7").os_min("7.0-40000");
    let newer = Spk::new("alpha", "2.0-7").os_min("7.0-40000");
    let only = Spk::new("alpha", "1.0-7").os_min("6.0-7321");
    let sandbox = offering(&[newer.clone(), older, only.clone()]);
    let server = Server::start(&sandbox, "");
    for (build, spk) in [(40000, newer), (7321, only)] {
        let path = format!("/alpha/7/alpha.v7.f{build}%5Bnoarch%5D.spk");
        assert!(get(&server, &path).1 == spk.bytes(), "{build}");
    }
}

#[test]
fn pages_list_the_packages_and_the_builds_of_one() {
    let sandbox = stable_yanked_staged();
    let server = Server::start(&sandbox, "");
    for prefix in ["", "/beta"] {
        let packages = server.get(&format!("{prefix}/packages")).status(200);
        let link = format!("<a href=\"http://{}/package/alpha\">", server.host());
        assert!(packages.text().contains(&link), "{}", packages.text());
        assert!(!packages.text().contains("unseen"), "{}", packages.text());
        let page = server.get(&format!("{prefix}/package/alpha")).status(200);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(page.header("content-security-policy").is_some());
        for (version, is_listed) in [("1.0-1", true), ("1.0-2", false), ("1.0-3", false)] {
            assert_eq!(page.text().contains(version), is_listed, "{version}");
        }
        for missing in ["nope", "unseen"] {
            let answer = server.get(&format!("{prefix}/package/{missing}"));
            assert!(answer.status(404).json()["message"].is_string());
        }
    }
}

#[test]
fn names_in_pages_are_text_and_links_work() {
    let spk = Spk::new("a&b'c", "1.0-1");
    let sandbox = offering(std::slice::from_ref(&spk));
    let server = Server::start(&sandbox, "");
    let page = server.get("/package/a&b'c").status(200);
    assert!(
        page.text().contains("<h1>a&amp;b&#39;c</h1>"),
        "{}",
        page.text()
    );
    let (_, rest) = page.text().split_once("href=\"").expect("a link");
    let (link, _) = rest.split_once('"').expect("a whole link");
    let link = link.replace("&amp;", "&").replace("&#39;", "'");
    let path = super::path_of(&link, server.host());
    assert!(server.get(path).status(200).body == spk.bytes());
}
