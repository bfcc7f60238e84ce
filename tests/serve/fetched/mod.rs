//! SPKs that are not here when somebody asks for them: fetched from remotes into a cache, or somewhere else for clients.

mod cache;
mod direct;
mod hard;
mod replica;
mod soak;
mod store;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{offering, wait_until};
use crate::support::blob_host::{BlobHost, Manner};
use crate::support::digest::sha256;
use crate::support::metrics::Samples;
use crate::support::sandbox::Sandbox;
use crate::support::server::Server;
use crate::support::spk::Spk;

/// A package source whose SPKs are at a host and not here.
struct Away {
    host: BlobHost,
    sandbox: Sandbox,
    spks: Vec<Vec<u8>>,
}

/// Makes one with so many SPKs of so many bytes or a little more.
fn away(count: usize, bytes: u64) -> Away {
    let host = BlobHost::start();
    let spks: Vec<Spk> = (0..count)
        .map(|number| Spk::new(&name(number), "1.0-1").payload_size(bytes))
        .collect();
    let sandbox = offering(&spks);
    state(&sandbox, &[&host.template()]);
    let spks: Vec<Vec<u8>> = spks.iter().map(Spk::bytes).collect();
    for bytes in &spks {
        let oid = host.put(bytes.clone());
        fs_err::remove_file(sandbox.blob_path(&oid)).expect("it was added");
    }
    Away {
        host,
        sandbox,
        spks,
    }
}

fn name(number: usize) -> String {
    format!("package{number}")
}

/// Commits a `spkrepo.toml` with these remotes.
fn state(sandbox: &Sandbox, urls: &[&str]) {
    let text = sandbox.read("spkrepo.toml");
    let own = text.split("\n[[blobs.remote]]").next().expect("a part");
    let tables = urls.iter().enumerate().map(|(number, url)| {
        format!("\n[[blobs.remote]]\nname = \"store{number}\"\nurl = \"{url}\"\n")
    });
    sandbox.write(
        "spkrepo.toml",
        &format!("{own}{}", tables.collect::<String>()),
    );
    sandbox.git("commit --quiet --all -m 'where SPKs are'");
}

/// Sends a few bytes at a time.
fn trickle() -> Manner {
    Manner {
        piece: Some(64 << 10),
        pause: Duration::from_millis(30),
        ..Manner::default()
    }
}

/// What came of a download.
struct Came {
    body: Vec<u8>,
    length: usize,
    status: u16,
}

impl Came {
    /// Says whether the connection was cut before the last byte.
    fn is_cut(&self) -> bool {
        self.body.len() < self.length
    }
}

/// Downloads, and takes what comes until the connection ends; `each` hears of what has come.
fn download_with(host: &str, path: &str, headers: &str, mut each: impl FnMut(&[u8])) -> Came {
    let mut stream = TcpStream::connect(host).expect("a listening server");
    let patience = Some(Duration::from_secs(60));
    stream
        .set_read_timeout(patience)
        .expect("an open connection");
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n");
    stream
        .write_all(request.as_bytes())
        .expect("an open connection");
    let (mut all, mut piece) = (Vec::new(), vec![0; 64 << 10]);
    let mut body_at = None;
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => all.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{path}: {error}"),
        }
        body_at = body_at.or_else(|| all.windows(4).position(|window| window == b"\r\n\r\n"));
        if let Some(at) = body_at {
            each(&all[at + 4..]);
        }
    }
    let at = body_at.expect("a head");
    let head = String::from_utf8_lossy(&all[..at]).to_ascii_lowercase();
    let number = |text: Option<&str>| text.and_then(|text| text.trim().parse().ok());
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    Came {
        body: all[at + 4..].to_vec(),
        length: number(length).expect("a length"),
        status: u16::try_from(number(head.split(' ').nth(1)).expect("a status")).expect("a status"),
    }
}

fn download(host: &str, path: &str) -> Came {
    download_with(host, path, "", |_| {})
}

impl Away {
    /// Serves with a cache.
    fn serve(&self, options: &str) -> Server {
        Server::start(
            &self.sandbox,
            &format!("--downloads cache --metrics-listen 127.0.0.1:0 {options}"),
        )
    }

    /// Returns the address of an SPK.
    fn path(&self, number: usize) -> String {
        let name = name(number);
        let files = self.sandbox.tree();
        let folder = format!("packages/{name}/1.0-1/");
        let file = files.iter().find_map(|path| {
            path.strip_prefix(&folder)
                .filter(|file| file.ends_with(".spk"))
        });
        format!("/packages/{name}/{}", file.expect("it was added"))
    }

    fn oid(&self, number: usize) -> String {
        sha256(&self.spks[number])
    }

    /// Returns the bytes in the usual cache.
    fn cached(&self) -> u64 {
        cached(&self.sandbox, "repo/.git/spkrepo/cache")
    }
}

/// Returns the bytes of SPKs and parts of them in a cache, which is in use: while its lock is held nothing is removed and
/// nothing new is begun, and what becomes whole meanwhile is counted once.
fn cached(sandbox: &Sandbox, folder: &str) -> u64 {
    let lock = File::open(sandbox.path(folder).join("lock"));
    let _lock = lock.inspect(|lock| lock.lock().expect("a lock"));
    let mut sizes = BTreeMap::new();
    for part in ["incomplete", "objects"] {
        let mut folders = vec![sandbox.path(folder).join(part)];
        while let Some(entries) = folders.pop().map(fs_err::read_dir) {
            for entry in entries.into_iter().flatten().flatten() {
                let Ok(metadata) = entry.metadata() else {
                    continue;
                };
                match metadata.is_dir() {
                    true => folders.push(entry.path()),
                    false => {
                        let name = entry.file_name().to_string_lossy()[..64].to_owned();
                        sizes.insert(name, metadata.len());
                    }
                }
            }
        }
    }
    sizes.values().sum()
}

/// Returns what is counted.
fn samples(server: &Server) -> Samples {
    let log = server.log();
    let line = log
        .lines()
        .find_map(|line| line.strip_prefix("metrics at http://"));
    let host = line
        .and_then(|line| line.split('/').next())
        .expect("it watches");
    let mut connection = crate::support::http::Connection::open(host);
    Samples::parse(connection.get("/metrics").status(200).text())
}
