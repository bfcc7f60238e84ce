//! What is in an SPK: `inspect`.

use std::io::{self, Read};
use std::path::Path;

use fs_err as fs;

use crate::base::limits::Limits;
use crate::spk::{self, Report, SpkError};

/// Says why a file cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InspectError {
    #[error("could not read `{file}`")]
    Read {
        file: String,
        #[source]
        source: io::Error,
    },
    #[error("`{file}` cannot be read as an SPK")]
    Unreadable {
        file: String,
        #[source]
        source: SpkError,
    },
}

/// Reads the SPK at `path`, or from `stdin` when there is none.
pub(crate) fn inspect(path: Option<&Path>, stdin: &mut dyn Read) -> Result<Report, InspectError> {
    let file = path.map_or_else(
        || "standard input".to_owned(),
        |path| path.display().to_string(),
    );
    let spk = match path {
        None => spk::read(stdin, &Limits::DEFAULT),
        Some(path) => match fs::File::open(path) {
            Ok(source) => spk::read(source, &Limits::DEFAULT),
            Err(source) => return Err(InspectError::Read { file, source }),
        },
    };
    match spk {
        Ok(spk) => Ok(spk.report()),
        Err(SpkError::Io(source)) => Err(InspectError::Read { file, source }),
        Err(source) => Err(InspectError::Unreadable { file, source }),
    }
}
