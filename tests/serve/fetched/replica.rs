//! A replica with an empty disk: it has the commits of a remote, and its SPKs when somebody asks for them.

use std::time::{Duration, Instant};

use super::{away, cached, download, state, wait_until};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

const MEBIBYTE: u64 = 1 << 20;

fn follow(sandbox: &Sandbox, folder: &str, options: &str) -> Server {
    if !sandbox.path(folder).exists() {
        sandbox.git(&format!("init --quiet --bare ../{folder}"));
    }
    let line = format!("serve --port 0 --follow ../repo#main --every 200ms {options}");
    let mut command = sandbox.spkrepo(&line);
    command.current_dir(sandbox.path(folder));
    Server::spawn(command)
}

#[test]
fn a_replica_with_an_empty_disk_serves_at_once_and_brings_what_is_asked_for() {
    let away = away(5, MEBIBYTE);
    let start = Instant::now();
    let server = follow(&away.sandbox, "replica", "--downloads cache");
    let came = download(server.host(), &away.path(3));
    let taken = start.elapsed();
    assert!(came.status == 200 && came.body == away.spks[3]);
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    assert_eq!(
        cached(&away.sandbox, "replica/spkrepo/cache"),
        away.spks[3].len() as u64
    );
    assert_eq!(cached(&away.sandbox, "replica/lfs"), 0);
    let ready = server.get("/readyz").status(200).text().to_owned();
    assert!(!ready.contains("warnings"), "{ready}");
    // The next commit comes without its SPKs as well.
    let oid = away.host.put(b"not an SPK".to_vec());
    state(
        &away.sandbox,
        &[&away.host.template(), "https://example.org/{sha256}"],
    );
    let head = away.sandbox.head();
    wait_until("the commit", || {
        server.get("/readyz").json()["commit"] == head.as_str()
    });
    assert_eq!(away.host.reads(&oid), [0; 0]);
    assert!(!server.log().contains("warning"), "{}", server.log());
}

#[test]
fn the_setting_may_stand_in_the_repository_that_is_followed() {
    let away = away(1, MEBIBYTE);
    let text = away.sandbox.read("spkrepo.toml");
    let text = format!("{text}\n[serve]\ndownloads = \"cache\"\n");
    away.sandbox.write("spkrepo.toml", &text);
    away.sandbox.git("commit --quiet --all -m replicas");
    let server = follow(&away.sandbox, "replica", "");
    assert!(download(server.host(), &away.path(0)).body == away.spks[0]);
    let again = follow(&away.sandbox, "replica", "");
    assert!(download(again.host(), &away.path(0)).body == away.spks[0]);
    assert_eq!(away.host.reads(&away.oid(0)), [0]);
}

#[test]
fn a_replica_redirects_with_nothing_on_its_disk() {
    let away = away(1, MEBIBYTE);
    let server = follow(&away.sandbox, "replica", "--downloads redirect");
    server.get(&away.path(0)).status(302);
    server.get("/readyz").status(200);
    assert_eq!(cached(&away.sandbox, "replica/spkrepo/cache"), 0);
}

#[test]
fn replicas_say_the_same_of_an_spk_wherever_they_have_it() {
    let away = away(1, MEBIBYTE);
    let one = follow(&away.sandbox, "one", "--downloads cache");
    let two = follow(&away.sandbox, "two", "--downloads cache");
    let path = away.path(0);
    one.get(&path).status(200);
    let say = |server: &Server| {
        let head = server.request("HEAD", &path, &[], b"").status(200);
        let mut headers = head.headers;
        headers.retain(|(name, _)| {
            !matches!(name.to_ascii_lowercase().as_str(), "date" | "x-request-id")
        });
        headers
    };
    assert_eq!(say(&one), say(&two));
}
