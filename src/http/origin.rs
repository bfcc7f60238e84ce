//! The address under which a client reached the server, for the links in answers.
//!
//! A configured address wins. Otherwise it is the `Host` of the request (RFC 9110 §7.2) or, only from a trusted proxy,
//! what `Forwarded` (RFC 7239) or `X-Forwarded-Host` and `X-Forwarded-Proto` say. All of these are the client's words:
//! what is not a plain host and port is dropped for the listening address, so that no link can be made to carry more.
//!
//! Of a list that several proxies wrote, the last element is believed: it is the trusted peer's own. A chain of
//! proxies needs the configured address.

use std::net::{Ipv6Addr, SocketAddr};

use super::request::Request;
use crate::model::trusted_proxy::TrustedProxy;

/// Returns the address of the root, without a slash at its end; `listening` is for requests that name no valid host.
pub(crate) fn base_url(
    configured: Option<&str>,
    trusted: &[TrustedProxy],
    listening: SocketAddr,
    request: &Request,
) -> String {
    if let Some(url) = configured {
        return url.trim_end_matches('/').to_owned();
    }
    let proxied = if trusted.iter().any(|proxy| proxy.contains(request.peer)) {
        Forwarding::of(request)
    } else {
        Forwarding::default()
    };
    let own = if request.secure { "https" } else { "http" };
    let scheme = proxied.scheme.unwrap_or(own);
    let host = proxied.host.or(request.header("host"));
    match host.filter(|host| is_host(host)) {
        Some(host) => format!("{scheme}://{host}"),
        None => format!("{scheme}://{listening}"),
    }
}

/// What a trusted proxy says of the request that it received.
#[derive(Default)]
struct Forwarding<'a> {
    host: Option<&'a str>,
    scheme: Option<&'static str>,
}

impl<'a> Forwarding<'a> {
    fn of(request: &'a Request) -> Self {
        let last = |name: &'a str| request.header_values(name).last().map(last_element);
        let forwarded = last("forwarded");
        let part = |name: &str| forwarded.and_then(|element| parameter(element, name));
        Self {
            host: part("host")
                .or_else(|| last("x-forwarded-host"))
                .filter(|host| is_host(host)),
            scheme: part("proto")
                .or_else(|| last("x-forwarded-proto"))
                .and_then(scheme),
        }
    }
}

fn last_element(list: &str) -> &str {
    list.rsplit(',').next().unwrap_or(list).trim()
}

/// Returns a parameter of one element of `Forwarded` (RFC 7239 §4); no valid host or scheme needs an escape in quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
    Some(value.trim().trim_matches('"'))
}

fn scheme(text: &str) -> Option<&'static str> {
    let known = ["http", "https"];
    known
        .into_iter()
        .find(|known| text.eq_ignore_ascii_case(known))
}

/// Says whether `text` is `host[:port]` (RFC 3986 §3.2.2, §3.2.3): an IPv6 address in brackets, or a name or IPv4
/// address of letters, digits, `-`, `_` and `.`, which is less than the grammar of names allows.
pub(crate) fn is_host(text: &str) -> bool {
    let (host, port) = match text
        .strip_prefix('[')
        .and_then(|inner| inner.split_once(']'))
    {
        Some((address, rest)) => {
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            (None, rest)
        }
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (Some(host), port)
        }
    };
    host.is_none_or(is_name) && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

fn is_name(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=253).contains(&host.len()) && host.bytes().all(allowed) && !host.starts_with(['.', '-'])
}

fn is_port(port: &str) -> bool {
    port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(configured: Option<&str>, trusted: &[&str], request: &Request) -> String {
        let trusted: Vec<_> = trusted
            .iter()
            .map(|text| text.parse().expect("a network"))
            .collect();
        let listening = "127.0.0.1:8080".parse().expect("an address");
        base_url(configured, &trusted, listening, request)
    }

    #[test]
    fn configured_address_wins_over_everything() {
        let request = Request::get("/").with("host", "evil.example");
        assert_eq!(
            url(Some("https://pkg.example/syno/"), &[], &request),
            "https://pkg.example/syno"
        );
    }

    #[test]
    fn host_is_taken_when_it_is_a_host_and_port() {
        for host in [
            "nas",
            "nas.local:5000",
            "192.168.1.2:80",
            "[::1]",
            "[fd00::1]:8080",
            "a_b.example",
        ] {
            assert_eq!(
                url(None, &[], &Request::get("/").with("host", host)),
                format!("http://{host}")
            );
        }
    }

    #[test]
    fn host_that_is_anything_else_gives_the_listening_address() {
        let long = "a".repeat(254);
        let bad = [
            "", ":80", "a b", "a/b", "a@b", "a\"b", "a<b", "a:0", "a:65536", "a:", "a:b", "[::1",
            "[a]", "::1", "[::1]x", "a:+1", ".a", "a%20b", &long,
        ];
        for host in bad {
            let request = Request::get("/").with("host", host);
            assert_eq!(url(None, &[], &request), "http://127.0.0.1:8080", "{host}");
        }
        assert_eq!(url(None, &[], &Request::get("/")), "http://127.0.0.1:8080");
    }

    #[test]
    fn forwarding_headers_count_from_a_trusted_proxy_only() {
        let request = Request::get("/")
            .with("host", "inner:8080")
            .with("x-forwarded-proto", "HTTPS")
            .with("x-forwarded-host", "spoofed.example, pkg.example");
        assert_eq!(url(None, &["10.0.0.0/8"], &request), "http://inner:8080");
        assert_eq!(url(None, &["127.0.0.0/8"], &request), "https://pkg.example");
    }

    #[test]
    fn forwarded_beats_the_older_headers() {
        let request = Request::get("/")
            .with("host", "inner")
            .with("x-forwarded-host", "older.example")
            .with(
                "forwarded",
                "host=first.example, for=1.2.3.4;Proto=https;host=\"pkg.example:8443\"",
            );
        assert_eq!(
            url(None, &["127.0.0.1"], &request),
            "https://pkg.example:8443"
        );
    }

    #[test]
    fn forwarding_that_is_not_valid_is_passed_over() {
        let request = Request::get("/")
            .with("host", "inner")
            .with("x-forwarded-host", "a/b")
            .with("x-forwarded-proto", "javascript");
        assert_eq!(url(None, &["127.0.0.1"], &request), "http://inner");
    }
}
