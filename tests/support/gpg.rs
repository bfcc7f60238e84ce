//! GnuPG in a home of its own: keys, exports, signatures, and the data that DSM signs, joined by other programs.

use std::path::PathBuf;

use fs_err as fs;

use super::sandbox::Sandbox;

/// A passphrase that is found wherever it leaks to.
pub(crate) const PASSPHRASE: &str = "korrekt-pferd-batterie";
/// Joins the contents of the files in the folder, in the byte order of their paths, without the signature.
const JOIN: &str = "find . -type f ! -name syno_signature.asc | sed 's|^\\./||' | LC_ALL=C sort | tr '\\n' '\\0' | xargs -0 cat";

/// GnuPG's home.
pub(crate) struct Gpg<'a> {
    home: PathBuf,
    sandbox: &'a Sandbox,
}

impl<'a> Gpg<'a> {
    /// Makes an empty home.
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        let home = sandbox.path("home/.gnupg");
        fs::create_dir(&home).expect("a new folder");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).expect("a folder");
        }
        Self { home, sandbox }
    }

    /// Takes the home of the sandbox that was made before.
    pub(crate) fn existing(sandbox: &'a Sandbox) -> Self {
        let home = sandbox.path("home/.gnupg");
        Self { home, sandbox }
    }

    /// Runs a line of shell in the root, demands success and returns what it printed.
    #[track_caller]
    pub(crate) fn shell(&self, line: &str) -> String {
        let arguments = ["-euc".to_owned(), line.to_owned()];
        let output = self
            .sandbox
            .command("sh", &arguments)
            .current_dir(self.sandbox.path(""))
            .env("GNUPGHOME", &self.home)
            .output()
            .unwrap_or_else(|error| panic!("the tests need `sh`: {error}"));
        assert!(output.status.success(), "`{line}`: {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Makes a key that can sign, with further options of gpg, and returns its fingerprint.
    #[track_caller]
    pub(crate) fn key(&self, name: &str, algorithm: &str, passphrase: &str, more: &str) -> String {
        self.shell(&format!(
            "gpg --batch --quiet {more} --pinentry-mode loopback --passphrase '{passphrase}' \
             --quick-generate-key '{name} <{name}@example.org>' {algorithm} sign 1y"
        ));
        let listed = self.shell(&format!(
            "gpg --batch --with-colons --list-keys {name}@example.org"
        ));
        let line = listed.lines().find(|line| line.starts_with("fpr:"));
        line.and_then(|line| line.split(':').nth(9))
            .expect("a fingerprint")
            .to_owned()
    }

    /// Writes the secret key to `NAME.key` in the root, and the certificate to `NAME.asc`.
    #[track_caller]
    pub(crate) fn export(&self, name: &str, passphrase: &str) {
        self.shell(&format!(
            "gpg --batch --quiet --pinentry-mode loopback --passphrase '{passphrase}' --armor \
             --export-secret-keys {name}@example.org > {name}.key; \
             gpg --batch --quiet --armor --export {name}@example.org > {name}.asc"
        ));
    }

    /// Has gpg verify the signature in an SPK of the root over what other programs join.
    #[track_caller]
    pub(crate) fn verifies(&self, spk: &str) {
        self.shell(&format!(
            "rm -rf unpacked && mkdir unpacked && tar -xf {spk} -C unpacked && cd unpacked && ({JOIN}) > ../joined; \
             gpg --batch --quiet --verify syno_signature.asc ../joined"
        ));
    }

    /// Signs an SPK of the root as DSM's tool does but for the time server, and appends the signature by tar.
    #[track_caller]
    pub(crate) fn signs(&self, spk: &str, name: &str, more: &str) {
        self.shell(&format!(
            "rm -rf unpacked && mkdir unpacked && tar -xf {spk} -C unpacked && cd unpacked && ({JOIN}) > ../joined; \
             gpg --batch --quiet {more} --pinentry-mode loopback --passphrase '' --local-user {name}@example.org \
             --armor --detach-sign --output syno_signature.asc ../joined; \
             tar -rf ../{spk} syno_signature.asc"
        ));
    }
}

impl Drop for Gpg<'_> {
    fn drop(&mut self) {
        let arguments = ["--kill".to_owned(), "all".to_owned()];
        let mut command = self.sandbox.command("gpgconf", &arguments);
        // An agent without a home ends by itself.
        let _ = command.env("GNUPGHOME", &self.home).output();
    }
}
