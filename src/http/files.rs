//! Downloads of SPKs, icons and screenshots.

use super::cache_policy;
use super::conditional;
use super::downloads;
use super::etag::ETag;
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;
use crate::base::digest::Sha256;
use crate::base::disposition::attachment;
use crate::blob::BlobError;
use crate::model::channel::Channel;
use crate::repo::{Asset, Build};

/// How an address names a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming {
    /// By another server's name, which is less exact: it may come to mean another file.
    Alias,
    /// By our own, which is that of one file for good.
    Own,
}

/// The bytes of a blob, and how they are answered.
pub(super) struct Bytes {
    pub(super) disposition: Option<String>,
    pub(super) policy: &'static str,
    pub(super) sha256: Sha256,
    pub(super) size: u64,
}

/// The media type of SPKs.
pub(super) const MEDIA_TYPE: &str = "application/octet-stream";

impl Bytes {
    /// Returns the full answer with what is said of the bytes.
    pub(super) fn described(&self, full: Reply) -> Reply {
        let full = full.with("Cache-Control", self.policy);
        match &self.disposition {
            Some(disposition) => full.with("Content-Disposition", disposition),
            None => full,
        }
    }
}

/// Answers with an SPK. One that was offered once stays at its address, also when it is yanked; one that is staged has
/// none yet.
pub(super) fn download(site: &Site, request: &Request, package: &str, file: &str) -> Reply {
    let state = site.live.state();
    let build = state
        .snapshot
        .packages
        .get(package)
        .and_then(|package| package.build_of_file(file));
    spk(site, request, build.map(|(_, build)| build), Naming::Own)
}

/// Answers with the bytes of a build.
pub(super) fn spk(site: &Site, request: &Request, build: Option<&Build>, naming: Naming) -> Reply {
    let Some(build) = build.filter(|build| build.doc.channel != Channel::Staged) else {
        return not_found();
    };
    let spk = &build.doc.spk;
    let policy = match naming {
        Naming::Alias => cache_policy::CATALOG,
        Naming::Own => cache_policy::IMMUTABLE,
    };
    let bytes = Bytes {
        disposition: Some(attachment(&spk.file)),
        policy,
        sha256: spk.sha256,
        size: spk.size,
    };
    blob(site, request, &bytes)
}

/// Answers with the bytes of a blob.
pub(super) fn blob(site: &Site, request: &Request, bytes: &Bytes) -> Reply {
    let Bytes { policy, sha256, .. } = *bytes;
    if let Some(reply) = downloads::redirected(site, request, bytes) {
        return reply;
    }
    match site.blobs.open(sha256, bytes.size) {
        Ok(_) if site.accel_redirect.is_some() => accelerated(site, sha256, policy),
        Ok(file) => {
            let full = bytes.described(Reply::file(MEDIA_TYPE, file, bytes.size));
            conditional::answer(request, &ETag::strong(sha256.to_string()), full)
        }
        Err(BlobError::Missing { .. } | BlobError::Size { .. }) => {
            downloads::fetched(site, request, bytes)
        }
        Err(_) => Reply::problem(500, "the file cannot be read"),
    }
}

/// Tells nginx which file to send (its `X-Accel-Redirect`): it judges conditions and ranges of the request itself, so
/// that the answer is whole and without an entity tag.
fn accelerated(site: &Site, sha256: Sha256, policy: &str) -> Reply {
    let hex = sha256.to_string();
    let location = site.accel_redirect.as_ref().map(ToString::to_string);
    let path = format!(
        "{}/{}/{}/{hex}",
        location.unwrap_or_default(),
        &hex[..2],
        &hex[2..4]
    );
    Reply::new(200)
        .with("Content-Type", MEDIA_TYPE)
        .with("Cache-Control", policy)
        .with("X-Accel-Redirect", path)
}

/// Answers with an icon of a release.
pub(super) fn icon(
    site: &Site,
    request: &Request,
    package: &str,
    version: &str,
    name: &str,
) -> Reply {
    let state = site.live.state();
    let asset = version.parse().ok().and_then(|version| {
        let release = state
            .snapshot
            .packages
            .get(package)?
            .releases
            .get(&version)?;
        release.icons.values().find(|icon| icon.name == name)
    });
    picture(site, request, asset)
}

/// Answers with a screenshot of a package.
pub(super) fn screenshot(site: &Site, request: &Request, package: &str, name: &str) -> Reply {
    let state = site.live.state();
    let package = state.snapshot.packages.get(package);
    let asset =
        package.and_then(|package| package.screenshots.iter().find(|shot| shot.name == name));
    picture(site, request, asset)
}

/// Answers with a picture of the repository.
pub(super) fn picture(site: &Site, request: &Request, asset: Option<&Asset>) -> Reply {
    let Some(asset) = asset else {
        return not_found();
    };
    match site.picture(&asset.name, asset.blob) {
        Ok(bytes) => {
            let full = Reply::bytes(200, media_type(&bytes), bytes)
                .with("Cache-Control", cache_policy::CATALOG);
            conditional::answer(request, &ETag::strong(asset.blob.to_string()), full)
        }
        Err(_) => Reply::problem(500, "the picture cannot be read"),
    }
}

/// Goes by the first bytes: a name may lie, and a browser must not be told to run anything.
fn media_type(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        "image/png"
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        "image/jpeg"
    } else {
        "application/octet-stream"
    }
}

fn not_found() -> Reply {
    Reply::problem(404, "there is no such file")
}
