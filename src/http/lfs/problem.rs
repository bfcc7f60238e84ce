//! What a client of Git LFS is told when something cannot be done: `message`, in its own media type (git-lfs,
//! `docs/api/batch.md`, "Response Errors").

use super::MEDIA_TYPE;
use crate::http::cache_policy;
use crate::http::reply::Reply;
use crate::http::tokens::Turned;
use crate::model::access;

/// What git-lfs looks at (`docs/api/batch.md`): browsers do not know the header, and ask nobody for a password.
const LFS_CHALLENGE: &str = "Basic realm=\"Git LFS\"";
/// What everybody else looks at (RFC 9110 §11.6.1).
const CHALLENGE: &str = "Basic realm=\"Git LFS\", charset=\"UTF-8\", Bearer realm=\"Git LFS\"";
/// Seconds after which it is worth trying again.
const SOON: &str = "5";

const HOW: &str = "show an upload token as the password, with any user name";

/// Returns an answer that says what is wrong.
pub(super) fn of(status: u16, message: &str) -> Reply {
    let json = serde_json::json!({ "message": message }).to_string();
    Reply::bytes(status, MEDIA_TYPE, json).with("Cache-Control", cache_policy::MOMENTARY)
}

pub(super) fn busy() -> Reply {
    of(503, "too many uploads are under way: try again soon").with("Retry-After", SOON)
}

/// Returns the answer for somebody who may not write. A known person without a role may read, which 401 would deny.
pub(super) fn turned(why: Turned) -> Reply {
    match why {
        Turned::Away(why @ access::Refused::Unknown) => challenge(&format!("{why}: {HOW}")),
        Turned::Away(why @ access::Refused::Expired) => challenge(&why.to_string()),
        Turned::Away(why @ access::Refused::NoRole) => of(403, &why.to_string()),
        Turned::Nothing => challenge(&format!("to write needs a token: {HOW}")),
        Turned::TooOften { wait } => {
            let seconds = wait.as_secs() + 1;
            let message = format!(
                "too many tokens from this address were not accepted: try again in {seconds} seconds"
            );
            of(429, &message).with("Retry-After", seconds.to_string())
        }
        Turned::Unknown => challenge(&format!(
            "what `Authorization` says is not understood: {HOW}"
        )),
    }
}

fn challenge(message: &str) -> Reply {
    of(401, message)
        .with("LFS-Authenticate", LFS_CHALLENGE)
        .with("WWW-Authenticate", CHALLENGE)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_can_mend_it_by_a_token_is_asked_for_one() {
        use access::Refused::{Expired, NoRole, Unknown};
        for (why, status, asks) in [
            (Turned::Nothing, 401, true),
            (Turned::Unknown, 401, true),
            (Turned::Away(Unknown), 401, true),
            (Turned::Away(Expired), 401, true),
            (Turned::Away(NoRole), 403, false),
            (
                Turned::TooOften {
                    wait: Duration::from_millis(1500),
                },
                429,
                false,
            ),
        ] {
            let reply = turned(why);
            let challenges =
                ["lfs-authenticate", "www-authenticate"].map(|name| reply.header(name));
            assert_eq!(reply.status, status, "{why:?}");
            assert_eq!(
                challenges.map(|value| value.is_some()),
                [asks; 2],
                "{why:?}"
            );
            assert_eq!(reply.header("content-type"), Some(MEDIA_TYPE));
            assert_eq!(reply.header("retry-after"), (status == 429).then_some("2"));
        }
    }
}
