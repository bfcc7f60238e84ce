//! What a build says together with its release.

use std::sync::Arc;

use crate::model::build_id::BuildId;
use crate::model::doc::{BuildDoc, Install, Permissions, ReleaseDoc, Text};
use crate::repo::snapshot::Build;

/// What the builds of a release take over from it.
pub(in crate::repo) struct Shared {
    base: ReleaseDoc,
    install: Arc<Install>,
    permissions: Arc<Permissions>,
    text: Arc<Text>,
}

impl Shared {
    pub(in crate::repo) fn of(release: &ReleaseDoc) -> Self {
        Self {
            base: release.clone(),
            install: Arc::new(release.install.clone()),
            permissions: Arc::new(release.permissions.clone()),
            text: Arc::new(release.text.clone()),
        }
    }

    /// Returns the build that `doc` describes.
    pub(in crate::repo) fn build(&self, id: BuildId, doc: BuildDoc) -> Build {
        macro_rules! section {
            ($name:ident) => {
                if doc.$name.is_empty() {
                    Arc::clone(&self.$name)
                } else {
                    Arc::new(doc.$name.over(&self.base.$name))
                }
            };
        }
        Build {
            install: section!(install),
            permissions: section!(permissions),
            text: section!(text),
            doc: Box::new(doc),
            id,
        }
    }
}
