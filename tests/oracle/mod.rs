//! The answers of the servers that people run today, recorded over one corpus of SPKs, against ours.
//!
//! The recordings are not part of this repository: without `../shared/oracle` beside it, or the folder that
//! `SPKREPO_ORACLE` names, these tests do nothing.
//!
//! Every difference is one of [`known::Known`], with its reason, or fails the test; so does a reason that is not needed
//! any more. Reasons are rules about what was asked and answered, so that they hold for other recordings too.

mod asked;
mod compare;
mod corpus;
mod known;
mod reasons;
mod recorded;
mod spkrepo;

use std::path::PathBuf;

use crate::support::replay::oracle;

/// Returns the folder of the recordings, where it is there.
fn recordings() -> Option<PathBuf> {
    oracle()
}
