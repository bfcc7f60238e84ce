//! Who signs: a secret key from a file, with its passphrase, or the user's GnuPG.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::pgp::{Passphrase, PgpError, SecretKey, Signer};

/// Where the secret key is.
#[derive(Debug, clap::Args)]
pub(super) struct KeyArgs {
    /// The secret key, as gpg or sq exports it
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "gpg",
        conflicts_with = "gpg"
    )]
    key: Option<PathBuf>,
    /// Sign through GnuPG and its agent, as with a smart card: with this key, or the only one that it has
    #[arg(
        long,
        value_name = "KEYID",
        num_args = 0..=1,
        default_missing_value = ""
    )]
    gpg: Option<String>,
    /// Read the passphrase from the first line of this file; SPKREPO_PASSPHRASE_FILE names one too
    #[arg(long, value_name = "FILE", conflicts_with_all = ["gpg", "passphrase_fd"])]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of this open descriptor
    #[arg(long, value_name = "NUMBER", conflicts_with = "gpg")]
    passphrase_fd: Option<u32>,
}

impl KeyArgs {
    /// Names a key in a file, and perhaps a file with its passphrase.
    pub(super) fn of_files(key: &Path, passphrase_file: Option<&Path>) -> Self {
        Self {
            key: Some(key.to_owned()),
            gpg: None,
            passphrase_file: passphrase_file.map(Path::to_owned),
            passphrase_fd: None,
        }
    }
}

/// Says why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
    #[error("GnuPG cannot sign")]
    Gpg(#[source] PgpError),
    #[error("the key `{path}` has a passphrase, and there is no terminal to ask for it")]
    NoPassphrase { path: PathBuf },
    #[error("could not read `{path}`")]
    Read {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{path}` is of no use as a secret key")]
    Unusable {
        path: PathBuf,
        #[source]
        source: PgpError,
    },
}

/// Bytes of an exported key, which may hold pictures and other people's signatures.
const MAX_KEY: u64 = 16 << 20;
const MAX_PASSPHRASE: u64 = 4096;
/// Names a file with the passphrase.
pub(super) const PASSPHRASE_FILE: &str = "SPKREPO_PASSPHRASE_FILE";

/// Returns who signs; asks for the passphrase when there is one.
pub(super) fn signer(
    args: &KeyArgs,
    is_terminal: bool,
    now: Timestamp,
) -> Result<Signer, KeyError> {
    let Some(path) = &args.key else {
        let name = args.gpg.as_deref().filter(|name| !name.is_empty());
        return Signer::of_gpg(name, now).map_err(KeyError::Gpg);
    };
    forbid_core_dumps();
    let unusable = |source| KeyError::Unusable {
        path: path.clone(),
        source,
    };
    let bytes = read(path, MAX_KEY)?;
    let key = SecretKey::read(&bytes, now).map_err(unusable)?;
    let passphrase = match key.is_protected() {
        true => Some(passphrase(args, path, is_terminal)?),
        false => None,
    };
    key.unlock(passphrase.as_ref()).map_err(unusable)
}

/// A crash must not write the key to a file. From now on, other processes of the user cannot read this one's memory either.
fn forbid_core_dumps() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let none = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // Where it is not allowed, the limit is lower already.
        let _ = setrlimit(Resource::Core, none);
    }
    // A core that the kernel pipes to a program knows no limit (core(5)).
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // It is refused for values only that are not this one.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

fn passphrase(args: &KeyArgs, key: &Path, is_terminal: bool) -> Result<Passphrase, KeyError> {
    let named = match (&args.passphrase_file, args.passphrase_fd) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(number)) => Some(PathBuf::from(format!("/dev/fd/{number}"))),
        (None, None) => std::env::var_os(PASSPHRASE_FILE).map(PathBuf::from),
    };
    if let Some(path) = named {
        let mut bytes = read(&path, MAX_PASSPHRASE)?;
        let line = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        bytes.truncate(line.unwrap_or(bytes.len()));
        return Ok(bytes.into());
    }
    if !is_terminal {
        let path = key.to_owned();
        return Err(KeyError::NoPassphrase { path });
    }
    let prompt = format!("Passphrase of {}: ", key.display());
    let typed = rpassword::prompt_password(prompt).map_err(|source| KeyError::Read {
        path: PathBuf::from("/dev/tty"),
        source,
    })?;
    Ok(typed.into_bytes().into())
}

fn read(path: &Path, max: u64) -> Result<Vec<u8>, KeyError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(max).read_to_end(&mut bytes))
        .map_err(|source| KeyError::Read {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}
