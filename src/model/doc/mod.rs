//! The TOML documents of repository format 1: reading with places and hints, writing in one canonical form.

mod blobs;
mod build;
mod exception;
mod package;
mod people;
mod read;
mod release;
mod sections;
mod serve;
mod settings;

pub(crate) use blobs::{BlobPlace, BlobRemoteDoc, BlobsDoc, S3Place};
pub(crate) use build::{BuildDoc, BuildEdit, SignatureDoc, SpkDoc};
pub(crate) use exception::ExceptionDoc;
pub(crate) use package::PackageDoc;
pub(crate) use people::{Pattern, PeopleDoc, PeopleEdit, Person, Role, Scope, TokenDoc};
pub(crate) use read::{DocError, Fault, nearest, read, write};
pub(crate) use release::ReleaseDoc;
pub(crate) use sections::{Install, LocalText, PackageBounds, Permissions, Sections, Text};
pub(crate) use serve::ServeDoc;
pub(crate) use settings::{Compatibility, FORMAT, SettingsDoc, stated_format};
