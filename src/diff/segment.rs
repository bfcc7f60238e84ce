//! The versions of a system, cut where a build of either side begins or ends: within a segment, all devices are alike.

use std::collections::BTreeSet;

use crate::catalog::{OsLine, lines};
use crate::model::doc::BuildDoc;
use crate::model::os_version::{Os, OsVersion};

/// Builds of one version of the system, between two cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    major: u32,
    minor: u32,
    first: u32,
    /// Whether the version begins with `first`.
    begins: bool,
    /// Absent when nothing known follows.
    last: Option<u32>,
    /// Whether the version ends with `last`.
    ends: bool,
}

impl Segment {
    /// Returns the version that a device of this segment reports.
    pub(super) fn version(self) -> OsVersion {
        OsVersion {
            build: Some(self.first),
            major: self.major,
            minor: self.minor,
        }
    }
}

/// Returns the segments of `os` that the builds cut, ascending.
pub(super) fn segments<'a>(os: Os, builds: impl Iterator<Item = &'a BuildDoc>) -> Vec<Segment> {
    let (mut bounds, mut cuts) = (BTreeSet::new(), BTreeSet::new());
    let mut versions: BTreeSet<OsLine> = lines(os).iter().copied().collect();
    for doc in builds.filter(|doc| doc.os_min_ver.os() == os || os == Os::Srm) {
        let maximum = doc.os_max_ver.and_then(|maximum| maximum.build);
        bounds.extend(doc.os_min_ver.build.into_iter().chain(maximum));
        cuts.extend(doc.os_min_ver.build);
        cuts.extend(maximum.and_then(|maximum| maximum.checked_add(1)));
        // A system that nobody has heard of yet begins where the first build for it says.
        let OsVersion {
            major,
            minor,
            build,
        } = doc.os_min_ver;
        if os == Os::Dsm
            && !versions
                .iter()
                .any(|line| (line.0, line.1) >= (major, minor))
        {
            let first = build.unwrap_or_default();
            versions.insert((major, minor, first, first));
        }
    }
    let mut versions: Vec<OsLine> = versions.into_iter().collect();
    // Builds for systems from before the first one that is known cut what is there, too.
    if let Some(oldest) = versions.first_mut()
        && bounds.first().is_some_and(|bound| *bound < oldest.2)
    {
        oldest.2 = 0;
    }
    let mut segments = Vec::new();
    for (index, line) in versions.iter().enumerate() {
        let next = versions.get(index + 1);
        let last = next.map(|next| line.3.max(next.2.saturating_sub(1)));
        cut(*line, last, &cuts, &mut segments);
    }
    segments
}

/// Cuts one version.
fn cut(line: OsLine, last: Option<u32>, cuts: &BTreeSet<u32>, segments: &mut Vec<Segment>) {
    let (major, minor, first, _) = line;
    let end = last.unwrap_or(u32::MAX);
    let inside = cuts
        .iter()
        .copied()
        .filter(|cut| (first + 1..=end).contains(cut));
    let starts: Vec<u32> = std::iter::once(first).chain(inside).collect();
    for (index, start) in starts.iter().enumerate() {
        let next = starts.get(index + 1).map(|next| next - 1);
        segments.push(Segment {
            major,
            minor,
            first: *start,
            begins: index == 0,
            last: next.or(last),
            ends: next.is_none(),
        });
    }
}

/// Says for people which segments are chosen: `DSM 7.2 and later`, `DSM 6 from 6.1`, `DSM 5.2, 6.2-23739 to 6.2`.
pub(super) fn words(os: Os, segments: &[Segment], chosen: &[bool]) -> Vec<String> {
    let mut runs = Vec::new();
    let mut start = None;
    for (index, is_chosen) in chosen.iter().chain([&false]).enumerate() {
        match (is_chosen, start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                runs.push(run(os, segments, from, index - 1));
                start = None;
            }
            _ => {}
        }
    }
    runs
}

fn run(os: Os, segments: &[Segment], from: usize, to: usize) -> String {
    let (first, last) = (segments[from], segments[to]);
    let begins_system = from == 0;
    let ends_major = last.ends
        && segments
            .get(to + 1)
            .is_none_or(|next| next.major != last.major);
    let begins_major = from
        .checked_sub(1)
        .is_none_or(|before| segments[before].major != first.major);
    let start = start_words(first);
    match last.last {
        None if begins_system => format!("every {os}"),
        None => format!("{os} {start} and later"),
        Some(_) if ends_major && first.major == last.major && begins_major => {
            format!("{os} {}", first.major)
        }
        Some(_) if first.begins && last.ends && same_version(first, last) => {
            format!("{os} {start}")
        }
        Some(_) if ends_major && first.major == last.major => {
            format!("{os} {} from {start}", first.major)
        }
        Some(_) if last.ends => {
            format!("{os} {start} to {}.{}", last.major, last.minor)
        }
        Some(end) => format!("{os} {start} to {}.{}-{end}", last.major, last.minor),
    }
}

fn same_version(a: Segment, b: Segment) -> bool {
    (a.major, a.minor) == (b.major, b.minor)
}

fn start_words(segment: Segment) -> String {
    let Segment {
        major,
        minor,
        first,
        begins,
        ..
    } = segment;
    if begins {
        format!("{major}.{minor}")
    } else {
        format!("{major}.{minor}-{first}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::doc::read;

    fn build(range: &str) -> BuildDoc {
        let text = format!(
            "channel='stable'\narch=['noarch']\n{range}\n[spk]\nfile='a.spk'\nsize=1\n\
             sha256='e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'\nmd5='d41d8cd98f00b204e9800998ecf8427e'\n"
        );
        read("b.toml", text.as_bytes()).expect("a valid build")
    }

    /// Returns the words for the segments whose versions are at least `from` and at most `to`.
    fn told(range: &str, from: &str, to: &str) -> Vec<String> {
        let doc = build(range);
        let segments = segments(Os::Dsm, [&doc].into_iter());
        let [from, to] = [from, to].map(|text| text.parse::<OsVersion>().expect("valid"));
        let chosen: Vec<bool> = segments
            .iter()
            .map(|segment| segment.version() >= from && segment.version() <= to)
            .collect();
        words(Os::Dsm, &segments, &chosen)
    }

    #[test]
    fn ranges_are_told_as_people_say_them() {
        let any = "os_min_ver='2.0-731'";
        assert_eq!(told(any, "7.2-60000", "9.0-1"), ["DSM 7.2 and later"]);
        assert_eq!(told(any, "6.0-5891", "6.2-99999"), ["DSM 6"]);
        assert_eq!(told(any, "6.1-1", "6.2-99999"), ["DSM 6 from 6.1"]);
        assert_eq!(told(any, "6.1-1", "6.1-99999"), ["DSM 6.1"]);
        assert_eq!(told(any, "5.2-1", "6.1-99999"), ["DSM 5.2 to 6.1"]);
        assert_eq!(told(any, "2.0-731", "9.0-1"), ["every DSM"]);
        let cut = "os_min_ver='7.2-64570'\nos_max_ver='7.2-69056'";
        assert_eq!(
            told(cut, "7.2-64570", "7.2-64570"),
            ["DSM 7.2-64570 to 7.2-69056"]
        );
        assert_eq!(told(cut, "7.2-64570", "8.0-0"), ["DSM 7.2-64570 and later"]);
    }

    #[test]
    fn builds_for_systems_before_the_first_known_one_cut_it() {
        let doc = build("os_min_ver='2.0-731'\nos_max_ver='5.1-5004'");
        let starts = |os| {
            let segments = segments(os, [&doc].into_iter());
            let starts = segments.iter().map(|segment| segment.first);
            starts.take(3).collect::<Vec<_>>()
        };
        assert_eq!(starts(Os::Srm), [0, 731, 5005]);
        assert_eq!(starts(Os::Dsm)[0], 731, "the first that is known");
    }

    #[test]
    fn a_system_that_nobody_has_heard_of_is_one_more() {
        assert_eq!(
            told("os_min_ver='8.1-100000'", "8.1-1", "9.0-0"),
            ["DSM 8.1 and later"]
        );
    }
}
