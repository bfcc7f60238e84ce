//! The token in the head of a request: as the user name of HTTP Basic (RFC 7617), or as a bearer token (RFC 6750 §2.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::request::Request;

/// What a request shows.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Credentials {
    None,
    Token(String),
    /// Something else, or more than one thing.
    Unknown,
}

/// Returns what `request` shows. The password of HTTP Basic does not matter: clients that have a key leave it empty.
pub(super) fn credentials(request: &Request) -> Credentials {
    let mut values = request.header_values("authorization");
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else {
        return Credentials::None;
    };
    let token = match value.trim().split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => user(rest.trim()),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => {
            Some(rest.trim().to_owned())
        }
        _ => None,
    };
    match (token, second) {
        (Some(token), None) if !token.is_empty() => Credentials::Token(token),
        _ => Credentials::Unknown,
    }
}

fn user(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    Some(decoded.split_once(':')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(values: &[&str]) -> Credentials {
        let request = Request::get("/");
        let add = |request: Request, value: &&str| request.with("authorization", value);
        credentials(&values.iter().fold(request, add))
    }

    #[test]
    fn a_token_is_a_user_name_or_a_bearers() {
        let token = |text: &str| Credentials::Token(text.to_owned());
        assert!(shown(&[]) == Credentials::None);
        assert!(shown(&["Basic a2V5Og=="]) == token("key"));
        assert!(shown(&["basic  a2V5OnNlY3JldDp4 "]) == token("key"));
        assert!(shown(&["Bearer spkrepo_abc-_"]) == token("spkrepo_abc-_"));
    }

    #[test]
    fn anything_else_is_not_taken_for_a_token() {
        for values in [
            &["Basic"][..],
            &["Basic "],
            &["Basic !!!"],
            // `key` without a colon, and `:key`.
            &["Basic a2V5"],
            &["Basic OmtleQ=="],
            &["Bearer "],
            &["Digest username=a"],
            &["Bearer a", "Bearer b"],
        ] {
            assert!(shown(values) == Credentials::Unknown, "{values:?}");
        }
    }
}
