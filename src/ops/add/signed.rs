//! Whose signature an SPK arrives with: it is kept whatever it is, and recorded when its certificate is known.

use std::io::{self, Seek as _};

use jiff::Timestamp;

use super::error::AddError;
use crate::base::digest::ParallelHasher;
use crate::base::limits::Limits;
use crate::blob::StagedBlob;
use crate::model::doc::SignatureDoc;
use crate::ops::verify::{State, check, with_causes};
use crate::repo::Keys;
use crate::spk::{layout, splice};

/// What is known of a signature.
#[derive(Default)]
pub(super) struct Arrived {
    pub(super) signature: Option<SignatureDoc>,
    /// Why it is not recorded, or not relied on.
    pub(super) warning: Option<String>,
}

/// Checks the signature of the SPK in `blob`, which messages call `file`.
pub(super) fn arrived(
    blob: &StagedBlob,
    file: &str,
    keys: &Keys,
    now: Timestamp,
) -> Result<Arrived, AddError> {
    let failed = |source| AddError::Read {
        path: file.into(),
        source,
    };
    let warned = |warning: String| Arrived {
        signature: None,
        warning: Some(warning),
    };
    let mut source = blob.open()?;
    let layout = match layout(&mut source, &Limits::DEFAULT) {
        Ok(layout) => layout,
        Err(error) => {
            let reason = with_causes(&error);
            return Ok(warned(format!("its signature is not checked: {reason}")));
        }
    };
    let report = check(&mut source, &layout, keys, now).map_err(failed)?;
    let problem = report.problems().into_iter().next();
    let is_known = matches!(report.state, State::Expired | State::Good | State::Revoked);
    let (Some(fingerprint), Some(time), Some(member), true) =
        (report.fingerprint, report.time, &layout.signature, is_known)
    else {
        return Ok(problem.map(warned).unwrap_or_default());
    };
    let unsigned = |source: &mut std::fs::File| -> io::Result<_> {
        let mut hasher = ParallelHasher::new();
        source.rewind()?;
        splice(source, &member.range, b"", &mut hasher)?;
        Ok(hasher.finish().sha256)
    };
    Ok(Arrived {
        signature: Some(SignatureDoc {
            fingerprint,
            time,
            unsigned_sha256: unsigned(&mut source).map_err(failed)?,
        }),
        warning: problem,
    })
}
