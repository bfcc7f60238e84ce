//! giftless, a Git LFS server from PyPI, on loopback with its objects in a folder.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fs_err as fs;
use serde_json::json;

use super::digest::hmac_sha256;
use super::sandbox::Sandbox;
use super::server::Server;
use super::tool::tool;

/// What those who may write sign their tokens with.
const SECRET: &str = "0123456789abcdef0123456789abcdef";
/// The user whose password is such a token.
const USER: &str = "_jwt";

/// A running giftless.
pub(crate) struct Giftless {
    server: Server,
    storage: PathBuf,
}

impl Giftless {
    /// Starts one where anybody may read and write.
    pub(crate) fn open(sandbox: &Sandbox) -> Self {
        Self::start(sandbox, "[giftless.auth.allow_anon:read_write]")
    }

    /// Starts one where nobody may do anything without a token as password.
    pub(crate) fn closed(sandbox: &Sandbox) -> Self {
        let factory = "giftless.auth.jwt:factory";
        let options = format!("{{algorithm: HS256, private_key: {SECRET}}}");
        Self::start(
            sandbox,
            &format!("[{{factory: '{factory}', options: {options}}}]"),
        )
    }

    fn start(sandbox: &Sandbox, auth: &str) -> Self {
        let storage = sandbox.path("giftless");
        let config = sandbox.path("giftless.yaml");
        let text = format!(
            "AUTH_PROVIDERS: {auth}\nLEGACY_ENDPOINTS: false\nTRANSFER_ADAPTERS:\n  basic:\n    options:\n      storage_options:\n        path: {}\n",
            storage.display()
        );
        fs::write(&config, text).expect("a writable folder");
        let line = "-m flask --app giftless.wsgi_entrypoint run --host 127.0.0.1 --port 0";
        let arguments: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let program = tool("python").display().to_string();
        let mut command = sandbox.command(&program, &arguments);
        command.env("GIFTLESS_CONFIG_FILE", config);
        Self {
            server: Server::spawn(command),
            storage,
        }
    }

    /// Returns the address of the objects of one repository, as `lfs.url` is set to.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/org/packages.git/info/lfs", self.server.host())
    }

    /// Returns the address that a credential helper keeps, with user and password of somebody who may write.
    pub(crate) fn credentials(&self) -> String {
        format!("http://{USER}:{}@{}", token(), self.server.host())
    }

    /// Returns what the server has printed.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Returns where an object is stored.
    pub(crate) fn object(&self, oid: &str) -> PathBuf {
        self.storage.join("org/packages").join(oid)
    }
}

/// Returns a JSON Web Token (RFC 7519) for everything, of this hour.
fn token() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let expires = now.expect("it is after 1970") + Duration::from_secs(3600);
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!(
        "{}.{}",
        part(json!({"alg": "HS256", "typ": "JWT"})),
        part(json!({"exp": expires.as_secs(), "sub": "tess", "scopes": ["obj:org/packages/*"]}))
    );
    let signature = hmac_sha256(SECRET.as_bytes(), signed.as_bytes());
    let signature: Vec<u8> = (0..signature.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&signature[at..at + 2], 16).expect("hexadecimal"))
        .collect();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}
