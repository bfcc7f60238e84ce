//! Hosts as requests name them, and the patterns of those that a server answers for.

use std::net::Ipv6Addr;
use std::str::FromStr;

/// `host[:port]` (RFC 3986 §3.2.2, §3.2.3): an IPv6 address in brackets, or a name or IPv4 address of letters, digits,
/// `-`, `_` and `.`, which is less than the grammar of names allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Host<'a> {
    name: &'a str,
    port: Option<u16>,
}

impl<'a> Host<'a> {
    /// Returns what `text` names, if it is a host and nothing else.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let end = match text.strip_prefix('[') {
            Some(inner) => inner.find(']')? + 2,
            None => text.find(':').unwrap_or(text.len()),
        };
        let (name, rest) = text.split_at(end);
        let port = match rest {
            "" => None,
            rest => Some(port(rest.strip_prefix(':')?)?),
        };
        is_name(name).then_some(Self { name, port })
    }

    /// Returns the port, which the scheme implies when none is named (RFC 9110 §4.2).
    fn port(&self, scheme: &str) -> u16 {
        let implied = if scheme == "https" { 443 } else { 80 };
        self.port.unwrap_or(implied)
    }

    /// Returns the name without the dot that ends a full domain name.
    fn bare(&self) -> &'a str {
        self.name.strip_suffix('.').unwrap_or(self.name)
    }
}

fn is_name(name: &str) -> bool {
    if let Some(inner) = name.strip_prefix('[') {
        let address = inner.strip_suffix(']').map(str::parse::<Ipv6Addr>);
        return matches!(address, Some(Ok(_)));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=253).contains(&name.len()) && name.bytes().all(allowed) && !name.starts_with(['.', '-'])
}

fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// The hosts that a server answers for: one, or with `*.` all below a domain; on any port, or on one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    /// Whether hosts below `name` are meant, and not `name` itself.
    below: bool,
    /// In lower case.
    name: String,
    port: Option<u16>,
}

/// Says that a text is no pattern of hosts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a host such as `packages.example.org`, `*.example.org` or `[fd00::1]:8080`"
)]
pub(crate) struct HostPatternError {
    text: String,
}

impl HostPattern {
    /// Says whether `host`, asked for by `scheme`, is one of these.
    pub(crate) fn matches(&self, host: &Host<'_>, scheme: &str) -> bool {
        let name = host.bare().to_ascii_lowercase();
        let is_named = if self.below {
            name.strip_suffix(&self.name)
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            name == self.name
        };
        is_named && self.port.is_none_or(|port| port == host.port(scheme))
    }
}

impl FromStr for HostPattern {
    type Err = HostPatternError;

    fn from_str(text: &str) -> Result<Self, HostPatternError> {
        let (below, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let host = Host::parse(rest).filter(|host| !below || !host.name.starts_with('['));
        let host = host.ok_or_else(|| HostPatternError {
            text: text.to_owned(),
        })?;
        Ok(Self {
            below,
            name: host.bare().to_ascii_lowercase(),
            port: host.port,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_is_a_name_or_an_address_with_or_without_a_port() {
        for good in [
            "nas",
            "nas.local:5000",
            "192.168.1.2:80",
            "[::1]",
            "[fd00::1]:8080",
            "a_b.example.",
        ] {
            assert!(Host::parse(good).is_some(), "{good}");
        }
        let long = "a".repeat(254);
        for bad in [
            "", ":80", "a b", "a/b", "a@b", "a\"b", "a<b", "a:0", "a:65536", "a:", "a:b", "[::1",
            "[a]", "::1", "[::1]x", "a:+1", ".a", "a%20b", "[", "[]", &long,
        ] {
            assert_eq!(Host::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn pattern_matches_its_host_in_any_case_and_a_star_what_is_below() {
        let cases = [
            ("example.org", "Example.ORG", true),
            ("example.org", "example.org.", true),
            ("example.org", "example.org:8443", true),
            ("example.org", "a.example.org", false),
            ("example.org", "example.org.evil", false),
            ("*.example.org", "a.example.org", true),
            ("*.example.org", "a.b.example.org:1", true),
            ("*.example.org", "example.org", false),
            ("*.example.org", ".example.org", false),
            ("*.example.org", "evilexample.org", false),
            ("example.org:443", "example.org", true),
            ("example.org:80", "example.org", false),
            ("example.org:8443", "example.org:8443", true),
            ("[fd00::1]", "[fd00::1]:8080", true),
            ("192.168.1.2:8080", "192.168.1.2:8081", false),
        ];
        for (pattern, host, expected) in cases {
            let parsed: HostPattern = pattern.parse().expect("a pattern");
            let matches = Host::parse(host).is_some_and(|host| parsed.matches(&host, "https"));
            assert_eq!(matches, expected, "{pattern} {host}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["", "*", "*.", "a*.b", "http://a", "a/b", "*.[::1]", "a b"] {
            let error = bad.parse::<HostPattern>().expect_err(bad);
            assert!(error.to_string().contains("is not a host"), "{error}");
        }
    }
}
