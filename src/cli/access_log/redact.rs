//! Takes secrets out of addresses before they are written anywhere.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Parameters whose values are nobody's business, in lower case.
const SECRET: [&str; 5] = ["access_token", "api_key", "key", "password", "token"];
const MASK: &str = "***";

/// Returns `address` with `***` for the value of each secret parameter in its query.
pub(in crate::cli) fn redacted(address: &str) -> Cow<'_, str> {
    let Some((path, query)) = address.split_once('?') else {
        return address.into();
    };
    if !query.split('&').any(is_secret) {
        return address.into();
    }
    let pairs: Vec<Cow<'_, str>> = query.split('&').map(pair).collect();
    format!("{path}?{}", pairs.join("&")).into()
}

fn pair(pair: &str) -> Cow<'_, str> {
    match pair.split_once('=') {
        Some((name, _)) if is_secret(pair) => format!("{name}={MASK}").into(),
        _ => pair.into(),
    }
}

/// The name may be escaped (RFC 3986 §2.1): the server reads it all the same.
fn is_secret(pair: &str) -> bool {
    let Some((name, _)) = pair.split_once('=') else {
        return false;
    };
    let name = percent_decode_str(name).decode_utf8_lossy();
    SECRET
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_left() {
        for (address, expected) in [
            ("/", "/"),
            ("/?arch=x86&token=abc", "/?arch=x86&token=***"),
            ("/a?TOKEN=a=b&b=1&Key=", "/a?TOKEN=***&b=1&Key=***"),
            ("/?%74oken=abc&api%5Fkey=1", "/?%74oken=***&api%5Fkey=***"),
            (
                "/?access_token=1&password=2",
                "/?access_token=***&password=***",
            ),
            ("/?a=/b?token=c", "/?a=/b?token=c"),
            ("/?keyboard=us&token", "/?keyboard=us&token"),
            ("https://x/?token=1", "https://x/?token=***"),
        ] {
            assert_eq!(redacted(address), expected);
        }
    }
}
