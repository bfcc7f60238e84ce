//! The pages of jdel/sspks for people.

use super::offering;
use crate::support::http::Response;
use crate::support::server::Server;
use crate::support::spk::Spk;

const BROWSER: [(&str, &str); 2] = [
    ("Accept", "text/html"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)"),
];

fn open(server: &Server, target: &str) -> Response {
    let page = server.request("GET", target, &BROWSER, b"").status(200);
    let kind = page.header("content-type");
    assert_eq!(kind, Some("text/html; charset=utf-8"), "{target}");
    let policy = page.header("content-security-policy");
    assert!(policy.is_some_and(|policy| policy.contains("default-src 'none'")));
    page
}

#[test]
fn a_browser_gets_devices_packages_of_a_platform_and_all_files() {
    let sandbox = offering(&[
        Spk::new("alpha", "1.0-1")
            .arch("x86_64")
            .info("displayname", "<i>"),
        Spk::new("alpha", "1.1-2").arch("x86_64"),
        Spk::new("arm", "1.0-1").arch("armv8"),
    ]);
    sandbox.spk("beta.spk", &Spk::new("early", "2.0-1"));
    sandbox.run("add --channel beta ../beta.spk").success();
    let server = Server::start(&sandbox, "");
    let page = open(&server, "/");
    assert!(page.text().contains("?devicelist=true") && page.text().contains("?fulllist=true"));
    let devices = open(&server, "/?devicelist=true");
    for part in ["DS918+", "?arch=apollolake"] {
        assert!(devices.text().contains(part), "{part}");
    }
    let all = open(&server, "/?fulllist=true");
    for part in ["alpha_1.0-1_", "alpha_1.1-2_", "arm_1.0-1_", "&lt;i&gt;"] {
        assert!(all.text().contains(part), "{part}");
    }
    assert!(!all.text().contains("<i>") && !all.text().contains("early"));
    let packages = open(&server, "/?arch=apollolake");
    assert!(packages.text().contains("alpha_1.1-2_"));
    for part in ["alpha_1.0-1_", "arm_1.0-1_", "early"] {
        assert!(!packages.text().contains(part), "{part}");
    }
    for target in [
        "/?arch=avoton&channel=beta",
        "/beta/?arch=avoton",
        "/beta/?fulllist=1",
    ] {
        assert!(open(&server, target).text().contains("early"), "{target}");
    }
}

#[test]
fn only_a_browser_gets_a_page_for_a_platform_alone() {
    let server = Server::start(&offering(&[Spk::new("alpha", "1.0-1")]), "");
    server.get("/?arch=avoton").status(400);
    let all = server.get("/?fulllist=true").status(200);
    assert!(all.text().contains("alpha_1.0-1_"));
}
