//! The words for what differs about a package.

use crate::cli::table::size;
use crate::diff::{
    BuildChange, BuildWhat, FieldChange, KeyChange, KeyRole, KeyWhat, Line, OfferChange, OfferKind,
    PackageDiff, PictureChange, PictureWhat, PowerChange, PowerKind, RepositoryDiff, ScriptChange,
    ScriptWhat, Status,
};

/// Names that are listed before the rest is counted.
const NAMED: usize = 6;
/// Lines of one difference that are shown.
const LINES: usize = 150;
/// Digits of a digest that tell two SPKs apart at a glance.
const DIGITS: usize = 12;

/// Returns how many there are of something.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

/// Returns the heading of a package.
pub(super) fn title(package: &PackageDiff) -> Line {
    let line = Line::quoted(&package.package);
    match &package.status {
        Status::New => line.say(": a new package"),
        Status::Removed => line.say(": removed"),
        Status::Renamed { from } => line.say(": takes the place of ").quote(from),
        Status::Changed => match steps(package) {
            Some((Some(from), to)) => line.say(": ").quote(from).say(" → ").quote(to),
            Some((None, to)) => line.say(": to ").quote(to),
            None => line,
        },
    }
}

/// The one version that devices go to, and the one that they come from when it is one.
fn steps(package: &PackageDiff) -> Option<(Option<&String>, &String)> {
    let steps = package.offers.iter().filter_map(|offer| {
        let (from, to) = (offer.from.as_ref()?, offer.to.as_ref()?);
        (from != to).then_some((from, to))
    });
    let (mut froms, mut tos): (Vec<_>, Vec<_>) = steps.unzip();
    froms.dedup();
    tos.dedup();
    match (froms.as_slice(), tos.as_slice()) {
        ([from], [to]) => Some((Some(from), to)),
        (_, [to]) => Some((None, to)),
        _ => None,
    }
}

/// Says why no device sees what changed.
pub(super) fn why_unseen(package: &PackageDiff) -> Line {
    let is_staged = |build: &BuildChange| {
        build.changes.iter().all(
            |what| matches!(what, BuildWhat::Added { channel, .. } if channel.as_str() == "staged"),
        )
    };
    let is_all_staged = !package.builds.is_empty() && package.builds.iter().all(is_staged);
    Line::said(if is_all_staged {
        "No device sees a difference: what is new is staged, and is offered to nobody before it is promoted."
    } else {
        "No device sees a difference."
    })
}

/// Returns the row of an offer.
pub(super) fn offer(offer: &OfferChange) -> Vec<Line> {
    let what = match offer.change {
        OfferKind::Appears => "appears",
        OfferKind::Disappears => "**disappears**",
        OfferKind::Falls => "**falls**",
        OfferKind::OtherBuild => "another build",
        OfferKind::OtherBytes => "**other bytes**",
        OfferKind::OtherSignature => "another signature",
        OfferKind::Rises => "rises",
        OfferKind::ShownOtherwise => "shown otherwise",
        OfferKind::StaysBehind => "stays behind",
    };
    let version = |version: &Option<String>| match version {
        Some(version) => Line::quoted(version),
        None => Line::said("nothing"),
    };
    vec![
        Line::said(what),
        version(&offer.from),
        version(&offer.to),
        Line::default().quote_all(&offer.platforms, NAMED),
        Line::said(offer.systems.join(", ")),
        Line::said(offer.audience.channels()),
    ]
}

/// Returns the row of a build.
pub(super) fn build(build: &BuildChange) -> Vec<Line> {
    let mut what = Line::default();
    for (index, change) in build.changes.iter().enumerate() {
        if index > 0 {
            what = what.say("; ");
        }
        what = what.join(build_words(change));
    }
    let platforms = Line::default().quote_all(&build.platforms, NAMED);
    vec![
        Line::quoted(&build.version).say(" ").quote(&build.build),
        platforms.say(format!(" · {}", build.range)),
        what,
        sizes(build),
        digests(build),
    ]
}

fn build_words(what: &BuildWhat) -> Line {
    match what {
        BuildWhat::Added {
            channel,
            signer,
            yanked,
        } => {
            let line = Line::said(format!("new on {channel}"));
            let line = match signer {
                Some(signer) => line.say(", signed by ").quote(signer.to_string()),
                None => line,
            };
            match yanked {
                Some(reason) => line.say(", yanked: ").quote(reason),
                None => line,
            }
        }
        BuildWhat::Moved { from, to } => Line::said(format!("{from} → {to}")),
        BuildWhat::OtherBytes { was_released: true } => {
            Line::said("**other bytes than were released**")
        }
        BuildWhat::OtherBytes {
            was_released: false,
        } => Line::said("replaced before its release"),
        BuildWhat::Removed { .. } => Line::said("**deleted**"),
        BuildWhat::Retargeted { from } => Line::said("was for ").quote(from),
        BuildWhat::Signed { by, before: None } => Line::said("signed by ").quote(by.to_string()),
        BuildWhat::Signed {
            by,
            before: Some(before),
        } => Line::said("signed by ")
            .quote(by.to_string())
            .say(", was by ")
            .quote(before.to_string()),
        BuildWhat::Unsigned { before } => {
            Line::said("signature removed, was by ").quote(before.to_string())
        }
        BuildWhat::Unyanked => Line::said("no longer yanked"),
        BuildWhat::Yanked { reason } => Line::said("yanked: ").quote(reason),
    }
}

fn sizes(build: &BuildChange) -> Line {
    let now = size(build.size);
    Line::said(match &build.follows {
        Some(old) if old.size != build.size => {
            let times = build.size as f64 / old.size.max(1) as f64;
            let growth = if times < 10.0 {
                format!("{:+.0} %", (times - 1.0) * 100.0)
            } else {
                format!("× {times:.0}")
            };
            format!("{} → {now} ({growth})", size(old.size))
        }
        _ => now,
    })
}

fn digests(build: &BuildChange) -> Line {
    let short = |digest: String| digest[..DIGITS].to_owned();
    let new = short(build.sha256.to_string());
    match &build.follows {
        Some(old) if old.version == build.version && old.sha256 != build.sha256 => {
            Line::quoted(short(old.sha256.to_string()))
                .say(" → ")
                .quote(new)
        }
        _ => Line::quoted(new),
    }
}

/// Returns what is gained and lost, a line for each kind.
pub(super) fn powers(package: &PackageDiff) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let mut rest = package.powers.as_slice();
    while let Some(first) = rest.first() {
        let is_alike = |change: &&PowerChange| {
            change.power.kind == first.power.kind
                && change.gained == first.gained
                && change.builds == first.builds
        };
        let alike = rest.iter().take_while(is_alike).count();
        let (group, others) = rest.split_at(alike);
        rest = others;
        let names = group.iter().map(|change| change.power.name.clone());
        let line = Line::said(power_words(first)).quote_all(names, NAMED);
        lines.push(line.join(whose(&first.builds, package)));
    }
    lines
}

fn power_words(change: &PowerChange) -> &'static str {
    match (change.power.kind, change.gained) {
        (PowerKind::RunsAs, true) => "runs as: ",
        (PowerKind::RunsAs, false) => "ran before as: ",
        (PowerKind::AsRoot, true) => "**newly as root**: ",
        (PowerKind::AsRoot, false) => "no longer as root: ",
        (PowerKind::Resource, true) => "newly asks DSM for: ",
        (PowerKind::Resource, false) => "no longer asks DSM for: ",
        (PowerKind::Port, true) => "its interface is at port: ",
        (PowerKind::Port, false) => "its interface was at port: ",
        (PowerKind::Script, true) => "new scripts: ",
        (PowerKind::Script, false) => "scripts gone: ",
        (PowerKind::InstallType, true) => "installed as: ",
        (PowerKind::InstallType, false) => "no longer installed as: ",
        (PowerKind::Reboot, true) => "newly restarts the NAS: ",
        (PowerKind::Reboot, false) => "no longer restarts the NAS: ",
        (PowerKind::DependsOn, true) => "newly needs the packages: ",
        (PowerKind::DependsOn, false) => "no longer needs the packages: ",
        (PowerKind::ConflictsWith, true) => "newly cannot be beside the packages: ",
        (PowerKind::ConflictsWith, false) => "can now be beside the packages: ",
        (PowerKind::Breaks, true) => "newly stops the packages: ",
        (PowerKind::Breaks, false) => "no longer stops the packages: ",
        (PowerKind::Replaces, true) => "newly removes the packages: ",
        (PowerKind::Replaces, false) => "no longer removes the packages: ",
        (PowerKind::NeedsService, true) => "newly needs the services: ",
        (PowerKind::NeedsService, false) => "no longer needs the services: ",
        (PowerKind::Wizard, true) => "newly asks the user at: ",
        (PowerKind::Wizard, false) => "no longer asks the user at: ",
        (PowerKind::License, true) => "newly has: ",
        (PowerKind::License, false) => "no longer has: ",
    }
}

/// Names the builds that something is true of, unless it is true of all that are compared.
fn whose(builds: &[String], package: &PackageDiff) -> Line {
    if builds.is_empty() || builds.len() >= package.builds.len().max(1) {
        return Line::default();
    }
    Line::said(" (only ").quote_all(builds, 3).say(")")
}

/// Returns what texts and settings were and are.
pub(super) fn fields(package: &PackageDiff) -> Vec<Line> {
    let fields = package.fields.iter();
    fields
        .map(|change| field(change).join(whose(&change.builds, package)))
        .collect()
}

fn field(change: &FieldChange) -> Line {
    let line = Line::quoted(&change.field).say(": ");
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => line.quote(old).say(" → ").quote(new),
        (None, Some(new)) => line.say("new, ").quote(new),
        (Some(old), None) => line.say("gone, was ").quote(old),
        (None, None) => line,
    }
}

/// Returns what became of pictures.
pub(super) fn pictures(package: &PackageDiff) -> Vec<Line> {
    let picture = |picture: &PictureChange| {
        let what = match picture.change {
            PictureWhat::Added => "new: ",
            PictureWhat::Changed => "another picture: ",
            PictureWhat::Removed => "gone: ",
        };
        let line = Line::said(what).quote(&picture.name);
        match &picture.version {
            Some(version) => line.say(" of ").quote(version),
            None => line,
        }
    };
    package.pictures.iter().map(picture).collect()
}

/// Returns the name and the difference of a script.
pub(super) fn script(script: &ScriptChange) -> (Line, String) {
    let what = match script.change {
        ScriptWhat::Added => "new: ",
        ScriptWhat::Changed => "changed: ",
        ScriptWhat::Removed => "gone: ",
    };
    let line = Line::said(what).quote(&script.path);
    let line = match script.builds.len() {
        0 | 1 => line,
        builds => line.say(format!(" (in {builds} builds)")),
    };
    let lines: Vec<&str> = script.patch.lines().collect();
    let mut patch = lines[..lines.len().min(LINES)].join("\n");
    if lines.len() > LINES {
        patch.push_str(&format!("\n… {} more lines", lines.len() - LINES));
    }
    if patch.is_empty() {
        patch = "(no text, or too long to compare)".to_owned();
    }
    (line, patch)
}

/// Says which scripts nobody has looked at.
pub(super) fn unread(package: &PackageDiff) -> Line {
    let builds = count(package.scripts_unread.len(), "build", "builds");
    Line::said(format!(
        "The scripts of {builds} are not compared, since the SPKs are not in this clone: "
    ))
    .quote_all(&package.scripts_unread, 3)
    .say("; git lfs pull brings them.")
}

/// Returns what differs beside packages.
pub(super) fn repository(diff: &RepositoryDiff) -> Vec<Line> {
    let settings = diff
        .settings
        .iter()
        .map(|change| Line::said("setting ").join(field(change)));
    let keys = diff.keys.iter().map(key);
    let people = diff
        .people
        .iter()
        .map(|change| Line::said("person ").join(field(change)));
    settings.chain(keys).chain(people).collect()
}

fn key(key: &KeyChange) -> Line {
    let of = match key.of {
        KeyRole::Signer => "certificate of a signer",
        KeyRole::TimeServer => "certificate of a time server",
    };
    let what = match key.change {
        KeyWhat::Added => "new",
        KeyWhat::Changed => "another one of the same key",
        KeyWhat::Removed => "gone",
    };
    Line::said(format!("{of} "))
        .quote(key.fingerprint.to_string())
        .say(format!(": {what}"))
}
