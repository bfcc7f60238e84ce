//! What a server tells of itself: ids of requests, lines of the access log, metrics, readiness.

use fs_err as fs;

use super::{DSM72, catalog, download_path, offering, wait_for_head, wait_until};
use crate::support::digest::sha256;
use crate::support::http::Connection;
use crate::support::metrics::Samples;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

fn alpha() -> Sandbox {
    offering(&[Spk::new("alpha", "1.0-1").icon(72)])
}

/// Starts a server that is watched at an address of its own.
fn watched(sandbox: &Sandbox, options: &str) -> Server {
    Server::start(sandbox, &format!("--metrics-listen 127.0.0.1:0 {options}"))
}

/// Returns where the server is watched.
#[track_caller]
fn watch_host(server: &Server) -> String {
    let found = || {
        let log = server.log();
        let (_, rest) = log.split_once("metrics at http://")?;
        Some(rest.split('/').next()?.to_owned())
    };
    wait_until("the address of metrics", || found().is_some());
    found().expect("it was there")
}

#[track_caller]
fn samples(server: &Server) -> Samples {
    let answer = Connection::open(&watch_host(server))
        .get("/metrics")
        .status(200);
    let media = answer.header("content-type").expect("a type");
    assert!(media.starts_with("application/openmetrics-text; version=1.0.0"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    Samples::parse(answer.text())
}

#[test]
fn counters_rise_by_what_happened() {
    let sandbox = alpha();
    let server = watched(&sandbox, "");
    let mut open = server.connect();
    let before = samples(&server);
    for _ in 0..3 {
        open.get(&catalog(DSM72)).status(200);
    }
    let length = open.get(&catalog(DSM72)).status(200).body.len();
    let path = download_path(&server, DSM72);
    let spk = server.get(&path).status(200).body.len();
    server.get("/nothing").status(404);
    let mut broken = server.connect();
    broken.send(b"GET / HTTP/1.1\r\n\r\n");
    broken.response("GET").status(400);
    let catalogs = r#"spkrepo_requests_total{route="catalog",status="200"}"#;
    wait_until("all is counted", || {
        let now = samples(&server);
        now.find(catalogs) == Some(5.0)
            && now.find(r#"spkrepo_refusals_total{cause="host"}"#) == Some(1.0)
    });
    let after = samples(&server);
    assert_eq!(before.find(catalogs), None);
    for (series, expected) in [
        (
            r#"spkrepo_requests_total{route="download",status="200"}"#,
            1.0,
        ),
        (
            r#"spkrepo_requests_total{route="unknown",status="404"}"#,
            1.0,
        ),
        (
            r#"spkrepo_request_duration_seconds_count{route="catalog"}"#,
            5.0,
        ),
        (
            r#"spkrepo_request_duration_seconds_bucket{le="+Inf",route="catalog"}"#,
            5.0,
        ),
        ("spkrepo_catalog_cache_misses_total", 1.0),
        ("spkrepo_catalog_cache_hits_total", 4.0),
        ("spkrepo_catalog_cache_entries", 1.0),
        ("spkrepo_failures_total", 0.0),
        ("spkrepo_packages", 1.0),
        ("spkrepo_builds", 1.0),
        ("spkrepo_newest_commit_refused", 0.0),
        ("spkrepo_access_log_lines_lost_total", 0.0),
        ("spkrepo_offered_spks_lost", 0.0),
    ] {
        assert_eq!(after.get(series), expected, "{series}");
    }
    let sent = after.get("spkrepo_sent_bytes_total") - before.get("spkrepo_sent_bytes_total");
    assert!(sent >= (length * 5 + spk) as f64, "{sent}");
    assert!(
        after.get("spkrepo_connections") >= 2.0,
        "one is kept, one asks"
    );
    assert!(after.get("spkrepo_connections_limit") >= 256.0);
    let commit = format!(r#"spkrepo_snapshot_info{{commit="{}"}}"#, sandbox.head());
    assert_eq!(after.get(&commit), 1.0);
    assert!(after.get("spkrepo_snapshot_age_seconds") > before.get("spkrepo_snapshot_age_seconds"));
    assert!(after.get("process_start_time_seconds") > 1.7e9);
    if cfg!(target_os = "linux") {
        assert!(after.get("process_resident_memory_bytes") > 1e6);
        assert!(after.get("process_open_fds") > 5.0);
    }
}

#[test]
fn counts_of_the_cache_go_on_over_commits() {
    let sandbox = alpha();
    let server = watched(&sandbox, "");
    server.get(&catalog(DSM72)).status(200);
    sandbox.git("commit --quiet --allow-empty -m next");
    wait_for_head(&sandbox, &server);
    // What the first commit's is made of, for the next question.
    assert_eq!(samples(&server).get("spkrepo_catalog_cache_entries"), 1.0);
    server.get(&catalog(DSM72)).status(200);
    let now = samples(&server);
    assert_eq!(now.get("spkrepo_catalog_cache_misses_total"), 2.0);
}

#[test]
fn metrics_are_only_at_their_own_address_and_nothing_else_is_there() {
    let sandbox = alpha();
    let server = watched(&sandbox, "--allowed-host packages.example.org");
    server
        .request("GET", "/metrics", &[("Host", "packages.example.org")], b"")
        .status(404);
    let mut watcher = Connection::open(&watch_host(&server));
    for target in ["/metrics", "/healthz", "/readyz"] {
        watcher.get(target).status(200);
        watcher.request("POST", target, &[], b"").status(405);
    }
    for target in ["/", "/packages", "/metrics/", "/explain", "/nas/"] {
        watcher.get(target).status(404);
    }
}

#[test]
fn each_answer_has_an_id_and_only_a_trusted_proxy_chooses_it() {
    let sandbox = alpha();
    let trusting = Server::start(&sandbox, "--trusted-proxy 127.0.0.1");
    let open = Server::start(&sandbox, "");
    let mine = [("X-Request-Id", "mine-1")];
    let id = |server: &Server, target: &str, headers: &[(&str, &str)]| {
        let answer = server.request("GET", target, headers, b"");
        let id = answer.header("x-request-id").expect("an id").to_owned();
        assert!(!id.is_empty());
        id
    };
    for target in ["/", "/packages", "/nothing", "/%zz", "/healthz"] {
        assert_eq!(id(&trusting, target, &mine), "mine-1");
        assert_ne!(id(&open, target, &mine), "mine-1");
        assert_ne!(id(&open, target, &[]), id(&open, target, &[]));
        assert_ne!(id(&trusting, target, &[("X-Request-Id", "a b")]), "a b");
    }
    let mut refused = open.connect();
    refused.send(b"GET / HTTP/1.1\r\n\r\n");
    let answer = refused.response("GET").status(400);
    let id = answer.header("x-request-id").expect("an id");
    wait_until("the refusal is told", || open.log().contains(id));
}

#[test]
fn a_line_of_the_log_tells_all_but_secrets() {
    let sandbox = alpha();
    let log = sandbox.path("access.log");
    let server = Server::start(
        &sandbox,
        &format!(
            "--trusted-proxy 127.0.0.1 --access-log json --access-log-file {}",
            log.display()
        ),
    );
    let headers = [
        ("Host", "packages.example.org"),
        ("Authorization", "Bearer hush"),
        ("Cookie", "session=hush"),
        ("User-Agent", "DSM \"7\""),
        ("Referer", "https://a.example/?key=hush"),
        ("X-Forwarded-For", "192.0.2.9"),
        ("X-Request-Id", "proxy-7"),
    ];
    let target = format!("/?{DSM72}&Token=hush&%61pi_key=hush");
    let answer = server.request("GET", &target, &headers, b"").status(200);
    let text = || fs::read_to_string(&log).expect("the log");
    wait_until("the line", || text().ends_with('\n'));
    assert!(!text().contains("hush"), "{}", text());
    let line: serde_json::Value = serde_json::from_str(&text()).expect("one line of JSON");
    for (key, expected) in [
        ("id", "proxy-7"),
        ("client", "192.0.2.9"),
        ("peer", "127.0.0.1"),
        ("method", "GET"),
        ("target", &format!("/?{DSM72}&Token=***&%61pi_key=***")),
        ("version", "HTTP/1.1"),
        ("scheme", "http"),
        ("host", "packages.example.org"),
        ("route", "catalog"),
        ("referer", "https://a.example/?key=***"),
        ("user_agent", "DSM \"7\""),
    ] {
        assert_eq!(line[key], expected, "{key}");
    }
    assert_eq!(
        (&line["status"], &line["bytes"]),
        (&200.into(), &answer.body.len().into())
    );
    assert!(line["micros"].as_u64().is_some_and(|micros| micros > 0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_costs_lines_and_no_answers() {
    let sandbox = alpha();
    let options = "--access-log text --access-log-file /dev/full";
    let server = watched(&sandbox, options);
    for _ in 0..20 {
        server.get(&catalog(DSM72)).status(200);
    }
    let lost = "spkrepo_access_log_lines_lost_total";
    wait_until("the lines are lost", || samples(&server).get(lost) >= 20.0);
}

#[test]
fn an_offered_spk_that_is_lost_makes_the_server_unready() {
    let spks = ["alpha", "beta"].map(|name| Spk::new(name, "1.0-1"));
    let sandbox = offering(&spks);
    let bytes = spks[1].bytes();
    let blob = sandbox.blob_path(&sha256(&bytes));
    for damage in [None, Some(&bytes[..100])] {
        fs::remove_file(&blob).expect("the blob is there");
        if let Some(rest) = damage {
            fs::write(&blob, rest).expect("a writable store");
        }
        let server = watched(&sandbox, "");
        wait_until("the loss is noticed", || {
            server.get("/readyz").status == 503
        });
        let ready = server.get("/readyz").json();
        let message = ready["message"].as_str().expect("a text");
        assert_eq!(
            message,
            "1 of 2 SPKs that are offered are missing or of a wrong size"
        );
        let problem = ready["problems"][0].as_str().expect("a text");
        assert!(problem.starts_with("beta 1.0-1, build "), "{problem}");
        assert_eq!(ready["commit"], sandbox.head());
        server.get("/healthz").status(200);
        server.get(&catalog(DSM72)).status(200);
        assert_eq!(samples(&server).get("spkrepo_offered_spks_lost"), 1.0);
        fs::write(&blob, &bytes).expect("a writable store");
        wait_until("what is back is seen, without any commit", || {
            server.get("/readyz").status == 200
        });
    }
    // One that nobody is offered may be anywhere.
    sandbox.run("yank beta@1.0-1 --reason lost").success();
    fs::remove_file(&blob).expect("the blob is there");
    let server = watched(&sandbox, "");
    std::thread::sleep(std::time::Duration::from_millis(600));
    server.get("/readyz").status(200);
}

#[test]
fn healthcheck_asks_the_server_that_the_settings_describe() {
    let sandbox = alpha();
    let server = watched(&sandbox, "");
    let port = server.host().rsplit(':').next().expect("a port");
    sandbox
        .run(&format!("healthcheck --port {port} --listen 0.0.0.0"))
        .success()
        .stdout("")
        .stderr("");
    let options = format!(
        "--tls-cert a --tls-key b --metrics-listen {}",
        watch_host(&server)
    );
    sandbox.run(&format!("healthcheck {options}")).success();
    sandbox
        .run("healthcheck --tls-cert a --tls-key b")
        .failure(2)
        .stderr_has("speaks TLS only")
        .stderr_has("--metrics-listen");
    let options = format!("healthcheck --port {port}");
    drop(server);
    sandbox
        .run(&options)
        .failure(1)
        .stderr_has("does not answer");
}
