//! Other people's clients: curl, httpie, and nginx as a proxy.

use std::process::Stdio;

use fs_err as fs;

use super::{DSM72, catalog, download_path, entries, offering};
use crate::support::http::Connection;
use crate::support::nginx::Nginx;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// Runs a program in the sandbox's root and returns what it printed.
#[track_caller]
pub(crate) fn run(sandbox: &Sandbox, program: &str, arguments: &[&str]) -> Vec<u8> {
    let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    let mut command = sandbox.command(program, &arguments);
    command.current_dir(sandbox.root()).stdin(Stdio::null());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("`{program}` is needed (see .ci/test): {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[test]
fn curl_downloads_whole_in_parts_and_resumes() {
    let spk = Spk::new("alpha", "1.0-1").payload_size(2_000_003);
    let bytes = spk.bytes();
    let sandbox = offering(&[spk]);
    let server = Server::start(&sandbox, "");
    let url = format!("http://{}{}", server.host(), download_path(&server, DSM72));
    let curl = |arguments: &[&str]| {
        run(
            &sandbox,
            "curl",
            &[&["--silent", "--show-error", "--fail", &url], arguments].concat(),
        )
    };
    assert!(curl(&[]) == bytes);
    assert!(curl(&["--range", "100-199"]) == bytes[100..200]);
    assert!(curl(&["--range", "-7"]) == bytes[bytes.len() - 7..]);
    let part = sandbox.path("part.spk");
    fs::write(&part, &bytes[..700_000]).expect("a writable folder");
    curl(&["--continue-at", "-", "--output", "part.spk"]);
    assert!(fs::read(&part).expect("the file") == bytes);
    let head = String::from_utf8(curl(&["--head"])).expect("ASCII");
    assert!(
        head.contains(&format!("Content-Length: {}\r\n", bytes.len())),
        "{head}"
    );
}

#[test]
fn httpie_posts_a_form() {
    let sandbox = offering(&[Spk::new("alpha", "1.0-1")]);
    let server = Server::start(&sandbox, "");
    let url = format!("http://{}/", server.host());
    let fields = [
        "arch=apollolake",
        "build=64570",
        "major=7",
        "minor=2",
        "language=enu",
        "unique=synology_apollolake_918+",
    ];
    let arguments = [
        &[
            "--ignore-stdin",
            "--check-status",
            "--body",
            "--pretty=none",
            "--form",
            "POST",
            &url,
        ],
        &fields[..],
    ];
    let posted = run(&sandbox, "http", &arguments.concat());
    let got = server.get(&catalog(DSM72)).status(200).body;
    assert_eq!(
        String::from_utf8_lossy(&posted).trim_end(),
        String::from_utf8_lossy(&got)
    );
}

#[test]
fn behind_nginx_links_carry_the_outer_host_and_scheme_and_downloads_arrive() {
    let spk = Spk::new("alpha", "1.0-1").payload_size(5_000_011);
    let sandbox = offering(std::slice::from_ref(&spk));
    let server = Server::start(&sandbox, "--trusted-proxy 127.0.0.1");
    let proxy = format!(
        "access_log off; server {{ listen LISTEN; location / {{
            proxy_pass http://{};
            proxy_max_temp_file_size 0;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto https;
        }} }}",
        server.host()
    );
    let nginx = Nginx::start(&sandbox, &proxy);
    let ask = |target: &str, headers: &[(&str, &str)]| {
        let headers = [&[("Host", "packages.example.org")], headers].concat();
        Connection::open(&nginx.host).request("GET", target, &headers, b"")
    };
    let entry = entries(&ask(&catalog(DSM72), &[]).status(200)).remove(0);
    let link = entry["link"].as_str().expect("a link");
    let path = link
        .strip_prefix("https://packages.example.org")
        .unwrap_or_else(|| panic!("{link}"));
    let bytes = spk.bytes();
    assert!(ask(path, &[]).status(200).body == bytes);
    let part = ask(path, &[("Range", "bytes=1000-4999999")]).status(206);
    assert!(part.body == bytes[1000..5_000_000]);
    let tag = part.header("etag").expect("a tag");
    ask(path, &[("If-None-Match", tag)]).status(304);
}
