//! `spkrepo sign` and `unsign`.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::CliError;
use super::offer::{Which, show_landed, text};
use super::{Context, Status, progress};
use crate::ops::sign::{Action, Outcome, Report, Request, sign};
use crate::pgp::{Passphrase, PgpError, SecretKey, Signer};

/// Sign the SPKs of a release
///
/// Puts the signature that DSM 5.1 to 6.2 knows into each SPK, and the certificate under keys/, in one commit. The rest
/// of each SPK keeps its bytes. The passphrase of the key is asked for on the terminal, unless a file or a descriptor has
/// it. Nothing of the key is written anywhere.
#[derive(Debug, clap::Args)]
pub(super) struct SignArgs {
    #[command(flatten)]
    which: Which,
    /// The secret key, as gpg or sq exports it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Read the passphrase from the first line of this file; SPKREPO_PASSPHRASE_FILE names one too
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_fd")]
    passphrase_file: Option<PathBuf>,
    /// Read the passphrase from the first line of this open descriptor
    #[arg(long, value_name = "NUMBER")]
    passphrase_fd: Option<u32>,
    /// Sign yanked builds too
    #[arg(long)]
    yanked: bool,
}

/// Take the signatures out of the SPKs of a release
///
/// Each SPK is again what it was before it was signed, byte for byte.
#[derive(Debug, clap::Args)]
pub(super) struct UnsignArgs {
    #[command(flatten)]
    which: Which,
    /// Change builds that are offered on stable
    #[arg(long)]
    force: bool,
    /// Change yanked builds too
    #[arg(long)]
    yanked: bool,
}

/// Says why there is no key to sign with.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyError {
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

pub(super) fn sign_builds(context: &Context, args: SignArgs) -> Result<Status, CliError> {
    forbid_core_dumps();
    let now = Timestamp::now();
    let signer = signer(&args, context.ui.is_terminal(), now)?;
    let fresh = |outcome: &Outcome| matches!(outcome, Outcome::Signed { .. });
    let report = run(
        context,
        args.which,
        args.yanked,
        &Action::Sign(&signer),
        now,
    )?;
    if report.builds.iter().any(|build| fresh(&build.outcome)) {
        context.ui.note(
            "note: without a time server's signature around it, DSM 5.1 to 6.2 take the publisher for unknown; \
             they install it when Package Center trusts any publisher",
        );
    }
    Ok(Status::Done)
}

pub(super) fn unsign(context: &Context, args: UnsignArgs) -> Result<Status, CliError> {
    let action = Action::Unsign { force: args.force };
    run(context, args.which, args.yanked, &action, Timestamp::now())?;
    Ok(Status::Done)
}

fn run(
    context: &Context,
    which: Which,
    yanked: bool,
    action: &Action<'_>,
    now: Timestamp,
) -> Result<Report, CliError> {
    let repository = context.repository()?;
    let json = which.json;
    let request = Request {
        dry_run: which.dry_run,
        filters: which.filters(),
        target: which.target,
        yanked,
    };
    let progress = progress::progress(&context.ui);
    let report = sign(&repository, &request, action, now, &*progress)?;
    if json {
        context.ui.json(&report);
    } else if let Some(diff) = &report.diff {
        context.ui.out(diff);
    } else {
        context.ui.out(&text(&report, words));
    }
    show_landed(&context.ui, &report.landed);
    Ok(report)
}

/// A panic must not write the key to a file.
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
}

fn signer(args: &SignArgs, is_terminal: bool, now: Timestamp) -> Result<Signer, KeyError> {
    let path = &args.key;
    let unusable = |source| KeyError::Unusable {
        path: path.clone(),
        source,
    };
    let bytes = read(path, MAX_KEY)?;
    let key = SecretKey::read(&bytes, now).map_err(unusable)?;
    let passphrase = match key.is_protected() {
        true => Some(passphrase(args, is_terminal)?),
        false => None,
    };
    key.unlock(passphrase.as_ref()).map_err(unusable)
}

fn passphrase(args: &SignArgs, is_terminal: bool) -> Result<Passphrase, KeyError> {
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
        let path = args.key.clone();
        return Err(KeyError::NoPassphrase { path });
    }
    let prompt = format!("Passphrase of {}: ", args.key.display());
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

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::AlreadySigned { fingerprint } => format!("already signed by {fingerprint}"),
        Outcome::NotSigned => "not signed".to_owned(),
        Outcome::Signed { fingerprint, .. } => format!("signed by {fingerprint}"),
        Outcome::StaysYanked => "left alone, since it is yanked".to_owned(),
        Outcome::Unsigned { .. } => "signature removed".to_owned(),
    }
}
