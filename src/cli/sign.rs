//! `spkrepo sign` and `unsign`.

use std::path::PathBuf;

use jiff::Timestamp;

use super::error::CliError;
use super::landing::show_landed;
use super::offer::{Which, text};
use super::roots::roots;
use super::secret::{self, KeyArgs};
use super::{Context, Status, progress};
use crate::model::setting::Period;
use crate::ops::keys::from_files;
use crate::ops::sign::{Action, Outcome, Report, Request, TimeServer, sign};

/// Sign the SPKs of a release
///
/// Puts the signature that DSM 5.1 to 6.2 knows into each SPK, and the certificate under keys/, in one commit. The rest
/// of each SPK keeps its bytes. The passphrase of a key in a file is asked for on the terminal, unless a file or a
/// descriptor has it; that of a key of GnuPG is asked for by its agent. Nothing of the key is written anywhere.
#[derive(Debug, clap::Args)]
pub(super) struct SignArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    key: KeyArgs,
    /// Have this time server sign around each signature, as DSM 5.1 to 6.2 expect it
    #[arg(long, value_name = "URL")]
    timestamp_url: Option<String>,
    /// Believe the time server with the certificate in this file instead of those under keys/timestamp/
    #[arg(long, value_name = "FILE", requires = "timestamp_url")]
    timestamp_key: Vec<PathBuf>,
    /// How long the time server may take for each answer
    #[arg(
        long,
        value_name = "TIME",
        default_value = "30s",
        requires = "timestamp_url"
    )]
    timestamp_timeout: Period,
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

pub(super) fn sign_builds(context: &Context, args: SignArgs) -> Result<Status, CliError> {
    let now = Timestamp::now();
    let time_server = time_server(&args)?;
    let signer = secret::signer(&args.key, context.ui.is_terminal(), now)?;
    let action = Action::Sign {
        signer: &signer,
        time_server: time_server.as_ref(),
    };
    let report = run(context, args.which, args.yanked, &action, now)?;
    let fresh = |outcome: &Outcome| matches!(outcome, Outcome::Signed { .. });
    let any = report.builds.iter().any(|build| fresh(&build.outcome));
    if any && time_server.is_none() {
        context.ui.note(
            "note: without a time server's signature around it, DSM 5.1 to 6.2 take the publisher for unknown; \
             they install it when Package Center trusts any publisher",
        );
    }
    Ok(Status::Done)
}

fn time_server(args: &SignArgs) -> Result<Option<TimeServer>, CliError> {
    let Some(url) = &args.timestamp_url else {
        return Ok(None);
    };
    let keys = from_files(&args.timestamp_key)?;
    let certificates = (!args.timestamp_key.is_empty()).then_some(keys.timestamps);
    let patience = args.timestamp_timeout.0;
    Ok(Some(TimeServer::new(
        url.clone(),
        patience,
        roots()?,
        certificates,
    )))
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
    let command = match action {
        Action::Sign { .. } => "sign",
        Action::Unsign { .. } => "unsign",
    };
    let repository = which.landing.repository(context, command)?;
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

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::AlreadySigned { fingerprint } => format!("already signed by {fingerprint}"),
        Outcome::NotSigned => "not signed".to_owned(),
        Outcome::Signed {
            fingerprint,
            timestamped_by: Some(by),
            ..
        } => format!("signed by {fingerprint}, time stamp by {by}"),
        Outcome::Signed { fingerprint, .. } => format!("signed by {fingerprint}"),
        Outcome::StaysYanked => "left alone, since it is yanked".to_owned(),
        Outcome::Unsigned { .. } => "signature removed".to_owned(),
    }
}
