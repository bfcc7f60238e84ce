//! `spkrepo.json`: what an export wrote. It tells the next export which files are its own, and `verify --url` what is there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::digest::Sha256;

/// The path of the manifest.
pub(crate) const MANIFEST: &str = "spkrepo.json";

/// What an export wrote. No time is in it: the same commit gives the same bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: u32,
    pub(crate) commit: String,
    pub(crate) url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) download_url: Option<String>,
    /// By path; all but the manifest.
    pub(crate) files: BTreeMap<String, ManifestFile>,
}

/// A file of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ManifestFile {
    pub(crate) sha256: Sha256,
    pub(crate) size: u64,
}

impl Manifest {
    /// The format that this program writes.
    pub(crate) const FORMAT: u32 = 1;

    /// Reads a manifest; nothing when it is none, or of another format.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let manifest: Self = serde_json::from_slice(bytes).ok()?;
        (manifest.format == Self::FORMAT).then_some(manifest)
    }

    /// Returns its bytes.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a manifest has text keys");
        bytes.push(b'\n');
        bytes
    }
}
