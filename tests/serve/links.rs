//! Under which address the links in a catalog are.

use super::{DSM72, catalog, entries, offering, wait_for_head};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn alpha() -> Sandbox {
    offering(&[Spk::new("alpha", "1.0-1").icon(72).icon(256).screenshot(1)])
}

/// Returns scheme and host of every link, which must all be the same.
#[track_caller]
fn base(server: &Server, headers: &[(&str, &str)]) -> String {
    let answer = server
        .request("GET", &catalog(DSM72), headers, b"")
        .status(200);
    let entry = entries(&answer).remove(0);
    let link = entry["link"].as_str().expect("a link");
    let (base, _) = link
        .split_once("/packages/")
        .expect("a path below the root");
    let lists = ["thumbnail", "thumbnail_retina", "snapshot"];
    for picture in lists
        .iter()
        .flat_map(|key| entry[key].as_array().expect("a list"))
    {
        let picture = picture.as_str().expect("a link");
        assert!(
            picture.starts_with(&format!("{base}/packages/alpha/")),
            "{picture}"
        );
    }
    base.to_owned()
}

#[test]
fn links_are_under_the_host_that_was_asked() {
    let server = Server::start(&alpha(), "");
    for host in ["nas.local:5000", "packages.example.org", "[fd00::1]:8080"] {
        assert_eq!(base(&server, &[("Host", host)]), format!("http://{host}"));
    }
    assert_eq!(base(&server, &[]), format!("http://{}", server.host()));
}

#[test]
fn a_host_that_is_none_is_never_echoed() {
    let server = Server::start(&alpha(), "");
    for host in [
        "a\"b",
        "evil<script>",
        "user@evil",
        "evil/path",
        "a b",
        "evil:99999",
        "",
    ] {
        let answer = server.request("GET", &catalog(DSM72), &[("Host", host)], b"");
        assert!(!answer.text().contains("evil"), "{}", answer.text());
        if answer.status == 200 {
            let expected = format!("http://{}", server.host());
            assert_eq!(base(&server, &[("Host", host)]), expected, "{host}");
        } else {
            assert_eq!(answer.status, 400, "{host}");
        }
    }
}

#[test]
fn the_configured_address_wins() {
    let sandbox = alpha();
    let server = Server::start(&sandbox, "--trusted-proxy 127.0.0.1");
    let settings = sandbox.read("spkrepo.toml");
    let url = "url = \"https://packages.example.org/syno/\"\n";
    sandbox.write(
        "spkrepo.toml",
        &settings.replace("[repository]\n", &format!("[repository]\n{url}")),
    );
    sandbox.git("commit --quiet --all -m address");
    wait_for_head(&sandbox, &server);
    for headers in [
        &[][..],
        &[("Host", "other")],
        &[("X-Forwarded-Host", "other")],
    ] {
        assert_eq!(base(&server, headers), "https://packages.example.org/syno");
    }
}

#[test]
fn what_a_proxy_says_counts_only_when_it_is_trusted() {
    let sandbox = alpha();
    let open = Server::start(&sandbox, "");
    let elsewhere = Server::start(&sandbox, "--trusted-proxy 10.0.0.0/8");
    let trusting = Server::start(
        &sandbox,
        "--trusted-proxy 10.0.0.0/8 --trusted-proxy 127.0.0.1",
    );
    let host = ("Host", "inner");
    let older = [
        host,
        ("X-Forwarded-Host", "outer:8443"),
        ("X-Forwarded-Proto", "https"),
    ];
    let newer = [
        host,
        ("Forwarded", "for=192.0.2.1;proto=https;host=\"outer:8443\""),
    ];
    for headers in [&older[..], &newer[..]] {
        assert_eq!(base(&open, headers), "http://inner");
        assert_eq!(base(&elsewhere, headers), "http://inner");
        assert_eq!(base(&trusting, headers), "https://outer:8443");
    }
    assert_eq!(base(&trusting, &older[..2]), "http://outer:8443");
    assert_eq!(
        base(&trusting, &[host, ("X-Forwarded-Proto", "https")]),
        "https://inner"
    );
    assert_eq!(
        base(&trusting, &[host, ("X-Forwarded-Host", "a/b")]),
        "http://inner"
    );
}

#[test]
fn a_proxy_that_is_no_address_is_refused() {
    Sandbox::initialized()
        .run("serve --trusted-proxy nginx.local")
        .failure(2)
        .stderr_has("`nginx.local` is not an IP address");
}
