//! Versions of DSM and SRM as INFO states them and as devices report them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The operating systems of Synology's devices. Build numbers of one say nothing about the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Os {
    Dsm,
    Srm,
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dsm => "DSM",
            Self::Srm => "SRM",
        })
    }
}

/// A bound of the range of DSM that a build runs on: `7.2-64570`, or `6.0` when no build number is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct OsVersion {
    pub(crate) major: u32,
    pub(crate) minor: u32,
    /// Absent where INFO states none; a present build number alone decides within DSM.
    pub(crate) build: Option<u32>,
}

/// Says that a text is not a version of DSM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a version of DSM such as `7.2-64570`")]
pub(crate) struct OsVersionError {
    text: String,
}

/// Builds of SRM begin here; a `1.0-0000` or `1.0-1233` below it is a way to say "any DSM".
const FIRST_SRM_BUILD: u32 = 6000;

impl OsVersion {
    /// Returns which operating system the version belongs to: SRM has major 1, and DSM 1 never had packages.
    pub(crate) fn os(self) -> Os {
        if self.major == 1 && self.build.is_some_and(|build| build >= FIRST_SRM_BUILD) {
            Os::Srm
        } else {
            Os::Dsm
        }
    }

    /// Returns whether a device of version `device` is at or above this minimum.
    pub(crate) fn allows_as_minimum(self, device: Self) -> bool {
        match (self.build, device.build) {
            (Some(minimum), Some(build)) => build >= minimum,
            _ => (device.major, device.minor) >= (self.major, self.minor),
        }
    }

    /// Returns whether a device of version `device` is at or below this maximum.
    pub(crate) fn allows_as_maximum(self, device: Self) -> bool {
        match (self.build, device.build) {
            (Some(maximum), Some(build)) => build <= maximum,
            _ => (device.major, device.minor) <= (self.major, self.minor),
        }
    }
}

impl FromStr for OsVersion {
    type Err = OsVersionError;

    /// Reads `X.Y-Z`, `X.Y`, `X` and, as some packages write it, `X.Y.Z-B`, whose third number says nothing.
    fn from_str(text: &str) -> Result<Self, OsVersionError> {
        parse(text).ok_or_else(|| OsVersionError {
            text: text.chars().take(80).collect(),
        })
    }
}

fn parse(text: &str) -> Option<OsVersion> {
    let (numbers, build) = match text.split_once('-') {
        Some((numbers, build)) => (numbers, Some(number(build)?)),
        None => (text, None),
    };
    let mut numbers = numbers.split('.').map(number);
    let major = numbers.next()??;
    let minor = numbers.next().unwrap_or(Some(0))?;
    let micro = numbers.next().unwrap_or(Some(0));
    (micro.is_some() && numbers.next().is_none()).then_some(OsVersion {
        major,
        minor,
        build,
    })
}

/// Reads digits only: `u32::from_str` would take a sign.
fn number(digits: &str) -> Option<u32> {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

impl TryFrom<String> for OsVersion {
    type Error = OsVersionError;

    fn try_from(text: String) -> Result<Self, OsVersionError> {
        text.parse()
    }
}

impl From<OsVersion> for String {
    fn from(version: OsVersion) -> Self {
        version.to_string()
    }
}

impl fmt::Display for OsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.build {
            Some(build) => write!(f, "-{build}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn os(text: &str) -> OsVersion {
        text.parse().expect("a valid version")
    }

    #[test]
    fn versions_are_read_with_and_without_a_build() {
        assert_eq!(os("7.2-64570").to_string(), "7.2-64570");
        assert_eq!(os("6.0").to_string(), "6.0");
        assert_eq!(os("6.2.4-25556").to_string(), "6.2-25556");
        assert_eq!(os("1.0-0000").to_string(), "1.0-0");
        for text in [
            "",
            "7.",
            "7.2-",
            "7.2-64570-1",
            "7.2.1.1-3",
            "+7.2",
            "7.2-99999999999",
            "DSM 7",
        ] {
            assert!(text.parse::<OsVersion>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_build_number_decides_and_the_version_where_there_is_none() {
        let device = os("7.2-64570");
        assert!(os("7.2-64570").allows_as_minimum(device));
        assert!(!os("7.2-64571").allows_as_minimum(device));
        assert!(os("6.0").allows_as_minimum(device));
        assert!(!os("7.3").allows_as_minimum(device));
        assert!(os("7.2").allows_as_maximum(device));
        assert!(
            os("7.1-69057").allows_as_maximum(device),
            "a toolchain's build number"
        );
        assert!(!os("7.1-42661").allows_as_maximum(device));
    }

    #[test]
    fn only_a_high_build_of_major_one_is_srm() {
        assert_eq!(os("1.2-7742").os(), Os::Srm);
        assert_eq!(os("1.0-1233").os(), Os::Dsm);
        assert_eq!(os("6.0-7321").os(), Os::Dsm);
    }
}
