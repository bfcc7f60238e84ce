//! A remote over https: git's own CGI behind nginx, with a password that a credential helper knows.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::{Shared, build};
use crate::support::certificate::Certificate;
use crate::support::nginx::Nginx;
use crate::support::server::Server;

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "s3cret-pass";

/// nginx and the program that runs git for it; both end with the test.
struct Host {
    _cgi: Cgi,
    nginx: Nginx,
}

struct Cgi(Child);

impl Drop for Cgi {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

impl Host {
    /// Serves the folder of the sandbox to `joe`.
    fn start(shared: &Shared) -> Self {
        let sandbox = &shared.sandbox;
        let (certificate, root) = (
            Certificate::write(sandbox, "host"),
            sandbox.root().display(),
        );
        let socket = sandbox.path("cgi.sock");
        let cgi = sandbox
            .command(
                "fcgiwrap",
                &["-s".to_owned(), format!("unix:{}", socket.display())],
            )
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("`fcgiwrap` is needed (see .ci/test): {error}"));
        let cgi = Cgi(cgi);
        let start = Instant::now();
        while UnixStream::connect(&socket).is_err() {
            assert!(start.elapsed() < PATIENCE, "fcgiwrap does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        fs::write(sandbox.path("users"), format!("joe:{{PLAIN}}{PASSWORD}\n")).expect("writable");
        let (cert, key) = (certificate.cert.display(), certificate.key.display());
        let nginx = Nginx::start(
            sandbox,
            &format!(
                "server {{ listen LISTEN ssl; ssl_certificate {cert}; ssl_certificate_key {key}; client_max_body_size 0;\n\
                 auth_basic git; auth_basic_user_file {root}/users;\n\
                 location / {{ fastcgi_pass unix:{}; fastcgi_param SCRIPT_FILENAME {};\n\
                 fastcgi_param GIT_PROJECT_ROOT {root}; fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param PATH_INFO $uri;\n\
                 fastcgi_param REMOTE_USER $remote_user; fastcgi_param QUERY_STRING $query_string;\n\
                 fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;\n\
                 fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param HTTP_CONTENT_ENCODING $http_content_encoding;\n\
                 fastcgi_param HTTP_GIT_PROTOCOL $http_git_protocol; }} }}",
                socket.display(),
                backend().display(),
            ),
        );
        shared.git("repo", &format!("config --global http.sslCAInfo '{cert}'"));
        shared.git(
            "repo",
            &format!("config lfs.url 'file://{root}/remote.git'"),
        );
        shared.git(
            "repo",
            &format!("remote set-url origin https://{}/remote.git", nginx.host),
        );
        Self { _cgi: cgi, nginx }
    }

    /// Has the user's credential helper know a password.
    fn remember(&self, shared: &Shared, password: &str) {
        let file = shared.sandbox.path("credentials");
        fs::write(
            &file,
            format!("https://joe:{password}@{}\n", self.nginx.host),
        )
        .expect("writable");
        shared.git(
            "repo",
            &format!(
                "config --global credential.helper 'store --file={}'",
                file.display()
            ),
        );
    }
}

fn backend() -> PathBuf {
    let output = Command::new("git")
        .arg("--exec-path")
        .output()
        .expect("git is needed");
    PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join("git-http-backend")
}

#[test]
fn a_change_is_pushed_over_https_with_the_password_of_a_credential_helper() {
    let shared = Shared::new();
    let host = Host::start(&shared);
    let spk = shared.spk("a", &build("alpha"));
    // Nobody knows the password, and nobody is there to be asked.
    let mut command = shared.sandbox.spkrepo(&format!("add {spk} --push"));
    let start = Instant::now();
    let output = command
        .env_remove("GIT_TERMINAL_PROMPT")
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    assert!(start.elapsed() < PATIENCE, "it does not wait for an answer");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("error: could not ask `origin`")
            && said.contains("terminal prompts disabled"),
        "{said}"
    );
    host.remember(&shared, "wrong-pass");
    let said = shared
        .run("repo", &format!("add {spk} --push"))
        .failure(2)
        .err()
        .to_owned();
    assert!(!said.contains("wrong-pass"), "{said}");
    host.remember(&shared, PASSWORD);
    shared.run("repo", &format!("add {spk} --push")).success();
    shared.check_clone("repo");
    shared.check_remote();
    let url = format!("https://{}/remote.git", host.nginx.host);
    shared
        .run("repo", &format!("promote alpha --to stable --push={url}"))
        .success();
    assert_eq!(shared.head("repo"), shared.head("remote.git"));
    // A server follows with the same helper; git-lfs takes a folder for a store only where the remote has a name.
    shared.git("repo", "init --quiet --bare ../served");
    shared.git(
        "served",
        &format!(
            "config lfs.url 'file://{}/remote.git'",
            shared.sandbox.root().display()
        ),
    );
    shared.git("served", &format!("remote add origin {url}"));
    let mut command = shared
        .sandbox
        .spkrepo("serve --port 0 --follow origin#main");
    command.current_dir(shared.sandbox.path("served"));
    let server = Server::spawn(command);
    let ready = server.get("/readyz").json();
    assert_eq!(
        ready["commit"],
        shared.head("remote.git"),
        "{}",
        server.log()
    );
    server
        .get("/packages/alpha/alpha_1.0-1_dsm7.0-40000-noarch.spk")
        .status(200);
}
