//! `spkrepo demo`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::error::CliError;
use super::serve::serve_head;
use super::ui::Ui;
use super::{Context, Status};
use crate::ops::demo::demo;

/// Make a sample package source and serve it
///
/// The SPKs are made on the spot: several packages, platforms, lines of DSM and languages, a beta, a yanked and a staged
/// release. A folder that holds the sample already is served as it is.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the sample repository is made
    #[arg(default_value = "spkrepo-demo")]
    dir: PathBuf,
    /// The port; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Listen on this address; 0.0.0.0 is every one of IPv4
    #[arg(long, value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    listen: IpAddr,
}

pub(super) fn run(context: &Context, args: &Args) -> Result<Status, CliError> {
    let repository = demo(&args.dir)?;
    let dir = args.dir.display().to_string();
    context
        .ui
        .note(&format!("the sample repository is `{dir}`"));
    let ui = Ui::new();
    serve_head(
        repository,
        SocketAddr::new(args.listen, args.port),
        move |address| {
            ui.out(&guide(&dir, address));
        },
    )
}

/// Returns what to try.
fn guide(dir: &str, address: SocketAddr) -> String {
    let unique = "synology_apollolake_918%2B";
    format!(
        "
What a DS918+ with DSM 7.2 is offered:
  curl 'http://{address}/?arch=apollolake&build=64570&major=7&minor=2&language=enu&unique={unique}'
The same in French, with betas:
  curl 'http://{address}/beta/?arch=apollolake&build=64570&major=7&minor=2&language=fre&unique={unique}'
What a DS415+ with DSM 6.2 is offered:
  curl 'http://{address}/?arch=avoton&build=25556&major=6&minor=2&language=enu&unique=synology_avoton_415%2B'
In a browser:
  http://{address}/
What is in the repository, and how it came there:
  spkrepo --repo '{dir}' list
  spkrepo --repo '{dir}' log
Publish the staged release, and ask again:
  spkrepo --repo '{dir}' promote note-keeper --to stable

Ctrl-C ends it.
"
    )
}
