//! What happened to packages, read from the trees of commits: hand-made commits and merges count like any other.
//!
//! Trailers only add words (the reason of a yank); what changed is always what the files say.

mod event;
mod lifeline;
mod walk;

pub(crate) use event::{Event, What};
pub(crate) use lifeline::{Happening, History, history};
pub(crate) use walk::{LogEntry, log, trailer};
