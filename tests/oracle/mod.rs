//! The answers of the servers that people run today, recorded over one corpus of SPKs, against ours.
//!
//! The recordings are not part of this repository: without `../shared/oracle` beside it, these tests do nothing.
//!
//! Every difference is one of [`known::Known`], with its reason, or fails the test; so does a reason that is not needed
//! any more.

mod compare;
mod corpus;
mod known;
mod recorded;
mod spkrepo;

use std::path::{Path, PathBuf};

/// Returns the folder of the recordings, where it is there.
fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    folder.is_dir().then_some(folder)
}
