//! What a change of the repository does to devices: the catalog's difference, not that of the files.
//!
//! The stages: `segment` and `platform` cut the devices into classes that no build tells apart, `offers` asks both sides as
//! one device of each class and tells the difference, `pairs` finds what each build takes the place of; `builds`, `powers`,
//! `fields`, `pictures`, `scripts` compare such pairs and `repository` what is no package's; `risks` judges the result.

mod builds;
mod compare;
mod fields;
mod line;
mod offered;
mod offers;
mod pairs;
mod pictures;
mod platform;
mod powers;
#[cfg(test)]
mod properties;
mod repository;
mod risk;
mod scripts;
mod segment;

pub(crate) use builds::{BuildChange, BuildWhat};
pub(crate) use compare::{Diff, PackageDiff, Sides, Status, compare, offer_changes};
pub(crate) use fields::FieldChange;
pub(crate) use line::{Line, Span};
pub(crate) use offered::offered;
pub(crate) use offers::{OfferChange, OfferKind};
pub(crate) use pictures::{PictureChange, PictureWhat};
pub(crate) use powers::{PowerChange, PowerKind};
pub(crate) use repository::{Documents, KeyChange, KeyRole, KeyWhat, RepositoryDiff};
pub(crate) use risk::{Risk, Severity};
pub(crate) use scripts::{ScriptChange, ScriptWhat, Scripts};
