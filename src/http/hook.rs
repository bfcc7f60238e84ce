//! `POST /hooks/refresh`: whoever knows the secret says that the remote has news.
//!
//! GitHub signs the body with HMAC-SHA-256 and sends `X-Hub-Signature-256: sha256=…` (GitHub documentation, "Validating
//! webhook deliveries"); Gitea and Forgejo send the same. GitLab sends the secret itself as `X-Gitlab-Token` (GitLab
//! documentation, "Webhooks", "Secret token").

use ring::hmac::{HMAC_SHA256, Key, sign, verify};

use super::cache_policy;
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;

/// The secret that messages are signed with.
#[derive(Clone)]
pub(crate) struct HookSecret(Key);

impl std::fmt::Debug for HookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookSecret")
    }
}

impl HookSecret {
    /// Takes the secret; nothing, when it is shorter than anybody should choose one.
    pub(crate) fn new(secret: &[u8]) -> Option<Self> {
        (secret.len() >= Self::MIN_BYTES).then(|| Self(Key::new(HMAC_SHA256, secret)))
    }

    /// A shorter one can be guessed from one message.
    pub(crate) const MIN_BYTES: usize = 16;

    /// Says whether the sender knows the secret, in a time that does not depend on how nearly it does.
    fn is_known(&self, request: &Request) -> bool {
        let signature = request.header("x-hub-signature-256");
        let signature = signature.and_then(|value| bytes_of(value.strip_prefix("sha256=")?));
        if let Some(signature) = signature {
            return verify(&self.0, &request.body, &signature).is_ok();
        }
        request.header("x-gitlab-token").is_some_and(|token| {
            // Both become digests under a key that the sender does not know, and only these are compared.
            let told = Key::new(HMAC_SHA256, token.as_bytes());
            let told = sign(&told, MARK);
            verify(&self.0, MARK, told.as_ref()).is_ok()
        })
    }
}

/// What both sides sign where no body is signed.
const MARK: &[u8] = b"spkrepo";

/// Has the remote asked, if the message is signed.
pub(super) fn refresh(site: &Site, request: &Request) -> Reply {
    let Some(secret) = &site.hook_secret else {
        return Reply::problem(
            404,
            "there is no secret for webhooks: `hook-secret-file` names one",
        );
    };
    if !secret.is_known(request) {
        return Reply::problem(
            401,
            "the message is not signed with the secret of this server: X-Hub-Signature-256 or X-Gitlab-Token shows it",
        );
    }
    if let Some(follower) = &site.follower {
        follower.ask();
    }
    site.live.ask();
    Reply::json(202, r#"{"message":"looking for news"}"#.to_owned())
        .with("Cache-Control", cache_policy::MOMENTARY)
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok());
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::request::Method;

    fn message(body: &str) -> Request {
        let mut request = Request::of(Method::Post, "/hooks/refresh");
        request.body = body.as_bytes().to_vec();
        request
    }

    /// The example in GitHub's documentation, "Testing the webhook payload validation".
    #[test]
    fn githubs_own_example_is_known() {
        let secret = HookSecret::new(b"It's a Secret to Everybody").expect("long enough");
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let signed = message("Hello, World!").with("x-hub-signature-256", signature);
        assert!(secret.is_known(&signed));
        let upper = signature.to_uppercase().replace("SHA256", "sha256");
        assert!(secret.is_known(&message("Hello, World!").with("x-hub-signature-256", &upper)));
        assert!(!secret.is_known(&message("Hello, World?").with("x-hub-signature-256", signature)));
    }

    #[test]
    fn nothing_else_is() {
        let secret = HookSecret::new(b"It's a Secret to Everybody").expect("long enough");
        assert!(!secret.is_known(&message("")));
        for signature in [
            "",
            "sha256=",
            "sha256=00",
            "757107ea",
            &format!("sha256={}", "é".repeat(32)),
        ] {
            assert!(
                !secret.is_known(&message("Hello, World!").with("x-hub-signature-256", signature)),
                "{signature}"
            );
        }
        assert!(
            secret.is_known(&message("x").with("x-gitlab-token", "It's a Secret to Everybody"))
        );
        for token in [
            "",
            "It's a Secret to Everybody ",
            "It's a Secret to everybody",
        ] {
            assert!(
                !secret.is_known(&message("x").with("x-gitlab-token", token)),
                "{token}"
            );
        }
        assert!(HookSecret::new(b"short").is_none());
    }
}
