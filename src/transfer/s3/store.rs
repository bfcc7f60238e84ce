//! Asks a store, with signatures by the store's own clock, and words what it refuses.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rusty_s3::{Bucket, Credentials};

use super::keyring::Keyring;
use super::request::{Headers, Request, Signed, Signer};
use super::xml::Fault;
use crate::transfer::error::TransferError;
use crate::transfer::wire::{Wire, date, line};
use crate::web::{Answer, Asking, Payload};

/// One bucket, and who asks for it.
pub(super) struct Store {
    /// Seconds that the store's clock is before ours.
    ahead: AtomicI64,
    pub(super) bucket: Bucket,
    keyring: Keyring,
    pub(super) wire: Wire,
}

/// How long a request counts: until it begins, not until it ends.
const VALID: Duration = Duration::from_secs(15 * 60);
/// How far clocks may be apart without anybody minding.
const APART: i64 = 60;
/// Bytes of an upload before which it is worth to ask whether it is welcome.
const LONG: u64 = 2 << 20;
/// Bytes of an answer that says what went wrong.
const FAULT: u64 = 64 << 10;
/// Characters of a text that may be a signature or part of a key.
const SIGNATURE: usize = 64;

impl Store {
    pub(super) fn new(bucket: Bucket, keyring: Keyring, wire: Wire) -> Self {
        Self {
            ahead: AtomicI64::new(0),
            bucket,
            keyring,
            wire,
        }
    }

    /// Asks without content, or with a little, and returns whatever is answered.
    pub(super) fn ask(
        &self,
        request: &Request<'_>,
        headers: Headers<'_>,
        content: Option<&[u8]>,
    ) -> Result<Answer, TransferError> {
        let ask = || {
            let payload = content.map_or(Payload::None, Payload::Bytes);
            self.send(request, headers, payload)
        };
        let answer = ask()?;
        match answer.status() == 403 && self.follow_clock(&answer) {
            true => ask(),
            false => Ok(answer),
        }
    }

    /// Uploads `length` bytes, once, and returns whatever is answered.
    pub(super) fn upload(
        &self,
        request: &Request<'_>,
        headers: Headers<'_>,
        length: u64,
        mut source: &mut (dyn Read + Send),
    ) -> Result<Answer, TransferError> {
        let source = &mut source;
        self.send(request, headers, Payload::Stream { length, source })
    }

    fn send(
        &self,
        request: &Request<'_>,
        headers: Headers<'_>,
        payload: Payload<'_>,
    ) -> Result<Answer, TransferError> {
        let Signed { method, url } = self.sign(request, headers, VALID)?;
        let mut headers = headers.to_vec();
        let length = match &payload {
            Payload::Bytes(bytes) => bytes.len() as u64,
            Payload::None => 0,
            Payload::Stream { length, .. } => *length,
        };
        if length >= LONG {
            // A store that refuses the request says so before the bytes are on their way (RFC 9110 §10.1.1). Proxies may
            // take it out: it is not signed.
            headers.push(("expect", "100-continue".to_owned()));
        }
        let payload = match payload {
            Payload::Stream { length, source } => Payload::Stream {
                length,
                source: &mut *source,
            },
            Payload::Bytes(bytes) => Payload::Bytes(bytes),
            Payload::None => Payload::None,
        };
        self.wire.ask(Asking {
            headers,
            method,
            payload,
            url: &url,
        })
    }

    /// Signs a request, which counts for so long.
    pub(super) fn sign(
        &self,
        request: &Request<'_>,
        headers: Headers<'_>,
        valid: Duration,
    ) -> Result<Signed, TransferError> {
        let credentials = self.credentials()?;
        let signer = Signer {
            bucket: &self.bucket,
            credentials: credentials.as_deref(),
            now: self.now(),
            valid,
        };
        Ok(signer.sign(request, headers))
    }

    /// Says whether requests are made as anybody may.
    pub(super) fn is_anonymous(&self) -> Result<bool, TransferError> {
        Ok(self.credentials()?.is_none())
    }

    /// Returns what the store's clock says.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    fn credentials(&self) -> Result<Option<Arc<Credentials>>, TransferError> {
        let found = self.keyring.credentials();
        found.map_err(|source| TransferError::Credentials {
            remote: self.wire.name.clone(),
            source: Box::new(source),
        })
    }

    /// Takes over the store's clock; says whether it is another one than was thought.
    ///
    /// A signature says when it was made. A machine whose clock is wrong can do what it is asked for all the same.
    fn follow_clock(&self, answer: &Answer) -> bool {
        let Some(ahead) = ahead(answer) else {
            return false;
        };
        let before = self.ahead.swap(ahead, Ordering::Relaxed);
        (ahead - before).abs() > APART
    }

    /// Returns the error that an answer stands for that is not a good one.
    pub(super) fn refused(&self, answer: Answer) -> TransferError {
        let refusal = Refusal::read(answer);
        self.worded(refusal)
    }

    /// Returns the error that a refusal stands for.
    pub(super) fn worded(&self, refusal: Refusal) -> TransferError {
        let remote = self.wire.name.clone();
        let reason = self.hidden(&refusal.fault.text());
        if let Some(region) = refusal.region() {
            return TransferError::Region {
                expected: line(region),
                remote,
                stated: self.bucket.region().to_owned(),
            };
        }
        let code = refusal.fault.code.as_deref().unwrap_or_default();
        match (refusal.status, code) {
            (_, "NoSuchBucket") => TransferError::NoBucket {
                bucket: self.bucket.name().to_owned(),
                remote,
            },
            (_, "RequestTimeTooSkewed") => TransferError::Clock {
                remote,
                skew: skew(refusal.ahead),
            },
            // What arrived is not what was sent.
            (_, "BadDigest" | "IncompleteBody" | "XAmzContentChecksumMismatch") => {
                TransferError::Broken { reason, remote }
            }
            (_, "InvalidPart" | "InvalidPartOrder" | "NoSuchUpload") => {
                TransferError::UploadGone { reason, remote }
            }
            (401 | 403, _) => self.denied(reason, &refusal),
            (status, _) => TransferError::Status {
                reason,
                remote,
                status,
                url: refusal.url,
            },
        }
    }

    fn denied(&self, reason: String, refusal: &Refusal) -> TransferError {
        let remote = self.wire.name.clone();
        if let Ok(None) = self.keyring.credentials() {
            return TransferError::NoCredentials {
                places: self.keyring.places(),
                remote,
            };
        }
        let reason = match reason.is_empty() {
            true => format!("`{}` answered with status {}", refusal.url, refusal.status),
            false => reason,
        };
        TransferError::Denied { reason, remote }
    }

    /// Returns somebody else's text as one short line that has no part of a key or a signature in it.
    fn hidden(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if let Ok(Some(credentials)) = self.keyring.credentials() {
            let secrets = [
                Some(credentials.secret()),
                credentials.token(),
                Some(credentials.key()),
            ];
            for secret in secrets.into_iter().flatten().filter(|s| !s.is_empty()) {
                text = text.replace(secret, "***");
            }
        }
        let words = text.split_inclusive(|c: char| !c.is_ascii_hexdigit());
        let words = words.map(|word| match word.len() >= SIGNATURE {
            true => "***",
            false => word,
        });
        line(&words.collect::<String>())
    }
}

/// What a store says when it does not do what it is asked for.
pub(super) struct Refusal {
    ahead: Option<i64>,
    pub(super) fault: Fault,
    region: Option<String>,
    pub(super) status: u16,
    url: String,
}

impl Refusal {
    pub(super) fn read(answer: Answer) -> Self {
        let region = answer.header("x-amz-bucket-region").map(str::to_owned);
        let (ahead, status) = (ahead(&answer), answer.status());
        let url = answer.shown_url().to_owned();
        let fault = Fault::read(&answer.bytes(FAULT).unwrap_or_default());
        Self {
            ahead,
            fault,
            region,
            status,
            url,
        }
    }

    /// Returns what a store means that has said 200 before it knew better.
    pub(super) fn of_late(self) -> Self {
        let status = if self.status == 200 { 500 } else { self.status };
        Self { status, ..self }
    }

    /// Returns the region that the bucket is in, when that is what is wrong.
    fn region(&self) -> Option<&str> {
        let of_header = self.region.as_deref();
        let of_fault = self.fault.region.as_deref();
        match self.status {
            301 | 307 => of_header.or(of_fault),
            400 => of_fault.or(of_header.filter(|_| self.fault.code.is_none())),
            _ => None,
        }
    }
}

/// Returns the error of a store that answers with what is no answer.
pub(super) fn unreadable(wire: &Wire, what: &str) -> TransferError {
    TransferError::Protocol {
        reason: format!("what it answers when {what} cannot be read"),
        remote: wire.name.clone(),
    }
}

/// Returns a text that must be short.
pub(super) fn text(wire: &Wire, answer: Answer, max: u64) -> Result<String, TransferError> {
    let bytes = answer.bytes(max).map_err(|source| TransferError::Web {
        remote: wire.name.clone(),
        source,
    })?;
    String::from_utf8(bytes).map_err(|_| unreadable(wire, "it is asked"))
}

/// Returns how many seconds the server's clock is before ours.
fn ahead(answer: &Answer) -> Option<i64> {
    let theirs = date(answer.header("date")?)?;
    Some(theirs.duration_since(Timestamp::now()).as_secs())
}

/// Says how far the clock here is from another.
fn skew(ahead: Option<i64>) -> String {
    match ahead {
        Some(seconds) if seconds > 0 => format!("{seconds} s slow"),
        Some(seconds) => format!("{} s fast", -seconds),
        None => "wrong".to_owned(),
    }
}
