//! `spkrepo query`.

use super::device::DeviceArgs;
use super::error::CliError;
use super::{Context, Status};
use crate::catalog::answer;

/// Print the catalog that a device would get, without a server
///
/// Describe the device by --model or --arch and --dsm or --build, or paste its request from an access log.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The request of the device: a URL, its query, or a line of an access log
    request: Option<String>,
    #[command(flatten)]
    device: DeviceArgs,
    /// What links begin with, unless spkrepo.toml says it
    #[arg(long, value_name = "URL", default_value = "http://localhost:8080")]
    base_url: String,
    /// Read this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let device = args.device.asked(args.request).device()?;
    let (_, snapshot) = context.snapshot(args.rev.as_deref())?;
    let configured = snapshot.settings.repository.url.as_deref();
    let base_url = configured.unwrap_or(&args.base_url).trim_end_matches('/');
    let json = answer(&snapshot, &device, base_url);
    let value: serde_json::Value = serde_json::from_slice(&json).expect("the catalog is JSON");
    context.ui.json(&value);
    Ok(Status::Done)
}
