//! Downloads: continued where they broke off, checked for their size while they come, kept until they are in a commit.

use std::fs::File;
use std::io::{Read, Seek as _, SeekFrom, Write as _};
use std::time::{Duration, SystemTime};

use fs_err as fs;
use jiff::Timestamp;

use super::super::error::{ImportError, Refusal};
use super::super::offered::{Offered, Place, sane};
use super::super::source::{Brought, Bytes};
use super::IDLE;
use super::memory::Memory;
use super::polite::Polite;
use super::shelf::{Key, Label, Shelf};
use crate::base::digest::{Digests, Sha256};
use crate::ops::progress::Progress;
use crate::web::{Fetch, Fetched};

/// Brings SPKs from the web.
#[derive(Debug)]
pub(crate) struct Downloads {
    /// Downloads that failed one after another.
    pub(crate) failures: usize,
    pub(crate) max_size: u64,
    pub(crate) memory: Memory,
    pub(crate) polite: Polite,
    pub(crate) shelf: Shelf,
}

/// How often a download is continued that broke off.
const ATTEMPTS: u32 = 4;
/// Downloads that fail one after another before nobody is believed to be there.
const MAX_FAILURES: usize = 5;
/// Time that any download may take, and more for each byte: stops a server that sends a little now and then.
const FLOOR: Duration = Duration::from_secs(120);
const SLOWEST: u64 = 16 << 10;
const PIECE: usize = 64 << 10;

/// What came of one attempt.
enum Attempt {
    /// It broke off; what came is kept.
    BrokeOff(Refusal),
    Done,
    /// What had come before is of no use: begin again.
    Stale,
}

impl Downloads {
    /// Forgets what nobody needs any more.
    pub(crate) fn tidy<'a>(
        &self,
        wanted: impl Iterator<Item = &'a Offered>,
    ) -> Result<(), ImportError> {
        let wanted: Vec<Key> = wanted.map(Key::of).collect();
        self.shelf.tidy(&wanted)
    }

    fn download(
        &mut self,
        offered: &Offered,
        link: &str,
        progress: &dyn Progress,
    ) -> Result<Result<Brought, Refusal>, ImportError> {
        let key = Key::of(offered);
        let mut is_fresh = !self.shelf.part(&key).exists();
        if self.shelf.whole(&key).exists() && self.shelf.label(&key).is_some() {
            return Ok(Ok(self.brought(&key, false)));
        }
        for attempt in 1.. {
            let done = match self.attempt(offered, &key, link, progress)? {
                Ok(Attempt::Done) => true,
                Ok(Attempt::Stale) if attempt < ATTEMPTS => {
                    self.shelf.remove(&key)?;
                    is_fresh = true;
                    false
                }
                Ok(Attempt::Stale) => return Ok(Err(Refusal::Status { status: 416 })),
                Ok(Attempt::BrokeOff(refusal)) if attempt >= ATTEMPTS => return Ok(Err(refusal)),
                Ok(Attempt::BrokeOff(_)) => {
                    is_fresh = false;
                    false
                }
                Err(refusal) => return Ok(Err(refusal)),
            };
            if done {
                self.shelf.finish(&key)?;
                break;
            }
        }
        Ok(Ok(self.brought(&key, is_fresh)))
    }

    fn brought(&self, key: &Key, is_fresh: bool) -> Brought {
        let label = self.shelf.label(key).unwrap_or_default();
        let date = label.last_modified.as_deref().and_then(date);
        Brought {
            date: date.and_then(|date| sane(date, Timestamp::now())),
            is_fresh,
            path: self.shelf.whole(key),
        }
    }

    /// Asks for what is missing.
    fn attempt(
        &mut self,
        offered: &Offered,
        key: &Key,
        link: &str,
        progress: &dyn Progress,
    ) -> Result<Result<Attempt, Refusal>, ImportError> {
        let here = self.here(offered, key);
        if let Some((length, label)) = &here
            && label.size == Some(*length)
        {
            return Ok(Ok(Attempt::Done));
        }
        let max = offered.size.unwrap_or(self.max_size);
        let answer = self.polite.ask(&Fetch {
            headers: here
                .as_ref()
                .map_or_else(Vec::new, |(length, label)| range(*length, label)),
            idle: IDLE,
            total: FLOOR + Duration::from_secs(max / SLOWEST),
            url: link,
        });
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error.into())),
        };
        let from = here.map_or(0, |(length, _)| length);
        let from = match (answer.status(), from) {
            (200, _) => 0,
            (206, from) if starts_at(&answer) == Some(from) => from,
            (206 | 416, 1..) => return Ok(Ok(Attempt::Stale)),
            (status, _) => return Ok(Err(Refusal::Status { status })),
        };
        let rest: Option<u64> = answer
            .header("content-length")
            .and_then(|text| text.parse().ok());
        let size = rest.map(|rest| from.saturating_add(rest));
        if let Err(refusal) = check_size(offered, size, self.max_size) {
            return Ok(Err(refusal));
        }
        if from == 0 {
            let label = label(&answer, link, size);
            self.shelf.begin(key, &label)?;
        }
        self.receive(answer, key, from..max, size, progress)
    }

    /// Returns how much has come of what the server still has, as far as that can be known.
    fn here(&self, offered: &Offered, key: &Key) -> Option<(u64, Label)> {
        let length = fs::metadata(self.shelf.part(key)).ok()?.len();
        let label = self.shelf.label(key)?;
        let is_known = label.tag.is_some() || label.last_modified.is_some();
        (length > 0 && (is_known || offered.md5.is_some())).then_some((length, label))
    }

    fn receive(
        &self,
        answer: Fetched,
        key: &Key,
        range: std::ops::Range<u64>,
        size: Option<u64>,
        progress: &dyn Progress,
    ) -> Result<Result<Attempt, Refusal>, ImportError> {
        let failed = |error| self.shelf.failed(error);
        let options = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .clone();
        let mut file = options.open(self.shelf.part(key)).map_err(failed)?;
        file.set_len(range.start).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        let (mut at, max) = (range.start, range.end);
        progress.begin(&short(&answer.address()), size);
        progress.advance(at);
        let mut content = answer.into_content(u64::MAX);
        let mut piece = vec![0; PIECE];
        let broke_off = loop {
            match content.read(&mut piece) {
                Ok(0) => break None,
                Ok(length) => {
                    at += length as u64;
                    if at > max {
                        progress.end();
                        self.shelf.remove(key)?;
                        return Ok(Err(Refusal::Endless { max }));
                    }
                    file.write_all(&piece[..length]).map_err(failed)?;
                    progress.advance(length as u64);
                }
                Err(error) => break Some(Refusal::Read(error)),
            }
        };
        progress.end();
        Ok(Ok(match (broke_off, size) {
            (Some(refusal), _) => Attempt::BrokeOff(refusal),
            (None, Some(expected)) if at < expected => Attempt::BrokeOff(Refusal::Cut {
                expected,
                found: at,
            }),
            (None, _) => Attempt::Done,
        }))
    }
}

impl Bytes for Downloads {
    fn bring(
        &mut self,
        offered: &Offered,
        progress: &dyn Progress,
    ) -> Result<Result<Brought, Refusal>, ImportError> {
        let Place::Link(link) = &offered.place else {
            unreachable!("a source on the web has links only");
        };
        if let Err(refusal) = check_size(offered, None, self.max_size) {
            return Ok(Err(refusal));
        }
        let brought = self.download(offered, link, progress)?;
        match brought {
            Err(refusal @ Refusal::Web(_)) if refusal.may_pass() => {
                self.failures += 1;
                if self.failures >= MAX_FAILURES {
                    return Err(ImportError::Unreachable {
                        failures: self.failures,
                        last: Box::new(refusal),
                        url: link.clone(),
                    });
                }
                Ok(Err(refusal))
            }
            Err(refusal) => Ok(Err(refusal)),
            Ok(brought) => {
                self.failures = 0;
                Ok(Ok(brought))
            }
        }
    }

    fn forget(&mut self, offered: &Offered, taken: Option<&Digests>) -> Result<(), ImportError> {
        if let Some(digests) = taken {
            self.memory.note_arrival(digests);
        }
        self.shelf.remove(&Key::of(offered))
    }

    fn arrived(&self, offered: &Offered) -> Option<Sha256> {
        self.memory.arrived(offered.md5?, offered.size?)
    }
}

/// Returns the end of an address, for a line of a terminal.
fn short(address: &str) -> String {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let name = path.trim_end_matches('/').rsplit('/').next();
    name.unwrap_or_default().to_owned()
}

/// Only what is still the same may be continued (RFC 9110 §13.1.5); what has an MD5 is known by that in the end.
fn range(length: u64, label: &Label) -> Vec<(&'static str, String)> {
    let validator = label.tag.clone().or_else(|| label.last_modified.clone());
    let mut headers = vec![("Range", format!("bytes={length}-"))];
    headers.extend(validator.map(|validator| ("If-Range", validator)));
    headers
}

/// Returns where the part begins that a 206 has (RFC 9110 §14.4).
fn starts_at(answer: &Fetched) -> Option<u64> {
    let range = answer.header("content-range")?.strip_prefix("bytes ")?;
    range.split_once('-')?.0.trim().parse().ok()
}

fn check_size(offered: &Offered, found: Option<u64>, max: u64) -> Result<(), Refusal> {
    if offered.size.or(found).is_some_and(|size| size > max) {
        return Err(Refusal::TooLarge { max });
    }
    match (offered.size, found) {
        (Some(expected), Some(found)) if expected != found => {
            Err(Refusal::Bytes(super::super::offered::Difference::Size {
                expected,
                found,
            }))
        }
        _ => Ok(()),
    }
}

fn label(answer: &Fetched, link: &str, size: Option<u64>) -> Label {
    // A weak one does not say that bytes are the same (RFC 9110 §8.8.1).
    let tag = answer.header("etag").filter(|tag| tag.starts_with('"'));
    Label {
        last_modified: answer.header("last-modified").map(str::to_owned),
        link: link.to_owned(),
        size,
        tag: tag.map(str::to_owned),
    }
}

fn date(text: &str) -> Option<Timestamp> {
    let time: SystemTime = httpdate::parse_http_date(text.trim()).ok()?;
    Timestamp::try_from(time).ok()
}
