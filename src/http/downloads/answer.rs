//! Answers with bytes that are somewhere else.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Downloads;
use crate::http::cache_policy;
use crate::http::conditional;
use crate::http::etag::ETag;
use crate::http::files::{Bytes, MEDIA_TYPE};
use crate::http::handler::Site;
use crate::http::live::State;
use crate::http::reply::{Kept, Reply};
use crate::http::request::{Method, Request};
use crate::transfer::{Cut, Got, Refusal, Wanted};

/// How long a client waits for the first byte.
const PATIENCE: Duration = Duration::from_secs(60);
/// When a client may try again, in seconds: as soon as remotes that do not answer are asked again.
const RETRY: &str = "10";

/// Sends the client to a remote, where that is wished and one has an address for clients.
///
/// Only a GET: an address may be signed for that method alone, and what HEAD asks for is known here. Conditions do not count
/// for an answer that is a redirection (RFC 9110 §13.2.1).
pub(in crate::http) fn redirected(site: &Site, request: &Request, bytes: &Bytes) -> Option<Reply> {
    let downloads = site.downloads.as_ref()?;
    if !downloads.is_redirecting || request.method != Method::Get {
        return None;
    }
    let state = site.live.state();
    let wanted = || wanted(&state, bytes);
    let located = downloads.located(&state);
    let address = located.address(&downloads.cache, bytes.sha256, wanted)?;
    downloads.redirections.fetch_add(1, Ordering::Relaxed);
    let policy = match bytes.policy {
        cache_policy::IMMUTABLE => cache_policy::PLACE,
        cache_policy::OBJECT => cache_policy::MOMENTARY,
        other => other,
    };
    let reply = Reply::text(302, "the file is at another address\n");
    Some(
        reply
            .with("Location", address)
            .with("Cache-Control", policy),
    )
}

/// Answers with bytes that are not in the store here.
pub(in crate::http) fn fetched(site: &Site, request: &Request, bytes: &Bytes) -> Reply {
    let Some(downloads) = &site.downloads else {
        return Reply::problem(503, "the file is known but not whole on this server");
    };
    let unnamed = Wanted::new(bytes.sha256, bytes.size);
    let full = match downloads.cache.here(&unnamed) {
        Some(file) => Reply::file(MEDIA_TYPE, file, bytes.size),
        None => match downloads.cache.check_size(&unnamed) {
            Ok(()) => Reply::promised(MEDIA_TYPE, bytes.size),
            Err(refusal) => return refused(&refusal),
        },
    };
    let tag = &ETag::strong(bytes.sha256.to_string());
    let reply = conditional::answer(request, tag, bytes.described(full));
    if request.method == Method::Get && reply.body.is_promised() {
        return keep(downloads, &site.live.state(), bytes, reply);
    }
    reply
}

/// Fetches what `reply` promises, and returns it once the first byte has come.
fn keep(downloads: &Downloads, state: &State, bytes: &Bytes, mut reply: Reply) -> Reply {
    let remotes = &downloads.located(state).remotes;
    let kept = match downloads.cache.get(&wanted(state, bytes), remotes) {
        Ok(Got::Here(file)) => Kept::File(Arc::new(file)),
        Ok(Got::Coming(flight)) => match flight.begun(PATIENCE) {
            Ok(()) => Kept::Flight(flight),
            Err(Cut::Refused(refusal)) => return refused(&refusal),
            Err(Cut::Anew | Cut::Silent) => return refused(&Refusal::Busy),
        },
        Err(refusal) => return refused(&refusal),
    };
    reply.body = reply.body.kept(&kept);
    reply
}

fn refused(refusal: &Refusal) -> Reply {
    let message = match refusal {
        Refusal::Busy => "too many files are being fetched at the moment",
        Refusal::TooLarge { .. } => {
            return Reply::problem(503, "the file is larger than what this server can fetch");
        }
        Refusal::Cache { .. } => "the server cannot keep what it fetches",
        Refusal::Failed { .. } | Refusal::JustFailed | Refusal::NoRemote => {
            "the file is known but cannot be fetched at the moment"
        }
    };
    Reply::problem(503, message).with("Retry-After", RETRY)
}

/// Returns what remotes are asked for, with the names that some of them go by.
fn wanted(state: &State, bytes: &Bytes) -> Wanted {
    let mut builds = state.snapshot.builds();
    let named = builds.find_map(|(package, release, build)| {
        let is_it = build.doc.spk.sha256 == bytes.sha256;
        is_it.then(|| build.blob(&package.name, &release.version))
    });
    named.unwrap_or_else(|| Wanted::new(bytes.sha256, bytes.size))
}
