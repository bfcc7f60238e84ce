//! The address that a package source has on the web.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::host::Host;

/// `http` or `https`, a host, and a path without a slash at its end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct BaseUrl(String);

/// Says that a text is no such address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not an address such as `https://packages.example.org/spk`: `http` or `https`, a host and a path"
)]
pub(crate) struct BaseUrlError {
    text: String,
}

impl BaseUrl {
    /// Returns the address as text, without a slash at its end.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        let trimmed = text.trim_end_matches('/');
        let rest = ["https://", "http://"]
            .into_iter()
            .find_map(|scheme| trimmed.strip_prefix(scheme));
        let is_valid = rest.is_some_and(|rest| {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            Host::parse(host).is_some() && path.bytes().all(is_in_path)
        });
        if is_valid {
            Ok(Self(trimmed.to_owned()))
        } else {
            Err(BaseUrlError {
                text: text.to_owned(),
            })
        }
    }
}

/// RFC 3986 §3.3: what a path consists of.
fn is_in_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,;=:@%".contains(&byte)
}

impl TryFrom<String> for BaseUrl {
    type Error = BaseUrlError;

    fn try_from(text: String) -> Result<Self, BaseUrlError> {
        text.parse()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_has_a_scheme_a_host_and_maybe_a_path() {
        let url = |text: &str| text.parse::<BaseUrl>().map(|url| url.to_string()).ok();
        assert_eq!(
            url("https://owner.github.io/repo/").as_deref(),
            Some("https://owner.github.io/repo")
        );
        assert_eq!(
            url("http://[::1]:8080").as_deref(),
            Some("http://[::1]:8080")
        );
        for bad in [
            "",
            "example.org",
            "https://",
            "https:///x",
            "ftp://h",
            "https://h?x",
            "https://h/#x",
            "https://h/a b",
            "https://user@h",
            "https://h/\"",
            "javascript://h",
        ] {
            assert_eq!(url(bad), None, "{bad}");
        }
    }
}
