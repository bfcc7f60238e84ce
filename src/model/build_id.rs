//! Build ids: the file name of a build, derived from what the build is for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::arch::Arch;
use super::os_version::{Os, OsVersion};
use crate::base::digest::Sha256;

/// The id of a build within its release (`dsm7.2-64570-x86_64`): its `<build>.toml`.
///
/// Derived from the minimum DSM and the platforms, so the same build gets the same id everywhere. Platforms
/// beyond the second are counted, and the digest of the whole list keeps such ids apart; so it does when the build is
/// limited to some models.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct BuildId(String);

/// Says that a text cannot be a build id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a build id: lower-case letters, digits, `.`, `_` and `-`")]
pub(crate) struct BuildIdError {
    text: String,
}

/// What of a build decides its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) arch: &'a BTreeSet<Arch>,
    pub(crate) exclude_arch: &'a BTreeSet<Arch>,
    pub(crate) exclude_model: &'a BTreeSet<String>,
    pub(crate) model: &'a BTreeSet<String>,
    pub(crate) os_min_ver: OsVersion,
}

/// Platforms that an id names in full.
const NAMED: usize = 2;
/// Hexadecimal digits of the list's digest that an id carries.
const DIGEST: usize = 8;

impl Identity<'_> {
    /// Returns the id of the build.
    pub(crate) fn build_id(&self) -> BuildId {
        let os = match self.os_min_ver.os() {
            Os::Dsm => "dsm",
            Os::Srm => "srm",
        };
        let mut id = format!("{os}{}", self.os_min_ver);
        let named = if self.arch.len() == NAMED + 1 {
            NAMED + 1
        } else {
            NAMED
        };
        for arch in self.arch.iter().take(named) {
            id.push('-');
            id.push_str(arch.as_str());
        }
        let more = self.arch.len().saturating_sub(named);
        if more > 0 {
            id.push_str(&format!("-{more}more"));
        }
        if more > 0 || self.is_restricted() {
            id.push('-');
            id.push_str(&self.digest()[..DIGEST]);
        }
        BuildId(id)
    }

    fn is_restricted(&self) -> bool {
        !(self.exclude_arch.is_empty() && self.exclude_model.is_empty() && self.model.is_empty())
    }

    fn digest(&self) -> String {
        let mut text = String::new();
        for (key, values) in [
            ("arch", join(self.arch)),
            ("exclude_arch", join(self.exclude_arch)),
            ("exclude_model", join(self.exclude_model)),
            ("model", join(self.model)),
        ] {
            text.push_str(&format!("{key}={values}\n"));
        }
        Sha256::of(text.as_bytes()).to_string()
    }
}

fn join<T: fmt::Display>(values: &BTreeSet<T>) -> String {
    let values: Vec<String> = values.iter().map(T::to_string).collect();
    values.join(" ")
}

impl BuildId {
    /// Returns the id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BuildId {
    type Err = BuildIdError;

    fn from_str(text: &str) -> Result<Self, BuildIdError> {
        let valid = !text.is_empty()
            && !text.starts_with(['.', '-'])
            && text.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte)
            });
        if valid {
            Ok(Self(text.to_owned()))
        } else {
            Err(BuildIdError {
                text: text.chars().take(80).collect(),
            })
        }
    }
}

impl TryFrom<String> for BuildId {
    type Error = BuildIdError;

    fn try_from(text: String) -> Result<Self, BuildIdError> {
        text.parse()
    }
}

impl From<BuildId> for String {
    fn from(id: BuildId) -> Self {
        id.0
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(arch: &str, os_min_ver: &str, model: &str) -> String {
        let split = |text: &str| -> BTreeSet<String> {
            text.split_whitespace().map(str::to_owned).collect()
        };
        Identity {
            arch: &split(arch)
                .into_iter()
                .map(|a| a.parse().expect("a platform"))
                .collect(),
            exclude_arch: &BTreeSet::new(),
            exclude_model: &BTreeSet::new(),
            model: &split(model),
            os_min_ver: os_min_ver.parse().expect("a version"),
        }
        .build_id()
        .to_string()
    }

    #[test]
    fn an_id_names_the_dsm_line_and_the_platforms() {
        assert_eq!(id("noarch", "6.0", ""), "dsm6.0-noarch");
        assert_eq!(id("x86_64", "7.2-64570", ""), "dsm7.2-64570-x86_64");
        assert_eq!(id("cypress", "1.3-9193", ""), "srm1.3-9193-cypress");
        assert_eq!(id("c b a", "7.0-40000", ""), "dsm7.0-40000-a-b-c");
    }

    #[test]
    fn long_lists_and_restricted_models_are_kept_apart_by_a_digest() {
        let four = id("a b c d", "7.0-40000", "");
        assert!(four.starts_with("dsm7.0-40000-a-b-2more-"), "{four}");
        assert_ne!(four, id("a b c e", "7.0-40000", ""));
        assert_eq!(four, id("d c b a", "7.0-40000", ""));
        let one = id("x86_64", "7.0-40000", "synology_apollolake_918+");
        assert!(one.starts_with("dsm7.0-40000-x86_64-"), "{one}");
        assert_ne!(one, id("x86_64", "7.0-40000", "synology_apollolake_718+"));
    }

    #[test]
    fn every_id_reads_back() {
        let long = id("a b c d", "7.0-40000", "m");
        assert_eq!(long.parse::<BuildId>().expect("valid").to_string(), long);
        assert!("../x".parse::<BuildId>().is_err());
        assert!(".x".parse::<BuildId>().is_err());
    }
}
