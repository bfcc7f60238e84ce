//! `spkrepo demo`: the first thing that people run.

use crate::support::sandbox::Sandbox;
use crate::support::server::Server;

fn start(sandbox: &Sandbox) -> Server {
    Server::spawn(sandbox.spkrepo("demo ../sample --port 0"))
}

/// Returns the first URL that the server printed in quotes with this part.
fn printed_target(server: &Server, part: &str) -> String {
    let log = server.log();
    let urls = log.split('\'').filter(|url| url.starts_with("http://"));
    let url = urls.into_iter().find(|url| url.contains(part));
    let url = url.unwrap_or_else(|| panic!("no URL with `{part}`:\n{log}"));
    let target = url.strip_prefix(&format!("http://{}", server.host()));
    target.expect("an address of this server").to_owned()
}

fn packages(server: &Server, target: &str) -> Vec<String> {
    let answer = server.get(target).status(200).json();
    let packages = answer["packages"].as_array().expect("a list").iter();
    let mut offers: Vec<String> = packages
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().expect("a text").to_owned();
            format!("{} {}", text("package"), text("version"))
        })
        .collect();
    offers.sort();
    offers
}

#[test]
fn the_sample_is_made_and_served_and_the_printed_addresses_work() {
    let sandbox = Sandbox::new();
    let mut server = start(&sandbox);
    while !server.log().contains("Ctrl-C") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let stable = printed_target(&server, "/?arch=apollolake&build=64570");
    assert_eq!(
        packages(&server, &stable),
        [
            "note-keeper 0.9-3",
            "photo-frame 2.0.1-12",
            "world-clock 1.4-7"
        ]
    );
    let beta = printed_target(&server, "/beta/?arch=apollolake");
    assert_eq!(
        packages(&server, &beta),
        [
            "night-sky 0.3-2",
            "note-keeper 0.9-3",
            "photo-frame 2.0.1-12",
            "world-clock 1.5-8"
        ]
    );
    assert!(server.get(&beta).text().contains("votre famille"));
    let dsm6 = printed_target(&server, "arch=avoton");
    assert_eq!(packages(&server, &dsm6).len(), 3);
    let entry = server.get(&stable).json()["packages"][0].clone();
    for link in [&entry["link"], &entry["thumbnail"][0]] {
        let link = link.as_str().expect("a link");
        let path = link.strip_prefix(&format!("http://{}", server.host()));
        server
            .get(path.expect("an address of this server"))
            .status(200);
    }
    assert_eq!(server.stop("INT"), Some(0));
}

#[test]
fn the_sample_is_a_clean_repository_and_the_second_start_takes_it_as_it_is() {
    let sandbox = Sandbox::new();
    drop(start(&sandbox));
    let head = sandbox.git_in("sample", "rev-parse HEAD");
    assert_eq!(sandbox.git_in("sample", "status --porcelain"), "");
    assert_eq!(
        sandbox.git_in("sample", "fsck --full --strict --no-dangling"),
        ""
    );
    sandbox
        .run_in("sample", "promote note-keeper --to stable")
        .success();
    let promoted = sandbox.git_in("sample", "rev-parse HEAD");
    assert_ne!(promoted, head);
    let again = start(&sandbox);
    let ready = again.get("/readyz").status(200).json();
    assert_eq!(ready["commit"], promoted);
}

#[test]
fn a_folder_with_something_else_is_refused_and_left_alone() {
    let sandbox = Sandbox::new();
    fs_err::create_dir(sandbox.path("sample")).expect("a writable folder");
    fs_err::write(sandbox.path("sample/letter.txt"), "dear").expect("a writable folder");
    sandbox
        .run("demo ../sample --port 0")
        .failure(2)
        .stdout("")
        .stderr_has("not empty and no package source");
    let entries = fs_err::read_dir(sandbox.path("sample")).expect("the folder");
    assert_eq!(entries.count(), 1);
}
