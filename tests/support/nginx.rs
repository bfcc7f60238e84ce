//! nginx, before a server or beside it, that ends with the test.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::sandbox::Sandbox;

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running nginx.
pub(crate) struct Nginx {
    child: Child,
    pub(crate) host: String,
}

impl Nginx {
    /// Starts nginx with what stands in `http { }`, where `LISTEN` is the address that it gets.
    pub(crate) fn start(sandbox: &Sandbox, http: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("a bound socket").to_string();
        drop(listener);
        let root = sandbox.root().display().to_string();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {root}/nginx-{name};\n"))
            .concat();
        let http = http.replace("LISTEN", &host);
        let config = format!(
            "daemon off;\n{}worker_processes auto;\npid {root}/nginx.pid;\nerror_log stderr crit;\n\
             events {{ worker_connections 512; }}\nhttp {{\n{temporary}{http}\n}}\n",
            user()
        );
        let path = sandbox.path("nginx.conf");
        fs::write(&path, config).expect("a writable folder");
        let path = path.display().to_string();
        let arguments = ["-e", "stderr", "-p", &root, "-c", &path].map(str::to_owned);
        let child = sandbox
            .command("nginx", &arguments)
            .stdin(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("`nginx` is needed (see .ci/test): {error}"));
        let nginx = Self { child, host };
        let start = Instant::now();
        while TcpStream::connect(&nginx.host).is_err() {
            assert!(start.elapsed() < PATIENCE, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        nginx
    }
}

/// Its workers must be able to read the sandbox, which belongs to who runs this; only root may name a user.
fn user() -> String {
    let id = |option| {
        let output = Command::new("id").arg(option).output();
        let output = output.expect("a POSIX system").stdout;
        String::from_utf8_lossy(&output).trim().to_owned()
    };
    match id("-u").as_str() {
        "0" => format!("user {};\n", id("-un")),
        _ => String::new(),
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master takes its workers with it on SIGTERM only.
        let id = self.child.id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status().ok();
        self.child.wait().ok();
    }
}
