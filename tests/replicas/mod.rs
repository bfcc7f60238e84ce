//! Three servers that follow one remote behind nginx, as `repo-template/deploy/nginx.conf` has it: whatever happens to one of
//! them or to the remote, clients see no error, and all answer the same for the same commit.
//!
//! `SPKREPO_REPLICA_ROUNDS` and `SPKREPO_REPLICA_AWAY` (seconds) make it long; see tests/replicas-long.

mod ask;
mod load;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use fs_err as fs;

use self::ask::{Answer, ask};
use self::load::Load;
use crate::remote::Shared;
use crate::serve::deployed;
use crate::support::digest::sha256;
use crate::support::nginx::Nginx;
use crate::support::server::Server;
use crate::support::spk::Spk;
use crate::upload::number_from;

const REPLICAS: usize = 3;
/// More than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The host that the servers answer for.
const HOST: &str = "packages.example.org";
const DSM7: &str =
    "/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique=synology_apollolake_918%2B";

/// Where a replica has the SPKs from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SpksFrom {
    /// The remote, with each commit.
    Git,
    /// A store of blobs, when somebody asks.
    Store,
}

/// The servers, each with a disk of its own.
struct Replicas {
    from: SpksFrom,
    ports: Vec<u16>,
    servers: Vec<Option<Server>>,
    shared: Shared,
}

impl Replicas {
    fn start(from: SpksFrom) -> Self {
        let shared = Shared::new();
        if from == SpksFrom::Store {
            add_store(&shared);
        }
        let free = |_| TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listeners: Vec<_> = (0..REPLICAS).map(free).collect();
        let port = |one: &TcpListener| one.local_addr().expect("bound").port();
        let mut replicas = Self {
            from,
            ports: listeners.iter().map(port).collect(),
            servers: (0..REPLICAS).map(|_| None).collect(),
            shared,
        };
        drop(listeners);
        replicas.publish("alpha", 1);
        replicas.publish("beta", 1);
        for number in 0..REPLICAS {
            replicas.empty_disk(number);
            replicas.launch(number);
        }
        replicas
    }

    /// Gives a replica a disk that has nothing.
    fn empty_disk(&self, number: usize) {
        let path = self.shared.sandbox.path(&format!("replica{number}"));
        if path.exists() {
            fs::remove_dir_all(path).expect("a stopped server's folder");
        }
        self.shared
            .git("repo", &format!("init --quiet --bare ../replica{number}"));
    }

    /// Starts a replica at its port.
    fn launch(&mut self, number: usize) {
        let from = match self.from {
            SpksFrom::Git => "",
            SpksFrom::Store => "--downloads cache",
        };
        let line = format!(
            "serve --port {} --follow ../remote.git --every 300ms --lfs {from} --allowed-host {HOST} --trusted-proxy 127.0.0.1",
            self.ports[number]
        );
        let mut command = self.shared.sandbox.spkrepo(&line);
        command.current_dir(self.shared.sandbox.path(&format!("replica{number}")));
        self.servers[number] = Some(Server::spawn(command));
    }

    /// Ends a replica by a signal.
    fn end(&mut self, number: usize, signal: &str) {
        let mut server = self.servers[number].take().expect("it runs");
        let code = server.stop(signal);
        assert_eq!(code, (signal == "TERM").then_some(0), "{}", server.log());
    }

    /// Adds a release of a package and pushes it.
    fn publish(&self, package: &str, number: u32) {
        let version = format!("1.0-{number}");
        let spk = Spk::new(package, &version).icon(72).payload_size(300_000);
        let spk = self.shared.spk(&format!("{package}-{number}"), &spk);
        let line = format!("add {spk} --channel stable --push");
        self.shared.run("repo", &line).success();
    }

    fn hosts(&self) -> Vec<String> {
        let host = |port: &u16| format!("127.0.0.1:{port}");
        self.ports.iter().map(host).collect()
    }

    /// Waits until all serve the remote's commit with all its SPKs.
    #[track_caller]
    fn converge(&self) {
        let head = self.shared.head("repo");
        let start = Instant::now();
        for (host, server) in self.hosts().iter().zip(&self.servers) {
            let ready = || ask(host, "GET", "/readyz", &[], b"");
            let has_it = |answer: &Answer| answer.status == 200 && answer.text().contains(&head);
            while !ready().is_ok_and(|answer| has_it(&answer)) {
                let log = server.as_ref().map_or_else(String::new, Server::log);
                assert!(
                    start.elapsed() < PATIENCE,
                    "{host} does not serve {head}: {:?}\n{log}",
                    ready().map(|answer| answer.text())
                );
                std::thread::sleep(Duration::from_millis(50));
            }
        }
    }

    /// Demands that all answer the same, to the byte and the entity tag.
    #[track_caller]
    fn are_equal(&self) {
        let spk = fs::read(self.shared.sandbox.path("in/alpha-1.spk")).expect("an SPK");
        let object = format!("/info/lfs/objects/{}", sha256(&spk));
        for target in [
            DSM7,
            "/?arch=avoton&build=25556&major=6&minor=2&language=fre&unique=synology_avoton_415%2B",
            "/nas?arch=88f6281&build=3202&language=enu",
            "/packages",
            "/packages/alpha/alpha_1.0-1_dsm7.0-40000-noarch.spk",
            "/packages/alpha/1.0-1/icon_72.png",
            "/v1/packages",
            &object,
        ] {
            let answers: Vec<Answer> = self
                .hosts()
                .iter()
                .map(|host| ask(host, "GET", target, &[], b"").expect("it answers"))
                .collect();
            let first = &answers[0];
            assert_eq!(first.status, 200, "{target}: {}", first.text());
            for other in &answers[1..] {
                assert_eq!(other.status, first.status, "{target}");
                assert!(other.body == first.body, "{target}");
                for name in ["etag", "last-modified", "cache-control", "content-type"] {
                    assert_eq!(other.header(name), first.header(name), "{name} of {target}");
                }
            }
            assert_eq!(first.header("last-modified"), None, "{target}");
        }
    }
}

/// Has `spkrepo.toml` name a folder as the store of all SPKs.
pub(crate) fn add_store(shared: &Shared) {
    let store = shared.sandbox.path("store");
    fs::create_dir(&store).expect("a new folder");
    let path = shared.sandbox.path("repo/spkrepo.toml");
    let text = fs::read_to_string(&path).expect("the settings");
    let store = store.display();
    let more = format!("\n[[blobs.remote]]\nname = \"store\"\nurl = \"file://{store}\"\n");
    fs::write(&path, text + &more).expect("writable");
    shared.git("repo", "commit --quiet --all -m 'where the SPKs are'");
    shared.git("repo", "push --quiet origin main");
}

/// One after the other, each away only until it is back.
fn restart_all(replicas: &mut Replicas) {
    for number in 0..REPLICAS {
        replicas.end(number, "TERM");
        std::thread::sleep(Duration::from_millis(200));
        replicas.launch(number);
        replicas.converge();
    }
}

/// One is killed, and comes back with an empty disk.
fn kill_one(replicas: &mut Replicas, number: usize) {
    replicas.end(number, "KILL");
    std::thread::sleep(Duration::from_millis(500));
    replicas.empty_disk(number);
    replicas.launch(number);
    replicas.converge();
}

/// The remote is gone for a while; one replica is even restarted meanwhile.
fn lose_remote(replicas: &mut Replicas, number: usize, away: Duration) {
    let sandbox = &replicas.shared.sandbox;
    let (here, hidden) = (sandbox.path("remote.git"), sandbox.path("hidden.git"));
    fs::rename(&here, &hidden).expect("a folder");
    std::thread::sleep(away / 2);
    replicas.end(number, "TERM");
    replicas.launch(number);
    replicas.are_equal();
    std::thread::sleep(away / 2);
    fs::rename(&hidden, &here).expect("a folder");
}

#[expect(
    clippy::print_stderr,
    reason = "the figures are what somebody wants who runs it long"
)]
fn clients_see_no_error(from: SpksFrom) {
    let rounds = number_from("SPKREPO_REPLICA_ROUNDS").unwrap_or(1);
    let away = Duration::from_secs(number_from("SPKREPO_REPLICA_AWAY").unwrap_or(3));
    let mut replicas = Replicas::start(from);
    let config = deployed::config(&replicas.shared.sandbox, &replicas.hosts());
    let nginx = Nginx::start(&replicas.shared.sandbox, &config);
    let load = Load::new(&nginx.host);
    std::thread::scope(|threads| {
        load.run(threads);
        // What fails here must not leave the clients running for ever.
        let happened = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            for round in 0..rounds {
                let number = u32::try_from(round).expect("few") + 2;
                restart_all(&mut replicas);
                replicas.publish("alpha", number);
                replicas.converge();
                replicas.are_equal();
                kill_one(&mut replicas, number as usize % REPLICAS);
                replicas.are_equal();
                lose_remote(&mut replicas, (number as usize + 1) % REPLICAS, away);
                replicas.publish("beta", number);
                replicas.converge();
                replicas.are_equal();
            }
        }));
        load.stop();
        if let Err(panic) = happened {
            std::panic::resume_unwind(panic);
        }
    });
    let seen = load.seen();
    eprintln!("SPKs from the {from:?}, {rounds} rounds, remote away for {away:?} in each: {seen}");
    assert!(seen.errors.is_empty(), "{seen}\n{}", seen.errors.join("\n"));
    assert!(seen.requests > 200, "{seen}");
}

#[test]
fn clients_see_no_error_while_replicas_and_the_remote_come_and_go() {
    clients_see_no_error(SpksFrom::Git);
}

#[test]
fn clients_see_no_error_while_replicas_come_back_with_empty_disks_and_fetch_what_is_asked_for() {
    clients_see_no_error(SpksFrom::Store);
}
