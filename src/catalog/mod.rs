//! What a device is offered: the selection, its reasons, and the JSON that Package Center reads.
//!
//! Pure views over a snapshot. Rules: SynoCommunity's spkrepo (`views/nas.py`) without its defects; Synology's
//! developer guide, "INFO necessary fields" and "INFO optional fields", for what each bound means.

mod asked;
mod competition;
mod debug;
mod device;
mod entry;
mod explain;
mod generation;
mod gosspks;
mod os_lines;
#[cfg(test)]
mod properties;
mod reach;
mod segments;
mod select;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use asked::{Asked, AskedError};
pub(crate) use competition::competition;
pub(crate) use debug::with_debug_entry;
pub(crate) use device::{Device, DeviceError, normal_unique};
pub(crate) use entry::{Frame, Links, answer, frame, link, picture_links, piece, piece_of};
pub(crate) use explain::{Explanation, explain};
pub(crate) use gosspks::{Filter, LIST_FRAME, list_piece, offered, one};
pub(crate) use os_lines::{Line, OsLine, all_lines, first_build, lines};
pub(crate) use reach::is_reachable;
pub(crate) use segments::{named_models, segments};
pub(crate) use select::{Offer, offer, offer_to_all};
