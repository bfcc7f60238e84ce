//! `release.toml`: what all builds of a release share.

use serde::{Deserialize, Serialize};

use super::sections::{Install, Permissions, Sections, Text};

/// `release.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseDoc {
    #[serde(default)]
    pub(crate) text: Text,
    #[serde(default, skip_serializing_if = "Install::is_empty")]
    pub(crate) install: Install,
    #[serde(default, skip_serializing_if = "Permissions::is_empty")]
    pub(crate) permissions: Permissions,
}

impl From<Sections> for ReleaseDoc {
    fn from(sections: Sections) -> Self {
        Self {
            text: sections.text,
            install: sections.install,
            permissions: sections.permissions,
        }
    }
}
