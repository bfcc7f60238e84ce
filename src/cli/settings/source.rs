//! What flags, variables and the file state, each value checked and with its place.

use std::ffi::OsString;
use std::fmt;

use super::flags::SettingFlags;
use crate::cli::secret::PASSPHRASE_FILE;
use crate::model::doc::{ServeDoc, nearest};
use crate::model::setting::{SETTINGS, Setting, ValueError, texts_of};

/// Variables that begin so are meant for this program.
const PREFIX: &str = "SPKREPO_";
/// Each says which commit is served.
const COMMITS: [&str; 3] = ["ref", "rev", "follow"];
/// Variables that begin so and are meant for another command.
const OTHERS: [&str; 1] = [PASSPHRASE_FILE];

/// Where a value is stated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Place {
    Default,
    /// `spkrepo.toml`.
    File {
        line: usize,
    },
    Flag {
        name: &'static str,
    },
    Variable {
        name: String,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { line } => write!(f, "spkrepo.toml:{line}"),
            Self::Flag { name } => write!(f, "`--{name}`"),
            Self::Variable { name } => write!(f, "`{name}`"),
        }
    }
}

/// A value as it is stated.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Stated {
    pub(in crate::cli) place: Place,
    pub(in crate::cli) setting: &'static Setting,
    pub(in crate::cli) texts: Vec<String>,
}

/// Says what is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum SettingsError {
    #[error("{place}: `{name}` needs `{needed}` as well")]
    Alone {
        name: &'static str,
        needed: &'static str,
        place: Place,
    },
    #[error("{one} and {other} cannot be used with each other")]
    Contradiction { one: Place, other: Place },
    #[error("`{name}` is not UTF-8")]
    NotText { name: String },
    #[error("`{name}` is not a setting of `spkrepo serve`")]
    UnknownVariable {
        name: String,
        nearest: Option<String>,
    },
    #[error("{place}: {problem}")]
    Value { place: Place, problem: ValueError },
}

impl Stated {
    pub(super) fn default_of(setting: &'static Setting) -> Self {
        Self {
            place: Place::Default,
            setting,
            texts: setting.default_texts(),
        }
    }

    fn checked(
        setting: &'static Setting,
        place: Place,
        texts: Vec<String>,
    ) -> Result<Self, SettingsError> {
        match (setting.check)(&texts) {
            Ok(()) => Ok(Self {
                place,
                setting,
                texts,
            }),
            Err(problem) => Err(SettingsError::Value { place, problem }),
        }
    }
}

/// What whoever starts the program states, what counts more first.
#[derive(Clone, Debug)]
pub(super) struct Given {
    flags: Vec<Stated>,
    variables: Vec<Stated>,
}

impl Given {
    /// Reads the flags, and the variables that are meant for this program.
    pub(super) fn new(
        flags: &SettingFlags,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let flags = flags.iter().map(|(setting, texts)| {
            let name = setting.name;
            Stated::checked(setting, Place::Flag { name }, texts.to_vec())
        });
        let flags = flags.collect::<Result<_, _>>()?;
        let variables = variables.into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let is_setting = name.starts_with(PREFIX) && !OTHERS.contains(&name.as_str());
            is_setting.then(|| variable(name, value))
        });
        let variables: Vec<Option<Stated>> = variables.collect::<Result<_, _>>()?;
        Ok(Self {
            flags,
            variables: variables.into_iter().flatten().collect(),
        })
    }

    /// Returns all, what counts more first, with one way to say which commit is served.
    pub(super) fn into_consistent(mut self) -> Result<Vec<Stated>, SettingsError> {
        for source in [&self.flags, &self.variables] {
            let mut stated = COMMITS.iter().filter_map(|name| find(source, name));
            if let (Some(one), Some(other)) = (stated.next(), stated.next()) {
                let (one, other) = (one.place.clone(), other.place.clone());
                return Err(SettingsError::Contradiction { one, other });
            }
        }
        let is_commit = |stated: &Stated| COMMITS.contains(&stated.setting.name);
        if self.flags.iter().any(is_commit) {
            self.variables.retain(|stated| !is_commit(stated));
        }
        self.flags.append(&mut self.variables);
        Ok(self.flags)
    }
}

fn find<'a>(stated: &'a [Stated], name: &str) -> Option<&'a Stated> {
    stated.iter().find(|stated| stated.setting.name == name)
}

/// Reads a variable. One that is empty counts as not set: that is how many a supervisor unsets them.
fn variable(name: String, value: OsString) -> Result<Option<Stated>, SettingsError> {
    let Some(setting) = SETTINGS.iter().find(|setting| setting.variable() == name) else {
        let known: Vec<String> = SETTINGS.iter().map(Setting::variable).collect();
        let nearest = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
        return Err(SettingsError::UnknownVariable { name, nearest });
    };
    let Ok(text) = value.into_string() else {
        return Err(SettingsError::NotText { name });
    };
    if text.is_empty() {
        return Ok(None);
    }
    let texts = texts_of(setting.shape, &text);
    Stated::checked(setting, Place::Variable { name }, texts).map(Some)
}

/// Returns what `[serve]` states, which was checked when it was read.
pub(super) fn file(doc: &ServeDoc) -> Vec<Stated> {
    let stated = SETTINGS.iter().filter_map(|setting| {
        let value = doc.get(setting)?;
        Some(Stated {
            place: Place::File { line: value.line },
            setting,
            texts: value.texts.clone(),
        })
    });
    stated.collect()
}
