//! Git LFS for this repository: the batch API and basic transfers (git-lfs, `docs/api/batch.md`, `basic-transfers.md`).
//!
//! Whoever knows the SHA-256 of an object can read it, as who can read the repository knows from its pointers; who writes shows
//! an upload token. A request passes [`batch`], which says where each object is or goes, and then [`object`] or
//! [`incoming`] for each of them. What arrives is a blob that no commit names yet.
//!
//! Files cannot be locked: `docs/api/locking.md` has a server say so with 404.

mod batch;
mod incoming;
mod object;
mod problem;

use std::sync::Arc;

use self::batch::{Batch, Operation, Terms};
use self::incoming::Arrival;
use self::object::Elsewhere;
use super::cache_policy;
use super::front::Welcome;
use super::handler::Site;
use super::notice::OnNotice;
use super::reply::Reply;
use super::request::{Method, Request};
use super::tokens::{Part, Shown, Tokens};
use crate::blob::BlobStore;

/// The media type of requests and answers, but for the objects.
const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";

/// What answers clients of Git LFS.
pub(super) struct Lfs {
    pub(super) blobs: BlobStore,
    pub(super) notice: OnNotice,
    /// Bytes of an object that arrives.
    pub(super) max_size: u64,
    /// Whether objects are taken: where one commit is served for good, no token could ever be revoked.
    pub(super) takes: bool,
    pub(super) tokens: Arc<Tokens>,
}

/// What is below `/info/lfs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address<'a> {
    Batch,
    Locks,
    Object { oid: &'a str },
    Verify { oid: &'a str },
}

/// Returns what a path stands for.
pub(super) fn address<'a>(segments: &[&'a str]) -> Option<Address<'a>> {
    match *segments {
        ["info", "lfs", "locks", ..] => Some(Address::Locks),
        ["info", "lfs", "objects", "batch"] => Some(Address::Batch),
        ["info", "lfs", "objects", oid] => Some(Address::Object { oid }),
        ["info", "lfs", "objects", oid, "verify"] => Some(Address::Verify { oid }),
        _ => None,
    }
}

impl Address<'_> {
    /// Returns the name of the route.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Batch => "lfs-batch",
            Self::Locks => "lfs-locks",
            Self::Object { .. } => "lfs-object",
            Self::Verify { .. } => "lfs-verify",
        }
    }

    fn allow(self) -> &'static str {
        match self {
            Self::Batch | Self::Verify { .. } => "POST, OPTIONS",
            Self::Locks => "OPTIONS",
            Self::Object { .. } => "GET, HEAD, PUT, OPTIONS",
        }
    }
}

/// Answers a request for `address` whose body, if it is an object, was not taken.
pub(super) fn answer(site: &Site, request: &Request, address: Address<'_>) -> Reply {
    let Some(lfs) = &site.lfs else {
        return problem::of(
            404,
            "Git LFS is not answered here: `spkrepo serve --lfs` does",
        );
    };
    match (address, &request.method) {
        (Address::Locks, _) => problem::of(404, "files cannot be locked here"),
        (_, Method::Other(name)) if name == "OPTIONS" => {
            Reply::new(200).with("Allow", address.allow())
        }
        (Address::Batch, Method::Post) => lfs.batch(site, request),
        (Address::Object { oid }, Method::Get | Method::Head) => object::answer(site, request, oid),
        (Address::Verify { oid }, Method::Post) => object::verify(lfs, request, oid),
        _ => problem::of(405, "the method is not allowed at this address")
            .with("Allow", address.allow()),
    }
}

impl Lfs {
    /// Says what becomes of the body of a request for `address`, before any of it is read.
    pub(super) fn welcome(self: &Arc<Self>, request: &Request, address: Address<'_>) -> Welcome {
        match address {
            Address::Object { oid } if request.method == Method::Put => {
                match self.admit(request, oid) {
                    Ok(arrival) => Welcome::Taken {
                        user: arrival.user.clone(),
                        intake: Box::new(arrival),
                    },
                    Err(reply) => Welcome::Refused(reply),
                }
            }
            _ => Welcome::Usual,
        }
    }

    fn admit(self: &Arc<Self>, request: &Request, oid: &str) -> Result<Arrival, Reply> {
        let shown = self.writer(request)?;
        let announced = incoming::announced(request, oid)?;
        let place = self.tokens.place().ok_or_else(problem::busy)?;
        Ok(Arrival {
            _place: place,
            announced,
            lfs: Arc::clone(self),
            user: shown.user,
        })
    }

    fn writer(&self, request: &Request) -> Result<Shown, Reply> {
        if !self.takes {
            return Err(problem::of(403, "this server only gives objects out"));
        }
        let shown = self.tokens.shown(request, Part::Password);
        shown.map_err(problem::turned)
    }

    fn batch(&self, site: &Site, request: &Request) -> Reply {
        if !accepts(request) {
            return problem::of(406, &format!("the answer would be `{MEDIA_TYPE}`"));
        }
        let batch = match Batch::parse(&request.body) {
            Ok(batch) => batch,
            Err(error) => return problem::of(error.status(), &error.to_string()),
        };
        if let Operation::Upload = batch.operation
            && let Err(reply) = self.writer(request)
        {
            return reply;
        }
        let root = site.base_url(&site.live.state(), request);
        let terms = Terms {
            authorization: request.header("authorization"),
            max_size: self.max_size,
            objects: format!("{root}/info/lfs/objects"),
        };
        let elsewhere = Elsewhere::of(site);
        let stored = |sha256| match batch.operation {
            Operation::Download => elsewhere.size(sha256).or_else(|| self.blobs.size(sha256)),
            // Whoever is told that it is here may push a commit that names it: it must not be collected before that.
            Operation::Upload => {
                self.blobs.freshen(sha256).ok()?;
                self.blobs.size(sha256)
            }
        };
        json(200, &batch.answer(&terms, stored))
    }
}

/// Returns an answer that nobody keeps.
fn json(status: u16, value: &impl serde::Serialize) -> Reply {
    let json = serde_json::to_string(value).expect("its keys are texts");
    Reply::bytes(status, MEDIA_TYPE, json).with("Cache-Control", cache_policy::MOMENTARY)
}

/// Says whether the client takes [`MEDIA_TYPE`], as it should say; what is other JSON is near enough.
fn accepts(request: &Request) -> bool {
    const KNOWN: [&str; 4] = [MEDIA_TYPE, "application/json", "application/*", "*/*"];
    let mut values = request.header_values("accept").peekable();
    let named = |value: &str| {
        let ranges = value.split(',').map(|range| range.split(';').next());
        ranges.flatten().any(|range| {
            KNOWN
                .iter()
                .any(|known| range.trim().eq_ignore_ascii_case(known))
        })
    };
    values.peek().is_none() || values.any(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_lfs_asks_for_has_an_address() {
        let of = |path: &str| {
            let segments: Vec<&str> = path.split('/').collect();
            address(&segments).map(Address::name)
        };
        for (path, name) in [
            ("info/lfs/objects/batch", Some("lfs-batch")),
            ("info/lfs/objects/abc", Some("lfs-object")),
            ("info/lfs/objects/abc/verify", Some("lfs-verify")),
            ("info/lfs/locks", Some("lfs-locks")),
            ("info/lfs/locks/verify", Some("lfs-locks")),
            ("info/lfs", None),
            ("info/lfs/objects", None),
            ("info/lfs/objects/a/b", None),
            ("objects/batch", None),
        ] {
            assert_eq!(of(path), name, "{path}");
        }
    }

    #[test]
    fn only_who_wants_something_else_does_not_take_the_answer() {
        let takes = |accept: &str| accepts(&Request::get("/").with("accept", accept));
        assert!(accepts(&Request::get("/")));
        for accept in [
            "application/vnd.git-lfs+json",
            "application/vnd.git-lfs+json; charset=utf-8",
            "text/html, application/JSON;q=0.5",
            "*/*",
        ] {
            assert!(takes(accept), "{accept}");
        }
        for accept in ["text/html", "application/xml", ""] {
            assert!(!takes(accept), "{accept}");
        }
    }
}
