//! What the signature inside one SPK is worth.

use std::io::{self, Read, Seek, SeekFrom};

use jiff::Timestamp;
use serde::Serialize;

use crate::base::digest::ParallelHasher;
use crate::model::fingerprint::Fingerprint;
use crate::pgp::{self, Checked, PgpError, Verdict};
use crate::repo::Keys;
use crate::spk::{Layout, Signature, SignatureMember, signature_member, splice};

/// What is said of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SignatureReport {
    pub(crate) state: State,
    pub(crate) form: Signature,
    pub(crate) fingerprint: Option<Fingerprint>,
    /// When it was made, as the signer says.
    pub(crate) time: Option<Timestamp>,
    /// It is about every byte of the SPK, not only about what DSM checks.
    pub(crate) whole: bool,
    /// What is bad about it.
    pub(crate) reason: Option<String>,
    /// The time server's signature around it.
    pub(crate) timestamp: Option<Stamp>,
}

/// What is said of a time server's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Stamp {
    pub(crate) state: State,
    pub(crate) fingerprint: Option<Fingerprint>,
    pub(crate) time: Option<Timestamp>,
}

/// What a signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Bad,
    /// The member is there and has no bytes.
    Empty,
    Expired,
    Good,
    /// There is none.
    None,
    Revoked,
    UnknownKey,
}

impl From<Verdict> for State {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Bad => Self::Bad,
            Verdict::Expired => Self::Expired,
            Verdict::Good => Self::Good,
            Verdict::Revoked => Self::Revoked,
            Verdict::UnknownKey => Self::UnknownKey,
        }
    }
}

impl SignatureReport {
    fn of(form: Signature, state: State) -> Self {
        Self {
            state,
            form,
            fingerprint: None,
            time: None,
            whole: false,
            reason: None,
            timestamp: None,
        }
    }

    fn checked(form: Signature, checked: Checked) -> Self {
        Self {
            fingerprint: checked.fingerprint,
            time: checked.time,
            reason: checked.reason,
            ..Self::of(form, checked.verdict.into())
        }
    }

    fn bad(form: Signature, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..Self::of(form, State::Bad)
        }
    }

    /// Returns whether the SPK says that it is signed.
    pub(crate) fn is_there(&self) -> bool {
        !matches!(self.state, State::None | State::Empty)
    }

    /// Returns what is wrong, for people.
    pub(crate) fn problems(&self) -> Vec<String> {
        let by = match &self.fingerprint {
            Some(fingerprint) => fingerprint.to_string(),
            None => "an unnamed key".to_owned(),
        };
        let signature = match self.state {
            State::Bad => {
                let reason = self.reason.as_deref().unwrap_or("it does not fit");
                Some(format!("the signature is bad: {reason}"))
            }
            State::Empty | State::Good | State::None => None,
            State::Expired => Some(format!("the signature by {by} or its key has expired")),
            State::Revoked => Some(format!("the key {by} of the signature is revoked")),
            State::UnknownKey => Some(format!("the signature is by {by}, which is not known here")),
        };
        let stamp = self.timestamp.as_ref();
        let stamp = stamp.filter(|stamp| stamp.state == State::Bad);
        let stamp = stamp.map(|_| "the time server's signature is bad".to_owned());
        signature.into_iter().chain(stamp).collect()
    }
}

/// Judges the signature of the SPK in `source`, whose layout is known.
pub(crate) fn check<R: Read + Seek + Send + Sync>(
    source: &mut R,
    layout: &Layout,
    keys: &Keys,
    now: Timestamp,
) -> io::Result<SignatureReport> {
    let Some(member) = &layout.signature else {
        return Ok(SignatureReport::of(Signature::None, State::None));
    };
    let form = member.form;
    match form {
        Signature::Empty | Signature::None => Ok(SignatureReport::of(form, State::Empty)),
        Signature::Detached => judge(source, layout, member, &member.bytes, keys, now),
        Signature::Timestamped => {
            let opened = match pgp::open(&member.bytes, &keys.timestamps, now) {
                Ok(opened) => opened,
                Err(error) => return Ok(SignatureReport::bad(form, &super::with_causes(&error))),
            };
            let report = judge(source, layout, member, &opened.content, keys, now)?;
            Ok(SignatureReport {
                timestamp: Some(Stamp {
                    state: opened.stamp.verdict.into(),
                    fingerprint: opened.stamp.fingerprint,
                    time: opened.stamp.time,
                }),
                ..report
            })
        }
        Signature::Unrecognised => Ok(SignatureReport::bad(
            form,
            "syno_signature.asc is neither a signature nor a signed message",
        )),
    }
}

fn judge<R: Read + Seek + Send + Sync>(
    source: &mut R,
    layout: &Layout,
    member: &SignatureMember,
    signature: &[u8],
    keys: &Keys,
    now: Timestamp,
) -> io::Result<SignatureReport> {
    let content = layout.content(&mut *source);
    let checked = match pgp::verify(signature, content, &keys.signers, now) {
        Ok(checked) => checked,
        Err(PgpError::Read(error)) => return Err(error),
        Err(error) => {
            return Ok(SignatureReport::bad(
                member.form,
                &super::with_causes(&error),
            ));
        }
    };
    let whole = checked.unsigned.is_some();
    if whole && !is_untouched(source, layout, member, &checked)? {
        let reason = "the SPK was changed outside of the contents since it was signed";
        return Ok(SignatureReport {
            fingerprint: checked.fingerprint,
            time: checked.time,
            ..SignatureReport::bad(member.form, reason)
        });
    }
    Ok(SignatureReport {
        whole,
        ..SignatureReport::checked(member.form, checked)
    })
}

/// Compares every byte with what the signer had and what signing makes of it.
fn is_untouched<R: Read + Seek>(
    source: &mut R,
    layout: &Layout,
    member: &SignatureMember,
    checked: &Checked,
) -> io::Result<bool> {
    let is_canonical = member.form != Signature::Detached
        || pgp::armored_signature(&member.bytes).as_deref() == Some(&member.bytes);
    let seconds = checked.time.map_or(0, Timestamp::as_second);
    let expected = signature_member(&member.bytes, seconds.unsigned_abs());
    let mut found = vec![0; expected.len()];
    source.seek(SeekFrom::Start(member.range.start))?;
    source.read_exact(&mut found)?;
    if !is_canonical || layout.end != member.range.end || found != expected {
        return Ok(false);
    }
    let mut hasher = ParallelHasher::new();
    splice(source, &member.range, b"", &mut hasher)?;
    Ok(Some(hasher.finish().sha256) == checked.unsigned)
}
