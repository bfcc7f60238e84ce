//! Where the Git LFS server of the remote is, and what lets us in: as the user's git and git-lfs have it.
//!
//! Rules: git-lfs, `docs/api/server-discovery.md` and `docs/api/authentication.md`; git-credential(1).

use super::network::Ended;
use super::{Network, RemoteError, Store, redacted};

/// Where a Git LFS server is. Its address may have a user in it, and no password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LfsServer {
    /// `https://…`, or `file://…` for a repository on a disk.
    pub(crate) address: String,
    /// Who is asked for the address and a token, when the remote is reached by ssh.
    pub(crate) ssh: Option<SshLogin>,
}

/// A repository behind ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshLogin {
    /// `git@example.org`
    host: String,
    path: String,
    port: Option<String>,
}

/// A user and a password of git's credential helpers.
#[derive(Clone)]
pub(crate) struct Credential {
    /// What the helper said, to be told whether it was right.
    described: String,
    pub(crate) password: String,
    pub(crate) user: String,
}

impl Store {
    /// Returns where `git lfs` would send blobs: `lfs.url`, `.lfsconfig`, or what the remote's address stands for.
    pub(crate) fn lfs_server(&self, network: &Network) -> Result<LfsServer, RemoteError> {
        let ended = self.run_git(network, &["lfs", "env"], "")?;
        let refused = |said| RemoteError::Refused {
            action: "find the Git LFS server of",
            address: self.shown_path().display().to_string(),
            said,
        };
        if !ended.is_success {
            return Err(refused(ended.said));
        }
        let nothing = "there is no remote, and neither `lfs.url` nor .lfsconfig names a server";
        let mut server = server(&ended.stdout).ok_or_else(|| refused(vec![nothing.to_owned()]))?;
        if let Some(login) = &mut server.ssh {
            login.port = self.ssh_port(network, login);
        }
        Ok(server)
    }

    /// Returns the port of the address that `login` is of, which `git lfs env` does not tell.
    fn ssh_port(&self, network: &Network, login: &SshLogin) -> Option<String> {
        let arguments = [
            "config",
            "--get-regexp",
            r"^(lfs\.url|remote\..*\.(lfsurl|url))$",
        ];
        let urls = self.run_git(network, &arguments, "").ok()?.stdout;
        urls.lines().find_map(|line| {
            let (_, url) = line.split_once(' ')?;
            let known = self::login(url)?;
            let is_same = known.host == login.host
                && known.path.trim_start_matches('/') == login.path.trim_start_matches('/');
            known.port.filter(|_| is_same)
        })
    }

    /// Returns the header that git sends along to `url` (git-config(1), `http.<url>.extraHeader`), as a name and a value.
    pub(crate) fn extra_header(&self, network: &Network, url: &str) -> Option<(String, String)> {
        let arguments = ["config", "--get-urlmatch", "http.extraheader", url];
        let ended = self.run_git(network, &arguments, "").ok()?;
        let (name, value) = ended.stdout.trim().split_once(':')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    }

    /// Asks the server behind ssh for an address and a token for `operation`; returns its JSON.
    pub(crate) fn lfs_authenticate(
        &self,
        network: &Network,
        login: &SshLogin,
        operation: &str,
    ) -> Result<String, RemoteError> {
        let ended = self.run_ssh(network, login, operation)?;
        match ended.is_success {
            true => Ok(ended.stdout),
            false => Err(RemoteError::Refused {
                action: "log in by ssh to",
                address: login.host.clone(),
                said: ended.said,
            }),
        }
    }

    fn run_ssh(
        &self,
        network: &Network,
        login: &SshLogin,
        operation: &str,
    ) -> Result<Ended, RemoteError> {
        let configured = self.config_text("core.sshcommand").ok().flatten();
        let batch = if network.is_attended {
            ""
        } else {
            " -o BatchMode=yes"
        };
        let ssh = configured.unwrap_or_else(|| format!("ssh{batch}"));
        // A variable counts before the configuration, and may have arguments in it (git(1), `GIT_SSH_COMMAND`).
        let script = format!("${{GIT_SSH_COMMAND:-{ssh}}} \"$@\"");
        let mut arguments = vec!["-c", &script, "ssh"];
        if let Some(port) = &login.port {
            arguments.extend(["-p", port]);
        }
        let remote = format!("git-lfs-authenticate {} {operation}", quoted(&login.path));
        arguments.extend(["--", &login.host, &remote]);
        let mut command = std::process::Command::new("sh");
        command.args(arguments);
        network.run(command, "lfs (ssh)", "")
    }

    /// Asks git's credential helpers for a user and a password for `url`.
    pub(crate) fn credential(
        &self,
        network: &Network,
        url: &str,
    ) -> Result<Credential, RemoteError> {
        let ended = self.run_git(network, &["credential", "fill"], &format!("url={url}\n\n"))?;
        let value = |key: &str| {
            let mut lines = ended.stdout.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
        };
        match (ended.is_success, value("username"), value("password")) {
            (true, Some(user), Some(password)) => Ok(Credential {
                described: ended.stdout,
                password,
                user,
            }),
            _ => Err(RemoteError::Refused {
                action: "find a password for",
                address: redacted(url),
                said: ended.said,
            }),
        }
    }

    /// Tells git's credential helpers whether a password was right.
    pub(crate) fn judge_credential(
        &self,
        network: &Network,
        credential: &Credential,
        is_right: bool,
    ) {
        let verb = if is_right { "approve" } else { "reject" };
        // A helper that cannot note it is asked again the next time.
        let _ = self.run_git(network, &["credential", verb], &credential.described);
    }
}

/// Reads what `git lfs env` prints: `Endpoint=https://… (auth=none)`, and below it `  SSH=git@host:path`.
fn server(env: &str) -> Option<LfsServer> {
    let mut lines = env.lines().skip_while(|line| !line.starts_with("Endpoint"));
    let (_, endpoint) = lines.next()?.split_once('=')?;
    let address = endpoint
        .rsplit_once(" (auth=")
        .map_or(endpoint, |(address, _)| address);
    let ssh = lines.next().and_then(|line| line.strip_prefix("  SSH="));
    let is_known = |address: &&str| {
        ["https://", "http://", "file://"]
            .iter()
            .any(|scheme| address.starts_with(scheme))
    };
    Some(LfsServer {
        address: Some(address)
            .filter(is_known)?
            .trim_end_matches('/')
            .to_owned(),
        ssh: ssh.and_then(login),
    })
}

/// Reads `git@host:path` or `ssh://git@host:22/path` (git-clone(1), "GIT URLS").
fn login(address: &str) -> Option<SshLogin> {
    let (host, path, port) = match address.strip_prefix("ssh://") {
        Some(rest) => {
            let (authority, path) = rest.split_once('/')?;
            match authority.rsplit_once(':') {
                Some((host, port)) => (host, path, Some(port.to_owned())),
                None => (authority, path, None),
            }
        }
        None => {
            let (host, path) = address.split_once(':')?;
            (host, path, None)
        }
    };
    let is_fit = !host.is_empty() && !host.starts_with('-') && !path.is_empty();
    is_fit.then(|| SshLogin {
        host: host.to_owned(),
        path: path.to_owned(),
        port,
    })
}

/// Quotes an argument for the shell at the other end.
fn quoted(argument: &str) -> String {
    format!("'{}'", argument.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(env: &str) -> Option<(String, Option<SshLogin>)> {
        server(env).map(|server| (server.address, server.ssh))
    }

    #[test]
    fn the_server_is_what_git_lfs_says() {
        let head = "git-lfs/3.3.0\ngit version 2.39\n\n";
        let https =
            format!("{head}Endpoint=https://h/a.git/info/lfs (auth=none)\nLocalWorkingDir=/x\n");
        assert_eq!(
            found(&https),
            Some(("https://h/a.git/info/lfs".to_owned(), None))
        );
        let file =
            format!("{head}Endpoint=file:///srv/a%20b.git (auth=none)\nLocalWorkingDir=/x\n");
        assert_eq!(
            found(&file),
            Some(("file:///srv/a%20b.git".to_owned(), None))
        );
        let ssh = format!(
            "{head}Endpoint=https://h/a.git/info/lfs (auth=none)\n  SSH=git@h:a.git\nLocalWorkingDir=/x\n"
        );
        let login = SshLogin {
            host: "git@h".to_owned(),
            path: "a.git".to_owned(),
            port: None,
        };
        let (_, ssh) = found(&ssh).expect("a server");
        assert_eq!(ssh, Some(login));
        for nothing in ["", "Endpoint= (auth=none)\n", "LocalWorkingDir=/x\n"] {
            assert_eq!(found(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_login_is_no_option_of_ssh() {
        let port = login("ssh://git@h:2222/srv/a.git").expect("a login");
        assert_eq!(
            (port.path.as_str(), port.port.as_deref()),
            ("srv/a.git", Some("2222"))
        );
        assert_eq!(login("-oProxyCommand=x:a"), None);
        assert_eq!(login("host"), None);
        assert_eq!(quoted("a'b; rm"), r"'a'\''b; rm'");
    }
}
