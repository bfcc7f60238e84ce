//! Whether a build's blob, its TOML and its INFO say the same.

use std::io::{self, Read};

use jiff::Timestamp;

use super::{Item, VerifyError, signature, with_causes};
use crate::base::digest::{Digests, ParallelHasher};
use crate::base::limits::Limits;
use crate::model::doc::BuildDoc;
use crate::ops::progress::{Progress, Told};
use crate::repo::{Build, Keys, Package, Release, Repository};
use crate::spk::{self, Spk, SpkError, layout};

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
    let failed = |file: &str| {
        let file = file.to_owned();
        move |source| VerifyError::Read { file, source }
    };
    let mut blob = match repository.blobs.open(doc.spk.sha256, doc.spk.size) {
        Ok(blob) => blob,
        Err(error) => {
            item.problems.push(with_causes(&error));
            return Ok(item);
        }
    };
    progress.begin(&item.name, Some(doc.spk.size));
    let source = Told {
        progress,
        source: &mut blob,
    };
    let read = read(source);
    progress.end();
    let (digests, spk) = read.map_err(failed(&item.name))?;
    item.problems.extend(digest_problems(doc, &digests));
    match spk {
        Ok(spk) => item.problems.extend(info_problems(place, &spk)),
        Err(error) => item.problems.push(with_causes(&error)),
    }
    io::Seek::rewind(&mut blob).map_err(failed(&item.name))?;
    match layout(&mut blob, &Limits::DEFAULT) {
        Ok(layout) => {
            let signature =
                signature::check(&mut blob, &layout, keys, now).map_err(failed(&item.name))?;
            item.judge(signature, &layout);
        }
        Err(SpkError::Io(source)) => return Err(failed(&item.name)(source)),
        // Whatever else it is has been said above; gzip around an SPK has no signature that could be judged.
        Err(_) => {}
    }
    Ok(item)
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

fn digest_problems(doc: &BuildDoc, found: &Digests) -> Vec<String> {
    let stated = &doc.spk;
    let mut problems = Vec::new();
    if found.sha256 != stated.sha256 {
        let (found, stated) = (found.sha256, stated.sha256);
        problems.push(format!("the blob has SHA-256 {found} instead of {stated}"));
    }
    if found.md5 != stated.md5 {
        let (found, stated) = (found.md5, stated.md5);
        problems.push(format!("the blob has MD5 {found} instead of {stated}"));
    }
    problems
}

fn info_problems(place: &Place<'_>, spk: &Spk) -> Vec<String> {
    let Some(identity) = &spk.identity else {
        return spk.defects.iter().map(ToString::to_string).collect();
    };
    let doc = &place.build.doc;
    let differences = [
        differs("package", &identity.package, &place.package.name),
        differs("version", &identity.version, &place.release.version),
        differs("arch", &joined(&identity.arch), &joined(&doc.arch)),
        differs(
            "exclude_arch",
            &joined(&identity.exclude_arch),
            &joined(&doc.exclude_arch),
        ),
        differs("model", &joined(&identity.model), &joined(&doc.model)),
        differs(
            "exclude_model",
            &joined(&identity.exclude_model),
            &joined(&doc.exclude_model),
        ),
        differs("os_min_ver", &identity.os_min_ver, &doc.os_min_ver),
        differs(
            "os_max_ver",
            &joined(&identity.os_max_ver),
            &joined(&doc.os_max_ver),
        ),
    ];
    let defects = spk.defects.iter().map(ToString::to_string);
    defects.chain(differences.into_iter().flatten()).collect()
}

fn joined<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    let values = values.into_iter().map(ToString::to_string);
    values.collect::<Vec<_>>().join(" ")
}

fn differs<T: ToString + ?Sized>(key: &str, info: &T, stated: &T) -> Option<String> {
    let (info, stated) = (info.to_string(), stated.to_string());
    let shown = |value: &str| match value {
        "" => "nothing".to_owned(),
        value => format!("`{value}`"),
    };
    (info != stated).then(|| {
        let (info, stated) = (shown(&info), shown(&stated));
        format!("`{key}` is {info} in INFO and {stated} in the repository")
    })
}
