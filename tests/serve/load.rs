//! Many clients while many commits land: every answer is whole and of one commit.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{DSM72, catalog, download_path, entries, offering, wait_for_head};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const CLIENTS: usize = 64;
const COMMITS: usize = 100;
const PACKAGES: usize = 20;
/// The package that is yanked and comes back; it is the last of the catalog.
const GUEST: &str = "zz-guest";
/// The longest that an answer may take while two cores do everything at once.
const STALL: Duration = Duration::from_secs(4);

/// What one client saw.
#[derive(Default)]
struct Seen {
    bodies: HashSet<Vec<u8>>,
    requests: usize,
    slowest: Duration,
}

fn name(number: usize) -> String {
    format!("package-{number:02}")
}

/// Each package says the number of the commit: an answer made from two of them would show it.
fn commit_number(sandbox: &Sandbox, commit: usize) {
    for number in 0..PACKAGES {
        let path = format!("packages/{}/1.0-1/release.toml", name(number));
        let text = sandbox.read(&path);
        let start = text.find("<commit ").expect("the mark");
        let end = start + text[start..].find('>').expect("its end");
        let text = format!("{}<commit {commit}{}", &text[..start], &text[end..]);
        sandbox.write(&path, &text);
    }
    sandbox.git(&format!("commit --quiet --all -m 'commit {commit}'"));
}

fn client(server: &Server, download: Option<(&str, &[u8])>, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut connection = server.connect();
    while !stop.load(Ordering::Relaxed) {
        let start = Instant::now();
        let answer = connection.get(&catalog(DSM72)).status(200);
        seen.slowest = seen.slowest.max(start.elapsed());
        if !seen.bodies.contains(&answer.body) {
            seen.bodies.insert(answer.body);
        }
        seen.requests += 1;
        if let Some((path, bytes)) = download {
            assert!(connection.get(path).status(200).body == bytes);
        }
        // The commits need the cores too.
        std::thread::sleep(Duration::from_millis(20));
    }
    seen
}

/// Returns the catalog with the number of another commit in each package.
fn renumbered(body: &[u8], commit: usize) -> Vec<u8> {
    let text = std::str::from_utf8(body).expect("UTF-8");
    text.replace("<commit 0>", &format!("<commit {commit}>"))
        .into_bytes()
}

/// Makes the commits and returns every catalog that one of them has.
fn land(sandbox: &Sandbox, with_guest: &[u8], without: &[u8]) -> HashSet<Vec<u8>> {
    let mut catalogs = HashSet::from([with_guest.to_vec()]);
    let (mut number, mut is_guest_there) = (0, true);
    for commit in 1..=COMMITS {
        if commit % 5 == 0 {
            let command = if is_guest_there {
                "yank --reason away"
            } else {
                "unyank"
            };
            sandbox.run(&format!("{command} {GUEST}")).success();
            is_guest_there = !is_guest_there;
        } else {
            number = commit;
            commit_number(sandbox, number);
        }
        let body = if is_guest_there { with_guest } else { without };
        catalogs.insert(renumbered(body, number));
    }
    catalogs
}

#[test]
fn while_commits_land_every_answer_is_the_catalog_of_one_of_them() {
    let mut spks: Vec<Spk> = (0..PACKAGES)
        .map(|number| Spk::new(&name(number), "1.0-1").info("description", "<commit 0>"))
        .collect();
    spks.push(Spk::new(GUEST, "1.0-1"));
    let bytes = spks[0].bytes();
    let sandbox = offering(&spks);
    let server = Server::start(&sandbox, "");
    let with_guest = server.get(&catalog(DSM72)).status(200).body;
    sandbox
        .run(&format!("yank {GUEST} --reason away"))
        .success();
    wait_for_head(&sandbox, &server);
    let without = server.get(&catalog(DSM72)).status(200).body;
    sandbox.run(&format!("unyank {GUEST}")).success();
    wait_for_head(&sandbox, &server);
    let path = download_path(&server, DSM72);
    let stop = AtomicBool::new(false);
    let requests = AtomicUsize::new(0);
    let (catalogs, seen) = std::thread::scope(|threads| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                let download = (number % 8 == 0).then_some((path.as_str(), bytes.as_slice()));
                let (server, stop) = (&server, &stop);
                threads.spawn(move || client(server, download, stop))
            })
            .collect();
        let landed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let catalogs = land(&sandbox, &with_guest, &without);
            wait_for_head(&sandbox, &server);
            std::thread::sleep(Duration::from_millis(100));
            catalogs
        }));
        stop.store(true, Ordering::Relaxed);
        let mut seen = HashSet::new();
        for client in clients {
            let one = client.join().expect("no request fails");
            assert!(one.slowest < STALL, "an answer took {:?}", one.slowest);
            requests.fetch_add(one.requests, Ordering::Relaxed);
            seen.extend(one.bodies);
        }
        (landed.expect("the commits land"), seen)
    });
    for body in &seen {
        assert!(
            catalogs.contains(body),
            "no commit has this catalog: {}",
            String::from_utf8_lossy(body)
        );
    }
    let requests = requests.into_inner();
    assert!(seen.len() >= 3, "clients saw {} catalogs", seen.len());
    assert!(requests > 20 * CLIENTS, "{requests} requests");
    assert_eq!(entries(&server.get(&catalog(DSM72))).len(), PACKAGES + 1);
}
