//! Versions of packages and their order.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::name::{NameError, check_folder_name};

/// The version of a release, as `[feature]-[build]` or without a build number (`4.0.5-11`, `1.9a`).
///
/// Versions are ordered by their numeric and alphabetic parts; the number after the last `-` counts last.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Version(String);

impl Version {
    /// Returns the version as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number after the last `-`, by which SynoCommunity's spkrepo tells versions apart.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.split().1?.parse().ok()
    }

    /// Returns whether nothing but the way of writing tells the two apart: `1.0-1` and `1.00-01`.
    pub(crate) fn counts_as(&self, other: &Self) -> bool {
        let ((feature, build), (other_feature, other_build)) = (self.split(), other.split());
        parts(feature).cmp(parts(other_feature)).is_eq()
            && build.map(Number).cmp(&other_build.map(Number)).is_eq()
    }

    /// Splits off the number after the last `-`.
    fn split(&self) -> (&str, Option<&str>) {
        match self.0.rsplit_once('-') {
            Some((feature, build)) if !build.is_empty() && is_number(build) => {
                (feature, Some(build))
            }
            _ => (&self.0, None),
        }
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A run of digits or of letters; letters come before digits, so `1.rc` < `1.0`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Letters(&'a str),
    Number(Number<'a>),
}

/// Digits of any length, compared as a number.
#[derive(PartialEq, Eq)]
struct Number<'a>(&'a str);

impl Number<'_> {
    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .flat_map(|segment| {
            segment
                .as_bytes()
                .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        })
        .filter_map(|run| std::str::from_utf8(run).ok())
        .map(|run| {
            if is_number(run) {
                Part::Number(Number(run))
            } else {
                Part::Letters(run)
            }
        })
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let (feature, build) = self.split();
        let (other_feature, other_build) = other.split();
        parts(feature)
            .cmp(parts(other_feature))
            .then_with(|| build.map(Number).cmp(&other_build.map(Number)))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Version {}

impl FromStr for Version {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        const WHAT: &str = "version";
        check_folder_name(text, WHAT)?;
        match text
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && !"._-+~".contains(*c))
        {
            None => Ok(Self(text.to_owned())),
            Some(character) => Err(NameError::Character {
                character,
                text: text.to_owned(),
                what: WHAT,
            }),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().expect("a valid version")
    }

    #[test]
    fn versions_are_ordered_by_their_parts_and_the_build_number_counts_last() {
        let ascending = [
            "0-0042",
            "0.9-99",
            "1.0-1",
            "1.0-2",
            "1.0-10",
            "1.0.rc1-3",
            "1.0.1",
            "1.0.1-1",
            "1.9-1",
            "1.9a",
            "1.10-1",
            "2.4",
            "20130412-3",
            "99999999999999999999999-1",
        ];
        for pair in ascending.windows(2) {
            assert!(
                version(pair[0]) < version(pair[1]),
                "{} < {}",
                pair[0],
                pair[1]
            );
        }
    }

    #[test]
    fn the_revision_is_the_number_after_the_last_dash() {
        assert_eq!(version("6.19.2-16").revision(), Some(16));
        assert_eq!(version("8.0.2-rc2-7").revision(), Some(7));
        assert_eq!(version("0-0042").revision(), Some(42));
        assert_eq!(version("1.9a").revision(), None);
        assert_eq!(version("1.0-beta").revision(), None);
        assert_eq!(version("1-99999999999999999999999").revision(), None);
    }

    #[test]
    fn versions_that_count_the_same_are_still_two_versions() {
        assert_ne!(version("1.0-1"), version("1.00-1"));
        assert_ne!(version("1.0-1").cmp(&version("1.00-1")), Ordering::Equal);
        assert!(version("1.0-1").counts_as(&version("1_00-01")));
        assert!(!version("1.0-1").counts_as(&version("1.0-2")));
    }

    #[test]
    fn a_version_is_a_plain_folder_name() {
        for text in ["", "..", "1/2", "1 2", "1é", "-1"] {
            assert!(text.parse::<Version>().is_err(), "{text:?}");
        }
    }
}
