//! What to do about blobs that are not collected.

use super::{Advice, CliError, hint, hints};
use crate::ops::gc::GcError;

with_advice!(GcError);

impl Advice for GcError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Blob(_) => Vec::new(),
            Self::Git(error) => error.hints(),
            Self::Outside { .. } => hints(&[hint::GC_OUTSIDE]),
            Self::Shallow => hints(&[hint::WHOLE_HISTORY]),
            Self::Write(error) => error.hints(),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Write(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
