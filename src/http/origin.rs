//! The address under which a client reached the server, for the links in answers.
//!
//! The rule, in this order:
//!
//! 1. `url` in the repository's settings is the address, whatever a request says.
//! 2. Else it is the host that the request was for: its `Host` (RFC 9110 §7.2) or, only from a trusted proxy, what
//!    `Forwarded` (RFC 7239) or `X-Forwarded-Host`, `-Proto` and `-Prefix` say. All of these are the client's words: what
//!    is not a plain host and port is dropped for the listening address, so that no link can be made to carry more.
//! 3. With a list of allowed hosts, a request for any other, or for none, gets 421 (RFC 9110 §15.5.20); the host of `url`
//!    is allowed too. Without a list nobody vouches for the host: it is told to nobody but the client that named it.
//!
//! For the last, each answer with links says that it varies by the host (RFC 9110 §12.5.5), since a cache may have
//! another idea of what a request is for than its `Host` (nginx keys by the name of the upstream), and one with links to
//! a host that nobody vouches for is not for shared caches at all (RFC 9111 §5.2.2.7).
//!
//! Of a list that several proxies wrote, the last element is believed: it is the trusted peer's own. A chain of
//! proxies needs the configured address.

use std::net::SocketAddr;

use super::cache_policy;
use super::reply::Reply;
use super::request::Request;
use crate::model::host::{Host, HostPattern};
use crate::model::trusted_proxy::TrustedProxy;
use crate::model::url_prefix::UrlPrefix;

/// What decides under which address a request finds the server.
#[derive(Debug)]
pub(super) struct OriginRules {
    /// Any, if empty.
    pub(super) allowed_hosts: Vec<HostPattern>,
    /// For requests that name no valid host.
    pub(super) listening: SocketAddr,
    /// Where all paths are below.
    pub(super) prefix: UrlPrefix,
    pub(super) trusted_proxies: Vec<TrustedProxy>,
}

/// Where the root is for one client.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Whether somebody else than the client says so.
    is_vouched_for: bool,
    /// Without a slash at its end.
    pub(super) url: String,
}

/// Says that a request is for a host that this server does not answer for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misdirected;

impl OriginRules {
    /// Returns the address of the root; `configured` is the repository's own word.
    pub(super) fn origin(
        &self,
        configured: Option<&str>,
        request: &Request,
    ) -> Result<Origin, Misdirected> {
        let asked = self.asked(request);
        if !self.allows(configured, asked.host, asked.scheme) {
            return Err(Misdirected);
        }
        let url = match configured {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => {
                let root = self.root(asked.removed.as_ref());
                let listening = self.listening;
                let host = asked
                    .host
                    .map_or_else(|| listening.to_string(), str::to_owned);
                format!("{}://{host}{root}", asked.scheme)
            }
        };
        Ok(Origin {
            is_vouched_for: configured.is_some() || !self.allowed_hosts.is_empty(),
            url,
        })
    }

    /// Returns how many segments of the path are only where the server is mounted, or nothing when it is not below that.
    pub(super) fn depth(&self, request: &Request) -> Option<usize> {
        match self.asked(request).removed {
            Some(removed) if removed.ends_with(&self.prefix) => Some(0),
            _ => self.prefix.depth_in(&request.path),
        }
    }

    /// Returns the answer as caches may have it: whatever links it has are for one host.
    pub(super) fn guarded(&self, origin: Option<&Origin>, reply: Reply) -> Reply {
        if !matches!(
            reply.policy(),
            Some(cache_policy::CATALOG | cache_policy::PAGE)
        ) {
            return reply;
        }
        let reply = reply.varying_by("Host");
        let reply = if self.trusted_proxies.is_empty() {
            reply
        } else {
            FORWARDING.into_iter().fold(reply, Reply::varying_by)
        };
        if origin.is_some_and(|origin| origin.is_vouched_for) {
            reply
        } else {
            reply.with_policy(cache_policy::PRIVATE)
        }
    }

    /// Returns the address of the root for nobody in particular.
    pub(super) fn fallback(&self) -> String {
        format!("http://{}{}", self.listening, self.prefix)
    }

    /// Says whether requests for `host` are answered.
    pub(super) fn allows(
        &self,
        configured: Option<&str>,
        host: Option<&str>,
        scheme: &str,
    ) -> bool {
        if self.allowed_hosts.is_empty() {
            return true;
        }
        let own = configured.and_then(authority);
        let Some(host) = host.and_then(Host::parse) else {
            return false;
        };
        let mut patterns = self.allowed_hosts.iter();
        own.is_some_and(|own| own.matches(&host, scheme))
            || patterns.any(|pattern| pattern.matches(&host, scheme))
    }

    fn asked<'a>(&self, request: &'a Request) -> Asked<'a> {
        let mut trusted = self.trusted_proxies.iter();
        let proxied = if trusted.any(|proxy| proxy.contains(request.peer)) {
            Forwarding::of(request)
        } else {
            Forwarding::default()
        };
        let host = proxied.host.or(request.header("host"));
        let own = if request.secure { "https" } else { "http" };
        Asked {
            host: host.filter(|host| Host::parse(host).is_some()),
            removed: proxied.prefix,
            scheme: proxied.scheme.unwrap_or(own),
        }
    }

    /// Returns the path of the root: what a proxy removed, and what it left of our own.
    fn root(&self, removed: Option<&UrlPrefix>) -> String {
        match removed {
            Some(removed) if removed.ends_with(&self.prefix) => removed.to_string(),
            Some(removed) => format!("{removed}{}", self.prefix),
            None => self.prefix.to_string(),
        }
    }
}

/// Returns the host of an address.
fn authority(url: &str) -> Option<HostPattern> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()?.parse().ok()
}

/// What a request was for, as far as it can be believed.
struct Asked<'a> {
    host: Option<&'a str>,
    /// The beginning of the path that a proxy kept for itself.
    removed: Option<UrlPrefix>,
    scheme: &'static str,
}

/// What a trusted proxy says of the request that it received.
#[derive(Default)]
struct Forwarding<'a> {
    host: Option<&'a str>,
    prefix: Option<UrlPrefix>,
    scheme: Option<&'static str>,
}

/// The headers that [`Forwarding`] reads.
const FORWARDING: [&str; 4] = [
    "Forwarded",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
];

impl<'a> Forwarding<'a> {
    fn of(request: &'a Request) -> Self {
        let last = |name: &'a str| request.header_values(name).last().map(last_element);
        let forwarded = last("forwarded");
        let part = |name: &str| forwarded.and_then(|element| parameter(element, name));
        Self {
            host: part("host")
                .or_else(|| last("x-forwarded-host"))
                .filter(|host| Host::parse(host).is_some()),
            // Not in RFC 7239; what proxies that strip a path send.
            prefix: last("x-forwarded-prefix").and_then(|prefix| prefix.parse().ok()),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(trusted: &[&str], allowed: &[&str], prefix: &str) -> OriginRules {
        let parsed = "the test's values are valid";
        OriginRules {
            allowed_hosts: allowed
                .iter()
                .map(|text| text.parse().expect(parsed))
                .collect(),
            listening: "127.0.0.1:8080".parse().expect(parsed),
            prefix: prefix.parse().expect(parsed),
            trusted_proxies: trusted
                .iter()
                .map(|text| text.parse().expect(parsed))
                .collect(),
        }
    }

    fn url(configured: Option<&str>, trusted: &[&str], request: &Request) -> String {
        let origin = rules(trusted, &[], "").origin(configured, request);
        origin.expect("any host is allowed").url
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
        for host in ["nas", "nas.local:5000", "192.168.1.2:80", "[fd00::1]:8080"] {
            assert_eq!(
                url(None, &[], &Request::get("/").with("host", host)),
                format!("http://{host}")
            );
        }
    }

    #[test]
    fn host_that_is_anything_else_gives_the_listening_address() {
        for host in ["", "a b", "a/b", "a@b", "a\"b", "a:0", "[::1"] {
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
            .with("x-forwarded-host", "spoofed.example, pkg.example")
            .with("x-forwarded-prefix", "/spk/");
        assert_eq!(url(None, &["10.0.0.0/8"], &request), "http://inner:8080");
        assert_eq!(
            url(None, &["127.0.0.0/8"], &request),
            "https://pkg.example/spk"
        );
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
            .with("x-forwarded-proto", "javascript")
            .with("x-forwarded-prefix", "//evil.example");
        assert_eq!(url(None, &["127.0.0.1"], &request), "http://inner");
    }

    #[test]
    fn only_allowed_hosts_are_answered_once_some_are() {
        let rules = rules(&["10.0.0.1"], &["pkg.example", "*.lan:8080"], "");
        let is_answered = |host: Option<&str>, url| {
            let request = Request::get("/").with("x-forwarded-host", "pkg.example");
            let request = host.map_or(request.clone(), |host| request.with("host", host));
            rules.origin(url, &request).is_ok()
        };
        for host in ["pkg.example", "PKG.example:81", "a.lan:8080"] {
            assert!(is_answered(Some(host), None), "{host}");
        }
        for host in ["evil.example", "lan:8080", "a.lan", "127.0.0.1:8080", ""] {
            assert!(!is_answered(Some(host), None), "{host}");
        }
        assert!(!is_answered(None, None), "no host is none of them");
        let own = Some("https://own.example:8443/syno");
        assert!(is_answered(Some("own.example:8443"), own));
        assert!(!is_answered(Some("own.example"), own));
    }

    #[test]
    fn the_path_that_a_proxy_removed_comes_before_what_it_left() {
        for (prefix, removed, target, root, depth) in [
            ("", None, "/a", "", Some(0)),
            ("", Some("/spk"), "/a", "/spk", Some(0)),
            ("/spk", None, "/spk/a", "/spk", Some(1)),
            ("/spk", None, "/a", "/spk", None),
            ("/spk", Some("/spk"), "/a", "/spk", Some(0)),
            ("/spk", Some("/outer/spk"), "/a", "/outer/spk", Some(0)),
            ("/spk", Some("/outer"), "/spk/a", "/outer/spk", Some(1)),
            ("/spk", Some("/outer"), "/a", "/outer/spk", None),
        ] {
            let rules = rules(&["127.0.0.1"], &[], prefix);
            let request = Request::get(target).with("host", "nas");
            let request = removed.map_or(request.clone(), |removed| {
                request.with("x-forwarded-prefix", removed)
            });
            let origin = rules.origin(None, &request).expect("any host is allowed");
            assert_eq!(
                origin.url,
                format!("http://nas{root}"),
                "{prefix} {removed:?}"
            );
            assert_eq!(
                rules.depth(&request),
                depth,
                "{prefix} {removed:?} {target}"
            );
        }
    }

    #[test]
    fn caches_are_told_that_links_are_for_one_host() {
        let request = Request::get("/").with("host", "nas");
        let guarded = |rules: &OriginRules, configured, policy| {
            let origin = rules.origin(configured, &request).expect("it is allowed");
            let reply = Reply::new(200)
                .with("Vary", "Accept")
                .with("Cache-Control", policy);
            let reply = rules.guarded(Some(&origin), reply);
            let header = |name| reply.header(name).unwrap_or_default().to_owned();
            (header("cache-control"), header("vary"))
        };
        let pair = |policy: &str, vary: &str| (policy.to_owned(), vary.to_owned());
        let (open, listed) = (rules(&[], &[], ""), rules(&[], &["nas"], ""));
        let private = pair("private, no-cache", "Accept, Host");
        assert_eq!(guarded(&open, None, cache_policy::CATALOG), private);
        assert_eq!(guarded(&open, None, cache_policy::PAGE), private);
        let public = pair("public, no-cache", "Accept, Host");
        assert_eq!(guarded(&listed, None, cache_policy::CATALOG), public);
        assert_eq!(
            guarded(&open, Some("http://a"), cache_policy::CATALOG),
            public
        );
        let same = pair(cache_policy::IMMUTABLE, "Accept");
        assert_eq!(guarded(&open, None, cache_policy::IMMUTABLE), same);
        let proxied = rules(&["10.0.0.1"], &["nas"], "");
        let (_, vary) = guarded(&proxied, None, cache_policy::CATALOG);
        let all =
            "Accept, Host, Forwarded, X-Forwarded-Host, X-Forwarded-Prefix, X-Forwarded-Proto";
        assert_eq!(vary, all);
    }
}
