//! What uploads do to those who ask for the catalog meanwhile, hostile uploads too: how long they wait, and the memory.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::measure::{line, resident, title};
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

const CATALOG: &str = "/nas?arch=x86_64&build=42661&language=enu";
/// How long each is measured.
const SPAN: Duration = Duration::from_secs(4);
const SLOW: usize = 200;
const LARGE: u64 = 20 << 20;

/// What somebody else does meanwhile, until it is told to stop.
type Work = fn(&str, &str, &AtomicBool);

const WORKS: [(&str, Work); 5] = [
    ("nobody uploads", |_, _, _| {}),
    ("8 upload 20 MiB at a time", |host, token, stop| {
        upload(host, token, stop, LARGE)
    }),
    ("8 upload 4 KiB at a time", |host, token, stop| {
        upload(host, token, stop, 4 << 10)
    }),
    // Whoever guesses is not listened to for a minute, and neither are others at that address: so it is the last.
    ("200 trickle with a token", |host, token, stop| {
        trickle(host, token, stop)
    }),
    ("200 trickle without one", |host, _, stop| {
        trickle(host, "spkrepo_guess", stop)
    }),
];

pub(crate) fn run() {
    title("Catalogs while others upload");
    let sandbox = Sandbox::initialized();
    for number in 0..20 {
        let spk = Spk::new(&format!("p{number}"), "1.0-1").icon(72);
        sandbox.spk(&format!("in/{number}.spk"), &spk);
    }
    sandbox.run("add ../in --channel stable").success();
    sandbox
        .run("maintainer add ada --name Ada --role admin")
        .success();
    let token = sandbox.run("token new ada --label ci").success();
    let token = token.out().trim().to_owned();
    let server = Server::start(&sandbox, "--upload --max-connections-per-address 1000");
    let host = server.host().to_owned();
    for (name, work) in WORKS {
        let stop = AtomicBool::new(false);
        let waits = std::thread::scope(|scope| {
            scope.spawn(|| work(&host, &token, &stop));
            std::thread::sleep(Duration::from_millis(500));
            let waits = ask(&server);
            stop.store(true, Ordering::Relaxed);
            waits
        });
        let at = |part: usize| waits[(waits.len() - 1) * part / 100];
        let memory = resident(server.id()).map_or_else(String::new, |[now, peak]| {
            format!("{now:.0} MiB now, {peak:.0} at most")
        });
        let value = format!("p50 {:?}, p99 {:?}, max {:?}", at(50), at(99), at(100));
        line(name, &value, &memory);
    }
}

/// Returns how long each answer took, sorted.
fn ask(server: &Server) -> Vec<Duration> {
    let mut connection = server.connect();
    let mut waits = Vec::new();
    let start = Instant::now();
    while start.elapsed() < SPAN {
        let asked = Instant::now();
        connection.get(CATALOG).status(200);
        waits.push(asked.elapsed());
        std::thread::sleep(Duration::from_millis(1));
    }
    waits.sort();
    waits
}

fn head(token: &str, length: usize) -> String {
    let basic = STANDARD.encode(format!("{token}:"));
    format!(
        "POST /packages HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {basic}\r\nContent-Length: {length}\r\n\r\n"
    )
}

fn trickle(host: &str, token: &str, stop: &AtomicBool) {
    let bytes = Spk::new("slow", "1.0-1")
        .icon(72)
        .payload_size(1 << 20)
        .bytes();
    let begin = || {
        let mut stream = TcpStream::connect(host).ok()?;
        stream.write_all(head(token, bytes.len()).as_bytes()).ok()?;
        Some(stream)
    };
    let mut slow: Vec<Option<TcpStream>> = (0..SLOW).map(|_| begin()).collect();
    let mut sent = 0;
    while !stop.load(Ordering::Relaxed) {
        for place in &mut slow {
            let written = place
                .as_mut()
                .map(|stream| stream.write_all(&bytes[sent..=sent]));
            if !matches!(written, Some(Ok(()))) {
                *place = begin();
            }
        }
        sent += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn upload(host: &str, token: &str, stop: &AtomicBool, size: u64) {
    std::thread::scope(|scope| {
        for client in 0..8 {
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let name = format!("n{client}-{number}-{size}");
                    let bytes = Spk::new(&name, "1.0-1").icon(72).payload_size(size).bytes();
                    let mut stream = TcpStream::connect(host).expect("the server listens");
                    let head = head(token, bytes.len());
                    stream.write_all(head.as_bytes()).expect("the server reads");
                    stream.write_all(&bytes).expect("the server reads");
                    let mut answer = [0; 12];
                    stream.read_exact(&mut answer).expect("an answer");
                    assert_eq!(&answer, b"HTTP/1.1 201");
                    number += 1;
                }
            });
        }
    });
}
