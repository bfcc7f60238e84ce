//! Platforms, families and aliases: which INFO `arch=` covers which device.
//!
//! The facts are data (`platforms.toml`); the rules work without them, so unknown platforms are no error.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::os_version::Os;

/// A platform code (`apollolake`), a family that covers several (`x86_64`) or `noarch`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Arch(String);

/// Says that a text cannot be a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a platform: lower-case letters, digits and `_`, at most 40")]
pub(crate) struct ArchError {
    text: String,
}

/// How closely a build's platform fits a device; the closest wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fit {
    Noarch,
    Family,
    Exact,
}

const NOARCH: &str = "noarch";

impl Arch {
    /// Returns whether this is `noarch`, which covers every platform.
    pub(crate) fn is_noarch(&self) -> bool {
        self.0 == NOARCH
    }

    /// Returns the code as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the code that stands for all aliases of this platform.
    pub(crate) fn canonical(&self) -> &str {
        TABLE
            .aliases
            .get(self.0.as_str())
            .map_or(self.0.as_str(), String::as_str)
    }

    /// Returns how this value of INFO `arch=` covers a device that reports `device`, if it does.
    pub(crate) fn covers(&self, device: &Self) -> Option<Fit> {
        if self.is_noarch() {
            Some(Fit::Noarch)
        } else if self.canonical() == device.canonical() {
            Some(Fit::Exact)
        } else if device.families().contains(&self.0) {
            Some(Fit::Family)
        } else {
            None
        }
    }

    fn families(&self) -> &[String] {
        self.row().map_or(&[], |row| &row.families)
    }

    /// Returns the operating system of the devices of this platform, when the platform is known.
    pub(crate) fn os(&self) -> Option<Os> {
        self.row().map(|row| row.os)
    }

    /// Returns the platforms that are known.
    pub(crate) fn known() -> impl Iterator<Item = Self> {
        TABLE.platforms.keys().map(|code| Self(code.clone()))
    }

    /// Returns whether this stands for several platforms and is none itself, as far as is known.
    pub(crate) fn is_family(&self) -> bool {
        let mut rows = TABLE.platforms.values();
        self.row().is_none() && rows.any(|row| row.families.contains(&self.0))
    }

    /// Returns the models of the platform, as people call them.
    pub(crate) fn models(&self) -> &'static [String] {
        self.row().map_or(&[], |row| &row.models)
    }

    /// Returns the platform of a model as people call it (`DS918+`), in any case.
    pub(crate) fn of_model(model: &str) -> Option<Self> {
        let (code, _) = models().find(|(_, known)| known.eq_ignore_ascii_case(model))?;
        Some(Self(code.to_owned()))
    }

    /// Returns the known model that looks most like `model`.
    pub(crate) fn nearest_model(model: &str) -> Option<String> {
        let wanted = model.to_ascii_uppercase();
        let likeness =
            |known: &str| strsim::normalized_levenshtein(&wanted, &known.to_ascii_uppercase());
        models()
            .map(|(_, known)| (likeness(known), known))
            .filter(|(likeness, _)| *likeness > 0.6)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, known)| known.to_owned())
    }

    /// Returns whether the code is a platform, family or alias that is known, or `noarch`.
    pub(crate) fn is_known(&self) -> bool {
        self.is_noarch() || self.row().is_some() || self.is_family()
    }

    /// Returns the known code that looks most like this one.
    pub(crate) fn nearest(&self) -> Option<&'static str> {
        let rows = TABLE.platforms.iter();
        let codes = rows.flat_map(|(code, row)| std::iter::once(code).chain(&row.families));
        let aliases = TABLE.aliases.keys();
        let rated = codes
            .chain(aliases)
            .map(|code| (strsim::normalized_damerau_levenshtein(&self.0, code), code));
        let (likeness, nearest) = rated.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))?;
        (likeness > 0.6).then_some(nearest)
    }

    /// Returns what is known of the platform; an alias without a row of its own has that of its platform.
    fn row(&self) -> Option<&'static Row> {
        let rows = &TABLE.platforms;
        rows.get(self.0.as_str())
            .or_else(|| rows.get(self.canonical()))
    }
}

impl FromStr for Arch {
    type Err = ArchError;

    /// Reads a platform in any case.
    fn from_str(text: &str) -> Result<Self, ArchError> {
        let code = text.to_ascii_lowercase();
        let valid = (1..=40).contains(&code.len())
            && code
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if valid {
            Ok(Self(code))
        } else {
            Err(ArchError {
                text: text.chars().take(80).collect(),
            })
        }
    }
}

impl TryFrom<String> for Arch {
    type Error = ArchError;

    fn try_from(text: String) -> Result<Self, ArchError> {
        text.parse()
    }
}

impl From<Arch> for String {
    fn from(arch: Arch) -> Self {
        arch.0
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

struct Row {
    families: Vec<String>,
    models: Vec<String>,
    os: Os,
}

/// Returns every known model with its platform's code, in a fixed order.
pub(crate) fn models() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = TABLE.platforms.iter();
    rows.flat_map(|(code, row)| {
        row.models
            .iter()
            .map(|model| (code.as_str(), model.as_str()))
    })
}

/// Returns every known platform with the families that cover it and what it runs.
pub(crate) fn platforms() -> impl Iterator<Item = (Arch, &'static [String], Os)> {
    let rows = TABLE.platforms.iter();
    rows.map(|(code, row)| (Arch(code.clone()), row.families.as_slice(), row.os))
}

struct Table {
    aliases: HashMap<String, String>,
    platforms: BTreeMap<String, Row>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    #[derive(Deserialize)]
    struct File {
        alias: Vec<AliasRow>,
        platform: Vec<PlatformRow>,
    }
    #[derive(Deserialize)]
    struct AliasRow {
        code: String,
        platform: String,
    }
    #[derive(Deserialize)]
    struct PlatformRow {
        code: String,
        #[serde(default)]
        families: Vec<String>,
        #[serde(default)]
        models: Vec<String>,
        #[serde(default)]
        os: Option<String>,
    }
    let file: File =
        toml::from_str(include_str!("platforms.toml")).expect("a test parses platforms.toml");
    Table {
        aliases: file
            .alias
            .into_iter()
            .map(|row| (row.code, row.platform))
            .collect(),
        platforms: file
            .platform
            .into_iter()
            .map(|row| {
                let os = match row.os.as_deref() {
                    Some("srm") => Os::Srm,
                    _ => Os::Dsm,
                };
                let (families, models) = (row.families, row.models);
                (
                    row.code,
                    Row {
                        families,
                        models,
                        os,
                    },
                )
            })
            .collect(),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    fn arch(text: &str) -> Arch {
        text.parse().expect("a valid platform")
    }

    #[test]
    fn a_platform_is_covered_exactly_by_family_by_alias_and_by_noarch() {
        assert_eq!(
            arch("apollolake").covers(&arch("apollolake")),
            Some(Fit::Exact)
        );
        assert_eq!(
            arch("x86_64").covers(&arch("apollolake")),
            Some(Fit::Family)
        );
        assert_eq!(arch("88f6281").covers(&arch("88f6282")), Some(Fit::Exact));
        assert_eq!(arch("88f628x").covers(&arch("88F6281")), Some(Fit::Exact));
        assert_eq!(
            arch("noarch").covers(&arch("apollolake")),
            Some(Fit::Noarch)
        );
        assert_eq!(arch("armv8").covers(&arch("rtd1296")), Some(Fit::Family));
        assert_eq!(arch("armv7").covers(&arch("alpine310")), Some(Fit::Family));
        assert_eq!(arch("apollolake").covers(&arch("x86_64")), None);
        assert_eq!(arch("armv7").covers(&arch("apollolake")), None);
    }

    #[test]
    fn an_unknown_platform_is_a_platform_of_its_own() {
        assert_eq!(arch("moonlake").covers(&arch("moonlake")), Some(Fit::Exact));
        assert_eq!(arch("moonlake").os(), None);
        assert_eq!(arch("cypress").os(), Some(Os::Srm));
        assert_eq!(Arch::of_model("ds918+"), Some(arch("apollolake")));
        assert_eq!(Arch::of_model("DS9"), None);
        assert!("a b".parse::<Arch>().is_err());
        assert!("../x".parse::<Arch>().is_err());
    }
}
