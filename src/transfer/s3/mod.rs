//! A bucket of an object store that speaks S3: Amazon's, Cloudflare R2, Backblaze B2, Garage, MinIO, Ceph.
//!
//! Objects are called as in `lfs/objects`. A blob is put where it is not yet; what the store says meanwhile is never relied
//! on, since two who put the same blob put the same bytes. What is older than a week is put again: whoever collects what
//! nobody names goes by age, and must not take what a commit is about to name.
//!
//! Signatures and most answers are left to rusty-s3, bytes to [`crate::web`].

mod access;
mod buffers;
mod ini;
mod journal;
mod keyring;
mod listing;
mod machine;
mod parts;
mod profile;
mod request;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod whole;
mod xml;

use std::io::Read;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusty_s3::{Bucket, UrlStyle};

use super::error::TransferError;
use super::remote::{BlobRemote, Found, Listed, Put, Reading, Wanted, is_fresh};
use super::web::WebFiles;
use super::wire::{Wire, found, range, reading};
use crate::base::digest::Sha256;
use crate::base::disposition::attachment;
use crate::model::doc::{BlobRemoteDoc, S3Place};
use crate::web::Answer;

use buffers::Buffers;
use keyring::Keyring;
use profile::Profile;
use request::Request;
use store::{Refusal, Store, unreadable};

pub(crate) use access::{Container, S3Access, S3Key};
pub(crate) use keyring::CredentialsError;

/// A bucket.
pub(super) struct S3Remote {
    /// For parts that are under way.
    buffers: Buffers,
    /// The store has said that there is such a bucket.
    has_bucket: AtomicBool,
    is_writable: bool,
    knows_checksums: AtomicBool,
    knows_conditions: AtomicBool,
    place: String,
    prefix: String,
    /// What `public_url` says.
    public: Option<WebFiles>,
    store: Store,
    /// Where it is noted how far uploads in parts are.
    uploads: PathBuf,
}

/// What objects are said to be.
const MEDIA_TYPE: &str = "application/octet-stream";
/// Where nobody says another one.
const REGION: &str = "us-east-1";
/// What is larger goes in parts, and can be gone on with.
const LARGE: u64 = 64 << 20;
/// No signature counts for longer (Amazon S3 API Reference, "X-Amz-Expires").
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

impl S3Remote {
    /// Makes the remote of what `spkrepo.toml` says, and where that says nothing, of what the environment does.
    pub(super) fn new(
        doc: &BlobRemoteDoc,
        place: &S3Place,
        access: &S3Access,
        uploads: PathBuf,
        wire: Wire,
    ) -> Result<Self, TransferError> {
        let profile = Profile::read(access).map_err(|source| TransferError::Credentials {
            remote: wire.name.clone(),
            source: Box::new(source.into()),
        })?;
        let bucket = bucket(place, access, &profile).map_err(|reason| TransferError::Protocol {
            reason,
            remote: wire.name.clone(),
        })?;
        let public = doc.public_url.clone();
        let public = public.map(|url| WebFiles::new(url, wire.clone()));
        Ok(Self {
            buffers: Buffers::default(),
            has_bucket: AtomicBool::new(false),
            is_writable: !doc.read_only,
            knows_checksums: AtomicBool::new(true),
            knows_conditions: AtomicBool::new(true),
            place: doc.place.to_string(),
            prefix: place.prefix.clone(),
            public,
            store: Store::new(bucket, Keyring::new(access.clone()), wire),
            uploads,
        })
    }

    /// Returns the name of a blob's object.
    fn key(&self, sha256: Sha256) -> String {
        let (oid, start) = (sha256.to_string(), self.start());
        format!("{start}{}/{}/{oid}", &oid[..2], &oid[2..4])
    }

    /// Returns what all names begin with.
    fn start(&self) -> String {
        match self.prefix.is_empty() {
            true => String::new(),
            false => format!("{}/", self.prefix),
        }
    }

    /// Returns where blobs are for everybody, for those who have no credentials: such as a check of a stranger's change.
    fn public(&self) -> Result<Option<&WebFiles>, TransferError> {
        let public = self.public.as_ref();
        Ok(match public {
            Some(_) if self.store.is_anonymous()? => public,
            _ => None,
        })
    }

    fn check_writable(&self) -> Result<(), TransferError> {
        match self.is_writable {
            true => Ok(()),
            false => Err(TransferError::ReadOnly {
                remote: self.name().to_owned(),
            }),
        }
    }

    /// Says whether an answer means that the object is not there, and the error that it stands for otherwise.
    fn is_absent(&self, answer: Answer) -> Result<(), TransferError> {
        let refusal = Refusal::read(answer);
        let is_absent = refusal.fault.is("NoSuchKey") || refusal.fault.code.is_none();
        if refusal.status == 404 && is_absent {
            self.has_bucket.store(true, Ordering::Relaxed);
            return Ok(());
        }
        Err(self.store.worded(refusal))
    }

    /// Asks for the first byte of an object, because an answer to HEAD cannot say why it is no good one.
    fn explained(&self, key: &str) -> Result<Option<Found>, TransferError> {
        let headers = [("range", "bytes=0-0".to_owned())];
        let answer = self.store.ask(&Request::Get { key }, &headers, None)?;
        match answer.status() {
            200 => Ok(found(&answer)),
            206 => {
                let size = answer.header("content-range").and_then(size_of_range);
                Ok(found(&answer)
                    .zip(size)
                    .map(|(found, size)| Found { size, ..found }))
            }
            _ => self.is_absent(answer).map(|()| None),
        }
    }

    fn absent(&self, blob: &Wanted) -> TransferError {
        TransferError::Absent {
            remote: self.name().to_owned(),
            sha256: blob.sha256,
        }
    }

    fn damaged(&self, blob: &Wanted, reason: String) -> TransferError {
        TransferError::Damaged {
            reason,
            remote: self.name().to_owned(),
            sha256: blob.sha256,
        }
    }
}

impl BlobRemote for S3Remote {
    fn name(&self) -> &str {
        &self.store.wire.name
    }

    fn shown(&self) -> String {
        self.place.clone()
    }

    fn is_writable(&self) -> bool {
        self.is_writable
    }

    fn stat(&self, blob: &Wanted) -> Result<Option<Found>, TransferError> {
        if let Some(public) = self.public()? {
            return public.stat(blob);
        }
        let key = self.key(blob.sha256);
        let answer = self.store.ask(&Request::Head { key: &key }, &[], None)?;
        match answer.status() {
            200 => match found(&answer) {
                Some(found) => Ok(Some(found)),
                None => Err(unreadable(&self.store.wire, "asked for a size")),
            },
            404 if self.has_bucket.load(Ordering::Relaxed) => Ok(None),
            _ => self.explained(&key),
        }
    }

    fn read(&self, blob: &Wanted, from: u64) -> Result<Reading, TransferError> {
        if let Some(public) = self.public()? {
            return public.read(blob, from);
        }
        let key = self.key(blob.sha256);
        let range = range(from).map(|(_, range)| ("range", range));
        let headers: Vec<_> = range.into_iter().collect();
        let answer = self
            .store
            .ask(&Request::Get { key: &key }, &headers, None)?;
        match answer.status() {
            200 | 206 => Ok(reading(answer)),
            416 => Err(self.damaged(blob, format!("it has not even {from} bytes"))),
            _ => {
                self.is_absent(answer)?;
                Err(self.absent(blob))
            }
        }
    }

    fn put(&self, blob: &Wanted, source: &mut (dyn Read + Send)) -> Result<Put, TransferError> {
        self.check_writable()?;
        let found = self.stat(blob)?;
        let is_whole = |found: &Found| found.size == blob.size;
        if let Some(found) = found.as_ref().filter(|found| is_whole(found))
            && is_fresh(found.modified, self.store.now())
        {
            return Ok(Put::AlreadyThere);
        }
        match blob.size > LARGE {
            true => self.put_in_parts(blob, source),
            false => self.put_whole(blob, found.is_none(), source),
        }
    }

    fn list(&self) -> Result<Option<Vec<Listed>>, TransferError> {
        self.list_all().map(Some)
    }

    fn delete(&self, sha256: Sha256) -> Result<(), TransferError> {
        self.check_writable()?;
        let key = self.key(sha256);
        let answer = self.store.ask(&Request::Delete { key: &key }, &[], None)?;
        match answer.status() {
            200 | 204 => Ok(()),
            _ => self.is_absent(answer),
        }
    }

    fn address(&self, blob: &Wanted, valid: Duration) -> Result<Option<String>, TransferError> {
        if let Some(public) = &self.public
            && let Some(url) = public.address(blob, valid)?
        {
            return Ok(Some(url));
        }
        let key = self.key(blob.sha256);
        let file = blob.names.as_ref().map(|names| names.file.clone());
        let disposition = attachment(&file.unwrap_or_else(|| format!("{}.spk", blob.sha256)));
        // Nobody but who signs may say what a file is to be called.
        let request = match self.store.is_anonymous()? {
            true => Request::Get { key: &key },
            false => Request::GetAs {
                disposition: &disposition,
                key: &key,
            },
        };
        let signed = self.store.sign(&request, &[], valid.min(LONGEST))?;
        Ok(Some(signed.url))
    }
}

/// Returns the bucket, or why there can be none.
fn bucket(place: &S3Place, access: &S3Access, profile: &Profile) -> Result<Bucket, String> {
    let stated = place
        .region
        .as_ref()
        .or(access.region.as_ref())
        .or(profile.region.as_ref());
    let region = stated.map_or(REGION, String::as_str);
    let endpoint = place.endpoint.as_ref().map(|url| url.as_str().to_owned());
    let endpoint = endpoint
        .or_else(|| access.endpoint.clone())
        .or_else(|| profile.endpoint.clone());
    // A bucket with a dot in its name is no host that a certificate of Amazon's would fit.
    let by_path = endpoint.is_some() || place.bucket.contains('.');
    let style = match place.path_style.unwrap_or(by_path) {
        true => UrlStyle::Path,
        false => UrlStyle::VirtualHost,
    };
    let endpoint = endpoint.unwrap_or_else(|| amazon(region));
    let unfit = |reason: String| format!("`{endpoint}` is no address of a store: {reason}");
    let url = endpoint
        .parse()
        .map_err(|_| unfit("it is no URL".to_owned()))?;
    Bucket::new(url, style, place.bucket.clone(), region.to_owned())
        .map_err(|error| unfit(error.to_string()))
}

/// Returns Amazon's own store of a region.
fn amazon(region: &str) -> String {
    let tail = if region.starts_with("cn-") { ".cn" } else { "" };
    format!("https://s3.{region}.amazonaws.com{tail}")
}

/// Returns how long the whole is of which `bytes 0-0/10` is a part (RFC 9110 §14.4).
fn size_of_range(range: &str) -> Option<u64> {
    range.rsplit_once('/')?.1.parse().ok()
}
