//! What a source is asked: each platform, each version of DSM or SRM, each channel, as Package Center asks.

use std::fmt;

use crate::catalog::lines;
use crate::model::arch::{Arch, platforms};
use crate::model::channel::Channel;
use crate::model::os_version::Os;
use crate::ops::target::DsmLine;

/// A device that asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) arch: Arch,
    build: u32,
    pub(super) channel: Channel,
    major: u32,
    minor: u32,
    os: Os,
}

/// How a source is asked for betas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BetaWay {
    /// By a parameter, as DSM before 7 does.
    Parameter,
    /// At an address of their own, as spkrepo offers them to DSM 7.
    Path,
}

/// DSM 7 has no setting for betas any more.
const FIRST_WITHOUT_BETAS: u32 = 7;

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            arch,
            channel,
            major,
            minor,
            os,
            ..
        } = self;
        write!(f, "{arch}, {os} {major}.{minor}, {channel}")
    }
}

impl Question {
    /// Says whether the device may ask for betas at an address of their own.
    pub(super) fn may_use_path(&self) -> bool {
        self.channel == Channel::Beta && self.major >= FIRST_WITHOUT_BETAS
    }

    /// Returns the address that is asked below `base`.
    pub(super) fn address(&self, base: &str, way: BetaWay) -> String {
        let model = self.arch.models().first();
        let model = model.map_or_else(String::new, |model| model.to_ascii_lowercase());
        // DSM leaves the `DS` of a model out: `synology_apollolake_918+`.
        let model = model.strip_prefix("ds").unwrap_or(&model);
        let folder = match way {
            BetaWay::Path => "beta/",
            BetaWay::Parameter => "",
        };
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("language", "enu");
        query.append_pair("timezone", "London");
        query.append_pair("unique", &format!("synology_{}_{model}", self.arch));
        query.append_pair("arch", self.arch.as_str());
        query.append_pair("major", &self.major.to_string());
        query.append_pair("minor", &self.minor.to_string());
        query.append_pair("build", &self.build.to_string());
        query.append_pair("package_update_channel", self.channel.as_str());
        format!("{base}/{folder}?{}", query.finish())
    }
}

/// Returns what to ask, the newest systems first; empty lists do not narrow anything.
pub(super) fn questions(archs: &[Arch], dsm: &[DsmLine]) -> Vec<Question> {
    let named = |arch: &Arch| archs.is_empty() || archs.contains(arch);
    let known: Vec<(Arch, Os)> = platforms()
        .filter(|(arch, ..)| !arch.is_noarch() && named(arch))
        .map(|(arch, _, os)| (arch, os))
        .collect();
    let is_known = |arch: &&Arch| known.iter().any(|(known, _)| known == *arch);
    let unknown = archs.iter().filter(|arch| !is_known(arch));
    let unknown: Vec<(Arch, Os)> = unknown.map(|arch| (arch.clone(), Os::Dsm)).collect();
    let all: Vec<(Arch, Os)> = known.iter().cloned().chain(unknown).collect();
    let mut questions = Vec::new();
    for (os, major, minor, build) in systems(dsm) {
        for (arch, _) in all.iter().filter(|(_, runs)| *runs == os) {
            for channel in [Channel::Stable, Channel::Beta] {
                questions.push(Question {
                    arch: arch.clone(),
                    build,
                    channel,
                    major,
                    minor,
                    os,
                });
            }
        }
    }
    questions
}

/// Returns system, major, minor and build, the newest first: the newest build that is known of a version, or the one that
/// is named.
fn systems(dsm: &[DsmLine]) -> Vec<(Os, u32, u32, u32)> {
    let known = [Os::Dsm, Os::Srm].into_iter().flat_map(|os| {
        let rows = lines(os).iter().rev();
        rows.map(move |row| (os, row.0, row.1, row.3))
    });
    if dsm.is_empty() {
        return known.collect();
    }
    let known: Vec<_> = known.collect();
    let of = |line: &DsmLine| -> Vec<(Os, u32, u32, u32)> {
        match line.build() {
            Some(version) => {
                let build = version.build.unwrap_or_default();
                vec![(version.os(), version.major, version.minor, build)]
            }
            None => {
                let rows = known.iter().copied();
                rows.filter(|(_, major, minor, _)| line.has(*major, *minor))
                    .collect()
            }
        }
    };
    let mut systems: Vec<_> = dsm.iter().flat_map(of).collect();
    systems.sort_by(|a, b| b.cmp(a));
    systems.dedup();
    systems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(archs: &[&str], dsm: &[&str]) -> Vec<Question> {
        let archs: Vec<Arch> = archs
            .iter()
            .map(|arch| arch.parse().expect("one"))
            .collect();
        let dsm: Vec<DsmLine> = dsm.iter().map(|line| line.parse().expect("one")).collect();
        questions(&archs, &dsm)
    }

    #[test]
    fn a_device_is_asked_for_as_package_center_asks() {
        let questions = all(&["apollolake"], &["7.2"]);
        assert_eq!(questions.len(), 2);
        assert_eq!(
            questions[0].address("https://x", BetaWay::Parameter),
            "https://x/?language=enu&timezone=London&unique=synology_apollolake_218%2B&arch=apollolake\
             &major=7&minor=2&build=72806&package_update_channel=stable"
        );
        let beta = questions[1].address("https://x/nas", BetaWay::Path);
        assert!(beta.starts_with("https://x/nas/beta/?"), "{beta}");
        assert!(beta.ends_with("package_update_channel=beta"), "{beta}");
        assert_eq!(questions[1].to_string(), "apollolake, DSM 7.2, beta");
    }

    #[test]
    fn only_devices_of_a_system_ask_for_its_versions() {
        let shown = |archs: &[&str], dsm: &[&str]| {
            let mut shown: Vec<String> = all(archs, dsm).iter().map(ToString::to_string).collect();
            shown.retain(|line| line.ends_with("stable"));
            shown
        };
        assert_eq!(
            shown(&["cypress"], &["1"]),
            ["1.3", "1.2", "1.1", "1.0"].map(|line| format!("cypress, SRM {line}, stable"))
        );
        assert_eq!(shown(&["cypress"], &["7"]), [""; 0]);
        assert_eq!(
            shown(&["moonlake"], &["7.2-64570"]),
            ["moonlake, DSM 7.2, stable"]
        );
        assert!(
            all(&["moonlake"], &["7.2-64570"])[0]
                .address("x", BetaWay::Parameter)
                .contains("build=64570")
        );
        assert!(all(&[], &[]).len() > 1000);
    }
}
