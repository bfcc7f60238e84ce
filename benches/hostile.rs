//! What hostile clients do to others: the time that a client with another address waits for its answers, without them and
//! while they are at work, over TCP and over TLS.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::measure::{line, title};
use crate::support::certificate::Certificate;
use crate::support::server::Server;
use crate::support::source::many;
use crate::support::spk::Spk;

const QUERY: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";
/// How long each is measured.
const SPAN: Duration = Duration::from_secs(3);
/// Bytes of the download that nobody reads.
const LARGE: u64 = 200_000_000;

trait Wire: Read + Write + Send {}

impl<T: Read + Write + Send> Wire for T {}

/// How to reach the server.
#[derive(Clone)]
struct Route {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

impl Route {
    /// Connects from this address of the loopback network.
    fn connect(&self, from: [u8; 4]) -> Option<Box<dyn Wire>> {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).ok()?;
        let from = SocketAddr::new(IpAddr::V4(Ipv4Addr::from(from)), 0);
        socket.bind(&from.into()).ok()?;
        socket.connect(&self.address.into()).ok()?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        stream
            .set_write_timeout(Some(Duration::from_millis(200)))
            .ok()?;
        let Some(config) = &self.tls else {
            return Some(Box::new(stream));
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let client = ClientConnection::new(Arc::clone(config), name).expect("a configuration");
        let mut stream = StreamOwned::new(client, stream);
        stream.flush().ok()?;
        Some(Box::new(stream))
    }
}

/// What a hostile client does, again and again until it is told to stop.
struct Attack {
    clients: usize,
    name: &'static str,
    run: fn(&Route, &AtomicBool, &str),
}

const ATTACKS: [Attack; 11] = [
    Attack {
        clients: 8,
        name: "announces 10 TB and sends nothing",
        run: |route, stop, _| {
            repeat(
                route,
                stop,
                b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000000\r\n\r\n",
            )
        },
    },
    Attack {
        clients: 4,
        name: "opens 2,000 connections and idles",
        run: |route, stop, _| hold(route, stop, 500, b""),
    },
    Attack {
        clients: 4,
        name: "trickles 200 heads",
        run: |route, stop, _| trickle(route, stop, 50),
    },
    Attack {
        clients: 2,
        name: "both at once",
        run: |route, stop, _| {
            std::thread::scope(|scope| {
                scope.spawn(|| hold(route, stop, 1000, b""));
                trickle(route, stop, 100);
            });
        },
    },
    Attack {
        clients: 2,
        name: "sends a header of 1 GB",
        run: |route, stop, _| pour(route, stop, b"GET / HTTP/1.1\r\nHost: x\r\nA: "),
    },
    Attack {
        clients: 4,
        name: "256 bodies that never come",
        run: |route, stop, _| {
            hold(
                route,
                stop,
                64,
                b"POST /explain HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\n",
            )
        },
    },
    Attack {
        clients: 4,
        name: "64 downloads of 200 MB that nobody reads",
        run: |route, stop, large| {
            let request = format!("GET {large} HTTP/1.1\r\nHost: x\r\n\r\n");
            hold(route, stop, 16, request.as_bytes());
        },
    },
    Attack {
        clients: 4,
        name: "hangs up amid answers",
        run: |route, stop, large| {
            let request = format!("GET {large} HTTP/1.1\r\nHost: x\r\n\r\n");
            abort(route, stop, request.as_bytes());
        },
    },
    Attack {
        clients: 4,
        name: "speaks HTTP/2.0",
        run: |route, stop, _| repeat(route, stop, b"GET / HTTP/2.0\r\nHost: x\r\n\r\n"),
    },
    Attack {
        clients: 2,
        name: "sends requests and reads no answer",
        run: |route, stop, _| pour(route, stop, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"),
    },
    Attack {
        clients: 4,
        name: "sends what is no request",
        run: |route, stop, _| repeat(route, stop, b"\x01\x02\x03 / HTTP/1.1\r\n\r\n"),
    },
];

/// Sends `bytes` on new connections, and takes what comes.
fn repeat(route: &Route, stop: &AtomicBool, bytes: &[u8]) {
    while !stop.load(Ordering::Relaxed) {
        if let Some(mut wire) = route.connect([127, 0, 0, 3])
            && wire.write_all(bytes).is_ok()
        {
            // Whatever it is.
            let _ = wire.read(&mut [0; 1000]);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Opens many connections, sends `bytes` on each, and waits.
fn hold(route: &Route, stop: &AtomicBool, count: usize, bytes: &[u8]) {
    let mut held = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        if held.len() < count {
            // From several addresses, as a botnet has them.
            let from = [
                127,
                0,
                1,
                u8::try_from(held.len() % 250).expect("small") + 1,
            ];
            held.extend(route.connect(from).and_then(|mut wire| {
                wire.write_all(bytes).ok()?;
                Some(wire)
            }));
        } else {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Sends heads a byte at a time.
fn trickle(route: &Route, stop: &AtomicBool, count: usize) {
    let mut wires: Vec<_> = (0..count)
        .filter_map(|_| route.connect([127, 0, 0, 4]))
        .collect();
    for byte in b"GET / HTTP/1.1\r\nA: "
        .iter()
        .chain(std::iter::repeat(&b'a'))
    {
        for wire in &mut wires {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            // It may have been given up.
            let _ = wire.write_all(&[*byte]);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Sends `bytes` without end, on a new connection whenever that is ended.
fn pour(route: &Route, stop: &AtomicBool, bytes: &[u8]) {
    let pad = bytes.repeat(65_536 / bytes.len() + 1);
    while !stop.load(Ordering::Relaxed) {
        if let Some(mut wire) = route.connect([127, 0, 0, 5]) {
            let _ = wire.write_all(bytes);
            while !stop.load(Ordering::Relaxed) && wire.write_all(&pad).is_ok() {}
        }
    }
}

/// Asks, reads a little of the answer, and hangs up.
fn abort(route: &Route, stop: &AtomicBool, bytes: &[u8]) {
    while !stop.load(Ordering::Relaxed) {
        if let Some(mut wire) = route.connect([127, 0, 0, 6]) {
            let _ = wire.write_all(bytes);
            let _ = wire.read(&mut [0; 1000]);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Returns the times that answers took, sorted.
fn victim(route: &Route) -> Vec<Duration> {
    let mut times = Vec::new();
    let request = format!("GET {QUERY} HTTP/1.1\r\nHost: x\r\n\r\n");
    let start = Instant::now();
    let mut wire = None;
    while start.elapsed() < SPAN {
        let asked = Instant::now();
        let stream = wire.get_or_insert_with(|| {
            route
                .connect([127, 0, 0, 2])
                .expect("others can still connect")
        });
        stream
            .write_all(request.as_bytes())
            .expect("the server reads");
        assert!(read_answer(&mut **stream).starts_with(b"HTTP/1.1 200 "));
        times.push(asked.elapsed());
        // Every tenth on a connection of its own.
        if times.len() % 10 == 0 {
            wire = None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    times.sort();
    times
}

fn read_answer(stream: &mut dyn Wire) -> Vec<u8> {
    let (mut answer, mut piece) = (Vec::new(), [0; 16_384]);
    loop {
        let count = stream.read(&mut piece).expect("an answer in time");
        assert!(count > 0, "the server hung up");
        answer.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&answer);
        let Some((head, rest)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        if rest.len() >= length.map_or(0, |length| length.parse().expect("a number")) {
            return answer;
        }
    }
}

pub(crate) fn run() {
    let (sandbox, _) = many(4, 1);
    sandbox.spk("large.spk", &Spk::new("large", "1.0-1").payload_size(LARGE));
    sandbox.run("add --channel stable ../large.spk").success();
    let certificate = Certificate::write(&sandbox, "bench");
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_file(&certificate.cert).expect("a certificate");
    roots.add(root).expect("a valid certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("known versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    for (name, options, tls) in [
        ("TCP", String::new(), None),
        ("TLS", certificate.options(), Some(Arc::new(config))),
    ] {
        let server = Server::start(&sandbox, &options);
        let route = Route {
            address: server.host().parse().expect("an address"),
            tls,
        };
        attack_all(name, &server, &route);
    }
}

fn attack_all(name: &str, server: &Server, route: &Route) {
    title(&format!(
        "time to an answer of 2.4 kB while others are hostile, over {name} (median, 99th percentile, its ratio to quiet)"
    ));
    let large = "/packages/large/".to_owned() + &file(server);
    let quiet = victim(route);
    let reference = show("nobody", &quiet, None);
    for attack in &ATTACKS {
        let stop = AtomicBool::new(false);
        let times = std::thread::scope(|scope| {
            for _ in 0..attack.clients {
                scope.spawn(|| (attack.run)(route, &stop, &large));
            }
            std::thread::sleep(Duration::from_millis(500));
            let times = victim(route);
            stop.store(true, Ordering::Relaxed);
            times
        });
        show(attack.name, &times, Some(reference));
    }
    show("nobody, afterwards", &victim(route), Some(reference));
}

fn file(server: &Server) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id()));
    assert!(status.is_ok(), "the server runs");
    "large_1.0-1_dsm7.2-64570-noarch.spk".to_owned()
}

fn show(what: &str, times: &[Duration], quiet: Option<Duration>) -> Duration {
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    let (middle, high) = (at(50), at(99));
    let ratio = quiet.map(|quiet| format!("{:.1} ×", high.as_secs_f64() / quiet.as_secs_f64()));
    let value = format!("{:.2} {:.2} ms", millis(middle), millis(high));
    line(what, &value, &ratio.unwrap_or_default());
    high
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
