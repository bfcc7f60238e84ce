//! `maintainers.toml`: the people of the repository.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `maintainers.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PeopleDoc {
    /// By the short name that `package.toml` uses.
    #[serde(default)]
    pub(crate) people: BTreeMap<String, Person>,
}

/// One person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
}
