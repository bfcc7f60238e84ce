//! The token in the head of a request: as a part of HTTP Basic (RFC 7617), or as a bearer token (RFC 6750 §2.1).

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

/// Where a token is in HTTP Basic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Part {
    /// The password, whatever the user name: credential helpers keep it so. Without one, the user name.
    Password,
    /// The user name, whatever the password: clients that have a key leave it empty.
    UserName,
}

/// Returns what `request` shows.
pub(super) fn credentials(request: &Request, part: Part) -> Credentials {
    let mut values = request.header_values("authorization");
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else {
        return Credentials::None;
    };
    let token = match value.trim().split_once(' ') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => part.of(rest.trim()),
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

impl Part {
    fn of(self, encoded: &str) -> Option<String> {
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        let token = match self {
            Self::Password if !password.is_empty() => password,
            Self::Password | Self::UserName => user,
        };
        Some(token.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_as(part: Part, values: &[&str]) -> Credentials {
        let request = Request::get("/");
        let add = |request: Request, value: &&str| request.with("authorization", value);
        credentials(&values.iter().fold(request, add), part)
    }

    fn shown(values: &[&str]) -> Credentials {
        shown_as(Part::UserName, values)
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
    fn a_token_may_be_the_password_of_anybody() {
        let token = |text: &str| Credentials::Token(text.to_owned());
        // `me:key`, `key:`, `me:k:y`.
        for (value, expected) in [
            ("Basic bWU6a2V5", "key"),
            ("Basic a2V5Og==", "key"),
            ("Basic bWU6azp5", "k:y"),
            ("Bearer key", "key"),
        ] {
            assert!(
                shown_as(Part::Password, &[value]) == token(expected),
                "{value}"
            );
        }
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
