//! What to do about exports that did not come about.

use super::{Advice, CliError, hint, hints};
use crate::ops::export::{ExportError, PlaceError};
use crate::web::WebError;

/// Blobs that are named one by one.
const SHOWN: usize = 20;

with_advice!(ExportError, WebError);

impl Advice for ExportError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Git(error) => error.hints(),
            Self::Missing { .. } => hints(&[hint::EXPORT_MISSING]),
            Self::NoUrl | Self::Settings { .. } => hints(&[hint::EXPORT_URL]),
            Self::Place(error) => match error {
                PlaceError::Foreign { .. }
                | PlaceError::NotAFolder { .. }
                | PlaceError::NotAnExport { .. }
                | PlaceError::Swap { .. } => hints(&[hint::EXPORT_ELSEWHERE]),
                PlaceError::Busy { .. } | PlaceError::Unready { .. } => Vec::new(),
            },
            Self::Tree(_) | Self::Write { .. } => Vec::new(),
        }
    }

    fn details(&self) -> Vec<String> {
        let Self::Missing { missing } = self else {
            return Vec::new();
        };
        let lines = missing.iter().take(SHOWN);
        let mut lines: Vec<String> = lines
            .map(|missing| format!("{} {} ({})", missing.package, missing.file, missing.sha256))
            .collect();
        if missing.len() > SHOWN {
            lines.push(format!("and {} more", missing.len() - SHOWN));
        }
        lines
    }
}

impl Advice for WebError {
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}
