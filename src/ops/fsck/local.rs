//! What is in the local store: every blob is read, whether anything names it or not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;

use jiff::Timestamp;

use super::{Finding, FsckError, Kind};
use crate::base::digest::{Digests, ParallelHasher, Sha256};
use crate::blob::Leftover;
use crate::ops::progress::{Progress, Told};
use crate::repo::{Named, Naming, Repository};

/// What the local store has.
pub(super) struct Local {
    /// What the bytes of each blob are.
    pub(super) blobs: BTreeMap<Sha256, Digests>,
    pub(super) bytes: u64,
    pub(super) count: usize,
    strangers: Vec<Leftover>,
    unfinished: Vec<Leftover>,
}

/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// What git-lfs has written half may be gone on with.
const LEFTOVER_AGE: i64 = 86_400;

impl Local {
    /// Reads everything.
    pub(super) fn look(
        repository: &Repository,
        named: &Named,
        progress: &dyn Progress,
    ) -> Result<Self, FsckError> {
        let inventory = repository.blobs.inventory()?;
        let mut local = Self {
            blobs: BTreeMap::new(),
            bytes: 0,
            count: 0,
            strangers: inventory.strangers,
            unfinished: inventory.unfinished,
        };
        for blob in inventory.blobs {
            let name = named.blobs.get(&blob.sha256);
            let name = name.map_or("a blob without a name", |naming| naming.path.as_str());
            progress.begin(name, Some(blob.size));
            let digests = digests(repository, blob.sha256, progress);
            progress.end();
            // One that was collected meanwhile is not here.
            if let Some(digests) = digests? {
                local.count += 1;
                local.bytes += digests.size;
                local.blobs.insert(blob.sha256, digests);
            }
        }
        Ok(local)
    }

    /// Returns whether the blob is here, and is what its name says.
    pub(super) fn is_whole(&self, sha256: Sha256) -> bool {
        let digests = self.blobs.get(&sha256);
        digests.is_some_and(|digests| digests.sha256 == sha256)
    }

    /// Returns what is wrong with what is said of blobs, and with what is none.
    pub(super) fn findings(&self, named: &Named, now: Timestamp) -> Vec<Finding> {
        let mut findings: Vec<Finding> = named
            .blobs
            .iter()
            .flat_map(|(sha256, naming)| self.contradictions(*sha256, naming))
            .collect();
        findings.extend(self.strangers.iter().map(|file| {
            let message = "a file among the blobs whose name is none of a blob";
            Finding::new(Kind::Stranger, message).at(&file.path.display())
        }));
        let is_old = |file: &&Leftover| {
            let age = Timestamp::try_from(file.modified).map(|time| now.duration_since(time));
            file.is_abandoned || age.is_ok_and(|age| age.as_secs() > LEFTOVER_AGE)
        };
        findings.extend(self.unfinished.iter().filter(is_old).map(|file| {
            let message =
                "written half by a process that is no more; `spkrepo gc --delete` removes it";
            Finding {
                is_note: true,
                ..Finding::new(Kind::Unfinished, message).at(&file.path.display())
            }
        }));
        findings
    }

    /// Compares what pointers and documents say of a whole blob with what it is, and with each other.
    fn contradictions(&self, sha256: Sha256, naming: &Naming) -> Vec<Finding> {
        let finding = |message: String| Finding {
            commit: naming.commit,
            path: Some(naming.path.clone()),
            sha256: Some(sha256),
            ..Finding::new(Kind::Statement, message)
        };
        let mut findings = Vec::new();
        let digests = self
            .blobs
            .get(&sha256)
            .filter(|digests| digests.sha256 == sha256);
        match digests {
            Some(digests) => {
                let sizes = naming.sizes.iter().filter(|size| **size != digests.size);
                findings.extend(sizes.map(|size| {
                    finding(format!(
                        "the size is stated as {size}; it is {}",
                        digests.size
                    ))
                }));
                let md5s = naming.md5.iter().filter(|md5| **md5 != digests.md5);
                findings.extend(md5s.map(|md5| {
                    finding(format!("the MD5 is stated as {md5}; it is {}", digests.md5))
                }));
            }
            None if naming.sizes.len() > 1 => {
                let sizes: Vec<String> = naming.sizes.iter().map(u64::to_string).collect();
                let sizes = sizes.join(" and as ");
                findings.push(finding(format!("the size is stated as {sizes}")));
            }
            None => {}
        }
        findings
    }
}

/// Returns what the bytes of a blob are; nothing when it is not here.
pub(super) fn digests(
    repository: &Repository,
    sha256: Sha256,
    progress: &dyn Progress,
) -> Result<Option<Digests>, FsckError> {
    let failed = |source| FsckError::Read { sha256, source };
    let source = match File::open(repository.blobs.path(sha256)) {
        Ok(source) => source,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut source = Told { progress, source };
    let mut hasher = ParallelHasher::new();
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece).map_err(failed)? {
            0 => return Ok(Some(hasher.finish())),
            length => hasher.update(&piece[..length]),
        }
    }
}
