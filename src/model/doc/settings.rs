//! `spkrepo.toml`: the settings of a repository. Its presence makes a git repository a package source.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::blobs::BlobsDoc;
use super::exception::ExceptionDoc;
use super::read::{DocError, line_of, read};
use super::serve::ServeDoc;
use crate::model::base_url::BaseUrl;
use crate::model::channel::Channel;
use crate::model::download_url::DownloadUrl;

/// The repository format that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;

/// `spkrepo.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsDoc {
    pub(crate) format: u32,
    #[serde(default)]
    pub(crate) repository: RepositorySettings,
    #[serde(default)]
    pub(crate) add: AddSettings,
    #[serde(default)]
    pub(crate) blobs: BlobsDoc,
    #[serde(default)]
    pub(crate) catalog: CatalogSettings,
    #[serde(default)]
    pub(crate) export: ExportSettings,
    #[serde(default)]
    pub(crate) serve: ServeDoc,
    #[serde(default)]
    pub(crate) signing: SigningSettings,
    /// Rules of `check` that do not apply here.
    #[serde(default)]
    pub(crate) exceptions: Vec<ExceptionDoc>,
}

impl Default for SettingsDoc {
    fn default() -> Self {
        Self {
            format: FORMAT,
            repository: RepositorySettings::default(),
            add: AddSettings::default(),
            blobs: BlobsDoc::default(),
            catalog: CatalogSettings::default(),
            export: ExportSettings::default(),
            serve: ServeDoc::default(),
            signing: SigningSettings::default(),
            exceptions: Vec::new(),
        }
    }
}

impl SettingsDoc {
    /// Reads the settings from the bytes of `path`.
    pub(crate) fn read(path: &str, bytes: &[u8]) -> Result<Self, DocError> {
        let mut doc: Self = read(path, bytes)?;
        doc.serve.find_lines(bytes);
        Ok(doc)
    }
}

/// `[repository]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RepositorySettings {
    /// Shown to people.
    #[serde(default)]
    pub(crate) name: Option<String>,
    /// Where the source is reached; links in the catalog begin with it. Absent: links follow the request's `Host`.
    #[serde(default)]
    pub(crate) url: Option<String>,
}

/// `[add]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddSettings {
    /// Where `add` puts new builds unless told otherwise.
    #[serde(default)]
    pub(crate) channel: Channel,
}

/// `[catalog]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CatalogSettings {
    #[serde(default)]
    pub(crate) compatibility: Compatibility,
}

/// `[export]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportSettings {
    /// Where SPKs are downloaded; absent: they are beside the catalogs.
    #[serde(default)]
    pub(crate) download_url: Option<DownloadUrl>,
    /// Where the exported files will be; absent: `url` of `[repository]`.
    #[serde(default)]
    pub(crate) url: Option<BaseUrl>,
}

/// `[signing]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SigningSettings {
    /// Channels where only signed builds are put or promoted to.
    #[serde(default)]
    pub(crate) required: BTreeSet<Channel>,
}

/// Which DSM lines a build made for an older one is offered to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Compatibility {
    /// Only the step from 6 to 7 is a wall.
    Dsm7Boundary,
    /// The build's minimum has the device's major version.
    #[default]
    SameMajor,
}

/// Returns the format that the settings state and its line: a newer one may have keys that are unknown here.
pub(crate) fn stated_format(bytes: &[u8]) -> Option<(i64, usize)> {
    #[derive(Deserialize)]
    struct Stated {
        format: toml::Spanned<i64>,
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let format = toml::from_str::<Stated>(text).ok()?.format;
    let line = line_of(bytes, format.span().start);
    Some((format.into_inner(), line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_has_the_defaults() {
        let template = include_bytes!("../../../repo-template/spkrepo.toml");
        let settings = SettingsDoc::read("spkrepo.toml", template).expect("the template is valid");
        assert_eq!(settings.format, FORMAT);
        assert_eq!(settings.add.channel, Channel::Staged);
        assert_eq!(settings.catalog.compatibility, Compatibility::SameMajor);
        assert_eq!(settings.repository.url, None);
    }
}
