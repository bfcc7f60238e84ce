//! From the address without encryption to the one with it.

use form_urlencoded::Serializer;

use super::cache_policy;
use super::handler::Site;
use super::origin::{base_url, is_host};
use super::reply::Reply;
use super::request::Request;
use crate::catalog::link;

/// Answers with the same path and query at the encrypted address; 308 keeps the method (RFC 9110 §15.4.9).
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    let state = site.live.state();
    let configured = state.snapshot.settings.repository.url.as_deref();
    let root = match configured.filter(|url| url.starts_with("https://")) {
        Some(url) => base_url(Some(url), &[], site.listening, request),
        None => match request.header("host").filter(|host| is_host(host)) {
            Some(host) => secure_root(host, site.listening.port()),
            None => return Reply::problem(400, "the request names no host to be redirected to"),
        },
    };
    Reply::text(308, "this source is encrypted\n")
        .with("Location", location(&root, request))
        .with("Cache-Control", cache_policy::MOMENTARY)
}

/// Returns the root at `host`, whose own port is that of the address without encryption.
fn secure_root(host: &str, port: u16) -> String {
    let end_of_name = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let name_end = host[end_of_name..]
        .find(':')
        .map(|colon| end_of_name + colon);
    let name = &host[..name_end.unwrap_or(host.len())];
    match port {
        443 => format!("https://{name}"),
        port => format!("https://{name}:{port}"),
    }
}

fn location(root: &str, request: &Request) -> String {
    let segments: Vec<_> = request.path.iter().map(String::as_str).collect();
    let path = match segments[..] {
        [] => format!("{root}/"),
        _ => link(root, &segments),
    };
    if request.query.is_empty() {
        return path;
    }
    let mut query = Serializer::new(String::new());
    query.extend_pairs(&request.query);
    format!("{path}?{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_that_of_the_encrypted_address() {
        for (host, port, expected) in [
            ("a.example", 443, "https://a.example"),
            ("a.example:80", 8443, "https://a.example:8443"),
            ("[::1]:80", 443, "https://[::1]"),
            ("[::1]", 8443, "https://[::1]:8443"),
        ] {
            assert_eq!(secure_root(host, port), expected);
        }
    }

    #[test]
    fn path_and_query_are_the_same() {
        for (target, expected) in [
            ("/", "r/"),
            ("/a%20b/c/", "r/a%20b/c/"),
            ("/?unique=a%2Bb&arch=x", "r/?unique=a%2Bb&arch=x"),
        ] {
            assert_eq!(location("r", &Request::get(target)), expected);
        }
    }
}
