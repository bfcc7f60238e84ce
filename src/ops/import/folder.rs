//! A folder as a source: a pile of SPKs, what sspks and gosspks serve, or the data of SynoCommunity's spkrepo
//! (`<package>/<revision>/<file>.spk`). What lies beside the SPKs is theirs already: icons, `.nfo`.

use std::io::{self, Read};
use std::path::Path;

use fs_err as fs;
use jiff::Timestamp;

use super::error::{ImportError, Refusal};
use super::offered::{Offered, Place, sane};
use super::report::Refused;
use super::source::{Brought, Bytes, Options, Survey};
use crate::base::causes::with_causes;
use crate::base::digest::{Sha256, Sha256Hasher};
use crate::base::limits::Limits;
use crate::model::channel::Channel;
use crate::model::doc::Text;
use crate::ops::add::{AddError, spks_below};
use crate::ops::progress::{Progress, Told};
use crate::spk::{self, Spk, SpkError};

/// Brings SPKs that are here already.
pub(super) struct Files;

/// Reads every SPK below `folder` for what it is.
pub(super) fn survey(
    folder: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Survey, ImportError> {
    if !folder.is_dir() {
        let path = folder.to_owned();
        return Err(ImportError::NotAFolder { path });
    }
    let paths = spks_below(folder)?;
    if paths.is_empty() {
        let path = folder.to_owned();
        return Err(AddError::NoSpk { path }.into());
    }
    let mut survey = Survey::default();
    for path in paths {
        match look(&path, options, progress) {
            Ok(offered) => survey.offered.push(offered),
            Err(error) => {
                let what = path.display().to_string();
                let reason = with_causes(&error);
                survey.refused.push(Refused::unnamed(what, reason));
            }
        }
    }
    Ok(survey)
}

fn look(path: &Path, options: &Options, progress: &dyn Progress) -> Result<Offered, AddError> {
    let (spk, sha256, size) = read(path, progress)?;
    let channel = channel(&spk.sections().text);
    let Some(identity) = spk.identity.filter(|_| spk.defects.is_empty()) else {
        return Err(AddError::Unfit {
            defects: spk.defects,
            file: path.display().to_string(),
        });
    };
    Ok(Offered {
        channel: options.channel.unwrap_or(channel),
        md5: None,
        package: identity.package,
        place: Place::File(path.to_owned()),
        sha256: Some(sha256),
        size: Some(size),
        version: identity.version,
    })
}

fn read(path: &Path, progress: &dyn Progress) -> Result<(Spk, Sha256, u64), AddError> {
    let failed = |source| AddError::Read {
        path: path.to_owned(),
        source,
    };
    let file = fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let name = path.display().to_string();
    progress.begin(&name, Some(size));
    let mut hashed = Hashed {
        hasher: Sha256Hasher::default(),
        source: Told {
            progress,
            source: file,
        },
    };
    let spk = spk::read(&mut hashed, &Limits::DEFAULT);
    progress.end();
    let spk = spk.map_err(|error| match error {
        SpkError::Io(source) => failed(io::Error::other(source)),
        source => AddError::Unreadable { file: name, source },
    })?;
    Ok((spk, hashed.hasher.finish(), size))
}

/// INFO marks a beta in either of two ways (developer guide, "INFO optional fields").
fn channel(text: &Text) -> Channel {
    let has_report_url = text
        .report_url
        .as_deref()
        .is_some_and(|url| !url.is_empty());
    if text.beta == Some(true) || has_report_url {
        Channel::Beta
    } else {
        Channel::Stable
    }
}

/// A reader that hashes what it reads.
struct Hashed<R> {
    hasher: Sha256Hasher,
    source: R,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        Ok(length)
    }
}

impl Bytes for Files {
    fn bring(
        &mut self,
        offered: &Offered,
        _progress: &dyn Progress,
    ) -> Result<Result<Brought, Refusal>, ImportError> {
        let Place::File(path) = &offered.place else {
            unreachable!("a folder has files only");
        };
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        let modified = modified
            .ok()
            .and_then(|time| Timestamp::try_from(time).ok());
        Ok(Ok(Brought {
            date: modified.and_then(|date| sane(date, Timestamp::now())),
            is_fresh: true,
            path: path.clone(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beta_is_marked_by_its_flag_or_by_where_it_is_reported() {
        let text = |toml: &str| channel(&toml::from_str(toml).expect("valid"));
        assert_eq!(text(""), Channel::Stable);
        assert_eq!(text("beta = false\nreport_url = ''"), Channel::Stable);
        assert_eq!(text("beta = true"), Channel::Beta);
        assert_eq!(text("report_url = 'https://example.org'"), Channel::Beta);
    }
}
