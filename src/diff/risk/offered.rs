//! What devices lose, and packages that come and go.

use super::Severity::{High, Medium};
use super::{Found, NAMED};
use crate::diff::compare::{PackageDiff, Status};
use crate::diff::line::Line;
use crate::diff::offers::{Audience, OfferChange, OfferKind};

pub(super) fn status(diff: &PackageDiff) -> Vec<Found> {
    match &diff.status {
        Status::New => vec![(
            "new-package",
            Medium,
            Line::said("nobody was offered this package before"),
        )],
        Status::Removed => {
            let severity = if diff.visible { High } else { Medium };
            let line = "the package is gone with all its releases: a NAS that has it gets no update, and its downloads end";
            vec![("package-removed", severity, Line::said(line))]
        }
        Status::Renamed { from } => {
            let line = Line::said("takes the place of ")
                .quote(from)
                .say(": to a NAS it is another package, and who has the old one gets no update");
            vec![("package-renamed", High, line)]
        }
        Status::Changed => Vec::new(),
    }
}

/// One risk for each kind, however many groups of devices there are.
pub(super) fn offered(diff: &PackageDiff) -> Vec<Found> {
    let of_kind = |kind| diff.offers.iter().filter(move |offer| offer.change == kind);
    let falls: Vec<&OfferChange> = of_kind(OfferKind::Falls).collect();
    let gone: Vec<&OfferChange> = of_kind(OfferKind::Disappears)
        .filter(|_| diff.status == Status::Changed)
        .collect();
    let after_falls = "; a NAS that has installed the newer version keeps it";
    let told = [
        ("downgrade", falls, after_falls),
        (
            "platform-dropped",
            gone,
            "; no version is offered there any more",
        ),
        (
            "left-behind",
            of_kind(OfferKind::StaysBehind).collect(),
            " gets no newer version, while others that had the same do",
        ),
    ];
    told.into_iter()
        .filter(|(_, offers, _)| !offers.is_empty())
        .map(|(name, offers, after)| {
            let is_for_few = name == "left-behind"
                || offers
                    .iter()
                    .all(|offer| offer.audience == Audience::BetaOnly);
            let severity = if is_for_few { Medium } else { High };
            (name, severity, groups(&offers).say(after))
        })
        .collect()
}

/// Names the groups of devices: `1.1-2 → 1.0-1 on x86_64, DSM 7.2 and later (stable)`.
fn groups(offers: &[&OfferChange]) -> Line {
    let mut line = Line::default();
    for (index, offer) in offers.iter().take(NAMED).enumerate() {
        if index > 0 {
            line = line.say("; ");
        }
        line = line.quote(offer.from.as_deref().unwrap_or_default());
        if let Some(to) = offer.to.as_ref().filter(|_| offer.from != offer.to) {
            line = line.say(" → ").quote(to);
        }
        line = line.say(" on ").quote_all(&offer.platforms, NAMED);
        let channel = offer.audience.channels();
        line = line.say(format!(", {} ({channel})", offer.systems.join(", ")));
    }
    match offers.len().saturating_sub(NAMED) {
        0 => line,
        more => line.say(format!("; and {more} more groups of devices")),
    }
}
