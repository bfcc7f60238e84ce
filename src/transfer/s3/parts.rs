//! Uploads a large blob in parts, several at a time, and goes on with an upload that was interrupted.
//!
//! Amazon S3 User Guide, "Uploading and copying objects using multipart upload". Each part goes with its MD5, which every store
//! compares: SHA-256 of parts must be announced when an upload begins, in ways that stores do not agree on. What was hashed
//! while it was read is the blob's own SHA-256; an upload whose source is not the blob is aborted.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusty_s3::actions::CreateMultipartUpload;

use super::buffers::Buffer;
use super::journal::{Arrived, Journal, Upload};
use super::request::Request;
use super::store::{Refusal, text, unreadable};
use super::xml::{ListedPart, parts};
use super::{MEDIA_TYPE, S3Remote};
use crate::base::digest::Md5;
use crate::transfer::error::TransferError;
use crate::transfer::patience::patiently;
use crate::transfer::remote::{BlobRemote as _, Put, Wanted};

/// Bytes of a part, unless there would be too many.
const PART: u64 = 16 << 20;
/// Parts of an upload.
const MOST: u64 = 10_000;
/// Parts of a blob that are under way at the same time.
const AT_ONCE: usize = 3;
/// Bytes of an answer.
const ANSWER: u64 = 4 << 20;

/// An upload that goes on.
struct Sending<'a> {
    failure: Mutex<Option<TransferError>>,
    journal: Journal,
    key: &'a str,
    remote: &'a S3Remote,
    /// What the store has from before.
    there: BTreeMap<u16, ListedPart>,
    upload: Mutex<Upload>,
}

/// A part that is to be sent.
struct Part<'a> {
    bytes: Buffer<'a>,
    number: u16,
}

impl S3Remote {
    pub(super) fn put_in_parts(
        &self,
        blob: &Wanted,
        source: &mut (dyn Read + Send),
    ) -> Result<Put, TransferError> {
        let key = self.key(blob.sha256);
        let journal = Journal::new(&self.uploads, self.name(), blob.sha256);
        let (lock, has_waited) = journal.lock().map_err(self.not_noted())?;
        if has_waited && self.is_there(blob)? {
            return Ok(Put::AlreadyThere);
        }
        let sending = self.begin(blob, &key, journal)?;
        let sent = match sending.send(blob, source) {
            Ok(()) => sending.end(blob),
            Err(error) => Err(error),
        };
        let ended = sent.map_or_else(|error| sending.failed(blob, error), Ok);
        drop(lock);
        ended
    }

    fn is_there(&self, blob: &Wanted) -> Result<bool, TransferError> {
        let found = self.stat(blob)?;
        Ok(found.is_some_and(|found| found.size == blob.size))
    }

    fn not_noted(&self) -> impl FnOnce(io::Error) -> TransferError {
        |source| TransferError::Io {
            action: "note uploads in",
            path: self.uploads.clone(),
            remote: self.name().to_owned(),
            source,
        }
    }

    /// Goes on with an upload of the blob, or begins one.
    fn begin<'a>(
        &'a self,
        blob: &Wanted,
        key: &'a str,
        journal: Journal,
    ) -> Result<Sending<'a>, TransferError> {
        let object = self.store.bucket.object_url(key).to_string();
        let part_size = part_size(blob.size);
        let mut found = None;
        if let Some(upload) = journal.read().filter(|upload| upload.object == object) {
            found = match upload.part_size == part_size {
                true => self.there(key, &upload.id)?.map(|there| (upload, there)),
                false => {
                    self.abort(key, &upload.id);
                    None
                }
            };
        }
        let (upload, there) = match found {
            Some(found) => found,
            None => {
                let upload = Upload {
                    id: self.new_upload(key)?,
                    object,
                    part_size,
                    parts: BTreeMap::new(),
                };
                (upload, BTreeMap::new())
            }
        };
        let sending = Sending {
            failure: Mutex::default(),
            journal,
            key,
            remote: self,
            there,
            upload: Mutex::new(upload),
        };
        sending.note(&sending.upload())?;
        Ok(sending)
    }

    fn new_upload(&self, key: &str) -> Result<String, TransferError> {
        let headers = [("content-type", MEDIA_TYPE.to_owned())];
        let request = Request::BeginUpload { key };
        let answer = self.store.ask(&request, &headers, Some(&[]))?;
        if answer.status() != 200 {
            return Err(self.store.refused(answer));
        }
        let text = text(&self.store.wire, answer, ANSWER)?;
        let upload = CreateMultipartUpload::parse_response(&text);
        let upload = upload.map_err(|_| unreadable(&self.store.wire, "an upload begins"))?;
        Ok(upload.upload_id().to_owned())
    }

    /// Returns the parts that the store has; nothing when it knows of no such upload.
    fn there(
        &self,
        key: &str,
        upload: &str,
    ) -> Result<Option<BTreeMap<u16, ListedPart>>, TransferError> {
        let mut there = BTreeMap::new();
        let mut after = None;
        loop {
            let request = Request::Parts { after, key, upload };
            let answer = self.store.ask(&request, &[], None)?;
            match answer.status() {
                200 => {}
                // Another store's name for it, or one that nobody knows any more.
                400 | 404 => return Ok(None),
                _ => return Err(self.store.refused(answer)),
            }
            // What cannot be read tells of no part; then all are sent.
            let page = parts(&text(&self.store.wire, answer, ANSWER)?);
            let (listed, next) = page.unwrap_or_default();
            there.extend(listed.into_iter().map(|part| (part.number, part)));
            if next <= after {
                return Ok(Some(there));
            }
            after = next;
        }
    }

    /// Gives an upload up. What stays of one that cannot be, the bucket's own rules remove in time.
    fn abort(&self, key: &str, upload: &str) {
        let _ = self
            .store
            .ask(&Request::AbortUpload { key, upload }, &[], None);
    }
}

impl Sending<'_> {
    fn upload(&self) -> MutexGuard<'_, Upload> {
        self.upload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self) -> MutexGuard<'_, Option<TransferError>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, upload: &Upload) -> Result<(), TransferError> {
        let noted = self.journal.write(upload);
        noted.map_err(self.remote.not_noted())
    }

    /// Returns the error of a request that is part of the upload. Who was let in when it began is let in still: a store that
    /// denies it does not know the upload.
    fn refused(&self, refusal: Refusal) -> TransferError {
        match self.remote.store.worded(refusal) {
            TransferError::Denied { reason, remote } => {
                TransferError::UploadGone { reason, remote }
            }
            error => error,
        }
    }

    /// Sends all parts that the store does not have.
    fn send(&self, blob: &Wanted, source: &mut (dyn Read + Send)) -> Result<(), TransferError> {
        let (sender, receiver) = sync_channel(0);
        let receiver = Mutex::new(receiver);
        let read = std::thread::scope(|threads| {
            for _ in 0..AT_ONCE {
                threads.spawn(|| self.work(&receiver));
            }
            let fed = self.feed(blob.size, source, &sender);
            // The workers end with it.
            drop(sender);
            fed
        });
        let failure = self.failure().take();
        match (failure, read) {
            (Some(error), _) => Err(error),
            (None, Ok(())) => Ok(()),
            (None, Err(source)) => Err(TransferError::Interrupted {
                remote: self.remote.name().to_owned(),
                sha256: blob.sha256,
                source,
            }),
        }
    }

    /// Reads part after part for the workers.
    fn feed<'a>(
        &'a self,
        size: u64,
        source: &mut (dyn Read + Send),
        sender: &SyncSender<Part<'a>>,
    ) -> io::Result<()> {
        let part_size = self.upload().part_size;
        let numbers = 1..;
        for (number, at) in numbers.zip((0..size).step_by(to_usize(part_size))) {
            let length = to_usize(part_size.min(size - at));
            let mut bytes = self.remote.buffers.take(length);
            source.read_exact(&mut bytes)?;
            if self.failure().is_some() || sender.send(Part { bytes, number }).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn work(&self, receiver: &Mutex<Receiver<Part<'_>>>) {
        let next = || {
            let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
            receiver.recv()
        };
        while let Ok(part) = next() {
            // After a failure what was read already is only taken.
            if self.failure().is_none()
                && let Err(error) = self.send_part(&part)
            {
                self.failure().get_or_insert(error);
            }
        }
    }

    fn send_part(&self, part: &Part<'_>) -> Result<(), TransferError> {
        let md5 = Md5::of(&part.bytes);
        let etag = match self.etag_there(part, &md5) {
            Some(etag) => etag,
            None => patiently(|| self.put_part(part, &md5))?,
        };
        let mut upload = self.upload();
        upload.parts.insert(part.number, Arrived { etag, md5 });
        self.note(&upload)
    }

    /// Returns the tag of a part that the store has already.
    fn etag_there(&self, part: &Part<'_>, md5: &Md5) -> Option<String> {
        let there = self.there.get(&part.number)?;
        let size = part.bytes.len() as u64;
        if there.is(size, md5) {
            return there.etag.clone();
        }
        // Tags need not be digests. Then it is known from when the part was sent.
        let noted = self.upload().parts.get(&part.number).cloned()?;
        let is_noted = there.size == size
            && noted.md5 == *md5
            && there.etag.as_ref().is_none_or(|etag| *etag == noted.etag);
        is_noted.then_some(noted.etag)
    }

    fn put_part(&self, part: &Part<'_>, md5: &Md5) -> Result<String, TransferError> {
        let headers = [("content-md5", STANDARD.encode(md5.as_bytes()))];
        let upload = self.upload().id.clone();
        let request = Request::Part {
            key: self.key,
            number: part.number,
            upload: &upload,
        };
        let store = &self.remote.store;
        let answer = store.ask(&request, &headers, Some(&part.bytes))?;
        match (answer.status(), answer.header("etag")) {
            (200, Some(etag)) => Ok(etag.to_owned()),
            (200, None) => Err(unreadable(&store.wire, "a part is uploaded")),
            _ => Err(self.refused(Refusal::read(answer))),
        }
    }

    /// Has the store put the parts together.
    fn end(&self, blob: &Wanted) -> Result<Put, TransferError> {
        let store = &self.remote.store;
        let upload = self.upload().clone();
        let etags = upload.parts.values().map(|part| part.etag.as_str());
        let end = store
            .bucket
            .complete_multipart_upload(None, self.key, &upload.id, etags);
        let content = end.body();
        let request = Request::EndUpload {
            key: self.key,
            upload: &upload.id,
        };
        let headers = [("content-type", "application/xml".to_owned())];
        let answer = store.ask(&request, &headers, Some(content.as_bytes()))?;
        let refusal = Refusal::read(answer);
        // It may turn out that it cannot be done after the store has said 200.
        if refusal.status != 200 || refusal.fault.code.is_some() {
            return Err(self.refused(refusal.of_late()));
        }
        self.remote.confirm(blob, self.key)?;
        self.journal.remove();
        Ok(Put::Done)
    }

    /// Decides what becomes of an upload that failed.
    fn failed(&self, blob: &Wanted, error: TransferError) -> Result<Put, TransferError> {
        let upload = self.upload().id.clone();
        match &error {
            // The source was not the blob, or not all of it.
            TransferError::Interrupted { source, .. }
                if source.kind() == io::ErrorKind::InvalidData =>
            {
                self.remote.abort(self.key, &upload);
                self.journal.remove();
            }
            // The answer to its end may have been lost; or somebody aborted it.
            TransferError::UploadGone { .. } => {
                self.journal.remove();
                if self.remote.is_there(blob)? {
                    return Ok(Put::AlreadyThere);
                }
            }
            TransferError::Damaged { .. } => self.journal.remove(),
            _ => {}
        }
        Err(error)
    }
}

/// Returns how large the parts of a blob are: whole MiB.
fn part_size(size: u64) -> u64 {
    size.div_ceil(MOST).next_multiple_of(1 << 20).max(PART)
}

fn to_usize(size: u64) -> usize {
    usize::try_from(size).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_never_too_many_parts() {
        assert_eq!(part_size(1), PART);
        assert_eq!(part_size(4 << 30), PART);
        for size in [MOST * PART, MOST * PART + 1, 5 << 40] {
            let part = part_size(size);
            assert!(
                size.div_ceil(part) <= MOST && part.is_multiple_of(1 << 20),
                "{size}"
            );
        }
    }
}
