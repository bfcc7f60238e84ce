//! Runs the `git` command for what goes over a network: it knows the user's ssh configuration, credential helpers, proxies
//! and Git LFS.
//!
//! No credential is ever given as an argument, where other users of the machine could read it, and none is shown: what
//! git says is printed without the users and passwords of addresses.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Store;

/// How git is run for whoever waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Network {
    /// Whether somebody is there to be asked for a password.
    pub(crate) is_attended: bool,
    /// How long a command may take.
    pub(crate) limit: Option<Duration>,
    /// Ends a command when it is set.
    pub(crate) stop: Option<Arc<AtomicBool>>,
}

/// Says what could not be done with a remote.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("`{address}` has no branch `{branch}`")]
    NoBranch { address: String, branch: String },
    #[error("{count} SPKs of `{address}` are not here, and git-lfs did not bring them")]
    NoBlobs { address: String, count: usize },
    #[error("git-lfs is not installed, and `{address}` needs the bytes of {count} SPKs first")]
    NoLfs { address: String, count: usize },
    #[error("`{branch}` has no remote to push to, and there is none called `origin`")]
    NoRemote { branch: String },
    #[error(
        "the address `{address}` has a password in it, which other users of this machine could read"
    )]
    Password { address: String },
    #[error("could not {action} `{address}`")]
    Refused {
        action: &'static str,
        address: String,
        /// What git said, line by line.
        said: Vec<String>,
    },
    #[error("could not run `git {command}`")]
    Run {
        command: String,
        #[source]
        source: std::io::Error,
    },
    #[error("`git {command}` was ended after {seconds} seconds")]
    TimedOut { command: String, seconds: u64 },
}

/// How a command ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) is_success: bool,
    /// Standard error, redacted.
    pub(super) said: Vec<String>,
    pub(super) stdout: String,
}

/// What would have git work on another repository than the one that it is told, as in a hook.
const FOREIGN: [&str; 6] = [
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
];
const POLL: Duration = Duration::from_millis(5);

impl Store {
    /// Runs git in this repository, with `input` on its standard input.
    pub(super) fn run_git(
        &self,
        network: &Network,
        arguments: &[&str],
        input: &str,
    ) -> Result<Ended, RemoteError> {
        self.run_git_with(network, arguments, input, &[])
    }

    pub(super) fn run_git_with(
        &self,
        network: &Network,
        arguments: &[&str],
        input: &str,
        variables: &[(&str, &str)],
    ) -> Result<Ended, RemoteError> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.shown_path());
        if !network.is_attended {
            command.env("GIT_TERMINAL_PROMPT", "0");
            if let Ok(None) = self.config_text("core.sshcommand") {
                command.args(["-c", "core.sshCommand=ssh -o BatchMode=yes"]);
            }
        }
        command.args(arguments);
        FOREIGN.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.envs(variables.iter().copied());
        let name = match arguments {
            ["-c", _, rest @ ..] => rest,
            all => all,
        };
        let name = name.iter().take(2).copied().collect::<Vec<_>>();
        network.run(command, &name.join(" "), input)
    }
}

impl Network {
    pub(super) fn run(
        &self,
        mut command: Command,
        name: &str,
        input: &str,
    ) -> Result<Ended, RemoteError> {
        let failed = |source| RemoteError::Run {
            command: name.to_owned(),
            source,
        };
        #[cfg(unix)]
        if self.is_bounded() {
            // A group of its own is ended with all that git starts; a terminal's keys would not reach it.
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes else {
            unreachable!("all three are piped");
        };
        std::thread::scope(|threads| {
            // A command that fails early does not read its input.
            threads.spawn(move || stdin.write_all(input.as_bytes()).ok());
            let stdout = threads.spawn(move || read(stdout));
            let stderr = threads.spawn(move || read(stderr));
            let is_success = self.wait(&mut child, name)?;
            let [stdout, stderr] = [stdout, stderr].map(|thread| thread.join().unwrap_or_default());
            let said = redacted(&stderr);
            Ok(Ended {
                is_success,
                said: said
                    .lines()
                    .map(|line| line.trim_end().to_owned())
                    .collect(),
                stdout,
            })
        })
    }

    fn is_bounded(&self) -> bool {
        self.limit.is_some() || self.stop.is_some()
    }

    fn wait(&self, child: &mut Child, name: &str) -> Result<bool, RemoteError> {
        let failed = |source| RemoteError::Run {
            command: name.to_owned(),
            source,
        };
        if !self.is_bounded() {
            return Ok(child.wait().map_err(failed)?.success());
        }
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait().map_err(failed)? {
                return Ok(status.success());
            }
            let is_stopped = self
                .stop
                .as_ref()
                .is_some_and(|stop| stop.load(Ordering::Relaxed));
            if is_stopped || self.limit.is_some_and(|limit| start.elapsed() > limit) {
                end(child);
                child.wait().map_err(failed)?;
                return Err(RemoteError::TimedOut {
                    command: name.to_owned(),
                    seconds: start.elapsed().as_secs(),
                });
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Ends a command and the programs that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::TERM);
        std::thread::sleep(POLL * 20);
    }
    let _ = child.kill();
}

fn read(mut pipe: impl std::io::Read) -> String {
    let mut bytes = Vec::new();
    // What was read until the pipe broke is all there is.
    let _ = pipe.by_ref().read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns `text` without the users and passwords in addresses; the user of `ssh://git@…` is none of anybody's secrets.
pub(crate) fn redacted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let ends = |c: char| c == '/' || c.is_whitespace() || "'\"`<>".contains(c);
        let authority = &after[..after.find(ends).unwrap_or(after.len())];
        let is_ssh = before.ends_with("ssh://");
        rest = match authority.rsplit_once('@') {
            Some((user, _)) if !is_ssh || user.contains(':') => {
                shown.push_str("***");
                &after[user.len()..]
            }
            _ => after,
        };
    }
    shown.push_str(rest);
    shown
}

/// Returns whether the address has a password in it.
pub(super) fn has_password(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':'))
}

/// Returns what git and git-lfs both take for an address: they do not agree on folders.
pub(super) fn address_of(given: &str) -> String {
    let folder = Path::new(given);
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() && !given.contains("://") => file_address(&folder),
        _ => given.to_owned(),
    }
}

fn file_address(folder: &Path) -> String {
    use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
    const UNFIT: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'#').add(b'?');
    let folder: PathBuf = folder.to_owned();
    format!(
        "file://{}",
        utf8_percent_encode(&folder.to_string_lossy(), UNFIT)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_says_is_shown_without_credentials() {
        for (said, shown) in [
            ("nothing", "nothing"),
            (
                "unable to access 'https://joe:s3cret@example.org/a.git/': 403",
                "unable to access 'https://***@example.org/a.git/': 403",
            ),
            ("https://ghp_token@github.com/a", "https://***@github.com/a"),
            ("https://a:b@c@example.org", "https://***@example.org"),
            ("ssh://git@example.org/a", "ssh://git@example.org/a"),
            ("ssh://git:pw@example.org/a", "ssh://***@example.org/a"),
            ("http://a/x@y http://u:p@b", "http://a/x@y http://***@b"),
            ("git@example.org:a.git", "git@example.org:a.git"),
        ] {
            assert_eq!(redacted(said), shown);
        }
    }

    #[test]
    fn an_address_with_a_password_is_told_from_one_without() {
        assert!(has_password("https://joe:s3cret@example.org/a.git"));
        for fine in [
            "https://example.org:8443/a",
            "ssh://git@example.org/a:b@c",
            "origin",
            "git@a:b",
        ] {
            assert!(!has_password(fine), "{fine}");
        }
    }

    #[test]
    fn a_folder_is_an_address_that_git_lfs_knows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let named = folder.path().join("my 100%.git");
        std::fs::create_dir(&named).expect("a new folder");
        let address = address_of(&named.to_string_lossy());
        assert!(address.starts_with("file:///"), "{address}");
        assert!(address.ends_with("/my%20100%25.git"), "{address}");
        assert_eq!(address_of("origin"), "origin");
        assert_eq!(address_of("file:///a"), "file:///a");
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended() {
        let network = Network {
            limit: Some(Duration::from_millis(50)),
            ..Network::default()
        };
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        let start = Instant::now();
        let error = network
            .run(command, "fetch", "")
            .expect_err("it takes too long");
        assert!(matches!(error, RemoteError::TimedOut { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }
}
