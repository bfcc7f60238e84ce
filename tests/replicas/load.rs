//! Clients that ask all the time, and what they have seen.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::Scope;
use std::time::Duration;

use serde_json::Value;

use super::DSM7;
use super::ask::{Answer, ask};
use crate::support::digest::sha256;

/// How long each client rests: the servers need the cores too.
const REST: Duration = Duration::from_millis(15);
/// Errors that are kept to be shown.
const SHOWN: usize = 20;

/// The clients.
pub(super) struct Load {
    errors: Mutex<Vec<String>>,
    host: String,
    is_over: AtomicBool,
    /// What an entity tag at an address stands for.
    known: Mutex<HashMap<(String, String), String>>,
    parts: AtomicU64,
    requests: AtomicU64,
    resumed: AtomicU64,
    unchanged: AtomicU64,
}

/// What they have seen.
pub(super) struct Seen {
    pub(super) errors: Vec<String>,
    parts: u64,
    pub(super) requests: u64,
    resumed: u64,
    unchanged: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (requests, errors) = (self.requests, self.errors.len());
        let Self {
            parts,
            resumed,
            unchanged,
            ..
        } = self;
        write!(
            f,
            "requests: {requests} ({unchanged} of them answered 304, {parts} for a part), errors: {errors}, \
             downloads that broke off and were resumed elsewhere: {resumed}"
        )
    }
}

/// Asks once, as the number says; an error is what a client would complain about.
type Client = fn(&Load, u64) -> Result<(), String>;

impl Load {
    /// Will ask at `host`.
    pub(super) fn new(host: &str) -> Self {
        Self {
            errors: Mutex::default(),
            host: host.to_owned(),
            is_over: AtomicBool::new(false),
            known: Mutex::default(),
            parts: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            unchanged: AtomicU64::new(0),
        }
    }

    /// Starts the clients.
    pub(super) fn run<'scope, 'env>(&'env self, threads: &'scope Scope<'scope, 'env>) {
        let clients: [Client; 4] = [Self::catalogs, Self::downloads, Self::pages, Self::posts];
        // Each of them twice, and the catalogs twice more.
        let clients = [&clients[..], &clients, &[Self::catalogs, Self::catalogs]].concat();
        for (client, seed) in clients.into_iter().zip(1..) {
            threads.spawn(move || {
                let mut turn = seed * 1_000_000;
                while !self.is_over.load(Ordering::Relaxed) {
                    turn += 1;
                    if let Err(error) = client(self, turn) {
                        let errors = self.errors.lock();
                        errors.unwrap_or_else(PoisonError::into_inner).push(error);
                    }
                    std::thread::sleep(REST);
                }
            });
        }
    }

    /// Has the clients end.
    pub(super) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Returns what was seen.
    pub(super) fn seen(self) -> Seen {
        let mut errors = self.errors.into_inner().expect("no client panics");
        let count = errors.len();
        errors.truncate(SHOWN);
        if count > SHOWN {
            errors.push(format!("and {} more", count - SHOWN));
        }
        Seen {
            errors,
            parts: self.parts.into_inner(),
            requests: self.requests.into_inner(),
            resumed: self.resumed.into_inner(),
            unchanged: self.unchanged.into_inner(),
        }
    }

    /// Asks; what is not one of `statuses` is an error, and so is one tag for two things.
    fn get(
        &self,
        target: &str,
        headers: &[(&str, &str)],
        statuses: &[u16],
    ) -> Result<Answer, String> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let answer = ask(&self.host, "GET", target, headers, b"")?;
        if !statuses.contains(&answer.status) {
            let text: String = answer.text().chars().take(200).collect();
            return Err(format!("{target}: {}: {text}", answer.status));
        }
        if answer.status == 200
            && answer.is_whole
            && let Some(tag) = answer.header("etag")
        {
            let digest = sha256(&answer.body);
            let key = (target.to_owned(), tag.to_owned());
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            let first = known.entry(key).or_insert_with(|| digest.clone());
            if *first != digest {
                return Err(format!("{target}: {tag} stands for two things"));
            }
        }
        Ok(answer)
    }

    /// Asks for a catalog, and again whether it is still the one; every other one is asked for in words that no cache knows.
    fn catalogs(&self, turn: u64) -> Result<(), String> {
        let target = match turn % 2 {
            0 => DSM7.to_owned(),
            _ => format!("{DSM7}&n={turn}"),
        };
        let answer = whole(&target, self.get(&target, &[], &[200])?)?;
        json(&target, &answer)?;
        let tag = answer.header("etag").unwrap_or_default();
        let again = self.get(&target, &[("If-None-Match", tag)], &[200, 304])?;
        if again.status == 304 {
            self.unchanged.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Downloads what a catalog offers, whole or in part, and goes on where a download has broken off.
    fn downloads(&self, turn: u64) -> Result<(), String> {
        let target = format!("{DSM7}&n={turn}");
        let catalog = whole(&target, self.get(&target, &[], &[200])?)?;
        let catalog = json(&target, &catalog)?;
        let entries = catalog["packages"].as_array().cloned().unwrap_or_default();
        let entry = &entries[turn as usize % entries.len().max(1)];
        let (link, size) = (entry["link"].as_str(), entry["size"].as_u64());
        let (Some(link), Some(size)) = (link, size) else {
            return Err(format!("{target}: no link in {entry}"));
        };
        let path = link.splitn(4, '/').nth(3).unwrap_or_default();
        let target = match turn % 3 {
            0 => format!("/{path}"),
            _ => format!("/{path}?n={turn}"),
        };
        let mut answer = self.get(&target, &[], &[200])?;
        let tag = answer.header("etag").unwrap_or_default().to_owned();
        while !answer.is_whole {
            self.resumed.fetch_add(1, Ordering::Relaxed);
            let from = format!("bytes={}-", answer.body.len());
            let rest = self.get(&target, &[("Range", &from), ("If-Range", &tag)], &[206])?;
            answer.is_whole = rest.is_whole;
            answer.body.extend(rest.body);
        }
        let digest = sha256(&answer.body);
        if answer.body.len() as u64 != size || tag != format!("\"{digest}\"") {
            return Err(format!("{target}: not what was offered: {tag}"));
        }
        let range = [("Range", "bytes=1000-1999"), ("If-Range", tag.as_str())];
        self.parts.fetch_add(1, Ordering::Relaxed);
        let part = whole(&target, self.get(&target, &range, &[206])?)?;
        match part.body == answer.body[1000..2000] {
            true => Ok(()),
            false => Err(format!("{target}: another part")),
        }
    }

    fn pages(&self, turn: u64) -> Result<(), String> {
        for page in [
            "/packages?a=b",
            "/package/alpha?a=b",
            "/explain?package=alpha&model=DS918%2B&dsm=7.2",
            "/packages/alpha/1.0-1/icon_72.png?a=b",
        ] {
            let target = format!("{page}&n={turn}");
            whole(&target, self.get(&target, &[], &[200])?)?;
        }
        Ok(())
    }

    /// Asks as DSM 4 and 5 do.
    fn posts(&self, _turn: u64) -> Result<(), String> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let form = b"arch=avoton&build=25556&language=enu&major=6&minor=2";
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let answer = ask(&self.host, "POST", "/", &headers, form)?;
        match answer.status {
            200 => whole("POST /", answer).map(drop),
            status => Err(format!("POST /: {status}: {}", answer.text())),
        }
    }
}

fn whole(target: &str, answer: Answer) -> Result<Answer, String> {
    match answer.is_whole {
        true => Ok(answer),
        false => Err(format!(
            "{target}: broke off after {} bytes",
            answer.body.len()
        )),
    }
}

fn json(target: &str, answer: &Answer) -> Result<Value, String> {
    serde_json::from_slice(&answer.body).map_err(|error| format!("{target}: {error}"))
}
