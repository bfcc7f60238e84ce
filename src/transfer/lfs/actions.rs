//! What a server was asked about before, for as long as it counts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::batch::{Object, Outcome};
use crate::base::digest::Sha256;
use crate::transfer::remote::{Wanted, Way};

/// Answers that were not made use of yet.
#[derive(Default)]
pub(super) struct Actions(Mutex<HashMap<(Way, Sha256), Object>>);

impl Actions {
    /// Keeps answers for those who ask.
    pub(super) fn keep(&self, way: Way, objects: Vec<Object>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(
            objects
                .into_iter()
                .map(|object| ((way, object.oid), object)),
        );
    }

    /// Returns the answer about a blob, once: whoever asks again wants to know what is true now.
    pub(super) fn take(&self, blob: &Wanted, way: Way) -> Option<Object> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let object = known.remove(&(way, blob.sha256))?;
        let is_valid = match &object.outcome {
            Outcome::Action { action, .. } => action.is_valid(),
            Outcome::Error { .. } | Outcome::Nothing => true,
        };
        is_valid.then_some(object)
    }
}
