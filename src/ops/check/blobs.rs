//! Brings what is inside SPKs to the rules: of changed builds when their bytes are here, of all when that is asked for.

use jiff::Timestamp;

use super::{CheckError, Options};
use crate::blob::{BlobError, Pointer};
use crate::lint::{Inside, Look, Scope, Spot};
use crate::model::doc::{BlobsDoc, SpkDoc};
use crate::ops::progress::Progress;
use crate::ops::verify::{SignatureReport, examine, with_causes};
use crate::repo::{Carry, Keys, Repository};

/// Where the bytes come from, and whose are looked into.
pub(super) struct Blobs<'a> {
    /// What brings blobs from where spkrepo.toml says; git-lfs does where it says nothing.
    download: Option<(&'a Carry, &'a BlobsDoc)>,
    /// Those that are not here are fetched.
    fetches: bool,
    keys: &'a Keys,
    now: Timestamp,
    progress: &'a dyn Progress,
    /// Sizes are looked at in any case; reading everything takes as long as the store is large.
    reads: bool,
    repository: &'a Repository,
}

impl<'a> Blobs<'a> {
    pub(super) fn new(
        repository: &'a Repository,
        scope: &'a Scope,
        options: &Options,
        now: Timestamp,
        progress: &'a dyn Progress,
    ) -> Result<Self, CheckError> {
        let doc = &scope.now.snapshot.settings.blobs;
        let download = repository.manner.download.as_ref();
        let download = download.filter(|_| !doc.remote.is_empty());
        if options.blobs && download.is_none() {
            repository.store.check_lfs()?;
        }
        Ok(Self {
            download: download.map(|download| (download, doc)),
            fetches: options.blobs,
            keys: &scope.now.snapshot.keys,
            now,
            progress,
            reads: options.blobs || options.changed_since.is_some(),
            repository,
        })
    }

    /// Looks at the blob of a build.
    pub(super) fn look(&self, spot: &Spot<'_>) -> Result<Look, CheckError> {
        let spk = &spot.build.doc.spk;
        if let Some(look) = self.fetch(spot) {
            return Ok(look);
        }
        match self.repository.blobs.open(spk.sha256, spk.size) {
            Ok(_) if !self.reads => Ok(Look::Unread),
            Ok(blob) => {
                let name = spot.name();
                let examined = examine(blob, &name, spk.size, self.keys, self.now, self.progress)?;
                let signature = examined.signature;
                let report = signature.as_ref().map(|(report, _)| report);
                let is_signed = report.is_some_and(SignatureReport::is_there);
                let outside = signature.as_ref().filter(|(report, _)| !report.whole);
                Ok(Look::Read(Box::new(Inside {
                    digests: examined.digests,
                    is_signed,
                    outside: outside
                        .filter(|_| is_signed)
                        .map(|(_, layout)| layout.outside())
                        .unwrap_or_default(),
                    signature_problems: report.map(SignatureReport::problems).unwrap_or_default(),
                    spk: examined.spk,
                })))
            }
            Err(BlobError::Missing { .. }) => Ok(Look::Unread),
            Err(error) => Ok(Look::Damaged {
                reason: with_causes(&error),
            }),
        }
    }

    /// Brings the blob here when it is not; returns what is to be said when that fails.
    fn fetch(&self, spot: &Spot<'_>) -> Option<Look> {
        let spk = &spot.build.doc.spk;
        if !self.fetches || self.repository.blobs.path(spk.sha256).exists() {
            return None;
        }
        let reason = match self.download {
            Some((download, doc)) => {
                let blob = spot.build.blob(&spot.package.name, &spot.release.version);
                with_causes(&*download(doc, &[blob]).err()?)
            }
            None => self.fetch_by_lfs(spk)?,
        };
        Some(Look::Missing { reason })
    }

    fn fetch_by_lfs(&self, spk: &SpkDoc) -> Option<String> {
        let pointer = Pointer {
            oid: spk.sha256,
            size: spk.size,
        };
        let fetched = self.repository.store.fetch_lfs_object(&pointer.to_text());
        Some(with_causes(&fetched.err()?))
    }
}
