//! The phrases of commit messages that name builds.

use crate::model::arch::Arch;
use crate::model::doc::BuildDoc;

/// Platforms that are named before the rest is counted.
const NAMED: usize = 3;

/// Returns the platforms for people: `x86_64`, or `apollolake, avoton, braswell and 17 more`.
pub(crate) fn platforms(doc: &BuildDoc) -> String {
    let named: Vec<&str> = doc.arch.iter().take(NAMED).map(Arch::as_str).collect();
    match doc.arch.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// Returns the range of DSM for people: `DSM 7.2-64570`, or with its end.
pub(crate) fn range(doc: &BuildDoc) -> String {
    let os = doc.os_min_ver.os();
    match doc.os_max_ver {
        Some(maximum) => format!("{os} {} to {maximum}", doc.os_min_ver),
        None => format!("{os} {}", doc.os_min_ver),
    }
}

/// Returns the short form for a subject: `x86_64, DSM 7.2`.
fn short(doc: &BuildDoc) -> String {
    let minimum = doc.os_min_ver;
    format!(
        "{}, {} {}.{}",
        platforms(doc),
        minimum.os(),
        minimum.major,
        minimum.minor
    )
}

/// Returns which builds a subject is about: the one, or how many.
pub(crate) fn builds(docs: &[&BuildDoc]) -> String {
    match docs {
        [doc] => short(doc),
        docs => format!("{} builds", docs.len()),
    }
}
