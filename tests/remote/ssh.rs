//! A remote over ssh: a server of its own on this machine, with keys.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{Shared, build};

const PATIENCE: Duration = Duration::from_secs(20);

/// A running sshd that lets in who has `key`; it ends with the test.
struct Sshd(Child);

impl Sshd {
    /// Starts it, and has git in the sandbox reach it as `there`.
    fn start(shared: &Shared) -> Self {
        let root = shared.sandbox.root().display().to_string();
        for name in ["host_key", "key", "stranger"] {
            let path = shared.sandbox.path(name).display().to_string();
            let arguments = ["-q", "-t", "ed25519", "-N", "", "-f", &path].map(str::to_owned);
            let made = shared.sandbox.command("ssh-keygen", &arguments).status();
            assert!(made.expect("ssh-keygen is needed (see .ci/test)").success());
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .expect("a free port")
            .local_addr()
            .expect("bound")
            .port();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {root}/host_key\nPidFile none\nUsePAM no\nStrictModes no\n\
             AuthorizedKeysFile {root}/key.pub\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\n"
        );
        fs::write(shared.sandbox.path("sshd_config"), server).expect("writable");
        Self::choose(shared, "key", port);
        if user() == "root" {
            // Where it locks itself in while it knows nobody yet.
            fs::create_dir_all("/run/sshd").expect("root may");
        }
        let program = sshd();
        let arguments = ["-D", "-e", "-f"].map(str::to_owned);
        let child = Command::new(&program)
            .args(arguments)
            .arg(shared.sandbox.path("sshd_config"))
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("`sshd` is needed (see .ci/test): {error}"));
        let sshd = Self(child);
        let start = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(start.elapsed() < PATIENCE, "sshd does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        let url = format!("there:{root}/remote.git");
        shared.git("repo", &format!("remote set-url origin '{url}'"));
        // A plain ssh server stores no LFS objects.
        shared.git(
            "repo",
            &format!("config lfs.url 'file://{root}/remote.git'"),
        );
        let command = format!("ssh -F '{root}/ssh_config'");
        shared.git(
            "repo",
            &format!("config --global core.sshCommand \"{command}\""),
        );
        sshd
    }

    /// Has ssh show this key.
    fn choose(shared: &Shared, key: &str, port: u16) {
        let root = shared.sandbox.root().display();
        let user = user();
        let client = format!(
            "Host there\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  IdentityFile {root}/{key}\n  IdentitiesOnly yes\n\
             \x20 IdentityAgent none\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile {root}/known_hosts\n  BatchMode yes\n"
        );
        fs::write(shared.sandbox.path("ssh_config"), client).expect("writable");
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// It must be started by its whole path.
fn sshd() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let mut programs = folders.map(|folder| folder.join("sshd"));
    programs
        .find(|program| program.is_file())
        .unwrap_or_else(|| PathBuf::from("sshd"))
}

fn user() -> String {
    let output = Command::new("id")
        .arg("-un")
        .output()
        .expect("a POSIX system");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_change_is_pushed_over_ssh_by_the_users_own_configuration() {
    let shared = Shared::new();
    let _sshd = Sshd::start(&shared);
    let spk = shared.spk("a", &build("alpha"));
    shared.run("repo", &format!("add {spk} --push")).success();
    shared.check_clone("repo");
    shared.check_remote();
    shared
        .run("repo", "pull")
        .success()
        .stderr("origin/main has nothing new\n");
    shared.run("repo", "promote alpha --push").success();
    let config = fs::read_to_string(shared.sandbox.path("ssh_config")).expect("a file");
    let port = config
        .lines()
        .find_map(|line| line.trim().strip_prefix("Port "))
        .expect("a port");
    Sshd::choose(&shared, "stranger", port.parse().expect("a number"));
    let before = shared.head("repo");
    shared
        .run("repo", "yank alpha --reason bad --push")
        .failure(2)
        .stderr_has("error: could not ask `origin`")
        .stderr_has("Permission denied");
    assert_eq!(shared.head("repo"), before);
}
