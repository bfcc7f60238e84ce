//! Reads an SPK: in one pass, from any reader, in bounded memory.
//!
//! An SPK is a tar archive with the text file `INFO`, the payload `package.tgz`, icons, scripts and `conf/*` (developer
//! guide, <https://help.synology.com/developer-guide/synology_package/INFO_necessary_fields.html> and its neighbours). It
//! is hostile input: what cannot be read safely is an [`SpkError`]; what can be read but not published is a [`Defect`];
//! what is merely odd is a `Warning`.
//!
//! The stages, top down: `container` (tar or gzip around it) → `walk`, `admit`, `records` (members, one by one) →
//! `collect` (what a member is for) → `info/`, `conf/`, `image`, `payload`, `signature` (one format each) → `identity`,
//! `sections`, `report` (views of the result). `texts` reads the scripts for reviewers. `write` makes small SPKs. `layout` says which bytes a signature is about
//! and where it stands, `splice` puts it in and takes it out. Nothing here prints or verifies a signature.

mod admit;
mod collect;
mod conf;
mod container;
mod defect;
mod error;
mod foreign;
mod gunzip;
mod identity;
mod image;
mod info;
mod layout;
mod member;
mod member_path;
mod meter;
mod payload;
mod read;
mod records;
mod report;
mod role;
mod sections;
mod signature;
mod splice;
#[cfg(test)]
mod test_spk;
mod text;
mod texts;
mod walk;
mod warning;
mod write;

pub(crate) use defect::Defect;
pub(crate) use error::SpkError;
pub(crate) use identity::Identity;
pub(crate) use image::{Screenshot, png_size};
pub(crate) use layout::{Layout, SignatureMember, layout, layout_by_seeking};
pub(crate) use read::{Spk, read};
pub(crate) use report::Report;
pub(crate) use signature::Signature;
pub(crate) use splice::{copy_range, signature_member, splice};
pub(crate) use texts::{Texts, texts};
pub(crate) use write::{package_tgz, write};
