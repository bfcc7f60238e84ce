//! The entries of catalogs, as far as they say where an SPK is and how to know it.

use serde::{Deserialize, Serialize};

use crate::base::digest::Md5;
use crate::model::name::PackageName;
use crate::model::version::Version;

/// What a catalog says of one build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) is_beta: bool,
    /// Absolute.
    pub(super) link: String,
    pub(super) md5: Option<Md5>,
    pub(super) package: PackageName,
    /// In bytes.
    pub(super) size: Option<u64>,
    pub(super) version: Version,
}
