//! Whether SPKs are what the repository and their signers say: `verify`.
//!
//! [`signature`] judges the signature of one SPK; [`stored`] compares a build's blob, TOML and INFO.

mod signature;
mod stored;

use std::path::{Path, PathBuf};
use std::str::FromStr;

use fs_err as fs;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::progress::{Progress, Told};
use super::target::{Target, TargetError};
pub(crate) use crate::base::causes::with_causes;
use crate::base::limits::Limits;
use crate::model::name::NameError;
use crate::pgp::{Certificate, Standing};
use crate::repo::{Keys, OpenError, Repository, Snapshot};
use crate::spk::{SpkError, layout};
pub(crate) use signature::{SignatureReport, State, check};
pub(crate) use stored::examine;

/// What is to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    File(PathBuf),
    Release(Target),
}

impl FromStr for Subject {
    type Err = NameError;

    /// Names of packages have no `/`, and none is a file of that name with `.spk`.
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.contains('/') || text.to_ascii_lowercase().ends_with(".spk") {
            return Ok(Self::File(text.into()));
        }
        text.parse().map(Self::Release)
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) checked: Vec<Item>,
    /// What will be a problem soon.
    pub(crate) warnings: Vec<String>,
}

/// One SPK.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Item {
    /// A file, or `PACKAGE VERSION (BUILD)`.
    pub(crate) name: String,
    /// Absent when the SPK could not be read.
    pub(crate) signature: Option<SignatureReport>,
    /// Members that the signature says nothing about.
    pub(crate) outside: Vec<String>,
    pub(crate) problems: Vec<String>,
}

impl Report {
    /// Returns whether anything is wrong.
    pub(crate) fn has_problems(&self) -> bool {
        self.checked.iter().any(|item| !item.problems.is_empty())
    }
}

/// Says why something could not be verified at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VerifyError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("could not read `{file}`")]
    Read {
        file: String,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Target(#[from] TargetError),
}

/// Verifies the SPK files at `paths` against `keys`.
pub(crate) fn files(
    paths: &[PathBuf],
    keys: &Keys,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Report, VerifyError> {
    let checked = paths.iter().map(|path| file(path, keys, now, progress));
    Ok(Report {
        checked: checked.collect::<Result<_, _>>()?,
        warnings: Vec::new(),
    })
}

/// Verifies the builds of `targets`, or all builds, of `snapshot`.
pub(crate) fn builds(
    repository: &Repository,
    snapshot: &Snapshot,
    targets: Option<&[Target]>,
    keys: &Keys,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    let Some(targets) = targets else {
        for (package, release, build) in snapshot.builds() {
            let place = stored::Place {
                build,
                package,
                release,
            };
            report
                .checked
                .push(stored::check(repository, &place, keys, now, progress)?);
        }
        report.warnings = expiries(&keys.signers, now);
        return Ok(report);
    };
    for target in targets {
        let (package, release) = target.release(snapshot)?;
        for build in release.builds.values() {
            let place = stored::Place {
                build,
                package,
                release,
            };
            report
                .checked
                .push(stored::check(repository, &place, keys, now, progress)?);
        }
    }
    Ok(report)
}

/// How long before its end a certificate is spoken of.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);

fn expiries(certificates: &[Certificate], now: Timestamp) -> Vec<String> {
    let ends = |certificate: &Certificate| {
        let Standing::Good { until: Some(until) } = certificate.standing(now) else {
            return None;
        };
        let fingerprint = certificate.fingerprint();
        (until.duration_since(now) <= SOON)
            .then(|| format!("the certificate {fingerprint} expires at {until}"))
    };
    certificates.iter().filter_map(ends).collect()
}

fn file(
    path: &Path,
    keys: &Keys,
    now: Timestamp,
    progress: &dyn Progress,
) -> Result<Item, VerifyError> {
    let name = path.display().to_string();
    let failed = |source| VerifyError::Read {
        file: name.clone(),
        source,
    };
    let mut source = fs::File::open(path).map_err(failed)?;
    let size = source.metadata().map_err(failed)?.len();
    progress.begin(&name, Some(size));
    let told = Told {
        progress,
        source: &mut source,
    };
    let layout = layout(told, &Limits::DEFAULT);
    progress.end();
    let mut item = Item {
        name: name.clone(),
        signature: None,
        outside: Vec::new(),
        problems: Vec::new(),
    };
    match layout {
        Ok(layout) => {
            let signature = check(&mut source, &layout, keys, now).map_err(failed)?;
            item.judge(signature, &layout);
        }
        Err(SpkError::Io(source)) => return Err(failed(source)),
        Err(error) => item.problems.push(with_causes(&error)),
    }
    Ok(item)
}

impl Item {
    /// Takes the signature in, and what it says nothing about.
    fn judge(&mut self, signature: SignatureReport, layout: &crate::spk::Layout) {
        self.problems.extend(signature.problems());
        if signature.is_there() && !signature.whole {
            self.outside = layout.outside();
        }
        self.signature = Some(signature);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::base::digest::Sha256;
    use crate::spk::{signature_member, splice};

    #[test]
    fn a_subject_is_a_file_by_its_end_or_its_folder_and_else_a_release() {
        let file = |text: &str| matches!(text.parse(), Ok(Subject::File(_)));
        assert!(file("a.spk") && file("A.SPK") && file("out/a") && file("../a"));
        assert!(!file("a") && !file("a@1.0-1"));
        assert!("a@".parse::<Subject>().is_err());
    }

    /// Returns a signed SPK and who signed it.
    fn signed() -> (Vec<u8>, Certificate) {
        let member = |path: &str, bytes: &[u8]| (path.to_owned(), bytes.to_vec());
        let members = [member("INFO", b"package=demo"), member("package.tgz", b"x")];
        let unsigned = crate::spk::write(&members).expect("memory takes everything");
        let layout = layout(&unsigned[..], &Limits::DEFAULT).expect("sound");
        let signer = crate::pgp::testing::signer("tess");
        let now = Timestamp::from_second(Timestamp::now().as_second()).expect("a time");
        let content = layout.content(Cursor::new(&unsigned));
        let signature = signer.sign(content, Sha256::of(&unsigned), now);
        let signature = signature.expect("memory can be read");
        let member = signature_member(&signature.armored, now.as_second().unsigned_abs());
        let mut spk = Vec::new();
        let place = layout.end..layout.end;
        splice(&mut Cursor::new(unsigned), &place, &member, &mut spk).expect("memory");
        (spk, signer.certificate)
    }

    fn state(spk: &[u8], keys: &Keys) -> Option<State> {
        let layout = layout(spk, &Limits::DEFAULT).ok()?;
        let mut source = Cursor::new(spk);
        let report = check(&mut source, &layout, keys, Timestamp::now());
        Some(report.expect("memory can be read").state)
    }

    fn known(certificate: Certificate) -> Keys {
        Keys::new(vec![certificate], Vec::new())
    }

    #[test]
    fn a_flipped_bit_anywhere_spoils_the_signature() {
        let (spk, certificate) = signed();
        let keys = known(certificate);
        assert_eq!(state(&spk, &keys), Some(State::Good));
        let spoiled = (0..spk.len()).filter(|at| {
            let mut spk = spk.clone();
            spk[*at] ^= 1 << (at % 8);
            state(&spk, &keys) != Some(State::Good)
        });
        assert_eq!(spoiled.count(), spk.len());
    }

    #[test]
    fn a_member_behind_the_signature_spoils_it_even_an_empty_one() {
        let (spk, certificate) = signed();
        let keys = known(certificate);
        let end = layout(&spk[..], &Limits::DEFAULT).expect("sound").end;
        for bytes in [&b""[..], b"x"] {
            let added = crate::spk::write(&[("zzz".to_owned(), bytes.to_vec())]).expect("memory");
            let added = &added[..added.len() - 1024];
            let mut more = Vec::new();
            splice(&mut Cursor::new(&spk), &(end..end), added, &mut more).expect("memory");
            assert_eq!(state(&more, &keys), Some(State::Bad));
        }
    }

    #[test]
    fn certificates_that_end_soon_are_warned_of() {
        let certificate = crate::pgp::testing::signer("tess").certificate;
        let Standing::Good { until: Some(until) } = certificate.standing(Timestamp::now()) else {
            panic!("a new certificate is good and ends some day");
        };
        let before = |days: i64| until - SignedDuration::from_hours(24 * days);
        let certificates = [certificate];
        assert_eq!(expiries(&certificates, before(31)).len(), 0);
        assert_eq!(expiries(&certificates, before(29)).len(), 1);
    }
}
