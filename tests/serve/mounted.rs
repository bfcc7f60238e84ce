//! Hosts that are answered for, what caches may do with answers, and a server below a path.

use super::{DSM72, catalog, entries, offering, offers};
use crate::support::http::Response;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn alpha() -> Sandbox {
    offering(&[Spk::new("alpha", "1.0-1").icon(72).icon(256)])
}

/// Adds the address to the settings, and commits.
fn set_url(sandbox: &Sandbox, url: &str) {
    let settings = sandbox.read("spkrepo.toml");
    let with_url = format!("[repository]\nurl = \"{url}\"\n");
    sandbox.write(
        "spkrepo.toml",
        &settings.replace("[repository]\n", &with_url),
    );
    sandbox.git("commit --quiet --all -m address");
}

#[track_caller]
fn get(server: &Server, target: &str, headers: &[(&str, &str)]) -> Response {
    server.request("GET", target, headers, b"")
}

/// Returns the link to the SPK in the catalog at `target`.
#[track_caller]
fn link(server: &Server, target: &str, headers: &[(&str, &str)]) -> String {
    let answer = get(server, target, headers).status(200);
    let entry = entries(&answer).remove(0);
    entry["link"].as_str().expect("a link").to_owned()
}

/// Every address whose answer has links.
const WITH_LINKS: [&str; 7] = [
    "/nas/?arch=apollolake&build=64570",
    "/beta/?arch=apollolake&build=64570",
    "/v1/packages",
    "/packages",
    "/package/alpha",
    "/?fulllist=true",
    "/getList/v0/7/2/1/64570/0/apollolake/stable/x/enu",
];

#[test]
fn a_host_that_is_not_allowed_is_misdirected() {
    let sandbox = alpha();
    let server = Server::start(
        &sandbox,
        "--allowed-host packages.example.org --allowed-host '*.lan:8080'",
    );
    let target = catalog(DSM72);
    for host in [
        "packages.example.org",
        "Packages.Example.ORG.:81",
        "nas.lan:8080",
    ] {
        let link = link(&server, &target, &[("Host", host)]);
        assert!(link.starts_with(&format!("http://{host}/")), "{link}");
    }
    for host in ["evil.example", "lan:8080", "nas.lan", "a b", ""] {
        for target in WITH_LINKS.iter().chain(&["/nothing", "/explain"]) {
            let answer = get(&server, target, &[("Host", host)]);
            if answer.status == 400 {
                continue;
            }
            let answer = answer.status(421);
            let message = answer.json()["message"]
                .as_str()
                .expect("a text")
                .to_owned();
            assert!(
                message.contains("does not answer for the host"),
                "{message}"
            );
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(!message.contains("evil"), "{message}");
        }
        for target in ["/healthz", "/readyz"] {
            let answer = get(&server, target, &[("Host", host)]);
            assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
        }
    }
    get(&server, "/healthz", &[("Host", "evil.example")]).status(200);
    get(&server, "/readyz", &[("Host", "evil.example")]).status(200);
}

#[test]
fn the_host_of_the_configured_address_is_allowed_too() {
    let sandbox = alpha();
    set_url(&sandbox, "https://packages.example.org/syno");
    let server = Server::start(&sandbox, "--allowed-host backup.example.org");
    let target = catalog(DSM72);
    // Without TLS, the scheme of a request is http, whose port is another one.
    for host in ["backup.example.org", "packages.example.org"] {
        let link = link(&server, &target, &[("Host", host)]);
        assert!(
            link.starts_with("https://packages.example.org/syno/packages/"),
            "{link}"
        );
    }
    get(&server, &target, &[("Host", "evil.example")]).status(421);
}

#[test]
fn a_forwarded_host_is_the_one_that_must_be_allowed() {
    let sandbox = alpha();
    let options = "--allowed-host packages.example.org --trusted-proxy";
    let trusting = Server::start(&sandbox, &format!("{options} 127.0.0.1"));
    let open = Server::start(&sandbox, &format!("{options} 10.0.0.1"));
    let target = catalog(DSM72);
    let good = [
        ("Host", "inner"),
        ("X-Forwarded-Host", "packages.example.org"),
    ];
    let evil = [
        ("Host", "packages.example.org"),
        ("X-Forwarded-Host", "evil.example"),
    ];
    get(&trusting, &target, &good).status(200);
    get(&trusting, &target, &evil).status(421);
    get(&open, &target, &good).status(421);
    let link = link(&open, &target, &evil);
    assert!(link.starts_with("http://packages.example.org/"), "{link}");
}

/// Returns `Cache-Control` and `Vary`.
fn policy(answer: &Response) -> (String, String) {
    let header = |name| answer.header(name).unwrap_or_default().to_owned();
    (header("cache-control"), header("vary"))
}

/// Returns the body without the links to `root` and to what is below it.
fn without(answer: &Response, root: &str) -> String {
    let ends = ['/', '<', '"'].map(|end| format!("{root}{end}"));
    let text = answer.text().to_owned();
    ends.iter().fold(text, |text, link| text.replace(link, ""))
}

#[test]
fn an_answer_for_one_host_is_given_to_no_other() {
    let sandbox = alpha();
    let open = Server::start(&sandbox, "--trusted-proxy 10.0.0.1");
    let listed = Server::start(&sandbox, "--allowed-host '*.example'");
    let hosts = ["a.example", "evil.example", "a.example", "b.example:81"];
    for target in WITH_LINKS {
        for server in [&open, &listed] {
            let mut tags = std::collections::BTreeSet::new();
            for host in hosts {
                let forged = [("Host", host), ("X-Forwarded-Host", "forged.example")];
                let answer = get(server, target, &forged).status(200);
                let text = without(&answer, &format!("http://{host}"));
                assert!(!text.contains("http://"), "{target} for {host}: {text}");
                assert!(!text.contains("example"), "{target} for {host}: {text}");
                tags.extend(answer.header("etag").map(str::to_owned));
                let (cached, vary) = policy(&answer);
                let vary: Vec<&str> = vary.split(", ").collect();
                assert!(vary.contains(&"Host"), "{target}: {vary:?}");
                let proxied = vary.contains(&"X-Forwarded-Host");
                assert_eq!(proxied, std::ptr::eq(server, &raw const open), "{target}");
                if std::ptr::eq(server, &raw const open) {
                    assert_eq!(cached, "private, no-cache", "{target}");
                } else {
                    assert!(!cached.contains("private"), "{target}");
                }
            }
            assert!(tags.is_empty() || tags.len() == 3, "{target}: {tags:?}");
        }
    }
}

#[test]
fn an_answer_that_is_not_modified_says_the_same_to_caches() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    let target = catalog(DSM72);
    let full = get(&server, &target, &[("Host", "a.example")]).status(200);
    let tag = full.header("etag").expect("a tag").to_owned();
    let mut headers = [("Host", "a.example"), ("If-None-Match", &tag)];
    let known = get(&server, &target, &headers).status(304);
    assert_eq!(policy(&known), policy(&full));
    headers[0].1 = "b.example";
    get(&server, &target, &headers).status(200);
}

#[test]
fn an_answer_with_links_to_the_configured_address_is_for_everybody() {
    let sandbox = alpha();
    set_url(&sandbox, "https://packages.example.org");
    let server = Server::start(&sandbox, "");
    let answer = get(&server, &catalog(DSM72), &[("Host", "evil.example")]).status(200);
    assert_eq!(answer.header("cache-control"), Some("public, no-cache"));
    assert!(!answer.text().contains("evil"));
}

#[test]
fn what_has_no_links_is_for_everybody() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "");
    let path = super::download_path(&server, DSM72);
    let spk = get(&server, &path, &[("Host", "any.example")]).status(200);
    let immutable = "public, max-age=31536000, immutable".to_owned();
    assert_eq!(policy(&spk), (immutable, String::new()));
    let icon = server.get("/packages/alpha/1.0-1/icon_72.png").status(200);
    assert_eq!(policy(&icon).0, "public, no-cache");
}

#[test]
fn below_a_path_everything_is_there_and_nothing_beside_it() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "--url-prefix /pkg/spk");
    let root = format!("http://{}/pkg/spk", server.host());
    for target in WITH_LINKS {
        let answer = server.get(&format!("/pkg/spk{target}")).status(200);
        let text = without(&answer, &root);
        assert!(text.len() < answer.text().len(), "{target} has links");
        assert!(!text.contains(server.host()), "{target}: {text}");
        server.get(target).status(404);
    }
    for target in ["/pkg/spk", "/pkg/spk/", "/pkg/spk/beta"] {
        let answer = server.get(&format!("{target}?{DSM72}")).status(200);
        assert_eq!(offers(&answer), ["alpha 1.0-1"], "{target}");
    }
    let spk = link(&server, &format!("/pkg/spk/?{DSM72}"), &[]);
    let path = super::path_of(&spk, server.host());
    server.get(path).status(200);
    server
        .get(path.strip_prefix("/pkg/spk").expect("below the path"))
        .status(404);
    for target in ["/", "/pkg", "/pkg/spkx/", "/spk/", "/pkg/healthz"] {
        server.get(target).status(404);
    }
    for target in ["/healthz", "/readyz", "/pkg/spk/healthz", "/pkg/spk/readyz"] {
        server.get(target).status(200);
    }
    server.get("/pkg/spk/../spk/").status(400);
}

#[test]
fn a_proxy_may_keep_the_path_to_itself() {
    let sandbox = alpha();
    let plain = Server::start(&sandbox, "--trusted-proxy 127.0.0.1");
    let mounted = Server::start(&sandbox, "--trusted-proxy 127.0.0.1 --url-prefix /spk");
    let open = Server::start(&sandbox, "");
    let stripped = [("Host", "nas"), ("X-Forwarded-Prefix", "/spk")];
    let target = catalog(DSM72);
    for server in [&plain, &mounted] {
        let link = link(server, &target, &stripped);
        assert!(link.starts_with("http://nas/spk/packages/"), "{link}");
    }
    let kept = link(&mounted, &format!("/spk{target}"), &stripped[..1]);
    assert!(kept.starts_with("http://nas/spk/packages/"), "{kept}");
    let untrusted = link(&open, &target, &stripped);
    assert!(untrusted.starts_with("http://nas/packages/"), "{untrusted}");
    let bad = [("Host", "nas"), ("X-Forwarded-Prefix", "/\"><script>")];
    let ignored = link(&plain, &target, &bad);
    assert!(ignored.starts_with("http://nas/packages/"), "{ignored}");
}

#[test]
fn the_configured_address_may_have_a_path() {
    let sandbox = alpha();
    set_url(&sandbox, "https://packages.example.org/spk/");
    let server = Server::start(&sandbox, "--url-prefix /spk");
    let link = link(&server, &format!("/spk/?{DSM72}"), &[]);
    assert!(
        link.starts_with("https://packages.example.org/spk/packages/"),
        "{link}"
    );
}

#[test]
fn nginx_is_told_which_file_to_send() {
    let spk = Spk::new("alpha", "1.0-1");
    let sandbox = offering(std::slice::from_ref(&spk));
    let server = Server::start(&sandbox, "--accel-redirect /blobs");
    let path = super::download_path(&server, DSM72);
    let answer = server.get(&path).status(200);
    let location = answer.header("x-accel-redirect").expect("a location");
    let oid = crate::support::digest::sha256(&spk.bytes());
    assert_eq!(
        location,
        format!("/blobs/{}/{}/{oid}", &oid[..2], &oid[2..4])
    );
    assert_eq!(answer.body, b"");
    let stored = location
        .strip_prefix("/blobs/")
        .expect("below the location");
    let file = sandbox.path("repo/.git/lfs/objects").join(stored);
    assert!(fs_err::read(&file).expect("the blob") == spk.bytes());
    fs_err::remove_file(file).expect("the blob");
    let missing = server.get(&path).status(503);
    assert_eq!(missing.header("x-accel-redirect"), None);
}
