//! `spkrepo explain`.

use super::device::DeviceArgs;
use super::error::CliError;
use super::table::table;
use super::{Context, Status};
use crate::catalog::{Explanation, explain};
use crate::ops::target::Target;

/// Say why a device is offered a build of a package, or is not
///
/// Describe the device by --model or --arch and --dsm or --build, or paste its request from an access log.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The package, and a version to look at alone
    #[arg(value_name = "PACKAGE[@VERSION]")]
    target: Target,
    /// The request of the device: a URL, its query, or a line of an access log
    request: Option<String>,
    #[command(flatten)]
    device: DeviceArgs,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Read this commit instead of HEAD
    #[arg(long, value_name = "REVISION")]
    rev: Option<String>,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let device = args.device.asked(args.request).device()?;
    let (_, snapshot) = context.snapshot(args.rev.as_deref())?;
    let package = args.target.package(&snapshot)?;
    if args.target.version.is_some() {
        args.target.release(&snapshot)?;
    }
    let mut report = explain(package, snapshot.settings.catalog.compatibility, &device);
    if let Some(version) = &args.target.version {
        report
            .builds
            .retain(|verdict| verdict.version == version.as_str());
    }
    if args.json {
        context.ui.json(&report);
    } else {
        context.ui.out(&text(&report));
    }
    Ok(Status::Done)
}

fn text(report: &Explanation) -> String {
    let rows: Vec<Vec<String>> = report
        .builds
        .iter()
        .map(|verdict| {
            let mark = if verdict.offered { "yes" } else { "no" };
            let build = format!("{} {}", verdict.version, verdict.build);
            vec![mark.to_owned(), build, verdict.reason.clone()]
        })
        .collect();
    format!("{}\n{}", report.device, table(&rows))
}
