//! Many clients, many SPKs, a cache that has room for few of them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

use super::{Manner, away, download, samples};

#[test]
#[expect(
    clippy::print_stderr,
    reason = "how many there were says what the test has shown"
)]
fn two_hundred_clients_and_a_small_cache_get_no_wrong_byte_and_it_is_never_too_large() {
    const CLIENTS: usize = 200;
    const SPKS: usize = 20;
    let away = away(SPKS, 150_000);
    away.host.manner(Manner {
        piece: Some(32 << 10),
        pause: Duration::from_millis(2),
        ..Manner::default()
    });
    let most = away.spks.iter().map(|spk| spk.len() as u64).sum::<u64>() / 4;
    let server = away.serve(&format!(
        "--cache-size {most} --max-fetches 4 --max-connections-per-address 1000"
    ));
    let paths: Vec<String> = (0..SPKS).map(|number| away.path(number)).collect();
    let (over, whole, busy) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let start = Instant::now();
    std::thread::scope(|threads| {
        let watching = threads.spawn(|| {
            let mut largest = 0;
            while !over.load(Ordering::Relaxed) {
                largest = largest.max(away.cached());
                std::thread::sleep(Duration::from_millis(5));
            }
            largest
        });
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let (away, server, paths, whole, busy) = (&away, &server, &paths, &whole, &busy);
                threads.spawn(move || {
                    let mut random = 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(client as u64 + 1);
                    for _ in 0..10 {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        let number = usize::try_from(random % SPKS as u64).expect("small");
                        let came = download(server.host(), &paths[number]);
                        match came.status {
                            200 => {
                                let (length, all) = (came.body.len(), came.length);
                                assert!(
                                    came.body == away.spks[number],
                                    "{length} of {all} bytes of {number}"
                                );
                                whole.fetch_add(1, Ordering::Relaxed);
                            }
                            503 => drop(busy.fetch_add(1, Ordering::Relaxed)),
                            status => panic!("{status}"),
                        }
                    }
                })
            })
            .collect();
        let joined: Vec<_> = clients.into_iter().map(ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        let largest = watching.join().expect("no panic");
        let failed = joined.iter().filter(|joined| joined.is_err()).count();
        assert_eq!(failed, 0, "{}", server.log());
        assert!(largest <= most, "{largest} of {most}");
    });
    let samples = samples(&server);
    let resident = samples.get("process_resident_memory_bytes");
    eprintln!(
        "{} whole, {} told to wait, {} fetched in {:?}, {:.0} MB in memory",
        whole.load(Ordering::Relaxed),
        busy.load(Ordering::Relaxed),
        samples.get("spkrepo_download_cache_misses_total"),
        start.elapsed(),
        resident / 1e6
    );
    assert_eq!(busy.load(Ordering::Relaxed), 0, "all are served in the end");
    assert!(resident < 200e6, "{resident}");
}
