//! What a source has: everything that it tells any device, or the list of its builds where it has one, and where each is
//! offered. What the stable catalogs have is stable; what only those with betas have is beta.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::super::error::{ImportError, Refusal};
use super::super::offered::{Offered, Place};
use super::super::report::Refused;
use super::super::source::{Options, Survey};
use super::entry_list::Entry;
use super::listing::{self, Listing};
use super::memory::Memory;
use super::polite::Polite;
use super::question::{BetaWay, Question, questions};
use super::{BOUNDS, CATALOG, IDLE};
use crate::base::causes::with_causes;
use crate::model::base_url::BaseUrl;
use crate::model::channel::Channel;
use crate::ops::progress::Progress;
use crate::web::{Fetch, WebError};

/// Different builds that a source may have: stops one that makes up new ones for every device.
const MAX_BUILDS: usize = 100_000;
/// Requests that fail one after another before nobody is believed to be there.
const MAX_FAILURES: usize = 5;
/// Questions without any catalog after which an address is taken for none of a source.
const MAX_IN_VAIN: usize = 100;
/// Refusals that are reported; the rest is counted.
const MAX_REFUSED: usize = 1000;

/// What an address answered.
enum Answered {
    Listing(Listing),
    /// There is nothing at this address, or nothing for this device.
    Nothing,
    Wrong(Refusal),
}

/// Asks everything.
pub(crate) fn survey(
    url: &BaseUrl,
    polite: &mut Polite,
    memory: &mut Memory,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Survey, ImportError> {
    let mut surveyor = Surveyor {
        beta_way: None,
        catalogs: 0,
        failures: 0,
        found: BTreeMap::new(),
        last: None,
        memory,
        polite,
        progress,
        refused: BTreeMap::new(),
        unanswered: 0,
        url,
        wrong: 0,
        questions: 0,
    };
    let is_narrowed = !options.arch.is_empty() || !options.dsm.is_empty();
    let has_list = !is_narrowed && !options.devices && surveyor.lists()?;
    if !has_list {
        surveyor.devices(&questions(&options.arch, &options.dsm))?;
    }
    surveyor.finish(options, !is_narrowed)
}

struct Surveyor<'a> {
    /// How it is asked for betas by DSM 7; absent until that was tried.
    beta_way: Option<BetaWay>,
    catalogs: usize,
    /// One after another.
    failures: usize,
    found: BTreeMap<String, (Entry, Channel)>,
    /// Why there was no catalog the last time.
    last: Option<String>,
    memory: &'a mut Memory,
    polite: &'a mut Polite,
    progress: &'a dyn Progress,
    questions: usize,
    /// Each once.
    refused: BTreeMap<Refused, ()>,
    unanswered: usize,
    url: &'a BaseUrl,
    /// Catalogs that could not be read.
    wrong: usize,
}

impl Surveyor<'_> {
    /// Asks for the lists of all builds that gosspks and spkrepo have; returns whether there are any.
    fn lists(&mut self) -> Result<bool, ImportError> {
        let address = |path: &str| format!("{}/{path}", self.url);
        let (stable, beta) = (address("v1/packages"), address("beta/v1/packages"));
        let Answered::Listing(listing) = self.ask(&stable, "all builds")? else {
            return Ok(false);
        };
        // gosspks has one list for all and marks the betas in it.
        let (betas, has_marks) = match self.ask(&beta, "all builds, beta")? {
            Answered::Listing(betas) => (betas, false),
            Answered::Nothing => (Listing::default(), true),
            Answered::Wrong(refusal) => {
                self.wrong(beta, &refusal);
                (Listing::default(), false)
            }
        };
        self.collect(listing, |entry| match has_marks && entry.is_beta {
            true => Channel::Beta,
            false => Channel::Stable,
        });
        self.collect(betas, |_| Channel::Beta);
        Ok(true)
    }

    fn devices(&mut self, questions: &[Question]) -> Result<(), ImportError> {
        if questions.is_empty() {
            return Err(ImportError::NothingToAsk);
        }
        for (number, question) in (1..).zip(questions) {
            let name = format!("{number} of {}: {question}", questions.len());
            self.device(question, &name)?;
        }
        Ok(())
    }

    fn device(&mut self, question: &Question, name: &str) -> Result<(), ImportError> {
        let channel = question.channel;
        if question.may_use_path() && self.beta_way != Some(BetaWay::Parameter) {
            let address = question.address(self.url.as_str(), BetaWay::Path);
            match self.ask(&address, name)? {
                Answered::Listing(listing) => {
                    self.beta_way = Some(BetaWay::Path);
                    self.collect(listing, |_| channel);
                    return Ok(());
                }
                Answered::Wrong(refusal) if refusal.may_pass() => {
                    self.wrong(address, &refusal);
                    return Ok(());
                }
                // Another source shows a page there, or nothing.
                Answered::Nothing | Answered::Wrong(_) if self.beta_way.is_none() => {
                    self.beta_way = Some(BetaWay::Parameter);
                }
                Answered::Nothing => {
                    self.unanswered += 1;
                    return Ok(());
                }
                Answered::Wrong(refusal) => {
                    self.wrong(address, &refusal);
                    return Ok(());
                }
            }
        }
        let address = question.address(self.url.as_str(), BetaWay::Parameter);
        match self.ask(&address, name)? {
            Answered::Listing(listing) => self.collect(listing, |_| channel),
            Answered::Nothing => self.unanswered += 1,
            Answered::Wrong(refusal) => self.wrong(address, &refusal),
        }
        Ok(())
    }

    fn ask(&mut self, address: &str, name: &str) -> Result<Answered, ImportError> {
        self.questions += 1;
        self.progress.begin(name, None);
        let answered = self.listing(address);
        self.progress.end();
        let refusal = match answered {
            Ok(listing) => {
                self.failures = 0;
                self.catalogs += 1;
                return Ok(Answered::Listing(listing));
            }
            Err(refusal) => refusal,
        };
        let is_over = refusal.may_pass();
        self.failures = if is_over { self.failures + 1 } else { 0 };
        if self.failures == 1 && self.catalogs == 0 && self.questions == 1 {
            // Nobody is there, and never was.
            if let Refusal::Web(error) = refusal {
                return Err(error.into());
            }
        }
        if self.failures >= MAX_FAILURES {
            return Err(ImportError::Unreachable {
                failures: self.failures,
                last: Box::new(refusal),
                url: self.url.to_string(),
            });
        }
        self.last = Some(with_causes(&refusal));
        if self.catalogs == 0 && self.questions >= MAX_IN_VAIN {
            return Err(self.not_a_source());
        }
        Ok(match refusal {
            // spkrepo answers so for platforms that it does not know.
            Refusal::Status { status: 400..=499 } | Refusal::Web(WebError::Redirected { .. })
                if !refusal.may_pass() =>
            {
                Answered::Nothing
            }
            _ => Answered::Wrong(refusal),
        })
    }

    fn listing(&mut self, address: &str) -> Result<Listing, Refusal> {
        let tag = self.memory.tag(address);
        let headers = tag.map(|tag| ("If-None-Match", tag)).into_iter();
        let answer = self.polite.ask(&Fetch {
            headers: headers.collect(),
            idle: IDLE,
            total: BOUNDS.total,
            url: address,
        })?;
        match answer.status() {
            200 => {}
            304 => {
                let entries = self.memory.same(address);
                return Ok(Listing {
                    entries: entries.ok_or(Refusal::Status { status: 304 })?,
                    refused: Vec::new(),
                });
            }
            status => return Err(Refusal::Status { status }),
        }
        let tag = answer.header("etag").map(str::to_owned);
        let from = answer.address();
        let mut body = Vec::new();
        // One byte more shows that there is more.
        let mut content = answer.into_content(CATALOG + 1).take(CATALOG + 1);
        content.read_to_end(&mut body).map_err(Refusal::Read)?;
        if body.len() as u64 > CATALOG {
            return Err(Refusal::Endless { max: CATALOG });
        }
        let listing = listing::read(&from, &body)?;
        // What was refused must be refused again.
        let tag = tag.filter(|_| listing.refused.is_empty());
        self.memory.keep(address, tag.as_deref(), &listing.entries);
        Ok(listing)
    }

    fn collect(&mut self, listing: Listing, channel: impl Fn(&Entry) -> Channel) {
        for entry in listing.entries {
            let bytes = match entry.md5 {
                Some(md5) => format!("{md5} {:?}", entry.size),
                None => entry.link.clone(),
            };
            let key = format!("{} {} {bytes}", entry.package, entry.version);
            let channel = channel(&entry);
            if self.found.len() >= MAX_BUILDS && !self.found.contains_key(&key) {
                let refusal = Refusal::Many { max: MAX_BUILDS };
                self.refuse(Refused::unnamed(self.url.to_string(), refusal.to_string()));
                return;
            }
            let known = self.found.entry(key).or_insert((entry, channel));
            known.1 = known.1.max(channel);
        }
        for refused in listing.refused {
            self.refuse(refused);
        }
    }

    fn wrong(&mut self, address: String, refusal: &Refusal) {
        self.wrong += 1;
        self.refuse(Refused::unnamed(address, with_causes(refusal)));
    }

    fn refuse(&mut self, refused: Refused) {
        if self.refused.len() < MAX_REFUSED {
            self.refused.insert(refused, ());
        }
    }

    fn not_a_source(&self) -> ImportError {
        ImportError::NotASource {
            count: self.questions,
            last: self.last.clone().unwrap_or_default(),
            url: self.url.to_string(),
        }
    }

    fn finish(self, options: &Options, is_wide: bool) -> Result<Survey, ImportError> {
        if self.catalogs == 0 {
            return Err(self.not_a_source());
        }
        let offered = self.found.into_values().map(|(entry, channel)| Offered {
            channel: options.channel.unwrap_or(channel),
            md5: entry.md5,
            package: entry.package,
            place: Place::Link(entry.link),
            sha256: None,
            size: entry.size,
            version: entry.version,
        });
        let offered: Vec<Offered> = offered.collect();
        let mut notes = Vec::new();
        if self.unanswered > 0 {
            notes.push(format!(
                "{} of {} questions were answered with no catalog: devices that it does not know",
                self.unanswered, self.questions
            ));
        }
        Ok(Survey {
            is_complete: is_wide && self.wrong == 0,
            notes,
            offered,
            questions: self.questions,
            refused: self.refused.into_keys().collect(),
        })
    }
}
