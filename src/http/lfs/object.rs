//! Objects by their SHA-256: downloads, and whether one is here (git-lfs, `docs/api/basic-transfers.md`).

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

/// Answers with the bytes of an object, as of any download.
pub(super) fn answer(site: &Site, request: &Request, oid: &str) -> Reply {
    let sha256 = oid.parse::<Sha256>().ok();
    let found = sha256.and_then(|sha256| Some((sha256, site.blobs.size(sha256)?)));
    let Some((sha256, size)) = found else {
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
