//! Uploads a blob by one request, and looks at what the store has of it then.
//!
//! The store is told the SHA-256, and compares it with what arrives (Amazon S3 User Guide, "Checking object integrity for data
//! uploads"). One that does not know the header is asked without it; then the size must do, and `fsck` reads the bytes.

use std::io::Read;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::request::Request;
use super::store::Refusal;
use super::{MEDIA_TYPE, S3Remote};
use crate::transfer::error::TransferError;
use crate::transfer::remote::{BlobRemote as _, Put, Wanted};
use crate::transfer::wire::found;

const CHECKSUM: &str = "x-amz-checksum-sha256";
const CONDITION: &str = "if-none-match";

impl S3Remote {
    /// Uploads a blob, of which the store has nothing if `is_new`.
    pub(super) fn put_whole(
        &self,
        blob: &Wanted,
        is_new: bool,
        source: &mut (dyn Read + Send),
    ) -> Result<Put, TransferError> {
        let key = self.key(blob.sha256);
        let mut headers = vec![("content-type", MEDIA_TYPE.to_owned())];
        if self.knows_checksums.load(Ordering::Relaxed) {
            headers.push((CHECKSUM, checksum(blob)));
        }
        // It saves a transfer when somebody else is faster; where it is not heeded, the same bytes are put twice.
        if is_new && self.knows_conditions.load(Ordering::Relaxed) {
            headers.push((CONDITION, "*".to_owned()));
        }
        let request = Request::Put { key: &key };
        let answer = self.store.upload(&request, &headers, blob.size, source)?;
        match answer.status() {
            200 | 201 => {
                if answer.header(CHECKSUM) != Some(&checksum(blob)) {
                    self.confirm(blob, &key)?;
                }
                Ok(Put::Done)
            }
            412 => match self.stat(blob)? {
                Some(found) if found.size == blob.size => Ok(Put::AlreadyThere),
                _ => Err(self.store.refused(answer)),
            },
            _ => Err(self.unsupported(Refusal::read(answer), &headers)),
        }
    }

    /// Takes a store's word that it does not know a header; anything else that it says is an error.
    fn unsupported(&self, refusal: Refusal, headers: &[(&'static str, String)]) -> TransferError {
        let sent = |name| headers.iter().any(|(sent, _)| *sent == name);
        let said = refusal.fault.text().to_lowercase();
        let is_unknown = refusal.fault.is("NotImplemented");
        let is_about = |name: &str| is_unknown || said.contains(name);
        let (knows, what) = if !matches!(refusal.status, 400 | 501) {
            return self.store.worded(refusal);
        } else if sent(CONDITION) && is_about(CONDITION) {
            (&self.knows_conditions, "uploads on a condition")
        } else if sent(CHECKSUM) && is_about("x-amz-checksum") {
            (&self.knows_checksums, "checksums of uploads")
        } else {
            return self.store.worded(refusal);
        };
        knows.store(false, Ordering::Relaxed);
        TransferError::Unsupported {
            remote: self.name().to_owned(),
            what,
        }
    }

    /// Demands that the store has the blob: by its digest if the store knows it, by its size in any case.
    pub(super) fn confirm(&self, blob: &Wanted, key: &str) -> Result<(), TransferError> {
        let headers = [("x-amz-checksum-mode", "ENABLED".to_owned())];
        let answer = self.store.ask(&Request::Head { key }, &headers, None)?;
        if answer.status() != 200 {
            return Err(self.store.refused(answer));
        }
        let size = found(&answer).map(|found| found.size);
        // That of an upload in parts is made of the parts' and says how many there are.
        let said = answer.header(CHECKSUM).filter(|said| !said.contains('-'));
        let is_other = said.is_some_and(|said| said != checksum(blob));
        if size == Some(blob.size) && !is_other {
            return Ok(());
        }
        let reason = match size {
            Some(size) if size != blob.size => {
                format!("it has {size} bytes instead of {}", blob.size)
            }
            _ => "it has another SHA-256".to_owned(),
        };
        // Nobody should find it. When that fails too, whoever downloads it does.
        let _ = self.store.ask(&Request::Delete { key }, &[], None);
        Err(self.damaged(blob, reason))
    }
}

/// Returns a blob's SHA-256 as headers have it.
fn checksum(blob: &Wanted) -> String {
    STANDARD.encode(blob.sha256.as_bytes())
}
