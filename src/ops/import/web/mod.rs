//! A source on the web: asked as devices ask, politely, and never at the mercy of its answers.
//!
//! `question` (what is asked) → `polite` (how) → `listing` (what an answer says) → `survey` (what all of them together
//! say, with the channels) → `shelf` and `download` (the bytes, kept until they are in a commit). `memory` knows what was
//! seen the last time.

mod download;
mod entry_list;
mod link;
mod listing;
mod memory;
mod pace;
mod polite;
mod question;
mod shelf;
mod survey;

use std::time::Duration;

use crate::web::{Bounds, Roots};

pub(super) use download::Downloads;
pub(crate) use link::LinkError;
pub(super) use memory::Memory;
pub(crate) use pace::Rate;
pub(super) use polite::Polite;
pub(super) use shelf::Shelf;
pub(super) use survey::survey;

/// How a source is asked.
#[derive(Clone, Debug)]
pub(crate) struct Manners {
    /// Bytes of an SPK.
    pub(crate) max_size: u64,
    pub(crate) rate: Rate,
    pub(crate) roots: Roots,
}

/// What holds for every request; how long it may take is said for each.
const BOUNDS: Bounds = Bounds {
    body: CATALOG,
    connect: Duration::from_secs(10),
    redirects: 5,
    total: Duration::from_secs(60),
};
/// Bytes of a catalog: stops an answer that never ends.
const CATALOG: u64 = 64 << 20;
/// How long a server may send nothing.
const IDLE: Duration = Duration::from_secs(30);
