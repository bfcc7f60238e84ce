//! Fetches many things politely: a few at a time, and an end at the first that shows that nobody is there.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use sha2::{Digest as _, Sha256};

use super::Spk;
use crate::web::{Client, WebError};

/// Requests that are under way at once.
const AT_ONCE: usize = 4;

/// What an address has.
pub(super) enum Found<T> {
    Content(T),
    /// A server that lives says why not.
    Refused(String),
}

impl<T> Found<T> {
    /// Tells an answer that is a finding from one that leaves nothing to compare.
    pub(super) fn of(answer: Result<T, WebError>) -> Result<Self, WebError> {
        match answer {
            Ok(content) => Ok(Self::Content(content)),
            Err(WebError::Status { status, .. }) => {
                Ok(Self::Refused(format!("is answered with status {status}")))
            }
            Err(WebError::Redirected { to, .. }) => Ok(Self::Refused(format!(
                "is answered with a redirection to `{to}`"
            ))),
            Err(WebError::TooLarge { max, .. }) => {
                Ok(Self::Refused(format!("has more than {max} bytes")))
            }
            Err(error) => Err(error),
        }
    }
}

/// Does `work` for each of `items`, and returns what came of it in their order.
pub(super) fn each<I: Sync, T: Send>(
    items: &[I],
    work: impl Fn(&I) -> Result<T, WebError> + Sync,
) -> Result<Vec<T>, WebError> {
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let run = || {
        let mut done = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            match work(item) {
                Ok(outcome) => done.push((at, outcome)),
                Err(error) => {
                    is_over.store(true, Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
        Ok(done)
    };
    let mut all = Vec::with_capacity(items.len());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(run)).collect();
        for worker in workers {
            let done = worker.join().expect("no worker panics");
            all.extend(done?);
        }
        Ok(())
    })?;
    all.sort_by_key(|(at, _)| *at);
    Ok(all.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Downloads an SPK and says in what it is not the one that it should be.
pub(super) fn difference(client: &Client, url: &str, spk: Spk) -> Result<Option<String>, WebError> {
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    let read = client.read(url, |piece| {
        hash.update(piece);
        size += piece.len() as u64;
    });
    Ok(match Found::of(read)? {
        Found::Refused(how) => Some(how),
        Found::Content(()) if size != spk.size => {
            Some(format!("has {size} bytes instead of {}", spk.size))
        }
        Found::Content(()) => {
            let found: [u8; 32] = hash.finalize().into();
            let found: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
            let is_right = found == spk.sha256.to_string();
            (!is_right).then(|| format!("has the digest {found} instead of {}", spk.sha256))
        }
    })
}
