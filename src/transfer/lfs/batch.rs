//! The documents of the batch API (git-lfs, `docs/api/batch.md`).

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::base::digest::Sha256;
use crate::transfer::remote::{Wanted, Way};
use crate::web::Answer;

pub(super) const MEDIA_TYPE: &str = "application/vnd.git-lfs+json";
/// Blobs that are asked about at once, as git-lfs does.
pub(super) const AT_ONCE: usize = 100;
/// Bytes of an answer.
const MAX: u64 = 4 << 20;
/// An address that ends sooner is not begun with.
const MARGIN: Duration = Duration::from_secs(30);

/// What a server says of one blob.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) oid: Sha256,
    pub(super) outcome: Outcome,
    /// In bytes.
    pub(super) size: u64,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Action {
        action: Action,
        verify: Option<Action>,
    },
    Error {
        code: u16,
        message: String,
    },
    Nothing,
}

/// A request that the server wants.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Action {
    pub(super) href: String,
    #[serde(default)]
    pub(super) header: BTreeMap<String, String>,
    /// Seconds from the answer on; it counts before `expires_at`.
    #[serde(default)]
    expires_in: Option<i64>,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    /// Nothing needs to be added that lets us in.
    #[serde(skip)]
    authenticated: bool,
}

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    transfer: Option<String>,
    #[serde(default)]
    hash_algo: Option<String>,
    objects: Vec<ReplyObject>,
}

#[derive(Deserialize)]
struct ReplyObject {
    oid: String,
    #[serde(default)]
    size: u64,
    #[serde(default)]
    authenticated: bool,
    #[serde(default)]
    actions: BTreeMap<String, Action>,
    #[serde(default)]
    error: Option<ReplyError>,
}

#[derive(Deserialize)]
struct ReplyError {
    code: u16,
    #[serde(default)]
    message: String,
}

impl Way {
    /// Returns the operation, and the action that it is for.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::From => "download",
            Self::To => "upload",
        }
    }
}

impl Action {
    /// Says whether the server has given what lets us in.
    pub(super) fn is_authorised(&self) -> bool {
        self.authenticated
            || self
                .header
                .keys()
                .any(|name| name.eq_ignore_ascii_case("authorization"))
    }

    /// Says whether it may be begun with now.
    pub(super) fn is_valid(&self) -> bool {
        self.is_valid_for(MARGIN)
    }

    /// Says whether it may be begun with until `valid` has passed.
    pub(super) fn is_valid_for(&self, valid: Duration) -> bool {
        let end = self
            .expires_at
            .map(|end| end.duration_since(Timestamp::now()));
        end.is_none_or(|left| left > valid.try_into().unwrap_or_default())
    }
}

/// Returns the body of a request.
pub(super) fn request(blobs: &[&Wanted], way: Way) -> Vec<u8> {
    let objects: Vec<_> = blobs
        .iter()
        .map(|blob| json!({ "oid": blob.sha256, "size": blob.size }))
        .collect();
    let operation = way.operation();
    json!({ "operation": operation, "transfers": ["basic"], "objects": objects, "hash_algo": "sha256" })
        .to_string()
        .into_bytes()
}

/// Returns the body that asks whether an upload has arrived.
pub(super) fn pointer(blob: &Wanted) -> Vec<u8> {
    json!({ "oid": blob.sha256, "size": blob.size })
        .to_string()
        .into_bytes()
}

/// Reads an answer about `blobs`; an error is a sentence.
pub(super) fn objects(answer: Answer, blobs: &[&Wanted]) -> Result<Vec<Object>, String> {
    let bytes = answer.bytes(MAX).map_err(|error| error.to_string())?;
    read(&bytes, blobs)
}

fn read(bytes: &[u8], blobs: &[&Wanted]) -> Result<Vec<Object>, String> {
    let reply: Reply = serde_json::from_slice(bytes)
        .map_err(|error| format!("its answer is not that of a Git LFS server ({error})"))?;
    if let Some(transfer) = reply.transfer.filter(|transfer| transfer != "basic") {
        return Err(format!(
            "it wants `{transfer}` transfers, and only `basic` ones are known"
        ));
    }
    if let Some(hash) = reply.hash_algo.filter(|hash| hash != "sha256") {
        return Err(format!("it names objects by `{hash}` instead of `sha256`"));
    }
    let now = Timestamp::now();
    let objects = reply.objects.into_iter().filter_map(|object| {
        let oid = object.oid.parse().ok()?;
        blobs.iter().any(|blob| blob.sha256 == oid).then(|| Object {
            oid,
            size: object.size,
            outcome: outcome(object, now),
        })
    });
    Ok(objects.collect())
}

fn outcome(mut object: ReplyObject, now: Timestamp) -> Outcome {
    if let Some(ReplyError { code, message }) = object.error {
        return Outcome::Error { code, message };
    }
    let authenticated = object.authenticated;
    let mut take = |name: &str| {
        let mut action = object.actions.remove(name)?;
        action.authenticated = authenticated;
        let seconds = action.expires_in.filter(|seconds| *seconds > 0);
        let end = seconds.and_then(|seconds| {
            now.checked_add(jiff::SignedDuration::from_secs(seconds))
                .ok()
        });
        action.expires_at = end.or(action.expires_at);
        Some(action)
    };
    match take("upload").or_else(|| take("download")) {
        Some(action) => Outcome::Action {
            action,
            verify: take("verify"),
        },
        None => Outcome::Nothing,
    }
}

/// Returns what an error of a server says (`docs/api/batch.md`, "Response Errors").
pub(super) fn message(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Said {
        message: String,
    }
    serde_json::from_slice::<Said>(bytes)
        .map(|said| said.message)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted::new(Sha256::of(b"x"), 1)
    }

    fn one(object: &serde_json::Value) -> Object {
        let reply = json!({ "transfer": "basic", "objects": [object] }).to_string();
        let objects = read(reply.as_bytes(), &[&wanted()]).expect("an answer");
        objects.into_iter().next().expect("an object")
    }

    #[test]
    fn a_request_names_all_blobs_by_their_digests() {
        let body = request(&[&wanted()], Way::To);
        let json: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(
            (&json["operation"], &json["objects"][0]["size"]),
            (&"upload".into(), &1.into())
        );
        assert_eq!(json["objects"][0]["oid"], Sha256::of(b"x").to_string());
    }

    #[test]
    fn what_is_to_be_done_is_an_action_an_error_or_nothing() {
        let oid = Sha256::of(b"x").to_string();
        let href = "https://h/x";
        let upload = one(
            &json!({ "oid": oid, "size": 1, "authenticated": true, "actions": {
            "upload": { "href": href, "header": { "X": "y" }, "expires_in": 10 },
            "verify": { "href": "https://h/v" } } }),
        );
        let Outcome::Action { action, verify } = upload.outcome else {
            unreachable!("the server has named an action");
        };
        assert!(action.is_authorised() && verify.is_some());
        assert!(!action.is_valid(), "it ends too soon");
        let there = one(&json!({ "oid": oid, "size": 1 }));
        assert!(matches!(there.outcome, Outcome::Nothing));
        let gone =
            one(&json!({ "oid": oid, "size": 1, "error": { "code": 404, "message": "none" } }));
        assert!(matches!(gone.outcome, Outcome::Error { code: 404, .. }));
    }

    #[test]
    fn an_answer_about_something_else_is_none() {
        let other = json!({ "objects": [{ "oid": Sha256::of(b"y").to_string(), "size": 1 }] });
        assert!(
            read(other.to_string().as_bytes(), &[&wanted()])
                .expect("an answer")
                .is_empty()
        );
        for (unfit, reason) in [
            ("<html>", "not that of a Git LFS server"),
            (r#"{"transfer":"tus","objects":[]}"#, "`tus`"),
            (r#"{"hash_algo":"sha512","objects":[]}"#, "`sha512`"),
        ] {
            let error = read(unfit.as_bytes(), &[&wanted()]).expect_err(unfit);
            assert!(error.contains(reason), "{error}");
        }
    }
}
