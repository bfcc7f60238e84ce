//! What came of an upload, in words that say what to do, and never with a path of this machine.

use std::time::Duration;

use serde::Serialize;

use super::form::WrongForm;
use super::intake::NotTaken;
use crate::http::cache_policy;
use crate::http::reply::Reply;
use crate::http::room::is_full;
use crate::http::tokens::Turned;
use crate::model::access;
use crate::model::channel::Channel;
use crate::ops::add::{AddError, UploadError, Uploaded};
use crate::ops::sign::SignError;
use crate::ops::verify::with_causes;
use crate::repo::WriteError;

/// The answer to an upload that is not published, and what it is counted as.
pub(super) struct Refusal {
    pub(super) reason: &'static str,
    pub(super) reply: Reply,
}

/// What a client is told of an SPK that is published; the first four are as in SynoCommunity's spkrepo.
#[derive(Serialize)]
struct Created<'a> {
    package: &'a str,
    version: &'a str,
    firmware: String,
    architectures: &'a [String],
    build: &'a str,
    channel: Channel,
    commit: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    warnings: &'a [String],
}

/// Which schemes a token can be shown by (RFC 9110 §11.6.1).
const CHALLENGE: &str = "Basic realm=\"uploads\", charset=\"UTF-8\", Bearer realm=\"uploads\"";
/// Seconds after which it is worth trying again.
const SOON: &str = "5";

const HOW: &str = "show an upload token as the user name of HTTP Basic with an empty password (`curl -u TOKEN:`), or as `Authorization: Bearer TOKEN`";

/// Returns the answer for somebody who is not let in, and what that is counted as.
pub(super) fn turned(why: Turned) -> (&'static str, Reply) {
    let message = match why {
        Turned::Away(why @ access::Refused::Unknown) => format!("{why}; {HOW}"),
        Turned::Away(why @ (access::Refused::Expired | access::Refused::NoRole)) => why.to_string(),
        Turned::Nothing => format!("uploads need a token: {HOW}"),
        Turned::TooOften { wait } => return ("attempts", too_many_attempts(wait)),
        Turned::Unknown => format!("what `Authorization` says is not understood: {HOW}"),
    };
    ("unauthorised", challenge(&message))
}

fn challenge(message: &str) -> Reply {
    Reply::problem(401, message).with("WWW-Authenticate", CHALLENGE)
}

fn too_many_attempts(wait: Duration) -> Reply {
    let seconds = wait.as_secs() + 1;
    let message = format!(
        "too many tokens from this address were not accepted: try again in {seconds} seconds"
    );
    Reply::problem(429, &message).with("Retry-After", seconds.to_string())
}

pub(super) fn wrong_form(why: &WrongForm) -> Reply {
    Reply::problem(400, &why.to_string())
}

pub(super) fn busy() -> Reply {
    Reply::problem(503, "too many uploads are under way: try again soon").with("Retry-After", SOON)
}

/// Returns the answer for an SPK that is published, now or before.
pub(super) fn created(uploaded: &Uploaded) -> Reply {
    let file = &uploaded.file;
    let created = Created {
        package: &file.package,
        version: &file.version,
        firmware: uploaded.firmware.to_string(),
        architectures: &uploaded.architectures,
        build: &file.build,
        channel: file.channel,
        commit: &uploaded.commit,
        warnings: &file.warnings,
    };
    let json = serde_json::to_string(&created).expect("its keys are texts");
    Reply::json(201, json).with("Cache-Control", cache_policy::MOMENTARY)
}

/// Returns the answer for one that is not.
pub(super) fn refused(error: &NotTaken) -> Refusal {
    let (status, reason, advice) = match error {
        NotTaken::Body(_) => (400, "body", ""),
        NotTaken::Form(_) => (400, "form", ""),
        NotTaken::Upload(UploadError::Add(error)) => of_add(error),
        NotTaken::Upload(UploadError::Denied(_)) => (403, "denied", ""),
        NotTaken::Upload(UploadError::Refused(_)) => (401, "unauthorised", ""),
        NotTaken::Upload(UploadError::Sign(error)) => of_sign(error),
    };
    let status = match status {
        500 if is_full(error) => 507,
        status => status,
    };
    let reply = match status {
        500 => Reply::problem(
            500,
            "the server could not store the SPK; what it prints says why",
        ),
        507 => Reply::problem(
            507,
            "the server has no room for the SPK: nothing was published",
        ),
        503 => Reply::problem(503, advice).with("Retry-After", SOON),
        401 => challenge(&with_causes(error)),
        status => Reply::problem(status, &format!("{}{advice}", with_causes(error))),
    };
    let reason = if status == 507 { "full" } else { reason };
    Refusal { reason, reply }
}

fn of_add(error: &AddError) -> (u16, &'static str, &'static str) {
    const NEWER: &str =
        "; released bytes never change: raise the number after the last `-` of the version";
    const STAGED: &str = "; raise the number after the last `-` of the version, or have a maintainer replace the staged build with `spkrepo add --replace`";
    const TEXTS: &str =
        "; builds of one release share these: raise the version if they are meant to change";
    const RIVAL: &str =
        "; give one of the two another minimum DSM or other platforms, or raise the version";
    const UNSIGNED: &str = "; sign it with a key of keys/ before it is sent, or have the server sign what arrives (`--sign-key`)";
    const SMALL: &str = "; name it as that package is, or choose another name";
    match error {
        AddError::CaseCollision { .. } => (409, "conflict", SMALL),
        AddError::Competes { .. } => (409, "conflict", RIVAL),
        AddError::Contradicts { .. } => (422, "contradiction", TEXTS),
        AddError::OtherBytes {
            channel: Channel::Staged,
            ..
        } => (409, "conflict", STAGED),
        AddError::OtherBytes { .. } => (409, "conflict", NEWER),
        AddError::Signed { .. } => (422, "spk", ""),
        AddError::Unsigned { .. } => (422, "spk", UNSIGNED),
        AddError::Unfit { .. } | AddError::Unreadable { .. } => (422, "spk", ""),
        AddError::Read { .. } => (400, "body", ""),
        AddError::Write(error) => of_write(error),
        AddError::Git(error) => of_git(error),
        AddError::Load(_) | AddError::Open(_) => broken(),
        AddError::Blob(_)
        | AddError::Document(_)
        | AddError::Glob { .. }
        | AddError::NoSpk { .. }
        | AddError::NotFound { .. } => (500, "internal", ""),
    }
}

fn of_write(error: &WriteError) -> (u16, &'static str, &'static str) {
    match error {
        WriteError::Busy { .. } | WriteError::Contended { .. } => (
            503,
            "busy",
            "others are writing to the repository: try again soon",
        ),
        WriteError::Git(error) => of_git(error),
        WriteError::Load(_) => broken(),
        // No upload goes to a remote.
        WriteError::Conflict { .. }
        | WriteError::Diverged { .. }
        | WriteError::NotUploaded { .. }
        | WriteError::OnlyThere { .. }
        | WriteError::Remote(_)
        | WriteError::Journal { .. }
        | WriteError::Lock { .. }
        | WriteError::NoCommit { .. }
        | WriteError::NotLaidOut { .. } => (500, "internal", ""),
    }
}

fn of_git(error: &crate::git::GitError) -> (u16, &'static str, &'static str) {
    use crate::git::GitError;
    match error {
        GitError::Dirty { .. } => (
            503,
            "dirty",
            "somebody is editing this package in the working tree of the server: it must be committed or undone there first",
        ),
        GitError::Locked { .. } => (
            503,
            "busy",
            "another git process has locked the repository: try again soon",
        ),
        _ => (500, "internal", ""),
    }
}

fn broken() -> (u16, &'static str, &'static str) {
    (
        503,
        "broken",
        "the newest commit of the repository cannot be read, so nothing can be added: /readyz says why",
    )
}

fn of_sign(error: &SignError) -> (u16, &'static str, &'static str) {
    match error {
        SignError::Links { .. } | SignError::Spk { .. } => (422, "spk", ""),
        _ => (500, "internal", ""),
    }
}
