//! `spkrepo serve`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::access_log::{AccessLog, redacted};
use super::blob_remotes::Opener;
use super::error::{CliError, problem};
use super::secret::{self, KeyArgs, KeyError};
use super::settings::{Effective, SettingFlags, effective};
use super::throttle::{Pass, Throttle};
use super::ui::Ui;
use super::{Context, Status, hook_secret};
use crate::git::RemoteError;
use crate::http::{
    DownloadOptions, Event, Limits, Notice, OnNotice, ServeOptions, TlsFiles, UploadOptions, serve,
};
use crate::model::setting::{DownloadsFrom, ServeSettings};
use crate::ops::add::Outcome;
use crate::ops::verify::with_causes;
use crate::repo::{FollowError, LoadError, OpenError, Repository};
use crate::transfer::CacheLimits;

/// Answer Package Center and browsers
///
/// What is served is the commit that HEAD names, never files that are not committed. A new commit is served within a
/// second; one that does not parse is refused, and the commit before it is served on. With --follow, it is what a remote
/// has: fetched, with its SPKs, every --every, and at once when a webhook says so; no branch of this repository moves.
///
/// With --downloads cache or redirect, SPKs need not be here: those that somebody asks for are fetched from the remotes in
/// `[[blobs.remote]]` of spkrepo.toml, or clients are sent there.
///
/// Each setting can also be given by a variable, such as SPKREPO_MAX_BODY_SIZE for --max-body-size (several values
/// separated by commas), or in `[serve]` of spkrepo.toml, as max_body_size, which is read when the server starts. A flag
/// counts before a variable, that before the file. `spkrepo config` shows what is in effect.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    settings: SettingFlags,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let (repository, effective) = effective(context, &args.settings)?;
    let settings = &effective.settings;
    let log = AccessLog::open(settings.access_log, settings.access_log_file.as_deref())?;
    let log = Arc::new(log);
    let hook_secret = settings.hook_secret_file.as_deref().map(hook_secret::read);
    let options = ServeOptions {
        downloads: downloads(&repository, settings)?,
        hook_secret: hook_secret.transpose()?,
        lost_lines: Arc::clone(&log.lost),
        uploads: uploads(settings)?,
        ..effective.options()
    };
    let followed = effective.followed(context)?;
    let scheme = if options.tls.is_some() {
        "https"
    } else {
        "http"
    };
    let again = Again {
        context: Context {
            repo: context.repo.clone(),
            ui: Ui::new(),
        },
        flags: args.settings.clone(),
        started: effective,
    };
    let notices = notices(Arc::clone(&log), scheme, |_| {}, move || again.compare());
    let served = serve(repository, followed, &options, &notices);
    // A connection that was ended by force may hold the log for a moment longer than the program lives.
    log.close();
    served?;
    Ok(Status::Done)
}

/// Reads the settings again to say which of them have changed.
///
/// None is put into effect: sockets, limits and hosts are what a running server was made of, and half of a change would
/// be worse than all of it after a restart.
struct Again {
    context: Context,
    flags: SettingFlags,
    started: Effective,
}

impl Again {
    fn compare(&self) {
        let ui = &self.context.ui;
        match effective(&self.context, &self.flags) {
            Ok((_, now)) => {
                for name in self.started.differences(&now) {
                    ui.warning(&format!("`{name}` has changed; it counts after a restart"));
                }
            }
            Err(error) => error.warn(ui),
        }
    }
}

/// Serves `repository` at HEAD with all defaults; `ready` is told the address.
pub(super) fn serve_head(
    repository: Repository,
    address: SocketAddr,
    ready: impl Fn(SocketAddr) + Send + Sync + 'static,
) -> Result<Status, CliError> {
    let effective = Effective::defaults();
    let options = ServeOptions {
        addresses: vec![address],
        ..effective.options()
    };
    let log = Arc::new(AccessLog::open(effective.settings.access_log, None)?);
    serve(
        repository,
        None,
        &options,
        &notices(log, "http", ready, || {}),
    )?;
    Ok(Status::Done)
}

impl Effective {
    fn options(&self) -> ServeOptions {
        let settings = &self.settings;
        let addresses = settings.listen.0.iter();
        let tls = settings.tls_cert.clone().zip(settings.tls_key.clone());
        ServeOptions {
            accel_redirect: settings.accel_redirect.clone(),
            addresses: addresses.map(|one| one.socket(settings.port)).collect(),
            allowed_hosts: settings.allowed_host.clone(),
            catalog_cache_size: settings.catalog_cache_size.0,
            debug_package: settings.debug_package,
            downloads: None,
            every: settings.every.0,
            follow: self.follow(),
            hook_secret: None,
            is_in_terminal: Ui::new().is_terminal(),
            lfs: settings.lfs,
            limits: limits(settings),
            lost_lines: Arc::default(),
            max_uploads: settings.max_uploads,
            prefix: settings.url_prefix.clone().unwrap_or_default(),
            redirect: settings.redirect_listen,
            tls: tls.map(|(cert, key)| TlsFiles { cert, key }),
            trusted_proxies: settings.trusted_proxy.clone(),
            uploads: None,
            watch: settings.metrics_listen,
        }
    }
}

/// Returns how SPKs are had that are not here, if they are.
fn downloads(
    repository: &Repository,
    settings: &ServeSettings,
) -> Result<Option<DownloadOptions>, CliError> {
    if settings.downloads == DownloadsFrom::Local {
        return Ok(None);
    }
    let usual = || repository.store.common_dir().join("spkrepo/cache");
    Ok(Some(DownloadOptions {
        cache: settings.cache_dir.clone().unwrap_or_else(usual),
        is_redirecting: settings.downloads == DownloadsFrom::Redirect,
        limits: CacheLimits {
            capacity: settings.cache_size.0 as u64,
            fetches: settings.max_fetches,
        },
        opener: Opener::of_server(repository)?,
    }))
}

/// Returns how uploads are taken, if they are; a key is read now, so that its passphrase can be asked for.
fn uploads(settings: &ServeSettings) -> Result<Option<UploadOptions>, KeyError> {
    if !settings.upload {
        return Ok(None);
    }
    let signer = settings.sign_key.as_deref().map(|key| {
        let key = KeyArgs::of_files(key, settings.sign_passphrase_file.as_deref());
        secret::signer(&key, Ui::new().is_terminal(), Timestamp::now())
    });
    Ok(Some(UploadOptions {
        branch: settings.upload_to.clone().map(|branch| branch.0),
        signer: signer.transpose()?.map(Arc::new),
    }))
}

fn limits(settings: &ServeSettings) -> Limits {
    Limits {
        body_timeout: settings.body_timeout.0,
        connections: settings.max_connections,
        connections_per_address: settings.max_connections_per_address,
        drain_timeout: settings.drain_timeout.0,
        head_size: settings.max_head_size.0,
        head_timeout: settings.head_timeout.0,
        header_count: settings.max_header_count,
        idle_timeout: settings.idle_timeout.0,
        body_size: settings.max_body_size.0,
        relayed: settings.max_requests_in_flight,
        send_timeout: settings.send_timeout.0,
        upload_size: settings.max_upload_size.0 as u64,
        upload_timeout: settings.upload_timeout.0,
    }
}

fn notices(
    log: Arc<AccessLog>,
    scheme: &'static str,
    ready: impl Fn(SocketAddr) + Send + Sync + 'static,
    again: impl Fn() + Send + Sync + 'static,
) -> OnNotice {
    let ui = Ui::new();
    let throttle = Throttle::new(Instant::now());
    Arc::new(move |notice| match &notice {
        Notice::Front(event @ Event::Answered { .. }) => log.write(event),
        Notice::Front(Event::Failed { .. } | Event::Refused { .. })
        | Notice::NotFetched { .. }
        | Notice::Unauthorised { .. } => {
            if let Pass::Yes { left_out } = throttle.pass(Instant::now()) {
                print(&ui, &notice);
                if left_out > 0 {
                    ui.note(&format!(
                        "  {left_out} lines like this were left out before"
                    ));
                }
            }
        }
        Notice::Listening { addresses } => {
            addresses
                .iter()
                .for_each(|address| ui.note(&format!("listening on {scheme}://{address}")));
            ready(addresses[0]);
        }
        Notice::Reloading => {
            ui.note("reading everything again");
            log.reopen();
            again();
        }
        _ => print(&ui, &notice),
    })
}

fn print(ui: &Ui, notice: &Notice<'_>) {
    match notice {
        Notice::Front(Event::Answered { .. }) | Notice::Listening { .. } | Notice::Reloading => {}
        Notice::Front(Event::Failed { asked, failure }) => {
            let target = redacted(asked.target());
            let (id, client, method) = (&asked.id, asked.client, asked.method());
            ui.warning(&format!(
                "{method} {target} from {client}: {failure} ({id})"
            ));
        }
        Notice::Front(Event::Refused {
            cause,
            id,
            peer,
            status,
        }) => ui.warning(&format!(
            "refused with {status} what {peer} sent: {cause} ({id})"
        )),
        Notice::Front(Event::Reloaded { result: Ok(()) }) => {
            ui.note("the certificate was read again")
        }
        Notice::Front(Event::Reloaded { result: Err(error) }) => {
            ui.warning(&format!("{error}; the certificate before it stays in use"));
        }
        Notice::Front(Event::Waiting { address, failure }) => {
            ui.warning(&format!("{address}: {failure}"));
        }
        Notice::Incomplete { error } => {
            ui.warning(&error.to_string());
            said(error)
                .iter()
                .for_each(|line| ui.note(&format!("  {line}")));
        }
        Notice::NotFetched { blob, refusal } => {
            let refusal = with_causes(*refusal);
            ui.warning(&format!("could not fetch {}: {refusal}", blob.sha256));
        }
        Notice::Reachable { remote } => ui.note(&format!("{remote} answers again")),
        Notice::Rewritten { remote } => ui.warning(&format!(
            "{remote} was rewritten: it does not descend from the commit that was served before"
        )),
        Notice::Unreachable { error } => {
            ui.warning(&format!("{error}; what is here is served on"));
            if let FollowError::Remote(error) = error {
                said(error)
                    .iter()
                    .for_each(|line| ui.note(&format!("  {line}")));
            }
        }
        Notice::Refused { error, serving } => {
            ui.warning(&format!("{error}; still serving {}", serving.short()));
            details(error)
                .iter()
                .for_each(|line| ui.note(&format!("  {line}")));
        }
        Notice::Stored { sha256, size, user } => {
            ui.note(&format!("{user} sent the object {sha256} ({size} bytes)"));
        }
        Notice::NotStored { error, user } => {
            ui.warning(&format!("could not keep an object of {user}: {error}"));
        }
        Notice::Serving { commit, packages } => ui.note(&format!(
            "serving {packages} packages of {}",
            commit.short()
        )),
        Notice::Stopping => ui.note("stopping"),
        Notice::Unauthorised { client, why } => {
            ui.warning(&format!("refused an upload from {client}: {why}"));
        }
        Notice::UploadFailed { error, user } => {
            let error = with_causes(*error);
            ui.warning(&format!("could not publish an upload of {user}: {error}"));
        }
        Notice::Uploaded { uploaded, user } => {
            let file = &uploaded.file;
            let (package, version, build) = (&file.package, &file.version, &file.build);
            let verb = match file.outcome {
                Outcome::AlreadyThere => "uploaded again",
                Outcome::Added | Outcome::Replaced => "uploaded",
            };
            ui.note(&format!("{user} {verb} {package} {version} ({build})"));
        }
        Notice::Watching { address } => ui.note(&format!("metrics at http://{address}/metrics")),
    }
}

fn said(error: &RemoteError) -> &[String] {
    match error {
        RemoteError::Refused { said, .. } => said,
        _ => &[],
    }
}

fn details(error: &OpenError) -> Vec<String> {
    match error {
        OpenError::Load(LoadError::Broken { problems, .. }) => {
            problems.iter().map(problem).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Follow;

    #[test]
    fn defaults_of_the_settings_are_those_of_the_limits() {
        let options = Effective::defaults().options();
        assert_eq!(options.limits, Limits::default());
        let address: SocketAddr = "127.0.0.1:8080".parse().expect("an address");
        assert_eq!(options.addresses, [address]);
        assert_eq!(options.follow, Follow::Head);
    }
}
