//! A day of a busy source in minutes: millions of requests of many kinds among commits and clients that hang up, and what
//! the server holds of memory, descriptors and threads at times.
//!
//! `SPKREPO_SOAK_REQUESTS` is how many; commits and aborted clients are in proportion.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::measure::{line, title};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::source::many;
use crate::support::spk::Spk;

const ABORTED_PER_MILLION: u64 = 1000;
/// Requests that are sent before their answers are read.
const AT_ONCE: usize = 16;
const CLIENTS: usize = 3;
const COMMITS_PER_MILLION: u64 = 100;
const REQUESTS: u64 = 10_000_000;
const SAMPLES: u64 = 10;

/// What is done so far.
#[derive(Default)]
struct Progress {
    aborted: AtomicU64,
    commits: AtomicU64,
    requests: AtomicU64,
}

impl Progress {
    fn is_done(&self, total: u64) -> bool {
        self.requests.load(Ordering::Relaxed) >= total
    }
}

pub(crate) fn run() {
    let total = std::env::var("SPKREPO_SOAK_REQUESTS")
        .map_or(REQUESTS, |text| text.parse().expect("a number of requests"));
    let (sandbox, _) = many(120, 2);
    sandbox.spk("in.spk", &Spk::new("soaked", "1.0-1").payload_size(300_000));
    sandbox.run("add --channel stable ../in.spk").success();
    let server = Server::start(&sandbox, "");
    title(&format!(
        "{total} requests among commits and clients that hang up"
    ));
    let progress = Progress::default();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (server, progress) = (&server, &progress);
            scope.spawn(move || ask(server, progress, total, client));
        }
        scope.spawn(|| commit(&sandbox, &progress, total));
        scope.spawn(|| abort(&server, &progress, total));
        for part in 0..=SAMPLES {
            while progress.requests.load(Ordering::Relaxed) < total * part / SAMPLES {
                std::thread::sleep(Duration::from_millis(50));
            }
            sample(&server, &progress);
        }
    });
    let rate = total as f64 / started.elapsed().as_secs_f64();
    line("requests per second", &format!("{rate:.0}"), "");
    std::thread::sleep(Duration::from_secs(2));
    sample(&server, &progress);
}

fn sample(server: &Server, progress: &Progress) {
    let read = |name: &str| {
        let path = format!("/proc/{}/{name}", server.id());
        fs_err::read_to_string(path).expect("the server runs")
    };
    let status = read("status");
    let field = |name: &str| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.expect("a field of Linux").trim().to_owned()
    };
    let descriptors = fs_err::read_dir(format!("/proc/{}/fd", server.id()))
        .expect("the server runs")
        .count();
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    line(
        &format!(
            "after {} requests, {} commits, {} aborted",
            count(&progress.requests),
            count(&progress.commits),
            count(&progress.aborted)
        ),
        &field("VmRSS:"),
        &format!("{descriptors} descriptors, {} threads", field("Threads:")),
    );
}

/// A sequence that looks random and is the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn target(&mut self) -> String {
        const ARCHES: [&str; 6] = [
            "apollolake",
            "avoton",
            "rtd1296",
            "alpine",
            "armada38x",
            "unknown",
        ];
        const BUILDS: [u32; 5] = [64570, 42218, 25556, 23739, 5967];
        const LANGUAGES: [&str; 4] = ["enu", "fre", "ger", "xyz"];
        let pick = |numbers: &mut Self, length: usize| numbers.below(length as u64) as usize;
        match self.below(20) {
            0 => "/healthz".to_owned(),
            1 => "/packages".to_owned(),
            2 => format!("/v1/packages?name=package-{:05}", self.below(120)),
            3 => format!("/nothing/{}", self.below(1 << 40)),
            4 => format!(
                "/?arch=x{}&build=64570&language=enu&unique=synology_x",
                self.below(1 << 40)
            ),
            _ => format!(
                "/?arch={}&build={}&language={}&unique=synology_x_{}",
                ARCHES[pick(self, ARCHES.len())],
                BUILDS[pick(self, BUILDS.len())],
                LANGUAGES[pick(self, LANGUAGES.len())],
                self.below(1000)
            ),
        }
    }
}

fn ask(server: &Server, progress: &Progress, total: u64, client: usize) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ client as u64);
    while !progress.is_done(total) {
        let mut stream = TcpStream::connect(server.host()).expect("the server listens");
        stream.set_nodelay(true).expect("a socket");
        let (mut received, mut piece) = (Vec::new(), vec![0; 256 << 10]);
        for _ in 0..200 {
            let requests: String = (0..AT_ONCE)
                .map(|_| format!("GET {} HTTP/1.1\r\nHost: nas\r\n\r\n", numbers.target()))
                .collect();
            stream
                .write_all(requests.as_bytes())
                .expect("the server reads");
            let mut answers = 0;
            while answers < AT_ONCE {
                let count = stream.read(&mut piece).expect("an answer in time");
                assert!(count > 0, "the server hung up");
                received.extend_from_slice(&piece[..count]);
                answers += take_answers(&mut received);
            }
            progress
                .requests
                .fetch_add(AT_ONCE as u64, Ordering::Relaxed);
        }
    }
}

/// Takes the whole answers out of `received`, and returns how many there were.
fn take_answers(received: &mut Vec<u8>) -> usize {
    let (mut from, mut count) = (0, 0);
    while let Some(end) = answer_end(&received[from..]) {
        from += end;
        count += 1;
    }
    received.drain(..from);
    count
}

fn answer_end(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&bytes[..head]).expect("heads are ASCII");
    let status = text.get(9..12).expect("a status");
    assert!(matches!(status, "200" | "404"), "{text}");
    let length = text
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .map_or(0, |length| length.parse().expect("a number"));
    (bytes.len() >= head + length).then_some(head + length)
}

fn commit(sandbox: &Sandbox, progress: &Progress, total: u64) {
    let mut is_yanked = false;
    while !progress.is_done(total) {
        let due = progress.requests.load(Ordering::Relaxed) * COMMITS_PER_MILLION / 1_000_000;
        if progress.commits.load(Ordering::Relaxed) >= due {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let command = if is_yanked {
            "unyank soaked@1.0-1"
        } else {
            "yank soaked@1.0-1 --reason soaked"
        };
        sandbox.run(command).success();
        is_yanked = !is_yanked;
        progress.commits.fetch_add(1, Ordering::Relaxed);
    }
}

fn abort(server: &Server, progress: &Progress, total: u64) {
    let mut numbers = Numbers(7);
    while !progress.is_done(total) {
        let due = progress.requests.load(Ordering::Relaxed) * ABORTED_PER_MILLION / 1_000_000;
        if progress.aborted.load(Ordering::Relaxed) >= due {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        }
        let request = match numbers.below(4) {
            0 => "GET /v1/packages HTTP/1.1\r\nHost: x\r\n\r\n",
            1 => "GET /?arch=apollolake&build=64570 HTTP/1.1\r\nHost: x\r\n\r\n",
            2 => "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf",
            _ => "GET / HT",
        };
        if let Ok(mut stream) = TcpStream::connect(server.host()) {
            // Whether it was sent is the server's affair.
            let _ = stream.write_all(request.as_bytes());
        }
        progress.aborted.fetch_add(1, Ordering::Relaxed);
    }
}
