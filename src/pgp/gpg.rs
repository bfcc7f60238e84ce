//! Signs through the user's GnuPG: keys that are with its agent, on a smart card, or behind its passphrase prompt.
//!
//! `gpg` is run as a program (its doc/DETAILS has the format of `--with-colons`). The agent asks for passphrases itself: none
//! ever comes here.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Output, Stdio};

use jiff::Timestamp;

use super::NOTATION;
use super::armor::{plain, signatures};
use super::certificate::Certificate;
use super::error::PgpError;
use super::signer::{Means, Signed, Signer};
use crate::base::digest::Sha256;

const PROGRAM: &str = "gpg";
/// Bytes that gpg is given at once.
const CHUNK: usize = 256 * 1024;
/// Letters of what gpg says that are shown.
const MAX_MESSAGE: usize = 1000;

impl Signer {
    /// Returns the signer whose secret key GnuPG knows as `name`, or the only one that it has.
    pub(crate) fn of_gpg(name: Option<&str>, now: Timestamp) -> Result<Self, PgpError> {
        let mut list = gpg();
        list.args(["--with-colons", "--list-secret-keys"]);
        list.args(name.iter().flat_map(|name| ["--", name]));
        let listed = succeeded(list.stdin(Stdio::null()).output())?;
        let found = signing_keys(&String::from_utf8_lossy(&listed.stdout), name.is_some());
        let [fingerprint] = found.as_slice() else {
            return Err(match found.is_empty() {
                true => PgpError::GpgWithoutKey,
                false => PgpError::GpgSeveral {
                    fingerprints: found,
                },
            });
        };
        let mut export = gpg();
        export.args(["--export", "--", fingerprint]);
        let exported = succeeded(export.stdin(Stdio::null()).output())?;
        let certificate = Certificate::read_all(&exported.stdout)?.remove(0);
        certificate.check_can_sign(now)?;
        // A name may say more than the fingerprint does: `ABC!` is a certain subkey.
        let name = name.unwrap_or(fingerprint).to_owned();
        Ok(Self::new(certificate, Means::Gpg(name)))
    }
}

/// Returns the fingerprints of the keys that can sign now; of keys that were asked for by name, all.
fn signing_keys(listed: &str, named: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut is_wanted = false;
    for line in listed.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        match *fields.first().unwrap_or(&"") {
            // Capital letters are what the key as a whole can do.
            "sec" => is_wanted = named || fields.get(11).is_some_and(|can| can.contains('S')),
            "fpr" if is_wanted => {
                found.extend(fields.get(9).map(|text| (*text).to_owned()));
                is_wanted = false;
            }
            _ => {}
        }
    }
    found
}

/// Has gpg sign `content` with the key that it knows as `name`.
pub(super) fn sign(
    name: &str,
    mut content: impl Read,
    unsigned: Sha256,
) -> Result<Signed, PgpError> {
    let mut command = gpg();
    command.args(["--armor", "--detach-sign", "--digest-algo", "SHA256"]);
    command.arg("--sig-notation");
    command.arg(format!("{NOTATION}={unsigned}"));
    command.args(["--local-user", name, "--output", "-"]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = piped.stderr(Stdio::piped()).spawn();
    let child = child.map_err(PgpError::GpgMissing)?;
    let (fed, output) = feed(child, &mut content);
    // Who stops reading says why at the end.
    let output = succeeded(output)?;
    fed?;
    signed(&output.stdout, unsigned)
}

/// Gives `content` to the program while its output is taken.
fn feed(mut child: Child, content: &mut impl Read) -> (Result<(), PgpError>, io::Result<Output>) {
    let mut stdin = child.stdin.take().expect("it is piped");
    std::thread::scope(|scope| {
        let output = scope.spawn(|| child.wait_with_output());
        let mut fed = pump(content, &mut stdin);
        if fed.is_ok() {
            fed = stdin.flush().map_err(PgpError::GpgMissing);
        }
        drop(stdin);
        (fed, output.join().expect("waiting does not panic"))
    })
}

fn pump(content: &mut impl Read, sink: &mut impl Write) -> Result<(), PgpError> {
    let mut buffer = vec![0; CHUNK];
    loop {
        match content.read(&mut buffer).map_err(PgpError::Read)? {
            0 => return Ok(()),
            count => sink
                .write_all(&buffer[..count])
                .map_err(PgpError::GpgMissing)?,
        }
    }
}

/// Brings what gpg made into the form of all other signatures.
fn signed(text: &[u8], unsigned: Sha256) -> Result<Signed, PgpError> {
    let mut found = signatures(text).ok_or(PgpError::GpgAnswer)?;
    let (Some(signature), true) = (found.pop(), found.is_empty()) else {
        return Err(PgpError::GpgAnswer);
    };
    let states = |value: &[u8]| value == unsigned.to_string().as_bytes();
    let time = signature.signature_creation_time();
    let time = time.and_then(|time| Timestamp::try_from(time).ok());
    let is_ours = signature.notation(NOTATION).any(states);
    match (is_ours, time) {
        (true, Some(time)) => Ok(Signed {
            armored: plain(signature).ok_or(PgpError::GpgAnswer)?,
            time,
        }),
        _ => Err(PgpError::GpgAnswer),
    }
}

/// Questions of gpg's own would be asked where nobody sees them; those of its agent are not concerned.
fn gpg() -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--batch", "--quiet"]);
    command
}

fn succeeded(output: io::Result<Output>) -> Result<Output, PgpError> {
    let output = output.map_err(PgpError::GpgMissing)?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let lines = said
        .lines()
        .map(|line| line.trim_start_matches("gpg: ").trim());
    let message: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    let message = message.join("; ");
    let shown = message.chars().filter(|letter| !letter.is_control());
    let message: String = shown.take(MAX_MESSAGE).collect();
    Err(PgpError::Gpg {
        message: match message.is_empty() {
            true => output.status.to_string(),
            false => message,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgp::armored_signature;

    const LISTED: &str = "\
sec:u:255:22:AAAA:1:::u:::scESC:::+::ed25519:::0:\nfpr:::::::::ONE:\ngrp:::::::::GRIP:\nuid:u::::1::X::a:\n\
ssb:u:255:18:BBBB:1::::::e:::+::cv25519::\nfpr:::::::::SUB:\n\
sec:e:255:22:CCCC:1:2::u:::sc:::+::ed25519:::0:\nfpr:::::::::OLD:\n";

    #[test]
    fn the_first_fingerprint_of_each_key_that_can_sign_is_found() {
        assert_eq!(signing_keys(LISTED, false), ["ONE"]);
        assert_eq!(signing_keys(LISTED, true), ["ONE", "OLD"]);
        assert_eq!(signing_keys("tru::1:2:3\n", false), [""; 0]);
    }

    #[test]
    fn what_gpg_makes_must_be_one_signature_that_states_the_digest() {
        let unsigned = Sha256::of(b"unsigned");
        let signer = crate::pgp::testing::signer("tess");
        let now = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
        let made = signer.sign(&b"content"[..], unsigned, now).expect("a key");
        let taken = signed(&made.armored, unsigned).expect("it is what was asked for");
        assert_eq!(taken.time, now);
        // With the issuer's short name beside it, as gpg has it: a form that is taken for whole.
        assert_ne!(taken.armored, made.armored);
        assert_eq!(
            armored_signature(&taken.armored).as_ref(),
            Some(&taken.armored)
        );
        assert!(matches!(
            signed(&made.armored, Sha256::of(b"other")),
            Err(PgpError::GpgAnswer)
        ));
        assert!(matches!(
            signed(b"nothing", unsigned),
            Err(PgpError::GpgAnswer)
        ));
    }
}
