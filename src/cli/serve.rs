//! `spkrepo serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::error::{CliError, problem};
use super::ui::Ui;
use super::{Context, Status};
use crate::http::{Event, Follow, Limits, Notice, OnNotice, ServeOptions, serve};
use crate::model::trusted_proxy::TrustedProxy;
use crate::model::url_prefix::UrlPrefix;
use crate::repo::{LoadError, OpenError, Repository};

/// Answer Package Center and browsers
///
/// What is served is the commit that HEAD names, never files that are not committed. A new commit is served within a
/// second; one that does not parse is refused, and the commit before it is served on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) address: AddressArgs,
    /// Serve what this branch or tag names instead of HEAD
    #[arg(long, value_name = "NAME", conflicts_with = "rev")]
    r#ref: Option<String>,
    /// Serve this commit and no later one
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
    /// Believe what a proxy at this address or network says of the client's address and scheme
    #[arg(long, value_name = "ADDRESS[/BITS]")]
    trusted_proxy: Vec<TrustedProxy>,
    /// Print a line for each request
    #[arg(long)]
    log_requests: bool,
    /// Add an entry to each catalog that shows a NAS what it asked, in its Package Center
    #[arg(long)]
    debug_package: bool,
}

/// Where a server listens.
#[derive(Debug, clap::Args)]
pub(super) struct AddressArgs {
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Listen on this address; 0.0.0.0 is every one of IPv4
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
}

impl AddressArgs {
    /// Returns the address and port.
    fn socket(&self) -> SocketAddr {
        SocketAddr::new(self.listen, self.port)
    }
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let follow = match (args.r#ref, args.rev) {
        (Some(name), _) => Follow::Reference { name },
        (None, Some(revision)) => Follow::Fixed { revision },
        (None, None) => Follow::Head,
    };
    let options = ServeOptions {
        debug_package: args.debug_package,
        follow,
        trusted_proxies: args.trusted_proxy,
        ..defaults(&args.address)
    };
    serve(
        context.repository()?,
        &options,
        &notices(args.log_requests, |_| {}),
    )?;
    Ok(Status::Done)
}

/// Serves `repository` at HEAD; `ready` is told the address.
pub(super) fn serve_head(
    repository: Repository,
    address: &AddressArgs,
    ready: impl Fn(SocketAddr) + Send + Sync + 'static,
) -> Result<Status, CliError> {
    let options = defaults(address);
    serve(repository, &options, &notices(false, ready))?;
    Ok(Status::Done)
}

fn defaults(address: &AddressArgs) -> ServeOptions {
    ServeOptions {
        accel_redirect: None,
        addresses: vec![address.socket()],
        allowed_hosts: Vec::new(),
        catalog_cache_size: 64 << 20,
        debug_package: false,
        follow: Follow::Head,
        limits: Limits::default(),
        prefix: UrlPrefix::default(),
        redirect: None,
        tls: None,
        trusted_proxies: Vec::new(),
    }
}

fn notices(log_requests: bool, ready: impl Fn(SocketAddr) + Send + Sync + 'static) -> OnNotice {
    let ui = Ui::new();
    Arc::new(move |notice| {
        if let Notice::Listening { addresses } = &notice {
            addresses
                .iter()
                .for_each(|address| ui.note(&format!("listening on http://{address}")));
            ready(addresses[0]);
        } else if log_requests || !matches!(notice, Notice::Front(Event::Answered { .. })) {
            print(&ui, &notice);
        }
    })
}

fn print(ui: &Ui, notice: &Notice<'_>) {
    match notice {
        Notice::Listening { .. } => {}
        Notice::Front(Event::Answered {
            bytes,
            method,
            micros,
            peer,
            status,
            target,
        }) => ui.note(&format!(
            "{peer} \"{method} {target}\" {status} {bytes} bytes {micros} µs"
        )),
        Notice::Front(Event::Failed {
            failure,
            method,
            peer,
            target,
        }) => ui.warning(&format!("{method} {target} from {peer}: {failure}")),
        Notice::Front(Event::Refused {
            cause,
            peer,
            status,
        }) => ui.warning(&format!("refused with {status} what {peer} sent: {cause}")),
        Notice::Front(Event::Reloaded { result: Ok(()) }) => {
            ui.note("the certificate was read again")
        }
        Notice::Front(Event::Reloaded { result: Err(error) }) => {
            ui.warning(&format!("{error}; the certificate before it stays in use"));
        }
        Notice::Front(Event::Waiting { address, failure }) => {
            ui.warning(&format!("{address}: {failure}"));
        }
        Notice::Refused { error, serving } => {
            ui.warning(&format!("{error}; still serving {}", serving.short()));
            details(error)
                .iter()
                .for_each(|line| ui.note(&format!("  {line}")));
        }
        Notice::Serving { commit, packages } => ui.note(&format!(
            "serving {packages} packages of {}",
            commit.short()
        )),
        Notice::Stopping => ui.note("stopping"),
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
