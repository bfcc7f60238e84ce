//! The catalogs as files: which there are, and what is in each.

use std::collections::BTreeSet;

use super::audience::{Audience, audiences};
use crate::catalog::{
    Device, Line, Links, Offer, all_lines, frame, named_models, offer_to_all, piece_of, segments,
};
use crate::model::channel::Channel;
use crate::model::os_version::{Os, OsVersion};
use crate::repo::Snapshot;

/// A catalog, and the names of the files that have it.
#[derive(Debug)]
pub(crate) struct CatalogFile<'a> {
    pub(crate) body: Vec<u8>,
    /// Of those that it is for, the first, which has the lowest build.
    pub(crate) device: Device,
    pub(crate) listed: Listed,
    pub(crate) offers: Vec<Offer<'a>>,
}

/// For whom a catalog is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) channel: Channel,
    /// The first build of DSM, and the last one.
    pub(crate) first: u32,
    /// Of its line, with all builds of it.
    pub(crate) is_whole: bool,
    pub(crate) last: u32,
    pub(crate) major: u32,
    pub(crate) minor: u32,
    /// Platforms or models.
    pub(crate) names: Vec<String>,
    pub(crate) os: Os,
    /// How many packages it has.
    pub(crate) packages: usize,
}

impl Listed {
    /// Returns the folder, such as `beta/dsm7.2-64570`.
    pub(crate) fn folder(&self) -> String {
        let beta = match self.channel {
            Channel::Beta => "beta/",
            Channel::Stable | Channel::Staged => "",
        };
        format!("{beta}{}", self.version().to_lowercase().replace(' ', ""))
    }

    /// Returns the path of the file for one of the names.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}/{name}.json", self.folder())
    }

    /// Returns the version as people read it, such as `DSM 7.2-64570`.
    pub(crate) fn version(&self) -> String {
        let version = OsVersion {
            build: (!self.is_whole).then_some(self.first),
            major: self.major,
            minor: self.minor,
        };
        format!("{} {version}", self.os)
    }
}

/// The builds of a line that one catalog is for.
#[derive(Clone, Copy)]
struct Span {
    first: u32,
    is_whole: bool,
    last: u32,
    line: Line,
}

/// Returns all catalogs of `snapshot`, one after the other.
pub(super) fn catalogs<'a>(
    snapshot: &'a Snapshot,
    links: Links<'a>,
) -> impl Iterator<Item = CatalogFile<'a>> {
    let versions = named_versions(snapshot);
    let models = named_models(snapshot);
    [Os::Dsm, Os::Srm].into_iter().flat_map(move |os| {
        let lines = all_lines(os, &versions(os));
        let audiences = audiences(snapshot, os, &models);
        audiences.into_iter().flat_map(move |audience| {
            let spans: Vec<Span> = lines
                .iter()
                .flat_map(|line| spans(snapshot, &audience, *line))
                .collect();
            let channels = [Channel::Stable, Channel::Beta];
            spans.into_iter().flat_map(move |span| {
                channels.map(|channel| catalog(snapshot, &links, &audience, span, channel))
            })
        })
    })
}

/// Returns everything that some catalog of `snapshot` offers. Those for all devices of a version may offer what none of them
/// would be offered alone.
pub(crate) fn listed<'a>(snapshot: &'a Snapshot) -> impl Iterator<Item = Offer<'a>> {
    catalogs(snapshot, Links::below("")).flat_map(|catalog| catalog.offers)
}

/// Returns the versions of each system that builds name.
fn named_versions(snapshot: &Snapshot) -> impl Fn(Os) -> BTreeSet<(u32, u32)> {
    let docs = snapshot.builds().map(|(_, _, build)| &build.doc);
    let named: BTreeSet<OsVersion> = docs
        .flat_map(|doc| std::iter::once(doc.os_min_ver).chain(doc.os_max_ver))
        .collect();
    move |os| {
        let of = named.iter().filter(|version| version.os() == os);
        // What is below DSM 2 means "any DSM", and 9.9-99999 means the same of a maximum.
        let real = of.filter(|version| os == Os::Srm || (2..9).contains(&version.major));
        real.map(|version| (version.major, version.minor)).collect()
    }
}

/// Returns for which builds of `line` the audience has catalogs; none when nothing was ever released for it.
fn spans(snapshot: &Snapshot, audience: &Audience, line: Line) -> Vec<Span> {
    let Some(segments) = segments(snapshot, &line, &audience.members[0].0) else {
        return Vec::new();
    };
    let span = |first, last, is_whole| Span {
        first,
        is_whole,
        last,
        line,
    };
    let mut spans = vec![span(line.first, line.last, true)];
    if let Some(start) = segments.starts.first()
        && segments.has_maximum
    {
        spans.push(span(line.first, start - 1, false));
    }
    spans.extend(segments.starts.iter().enumerate().map(|(at, start)| {
        let next = segments.starts.get(at + 1);
        span(*start, next.map_or(line.last, |next| next - 1), false)
    }));
    spans
}

fn catalog<'a>(
    snapshot: &'a Snapshot,
    links: &Links<'_>,
    audience: &Audience,
    span: Span,
    channel: Channel,
) -> CatalogFile<'a> {
    let devices = devices(audience, span, channel);
    let compatibility = snapshot.settings.catalog.compatibility;
    let packages = snapshot.packages.values();
    let offers: Vec<Offer<'_>> = packages
        .filter_map(|package| offer_to_all(package, compatibility, &devices))
        .collect();
    let pieces = offers
        .iter()
        .map(|offer| piece_of(offer, &devices[0], links));
    let pieces = pieces.collect::<Vec<_>>().join(&b',');
    let (start, end) = frame(&snapshot.keys, &devices[0]);
    CatalogFile {
        body: [start.as_bytes(), &pieces, end.as_bytes()].concat(),
        device: devices.into_iter().next().expect("an audience has members"),
        listed: Listed {
            channel,
            first: span.first,
            is_whole: span.is_whole,
            last: span.last,
            major: span.line.major,
            minor: span.line.minor,
            names: audience.names.clone(),
            os: audience.os,
            packages: offers.len(),
        },
        offers,
    }
}

/// Returns the devices that decide: bounds are intervals, so what fits the first and the last build fits all between.
fn devices(audience: &Audience, span: Span, channel: Channel) -> Vec<Device> {
    let members = audience.members.iter();
    members
        .flat_map(|(arch, model)| {
            [span.first, span.last].map(|build| span.line.device(arch, channel, model, build))
        })
        .collect()
}
