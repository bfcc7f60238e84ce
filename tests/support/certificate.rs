//! A certificate for `localhost` and its key, made for one test.

use std::path::PathBuf;

use fs_err as fs;

use super::sandbox::Sandbox;

/// The files, in PEM.
pub(crate) struct Certificate {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificate {
    /// Makes a certificate that signs itself, in files of these names.
    pub(crate) fn write(sandbox: &Sandbox, name: &str) -> Self {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).expect("valid names");
        let files = Self {
            cert: sandbox.path(&format!("{name}.crt")),
            key: sandbox.path(&format!("{name}.key")),
        };
        fs::write(&files.key, made.signing_key.serialize_pem()).expect("a writable folder");
        fs::write(&files.cert, made.cert.pem()).expect("a writable folder");
        files
    }

    /// Returns the options of `serve` that use it.
    pub(crate) fn options(&self) -> String {
        format!(
            "--tls-cert {} --tls-key {}",
            self.cert.display(),
            self.key.display()
        )
    }
}
