//! `spkrepo import` and `spkrepo mirror`.

use std::path::PathBuf;

use super::error::CliError;
use super::landing::{Landing, show_landed};
use super::roots::roots;
use super::table::size;
use super::{Context, Status, progress};
use crate::model::arch::Arch;
use crate::model::base_url::BaseUrl;
use crate::model::channel::Channel;
use crate::model::setting::Size;
use crate::ops::import::{
    Gone, Manners, News, Options, Promoted, Rate, Refused, ReleaseReport, Report, Source, import,
};
use crate::ops::target::DsmLine;

/// Take in what another source has
///
/// SOURCE is a folder of SPKs, the data folder of SynoCommunity's spkrepo, or the address that people enter in Package
/// Center. Each release becomes a commit, dated as the source says: packages by name, of each the oldest release first. What
/// cannot be taken is reported, and the rest goes on; interrupted, the same command goes on where it stopped.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A folder, or an address that begins with http:// or https://
    source: String,
    #[command(flatten)]
    common: Common,
}

/// Follow a source on the web: take in what is new there
///
/// Like import, to be repeated: only what is new is downloaded, builds that the source has made stable are promoted, and
/// newest releases that it has withdrawn are reported.
#[derive(Debug, clap::Args)]
pub(super) struct MirrorArgs {
    /// The address that people enter in Package Center
    url: BaseUrl,
    /// Yank the newest releases that the source has withdrawn
    #[arg(long)]
    yank_gone: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, clap::Args)]
struct Common {
    /// Ask for this platform only, and for no list of all builds
    #[arg(long)]
    arch: Vec<Arch>,
    /// Ask for this version of DSM only (7, 7.2, 7.2-64570), and for no list of all builds
    #[arg(long, value_name = "VERSION")]
    dsm: Vec<DsmLine>,
    /// Ask as devices do, even when the source lists all its builds
    #[arg(long)]
    devices: bool,
    /// Put all builds on this channel instead of the one that they have there
    #[arg(long)]
    channel: Option<Channel>,
    /// Show what would be taken in, and download and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Keep a release's texts where another SPK of it says otherwise
    #[arg(long)]
    keep_texts: bool,
    /// Refuse SPKs that are larger
    #[arg(long, value_name = "SIZE", default_value = "4GiB")]
    max_size: Size,
    /// Refuse SPKs that are signed already
    #[arg(long)]
    reject_signed: bool,
    /// Send no more requests than this: 2/s, 30/min
    #[arg(long, default_value = "2/s")]
    rate: Rate,
    #[command(flatten)]
    landing: Landing,
}

pub(super) fn run(context: &Context, args: Args) -> Result<Status, CliError> {
    let is_address = ["http://", "https://"]
        .iter()
        .any(|scheme| args.source.starts_with(scheme));
    let source = if is_address {
        Source::Web(args.source.parse()?)
    } else {
        Source::Folder(PathBuf::from(args.source))
    };
    let repository = args.common.landing.repository(context, "import")?;
    let options = args.common.options(false)?;
    let progress = progress::progress(&context.ui);
    let tell = teller(context, &args.common);
    let report = import(&repository, &source, &options, &*progress, &tell)?;
    Ok(show(context, &report, &args.common))
}

pub(super) fn mirror(context: &Context, args: &MirrorArgs) -> Result<Status, CliError> {
    let repository = args.common.landing.repository(context, "mirror")?;
    let options = args.common.options(args.yank_gone)?;
    let progress = progress::progress(&context.ui);
    let tell = teller(context, &args.common);
    let report = crate::ops::import::mirror(&repository, &args.url, &options, &*progress, &tell)?;
    Ok(show(context, &report, &args.common))
}

impl Common {
    fn options(&self, yank_gone: bool) -> Result<Options, CliError> {
        Ok(Options {
            arch: self.arch.clone(),
            channel: self.channel,
            devices: self.devices,
            dry_run: self.dry_run,
            dsm: self.dsm.clone(),
            keep_texts: self.keep_texts,
            manners: Manners {
                max_size: self.max_size.0 as u64,
                rate: self.rate,
                roots: roots()?,
            },
            reject_signed: self.reject_signed,
            yank_gone,
        })
    }
}

/// Says what happens as it happens: an import may take hours.
fn teller<'a>(context: &'a Context, args: &'a Common) -> impl Fn(&News<'_>) + 'a {
    let is_done = !args.dry_run;
    move |news| {
        let ui = &context.ui;
        match news {
            News::Release(release) => {
                for build in &release.builds {
                    for warning in &build.warnings {
                        ui.warning(&format!("{}: {warning}", build.from));
                    }
                }
            }
            News::Refused(refused) => ui.warning(&of_refused(refused)),
            News::Gone(_) | News::Promoted(_) => {}
        }
        if !args.json {
            let line = match news {
                News::Gone(gone) => of_gone(gone, is_done),
                News::Promoted(promoted) => of_promoted(promoted),
                News::Refused(_) => return,
                News::Release(release) => of_release(release, is_done),
            };
            ui.out(&format!("{line}\n"));
        }
        let landed = match news {
            News::Gone(gone) => Some(&gone.landed),
            News::Promoted(promoted) => Some(&promoted.landed),
            News::Refused(_) => None,
            News::Release(release) => release.landed.as_ref(),
        };
        if let Some(landed) = landed {
            show_landed(ui, landed);
        }
    }
}

fn of_release(release: &ReleaseReport, is_done: bool) -> String {
    let ReleaseReport {
        builds,
        package,
        version,
        ..
    } = release;
    let mut channels: Vec<&str> = builds.iter().map(|build| build.channel.as_str()).collect();
    channels.sort_unstable();
    channels.dedup();
    let bytes: u64 = builds.iter().filter_map(|build| build.size).sum();
    let mut line = format!(
        "{} {package} {version}: {} on {}, {}",
        if is_done { "added" } else { "would add" },
        counted(builds.len(), "build"),
        channels.join(" and "),
        size(bytes)
    );
    if let Some(date) = &release.date {
        line.push_str(&format!(", of {}", date.get(..10).unwrap_or(date)));
    }
    line
}

fn of_promoted(promoted: &Promoted) -> String {
    format!(
        "promoted {} {}: {} to stable",
        promoted.package,
        promoted.version,
        counted(promoted.builds.len(), "build")
    )
}

fn of_gone(gone: &Gone, is_done: bool) -> String {
    let what = match (gone.yanked, is_done) {
        (true, true) => "yanked, since the source has withdrawn it",
        (true, false) => "to be yanked, since the source has withdrawn it",
        (false, _) => "withdrawn by the source; it stays here",
    };
    format!("gone {} {}: {what}", gone.package, gone.version)
}

fn of_refused(refused: &Refused) -> String {
    let of = match (&refused.package, &refused.version) {
        (Some(package), Some(version)) => format!("{package} {version}, "),
        (Some(package), None) => format!("{package}, "),
        _ => String::new(),
    };
    // A reason that begins with the file has named it.
    match refused.reason.starts_with(&format!("`{}`", refused.what)) {
        true => format!("refused {of}{}", refused.reason),
        false => format!("refused {of}`{}`: {}", refused.what, refused.reason),
    }
}

fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}

fn show(context: &Context, report: &Report, args: &Common) -> Status {
    let ui = &context.ui;
    show_landed(ui, &report.begun);
    for note in &report.notes {
        ui.note(note);
    }
    if args.json {
        ui.json(report);
    } else {
        ui.out(&format!("{}\n", summary(report, args.dry_run)));
    }
    match report.has_problems() {
        true => Status::Problems,
        false => Status::Done,
    }
}

fn summary(report: &Report, is_plan: bool) -> String {
    let builds: usize = report
        .releases
        .iter()
        .map(|release| release.builds.len())
        .sum();
    let mut parts = vec![
        format!(
            "{}{} of {}",
            if is_plan { "would take " } else { "took " },
            counted(builds, "build"),
            counted(report.releases.len(), "release")
        ),
        format!("{} already there", report.already_there),
        format!("{} refused", report.refused.len()),
    ];
    for (count, what) in [
        (report.promoted.len(), "promoted"),
        (report.gone.len(), "gone"),
    ] {
        if count > 0 {
            parts.push(format!("{} {what}", counted(count, "release")));
        }
    }
    parts.join(", ")
}
