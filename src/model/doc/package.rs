//! `packages/<package>/package.toml`: what is true of all releases of a package.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::exception::ExceptionDoc;

/// `package.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PackageDoc {
    /// Who answers for the package: names from `maintainers.toml`.
    #[serde(default)]
    pub(crate) maintainers: Vec<String>,
    /// Where people find the project: `homepage`, `source`, `issues` or any other word.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) links: BTreeMap<String, String>,
    /// Says that the package is given up, and what to use instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deprecated: Option<Deprecated>,
    /// Rules of `check` that do not apply here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) exceptions: Vec<ExceptionDoc>,
}

/// `[deprecated]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deprecated {
    pub(crate) reason: String,
    /// The package that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) replaced_by: Option<String>,
}
