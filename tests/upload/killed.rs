//! `kill -9` of the server while uploads come: what was answered is kept, and the next start leaves nothing half-done.
//!
//! `SPKREPO_UPLOAD_KILLS` says how often (see tests/upload-long), `SPKREPO_UPLOAD_SEED` repeats a run.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use super::{Source, basic, number_from, spk};

const DEFAULT_KILLS: usize = 8;
const CLIENTS: usize = 4;
/// What may stand in spkrepo's own folder of the repository.
const OWN: [&str; 5] = [
    "cache",
    "durable.gitconfig",
    "index-lock",
    "lock",
    "packages.cache",
];

/// Sends an SPK to a server that may be killed; returns the status if it was answered.
fn try_send(host: &str, token: &str, bytes: &[u8]) -> Option<u16> {
    let mut stream = TcpStream::connect(host).ok()?;
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .ok()?;
    let head = format!(
        "POST /packages HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n",
        basic(token),
        bytes.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(bytes).ok()?;
    let mut answer = String::new();
    // What came before the connection broke counts.
    let _ = stream.read_to_string(&mut answer);
    answer.split(' ').nth(1)?.parse().ok()
}

/// Returns the names of what is half-written: blobs without a name, locks, spkrepo's and git's own temporary files.
fn leftovers(source: &Source) -> Vec<PathBuf> {
    let all = source.sandbox.files("repo/.git").into_iter();
    let is_left = |path: &PathBuf| {
        let text = path.to_string_lossy();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let own = text.split("/.git/spkrepo/").nth(1);
        text.contains("/lfs/tmp/")
            || name.starts_with("tmp_")
            || (name.ends_with(".lock") && !text.contains("/.git/spkrepo/"))
            || own.is_some_and(|own| !OWN.iter().any(|known| own.starts_with(known)))
    };
    all.map(|(path, _)| path).filter(is_left).collect()
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "whoever sees a failure wants to repeat it"
)]
fn a_killed_server_has_kept_what_it_accepted_and_leaves_nothing_behind() {
    let kills = number_from("SPKREPO_UPLOAD_KILLS").map_or(DEFAULT_KILLS, |kills| kills as usize);
    let mut seed = number_from("SPKREPO_UPLOAD_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.expect("it is after 1970").as_micros() as u64
    });
    eprintln!("{kills} kills, SPKREPO_UPLOAD_SEED={seed}");
    let mut source = Source::start("");
    let accepted = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    for kill in 0..kills {
        // A linear congruential generator (Knuth) is random enough for instants.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let delay = Duration::from_micros(seed >> 44);
        thread::scope(|threads| {
            for _ in 0..CLIENTS {
                let (source, accepted, next) = (&source, &accepted, &next);
                threads.spawn(move || {
                    loop {
                        let name = format!("p{}", next.fetch_add(1, Ordering::Relaxed));
                        let bytes = spk(&name, "1.0-1").payload_size(150_000).bytes();
                        match try_send(source.server.host(), &source.ada, &bytes) {
                            Some(201) => accepted.lock().expect("no panic").push(name),
                            Some(status) => panic!("{name}: {status}"),
                            None => break,
                        }
                    }
                });
            }
            thread::sleep(delay);
            source.server.signal("KILL");
        });
        source.restart("");
        let left = leftovers(&source);
        assert!(left.is_empty(), "after kill {kill} ({delay:?}): {left:?}");
        assert_eq!(source.sandbox.status(), "", "after kill {kill}");
    }
    let tree = source.sandbox.tree();
    let accepted = accepted.into_inner().expect("no panic");
    eprintln!("{} uploads were accepted", accepted.len());
    for name in &accepted {
        let path = format!("packages/{name}/package.toml");
        assert!(tree.contains(&path), "{name} was accepted and is lost");
    }
    source.sandbox.fsck();
    source.sandbox.run("verify --all").success();
}
