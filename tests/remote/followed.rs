//! `serve --follow`: a server that has a remote's newest commit and its SPKs, soon or at once.

use std::time::{Duration, Instant};

use fs_err as fs;
use serde_json::Value;

use super::{Shared, build};
use crate::support::digest::hmac_sha256;
use crate::support::http::Response;
use crate::support::metrics::Samples;
use crate::support::server::Server;
use crate::support::spk::Spk;

const CATALOG: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";
const PATIENCE: Duration = Duration::from_secs(30);
const SECRET: &str = "0123456789abcdef0123456789abcdef";

#[track_caller]
fn wait_until(server: &Server, what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(
            start.elapsed() < PATIENCE,
            "{what}: not in {PATIENCE:?}\n{}",
            server.log()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn offers(server: &Server) -> Vec<String> {
    let json = server.get(CATALOG).status(200).json();
    let entries = json["packages"].as_array().expect("a list").clone();
    entries
        .iter()
        .map(|entry| entry["package"].as_str().expect("a name").to_owned())
        .collect()
}

/// Publishes a package on the channel `stable`.
fn publish(shared: &Shared, package: &str) {
    let spk = shared.spk(package, &build(package));
    shared
        .run("repo", &format!("add {spk} --push --channel stable"))
        .success();
}

/// Serves an empty bare repository that follows the shared one.
fn serve(shared: &Shared, options: &str) -> Server {
    if !shared.sandbox.path("served").exists() {
        shared.git("repo", "init --quiet --bare ../served");
    }
    let line = format!("serve --port 0 --follow ../remote.git {options}");
    let mut command = shared.sandbox.spkrepo(&line);
    command.current_dir(shared.sandbox.path("served"));
    Server::spawn(command)
}

fn ready(server: &Server) -> Value {
    server.get("/readyz").json()
}

#[test]
fn a_push_is_served_within_the_interval_with_its_spk() {
    let shared = Shared::new();
    publish(&shared, "alpha");
    let server = serve(&shared, "--every 500ms");
    assert_eq!(offers(&server), ["alpha"]);
    publish(&shared, "beta");
    wait_until(&server, "the second package", || {
        offers(&server) == ["alpha", "beta"]
    });
    for entry in server.get(CATALOG).json()["packages"]
        .as_array()
        .expect("a list")
    {
        let link = entry["link"].as_str().expect("a link");
        let path = link
            .split_once(server.host())
            .expect("an address of this server")
            .1;
        server.get(path).status(200);
    }
    assert_eq!(ready(&server)["commit"], shared.head("remote.git"));
    server.get("/readyz").status(200);
    // No branch of the repository moved: there is none.
    assert_eq!(shared.git("served", "for-each-ref refs/heads"), "");
    // A hand-made commit too.
    shared.git("repo", "commit --quiet --allow-empty -m 'by hand'");
    shared.git("repo", "push --quiet");
    wait_until(&server, "the commit by hand", || {
        ready(&server)["commit"] == shared.head("remote.git")
    });
}

#[test]
fn a_remote_that_goes_and_comes_back_is_told_once_each_and_what_is_here_is_served_on() {
    let shared = Shared::new();
    publish(&shared, "alpha");
    let server = serve(&shared, "--every 200ms --metrics-listen 127.0.0.1:0");
    let (here, away) = (
        shared.sandbox.path("remote.git"),
        shared.sandbox.path("away.git"),
    );
    wait_until(&server, "a first look", || last_success(&server) > 0.0);
    fs::rename(&here, &away).expect("a folder");
    wait_until(&server, "a warning", || {
        server.log().contains("what is here is served on")
    });
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(
        server.log().matches("what is here is served on").count(),
        1,
        "{}",
        server.log()
    );
    let ready = server.get("/readyz").status(200).json();
    let warning = ready["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("was last reached at 20"), "{warning}");
    assert_eq!(offers(&server), ["alpha"]);
    // A server that starts now has what was there.
    let second = serve(&shared, "");
    assert_eq!(offers(&second), ["alpha"]);
    fs::rename(&away, &here).expect("a folder");
    wait_until(&server, "the remote is back", || {
        server.log().contains("answers again")
    });
    publish(&shared, "beta");
    wait_until(&server, "the second package", || offers(&server).len() == 2);
    assert!(server.get("/readyz").json().get("warnings").is_none());
}

/// Returns what the metrics of a server with `--metrics-listen` say of the last success.
fn last_success(server: &Server) -> f64 {
    wait_until(server, "an address for metrics", || {
        server.log().contains("metrics at http://")
    });
    let log = server.log();
    let (_, rest) = log.split_once("metrics at http://").expect("an address");
    let host = rest.split('/').next().expect("an address");
    let response = crate::support::http::Connection::open(host).request(
        "GET",
        "/metrics",
        &[("Connection", "close")],
        b"",
    );
    let text = String::from_utf8(response.status(200).body.clone()).expect("UTF-8");
    Samples::parse(&text).get("spkrepo_follow_last_success_timestamp_seconds")
}

#[test]
fn a_branch_that_was_rewritten_is_followed_with_a_notice() {
    let shared = Shared::new();
    publish(&shared, "alpha");
    publish(&shared, "beta");
    let server = serve(&shared, "--every 200ms");
    assert_eq!(offers(&server), ["alpha", "beta"]);
    shared.git("repo", "push --quiet --force origin HEAD~1:main");
    wait_until(&server, "the older commit", || offers(&server) == ["alpha"]);
    assert!(server.log().contains("was rewritten"), "{}", server.log());
}

#[test]
fn one_branch_of_several_can_be_followed() {
    let shared = Shared::new();
    publish(&shared, "alpha");
    shared.git("repo", "push --quiet origin main:stable");
    publish(&shared, "beta");
    shared.git("repo", "init --quiet --bare ../served");
    let mut command = shared.sandbox.spkrepo("serve --port 0");
    command
        .env("SPKREPO_FOLLOW", "../remote.git#stable")
        .current_dir(shared.sandbox.path("served"));
    let server = Server::spawn(command);
    assert_eq!(offers(&server), ["alpha"]);
    let nothing = shared
        .run("served", "serve --port 0 --follow ../remote.git#nothing")
        .failure(2);
    assert!(
        nothing.err().contains("has no branch `nothing`"),
        "{}",
        nothing.err()
    );
}

#[test]
fn a_commit_whose_spks_are_missing_waits_for_them_and_is_then_served_as_it_is() {
    let shared = Shared::new();
    publish(&shared, "alpha");
    let server = serve(&shared, "--every 200ms");
    let spk = shared.spk("b", &build("beta"));
    shared
        .run(
            "repo",
            &format!("add {spk} --channel stable --push --no-blobs"),
        )
        .success();
    wait_until(&server, "a warning", || {
        server.log().contains("warning: could not download SPKs")
    });
    wait_until(&server, "the commit", || offers(&server).len() == 2);
    wait_until(&server, "the loss", || {
        server.get("/readyz").json()["message"]
            .as_str()
            .is_some_and(|text| text.contains("1 of 2 SPKs"))
    });
    assert!(
        ready(&server)["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("download SPKs")
    );
    shared.git("repo", "lfs push --all origin");
    let path = "/packages/beta/beta_1.0-1_dsm7.0-40000-noarch.spk";
    wait_until(&server, "the SPK", || server.get(path).status == 200);
}

#[test]
fn a_webhook_has_the_remote_asked_at_once() {
    let shared = Shared::new();
    publish(&shared, "alpha");
    fs::write(shared.sandbox.path("secret"), format!("{SECRET}\n")).expect("writable");
    let server = serve(&shared, "--every 1h --hook-secret-file ../secret");
    // The first look is over.
    std::thread::sleep(Duration::from_millis(1500));
    publish(&shared, "beta");
    let body = br#"{"ref":"refs/heads/main"}"#;
    let post = |headers: &[(&str, &str)]| -> Response {
        server.request("POST", "/hooks/refresh", headers, body)
    };
    let wrong = hmac_sha256(b"another secret of some length", body);
    for headers in [
        vec![],
        vec![("X-Hub-Signature-256".to_owned(), format!("sha256={wrong}"))],
        vec![("X-Hub-Signature".to_owned(), "sha1=00".to_owned())],
        vec![("X-Gitlab-Token".to_owned(), "guess".to_owned())],
    ] {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        post(&headers).status(401);
    }
    server.get("/hooks/refresh").status(405);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(
        offers(&server),
        ["alpha"],
        "nobody who does not know the secret is listened to"
    );
    let signature = format!("sha256={}", hmac_sha256(SECRET.as_bytes(), body));
    let start = Instant::now();
    post(&[("X-Hub-Signature-256", &signature)]).status(202);
    wait_until(&server, "the second package", || offers(&server).len() == 2);
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    publish(&shared, "gamma");
    post(&[("X-Gitlab-Token", SECRET)]).status(202);
    wait_until(&server, "the third package", || offers(&server).len() == 3);
}

#[test]
fn without_a_secret_there_are_no_webhooks_and_a_short_one_is_refused() {
    let shared = Shared::new();
    let server = serve(&shared, "");
    server
        .request("POST", "/hooks/refresh", &[], b"{}")
        .status(404);
    fs::write(shared.sandbox.path("secret"), "short\n").expect("writable");
    shared
        .run(
            "served",
            "serve --port 0 --follow ../remote.git --hook-secret-file ../secret",
        )
        .failure(2)
        .stderr_has("less than 16 bytes");
    shared
        .run(
            "served",
            "serve --port 0 --follow ../remote.git --hook-secret-file ../nothing",
        )
        .failure(2)
        .stderr_has("could not read the secret of webhooks");
}

#[test]
fn what_cannot_be_followed_at_first_is_an_error() {
    let shared = Shared::new();
    shared.git("repo", "init --quiet --bare ../served");
    let said = shared
        .run("served", "serve --port 0 --follow ../nowhere.git")
        .failure(2)
        .err()
        .to_owned();
    assert!(
        said.contains("error: could not ask `../nowhere.git`"),
        "{said}"
    );
    let said = shared
        .run(
            "served",
            "serve --follow https://joe:s3cret@127.0.0.1:1/a.git",
        )
        .failure(2)
        .err()
        .to_owned();
    assert!(
        said.contains("has a password in it") && !said.contains("s3cret"),
        "{said}"
    );
    let said = shared
        .run("served", "serve --follow origin --rev HEAD")
        .failure(2)
        .err()
        .to_owned();
    assert!(said.contains("cannot be used with each other"), "{said}");
}

#[test]
fn a_replaced_spk_is_brought_too() {
    let shared = Shared::new();
    let spk = shared.spk("one", &Spk::new("alpha", "1.0-1"));
    shared.run("repo", &format!("add {spk} --push")).success();
    let server = serve(&shared, "--every 200ms");
    let spk = shared.spk("two", &Spk::new("alpha", "1.0-1").payload("other"));
    shared
        .run("repo", &format!("add {spk} --replace --push"))
        .success();
    shared
        .run("repo", "promote alpha --to stable --push")
        .success();
    wait_until(&server, "the package", || offers(&server) == ["alpha"]);
    let path = "/packages/alpha/alpha_1.0-1_dsm7.0-40000-noarch.spk";
    assert_eq!(
        server.get(path).status(200).body,
        fs::read(shared.sandbox.path("in/two.spk")).expect("a file")
    );
}

#[test]
fn spks_come_from_where_the_settings_say() {
    let shared = Shared::new();
    let disk = shared.sandbox.path("disk");
    fs::create_dir(&disk).expect("a new folder");
    let table = format!(
        "\n[[blobs.remote]]\nname = \"disk\"\nurl = \"file://{}\"\n",
        disk.display()
    );
    shared.sandbox.write(
        "spkrepo.toml",
        &(shared.sandbox.read("spkrepo.toml") + &table),
    );
    shared.git("repo", "commit --quiet -am disk");
    publish(&shared, "alpha");
    assert!(
        !shared.sandbox.path("remote.git/lfs/objects").exists(),
        "the git remote has no SPK"
    );
    let server = serve(&shared, "--every 500ms");
    let catalog = server.get(CATALOG).status(200).json();
    let link = catalog["packages"][0]["link"].as_str().expect("a link");
    let path = link.split_once(server.host()).expect("this server").1;
    server.get(path).status(200);
    // Where they cannot be had, the commit waits, and it is said why.
    fs::rename(&disk, shared.sandbox.path("unplugged")).expect("writable");
    fs::create_dir(&disk).expect("a new folder");
    publish(&shared, "beta");
    fs::remove_dir_all(&disk).expect("writable");
    wait_until(&server, "the reason", || {
        server.log().contains("could not find the folder")
    });
    fs::rename(shared.sandbox.path("unplugged"), &disk).expect("writable");
    shared.run("repo", "blob push").success();
    wait_until(&server, "the second package", || {
        offers(&server) == ["alpha", "beta"]
    });
}
