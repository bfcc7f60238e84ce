//! Package names: what DSM allows and a folder on every system can be called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of a package: DSM's folder under `/var/packages`, and this repository's under `packages/`.
///
/// DSM forbids `: / > < | =` (developer guide, "INFO necessary fields", `package`). A folder that must also exist
/// in clones on Windows and macOS forbids some more.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct PackageName(String);

/// Says why a text cannot be a package's name or a release's version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("`{text}` has the character {character:?}, which cannot be in a {what}")]
    Character {
        character: char,
        text: String,
        what: &'static str,
    },
    #[error("the {what} is empty")]
    Empty { what: &'static str },
    #[error("the {what} is {length} bytes long, more than {max}")]
    Long {
        length: usize,
        max: usize,
        what: &'static str,
    },
    #[error("`{text}` cannot be a folder on every system, so it cannot be a {what}")]
    NotAFolder { text: String, what: &'static str },
}

/// Leaves room for the version and the build id in a file name of 255 bytes.
const MAX_BYTES: usize = 100;
/// `: / > < | =` are DSM's, the others cannot be in a file name on Windows.
const FORBIDDEN: &str = ":/><|=\\\"?*";
/// Windows keeps these names, with any extension, for devices.
const DEVICES: [&str; 6] = ["aux", "con", "nul", "prn", "com", "lpt"];

impl PackageName {
    /// Returns the name as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Refuses what cannot be the name of a folder in a git repository on some system.
pub(crate) fn check_folder_name(text: &str, what: &'static str) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if text.len() > MAX_BYTES {
        return Err(NameError::Long {
            length: text.len(),
            max: MAX_BYTES,
            what,
        });
    }
    if let Some(character) = text
        .chars()
        .find(|c| c.is_control() || FORBIDDEN.contains(*c))
    {
        return Err(NameError::Character {
            character,
            text: text.to_owned(),
            what,
        });
    }
    if text.starts_with(['.', ' ', '-']) || text.ends_with(['.', ' ']) || is_device(text) {
        return Err(NameError::NotAFolder {
            text: text.to_owned(),
            what,
        });
    }
    Ok(())
}

fn is_device(text: &str) -> bool {
    let stem = text.split('.').next().unwrap_or(text).to_ascii_lowercase();
    let letters = stem.trim_end_matches(|c: char| c.is_ascii_digit());
    DEVICES.contains(&letters)
        && match letters {
            "com" | "lpt" => stem.len() == 4,
            _ => stem.len() == 3,
        }
}

impl FromStr for PackageName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        check_folder_name(text, "package name")?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for PackageName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<PackageName> for String {
    fn from(name: PackageName) -> Self {
        name.0
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl std::borrow::Borrow<str> for PackageName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_dsm_installs_are_accepted() {
        for name in [
            "transmission",
            "MODS_Dummy_7.x",
            "Test x86_64",
            "ffmpeg5",
            "C+",
            "con-fig",
            "common",
        ] {
            assert!(name.parse::<PackageName>().is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_cannot_be_a_folder_everywhere_are_refused() {
        for name in [
            "",
            ".",
            "..",
            ".git",
            "a/b",
            "a\\b",
            "a:b",
            "a\0b",
            "a\nb",
            " a",
            "a ",
            "a.",
            "-rf",
            "con",
            "COM1.x",
            "a=b",
            &"x".repeat(101),
        ] {
            assert!(name.parse::<PackageName>().is_err(), "{name:?}");
        }
    }
}
