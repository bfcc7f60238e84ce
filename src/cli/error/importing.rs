//! What to do about imports that stop.

use super::{Advice, CliError, hint, hints};
use crate::model::base_url::BaseUrlError;
use crate::ops::import::ImportError;

with_advice!(BaseUrlError, ImportError);

impl Advice for BaseUrlError {
    fn hints(&self) -> Vec<String> {
        hints(&[hint::IMPORT_SOURCE])
    }
}

impl Advice for ImportError {
    fn hints(&self) -> Vec<String> {
        match self {
            Self::Add(error) => error.hints(),
            Self::Busy { .. } | Self::Shelf { .. } | Self::Web(_) => Vec::new(),
            Self::NotAFolder { .. } | Self::NotASource { .. } => hints(&[hint::IMPORT_SOURCE]),
            Self::NothingToAsk => hints(&[hint::IMPORT_NARROWLY]),
            Self::Offer(error) => error.hints(),
            Self::Unreachable { .. } => hints(&[hint::IMPORT_AGAIN]),
        }
    }

    fn details(&self) -> Vec<String> {
        match self {
            Self::Add(error) => error.details(),
            Self::Offer(error) => error.details(),
            _ => Vec::new(),
        }
    }
}
