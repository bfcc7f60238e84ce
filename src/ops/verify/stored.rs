//! Whether a build's blob, its TOML and its INFO say the same.

use std::fs::File;
use std::io::{self, Read};

use jiff::Timestamp;

use super::{Item, SignatureReport, VerifyError, signature, with_causes};
use crate::base::digest::{Digests, ParallelHasher};
use crate::base::limits::Limits;
use crate::lint::{digest_differences, identity_differences};
use crate::ops::progress::{Progress, Told};
use crate::repo::{Build, Keys, Package, Release, Repository};
use crate::spk::{self, Layout, Spk, SpkError, layout};

/// A build and where it belongs.
pub(super) struct Place<'a> {
    pub(super) build: &'a Build,
    pub(super) package: &'a Package,
    pub(super) release: &'a Release,
}

/// Checks everything about one build.
pub(super) fn check(
    repository: &Repository,
    place: &Place<'_>,
    keys: &Keys,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Item, VerifyError> {
    let doc = &place.build.doc;
    let mut item = Item {
        name: format!(
            "{} {} ({})",
            place.package.name, place.release.version, place.build.id
        ),
        signature: None,
        outside: Vec::new(),
        problems: Vec::new(),
    };
    let blob = match repository.blobs.open(doc.spk.sha256, doc.spk.size) {
        Ok(blob) => blob,
        Err(error) => {
            item.problems.push(with_causes(&error));
            return Ok(item);
        }
    };
    let examined = examine(blob, &item.name, doc.spk.size, keys, now, progress)?;
    let digests = digest_differences(doc, &examined.digests).into_iter();
    item.problems.extend(digests.map(|one| one.message));
    match &examined.spk {
        Ok(spk) => item.problems.extend(info_problems(place, spk)),
        Err(error) => item.problems.push(with_causes(error)),
    }
    if let Some((signature, layout)) = examined.signature {
        item.judge(signature, &layout);
    }
    Ok(item)
}

/// What was found in a blob.
pub(crate) struct Examined {
    pub(crate) digests: Digests,
    /// Absent when the SPK has no place for one.
    pub(crate) signature: Option<(SignatureReport, Layout)>,
    pub(crate) spk: Result<Spk, SpkError>,
}

/// Reads the blob of the build `name` to its end, whatever it is.
pub(crate) fn examine(
    mut blob: File,
    name: &str,
    size: u64,
    keys: &Keys,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Examined, VerifyError> {
    let failed = |source| VerifyError::Read {
        file: name.to_owned(),
        source,
    };
    progress.begin(name, Some(size));
    let read = read(Told {
        progress,
        source: &mut blob,
    });
    progress.end();
    let (digests, spk) = read.map_err(failed)?;
    io::Seek::rewind(&mut blob).map_err(failed)?;
    let signature = match layout(&mut blob, &Limits::DEFAULT) {
        Ok(layout) => {
            let report = signature::check(&mut blob, &layout, keys, now).map_err(failed)?;
            Some((report, layout))
        }
        Err(SpkError::Io(source)) => return Err(failed(source)),
        // Whatever else it is is said of `spk`; gzip around an SPK has no signature that could be judged.
        Err(_) => None,
    };
    Ok(Examined {
        digests,
        signature,
        spk,
    })
}

/// Reads an SPK to its end, whatever it is, for its digests.
fn read(source: impl Read) -> io::Result<(Digests, Result<Spk, SpkError>)> {
    let mut hashed = Hashed {
        hasher: ParallelHasher::new(),
        source,
    };
    let spk = match spk::read(&mut hashed, &Limits::DEFAULT) {
        Err(SpkError::Io(error)) => return Err(error),
        spk => spk,
    };
    io::copy(&mut hashed, &mut io::sink())?;
    Ok((hashed.hasher.finish(), spk))
}

struct Hashed<R> {
    hasher: ParallelHasher,
    source: R,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}

fn info_problems(place: &Place<'_>, spk: &Spk) -> Vec<String> {
    let defects = spk.defects.iter().map(ToString::to_string);
    let differences = spk.identity.iter().flat_map(|identity| {
        let (package, version) = (place.package, &place.release.version);
        identity_differences(package, version, &place.build.doc, identity)
    });
    defects.chain(differences.map(|one| one.message)).collect()
}
