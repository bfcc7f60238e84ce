//! Objects by their SHA-256: downloads, and whether one is here (git-lfs, `docs/api/basic-transfers.md`).
//!
//! Of objects that are elsewhere, those that the commit names that is served are known.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Lfs, json, problem};
use crate::base::digest::Sha256;
use crate::http::cache_policy;
use crate::http::files::{self, Bytes};
use crate::http::handler::Site;
use crate::http::reply::Reply;
use crate::http::request::Request;

/// What a client says of an object that it has sent.
#[derive(Debug, Deserialize, Serialize)]
struct Sent {
    oid: String,
    size: u64,
}

/// The sizes of the objects that a commit names, where those that are not here can be fetched.
pub(super) struct Elsewhere(HashMap<Sha256, u64>);

impl Elsewhere {
    /// Lists what can be fetched now.
    pub(super) fn of(site: &Site) -> Self {
        if site.downloads.is_none() {
            return Self(HashMap::new());
        }
        let state = site.live.state();
        let spks = state.snapshot.builds().map(|(_, _, build)| &build.doc.spk);
        Self(spks.map(|spk| (spk.sha256, spk.size)).collect())
    }

    /// Returns the size of an object.
    pub(super) fn size(&self, sha256: Sha256) -> Option<u64> {
        self.0.get(&sha256).copied()
    }
}

/// Answers with the bytes of an object, as of any download.
pub(super) fn answer(site: &Site, request: &Request, oid: &str) -> Reply {
    let Ok(sha256) = oid.parse::<Sha256>() else {
        return missing();
    };
    let here = || site.blobs.size(sha256);
    let Some(size) = Elsewhere::of(site).size(sha256).or_else(here) else {
        return missing();
    };
    let bytes = Bytes {
        disposition: None,
        policy: cache_policy::OBJECT,
        sha256,
        size,
    };
    files::blob(site, request, &bytes)
}

/// Answers whether the object that was sent is here. It was read whole before it got its name.
pub(super) fn verify(lfs: &Lfs, request: &Request, oid: &str) -> Reply {
    let sent: Sent = match serde_json::from_slice(&request.body) {
        Ok(sent) => sent,
        Err(error) => {
            let message = format!("`oid` and `size` of an object should be here: {error}");
            return problem::of(422, &message);
        }
    };
    let sha256 = match sent.oid.parse::<Sha256>() {
        Ok(sha256) if sent.oid == oid => sha256,
        _ => return problem::of(422, "the oid is not the one in the address"),
    };
    match lfs.blobs.size(sha256) {
        Some(size) if size == sent.size => json(200, &sent),
        Some(size) => {
            let message = format!("the object has {size} bytes, not {}", sent.size);
            problem::of(422, &message)
        }
        None => missing(),
    }
}

fn missing() -> Reply {
    problem::of(404, "the object is not here")
}
