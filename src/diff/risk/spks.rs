//! SPKs that are withdrawn, replaced or deleted, or have another signature or size.

use super::Severity::{High, Medium};
use super::{Found, NAMED};
use crate::diff::builds::BuildWhat;
use crate::diff::compare::{PackageDiff, Status};
use crate::diff::line::Line;

/// Bytes by which an SPK may grow or shrink unnoticed.
const JUMP: u64 = 1 << 20;

/// Names the builds that something is true of: `1.0-1 (dsm7.0-40000-x86_64)`.
fn which(diff: &PackageDiff, is_it: impl Fn(&BuildWhat) -> bool) -> Option<Line> {
    let builds = diff
        .builds
        .iter()
        .filter(|build| build.changes.iter().any(&is_it));
    let names: Vec<String> = builds
        .map(|build| format!("{} {}", build.version, build.build))
        .collect();
    (!names.is_empty()).then(|| Line::default().quote_all(names, NAMED))
}

pub(super) fn bytes(diff: &PackageDiff) -> Vec<Found> {
    let changed = which(diff, |what| {
        matches!(what, BuildWhat::OtherBytes { was_released: true })
    });
    let changed = changed.map(|builds| {
        let line =
            builds.say(": the SPK is another one, under a version that people may have already");
        ("bytes-of-released-changed", High, line)
    });
    let removed = which(diff, |what| {
        matches!(what, BuildWhat::Removed { was_released: true })
    });
    let removed = removed
        .filter(|_| diff.status == Status::Changed)
        .map(|builds| {
            let line = builds.say(": deleted, not yanked; its download ends");
            ("release-removed", Medium, line)
        });
    changed.into_iter().chain(removed).collect()
}

pub(super) fn signatures(diff: &PackageDiff) -> Vec<Found> {
    let unsigned = which(diff, |what| matches!(what, BuildWhat::Unsigned { .. }));
    let unsigned =
        unsigned.map(|builds| ("unsigned", High, builds.say(": has no signature any more")));
    let signer = diff
        .builds
        .iter()
        .flat_map(|build| &build.changes)
        .find_map(|what| match what {
            BuildWhat::Signed {
                by,
                before: Some(before),
            } if by != before => Some((by, before)),
            _ => None,
        });
    let signer = signer.map(|(by, before)| {
        let line = Line::said("signed by ")
            .quote(by.to_string())
            .say(" instead of ")
            .quote(before.to_string());
        ("signer-changed", High, line)
    });
    unsigned.into_iter().chain(signer).collect()
}

pub(super) fn yanks(diff: &PackageDiff) -> Vec<Found> {
    let yanked = which(diff, |what| matches!(what, BuildWhat::Yanked { .. }));
    let reason = diff
        .builds
        .iter()
        .flat_map(|build| &build.changes)
        .find_map(|what| match what {
            BuildWhat::Yanked { reason } => Some(reason.as_str()),
            _ => None,
        });
    let yanked = yanked
        .zip(reason)
        .map(|(builds, reason)| ("yanked", Medium, builds.say(": withdrawn: ").quote(reason)));
    let unyanked = which(diff, |what| matches!(what, BuildWhat::Unyanked));
    let unyanked = unyanked.map(|builds| ("unyanked", Medium, builds.say(": offered again")));
    yanked.into_iter().chain(unyanked).collect()
}

pub(super) fn sizes(diff: &PackageDiff) -> Vec<Found> {
    let jump = |old: u64, new: u64| {
        let (small, large) = (old.min(new), old.max(new));
        large - small >= JUMP && large >= 2 * small
    };
    let jumped: Vec<(String, u64, u64)> = diff
        .builds
        .iter()
        .filter_map(|build| Some((build, build.follows.as_ref()?)))
        .filter(|(build, old)| jump(old.size, build.size))
        .map(|(build, old)| {
            (
                format!("{} {}", build.version, build.build),
                old.size,
                build.size,
            )
        })
        .collect();
    let line = jumped.first().map(|(name, old, new)| {
        let line = Line::quoted(name).say(format!(": {} → {}", size(*old), size(*new)));
        match jumped.len() - 1 {
            0 => line,
            more => line.say(format!(", and {more} more builds")),
        }
    });
    line.map(|line| ("size-jump", Medium, line))
        .into_iter()
        .collect()
}

fn size(bytes: u64) -> String {
    match bytes as f64 / 1024.0 {
        kibibytes if kibibytes < 1024.0 => format!("{kibibytes:.1} KiB"),
        kibibytes => format!("{:.1} MiB", kibibytes / 1024.0),
    }
}
