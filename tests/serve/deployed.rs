//! `repo-template/deploy/nginx.conf` as it stands there, but for its addresses and paths.

use std::time::Duration;

use fs_err as fs;

use super::{DSM72, catalog, entries, offering, offers, wait_for_head, wait_until};
use crate::source_rules::root;
use crate::support::digest::sha256;
use crate::support::http::{Connection, Response};
use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// What the server behind it is started with, as the file says.
const OPTIONS: &str =
    "--trusted-proxy 127.0.0.1 --accel-redirect /blobs --allowed-host packages.example.org";

/// Returns the file with the addresses and paths of a test, and without TLS.
pub(crate) fn config(sandbox: &Sandbox, servers: &[String]) -> String {
    let path = root().join("repo-template/deploy/nginx.conf");
    let mut text = fs::read_to_string(path).expect("the file is there");
    assert!(text.contains(&format!("spkrepo serve {OPTIONS}\n")));
    let blob = sandbox.blob_path(&"0".repeat(64));
    let store = blob.ancestors().nth(3).expect("two folders of digits");
    let cache = sandbox.path("nginx-cache");
    let upstream: Vec<String> = servers
        .iter()
        .map(|host| format!("server {host} max_fails=0;"))
        .collect();
    for (from, to) in [
        ("listen 443 ssl;", "listen LISTEN;".to_owned()),
        (
            "ssl_certificate /etc/ssl/packages.example.org.pem;",
            String::new(),
        ),
        (
            "ssl_certificate_key /etc/ssl/private/packages.example.org.key;",
            String::new(),
        ),
        ("server 127.0.0.1:8080 max_fails=0;", upstream.concat()),
        ("/var/cache/nginx/spkrepo", cache.display().to_string()),
        (
            "/srv/spkrepo/.git/lfs/objects/",
            format!("{}/", store.display()),
        ),
    ] {
        assert_eq!(text.matches(from).count(), 1, "{from}");
        text = text.replace(from, &to);
    }
    format!("access_log off;\n{text}")
}

struct Deployed {
    nginx: Nginx,
    server: Server,
}

impl Deployed {
    fn start(sandbox: &Sandbox, more: &str) -> Self {
        let server = Server::start(sandbox, &format!("{OPTIONS} {more}"));
        let nginx = Nginx::start(sandbox, &config(sandbox, &[server.host().to_owned()]));
        Self { nginx, server }
    }

    #[track_caller]
    fn get(&self, target: &str, headers: &[(&str, &str)]) -> Response {
        let host = [("Host", "packages.example.org")];
        let names_host = headers.iter().any(|(name, _)| *name == "Host");
        let host = if names_host { &[][..] } else { &host };
        let headers = [host, headers].concat();
        Connection::open(&self.nginx.host).request("GET", target, &headers, b"")
    }
}

#[track_caller]
fn cache_status(answer: &Response) -> &str {
    answer.header("x-cache-status").expect("a word of nginx")
}

#[track_caller]
fn link(answer: &Response) -> String {
    let link = entries(answer)[0]["link"].clone();
    link.as_str().expect("a link").to_owned()
}

#[test]
fn downloads_come_from_the_store_and_only_by_the_servers_leave() {
    let spk = Spk::new("alpha", "1.0-1").payload_size(3_000_007);
    let sandbox = offering(std::slice::from_ref(&spk));
    let deployed = Deployed::start(&sandbox, "--metrics-listen 127.0.0.1:0");
    let answer = deployed.get(&catalog(DSM72), &[]).status(200);
    let link = link(&answer);
    let path = link.strip_prefix("http://packages.example.org");
    let path = path.unwrap_or_else(|| panic!("{link}"));
    let bytes = spk.bytes();
    for _ in 0..2 {
        let whole = deployed.get(path, &[]).status(200);
        assert!(whole.body == bytes);
        assert_eq!(whole.header("x-accel-redirect"), None);
    }
    let part = deployed.get(path, &[("Range", "bytes=1000-1999")]);
    assert!(part.status(206).body == bytes[1000..2000]);
    // The server itself has sent none of it.
    let direct = [("Host", "packages.example.org")];
    let direct = deployed
        .server
        .request("GET", path, &direct, b"")
        .status(200);
    let inside = direct.header("x-accel-redirect").expect("a location");
    assert_eq!(direct.body, b"");
    deployed.get(inside, &[]).status(404);
    deployed.get("/readyz", &[]).status(404);
    deployed.get("/healthz", &[]).status(200);
}

#[test]
fn catalogs_are_kept_and_asked_for_again_by_their_tag() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let log = sandbox.path("access.log");
    let options = format!("--access-log json --access-log-file {}", log.display());
    let deployed = Deployed::start(&sandbox, &options);
    let ask = || deployed.get(&catalog(DSM72), &[]).status(200);
    let first = ask();
    assert_eq!(cache_status(&first), "MISS");
    wait_until("it is kept", || cache_status(&ask()) == "HIT");
    std::thread::sleep(Duration::from_millis(2100));
    let again = ask();
    assert_eq!(cache_status(&again), "REVALIDATED");
    assert!(again.body == first.body);
    let lines = || fs::read_to_string(&log).expect("the log");
    wait_until("the question by tag", || lines().contains("\"status\":304"));
    let id = |answer: &Response| answer.header("x-request-id").expect("an id").to_owned();
    assert_ne!(
        id(&first),
        id(&again),
        "an answer from the cache has an id of its own"
    );
    assert!(
        lines().contains(&id(&first)),
        "both logs name the request alike"
    );
    sandbox.spk("in/1.spk", &Spk::new("beta", "1.0-1"));
    sandbox.run("add --channel stable ../in/1.spk").success();
    wait_for_head(&sandbox, &deployed.server);
    wait_until("the new catalog", || {
        offers(&ask()) == ["alpha 1.0-1", "beta 1.0-1"]
    });
}

#[test]
fn hosts_are_not_mixed_and_clients_cannot_pretend() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let deployed = Deployed::start(&sandbox, "--allowed-host other.example");
    for _ in 0..2 {
        for host in ["packages.example.org", "other.example"] {
            let answer = deployed.get(&catalog(DSM72), &[("Host", host)]).status(200);
            let link = link(&answer);
            assert!(link.starts_with(&format!("http://{host}/")), "{link}");
        }
        deployed
            .get(&catalog(DSM72), &[("Host", "evil.example")])
            .status(421);
    }
    for header in [
        ("X-Forwarded-Host", "other.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Prefix", "/evil"),
        ("Forwarded", "host=other.example;proto=https"),
    ] {
        let target = format!("{}&n={}", catalog(DSM72), header.0);
        let link = link(&deployed.get(&target, &[header]).status(200));
        assert!(
            link.starts_with("http://packages.example.org/packages/"),
            "{link}"
        );
    }
    let answer = deployed.get("/explain", &[("X-Request-Id", "mine")]);
    assert_ne!(answer.header("x-request-id"), Some("mine"));
}

#[test]
fn uploads_go_through_whatever_their_size() {
    let sandbox = Sandbox::initialized();
    let [ada, _] = crate::upload::people(&sandbox);
    let deployed = Deployed::start(&sandbox, "--upload");
    let spk = Spk::new("large", "1.0-1").payload_size(3_000_000).bytes();
    let basic = crate::upload::basic(&ada);
    let headers = [
        ("Host", "packages.example.org"),
        ("Authorization", basic.as_str()),
    ];
    let mut connection = Connection::open(&deployed.nginx.host);
    let answer = connection.request("POST", "/packages", &headers, &spk);
    assert_eq!(answer.status(201).json()["package"], "large");
    deployed.get("/packages", &[]).status(200);
}

#[test]
fn objects_of_git_lfs_go_in_and_come_from_the_store() {
    let sandbox = Sandbox::initialized();
    let [ada, _] = crate::upload::people(&sandbox);
    let deployed = Deployed::start(&sandbox, "--lfs");
    let bytes = Spk::new("large", "1.0-1").payload_size(3_000_000).bytes();
    let target = format!("/info/lfs/objects/{}", sha256(&bytes));
    let basic = crate::upload::basic(&ada);
    let headers = [
        ("Host", "packages.example.org"),
        ("Authorization", basic.as_str()),
    ];
    let mut connection = Connection::open(&deployed.nginx.host);
    connection
        .request("PUT", &target, &headers, &bytes)
        .status(200);
    let whole = deployed.get(&target, &[]).status(200);
    assert!(whole.body == bytes);
    let cached = whole.header("cache-control");
    assert_eq!(cached, Some("max-age=31536000, immutable"));
    let part = deployed.get(&target, &[("Range", "bytes=1000-1999")]);
    assert!(part.status(206).body == bytes[1000..2000]);
}
