//! From the address without encryption to the one with it.

use form_urlencoded::Serializer;

use super::cache_policy;
use super::handler::Site;
use super::reply::Reply;
use super::request::Request;
use super::router;
use crate::catalog::link;
use crate::model::host::Host;

/// Answers with the same path and query at the encrypted address; 308 keeps the method (RFC 9110 §15.4.9).
pub(super) fn answer(site: &Site, request: &Request) -> Reply {
    let state = site.live.state();
    let configured = state.snapshot.settings.repository.url.as_deref();
    let reply = match configured.filter(|url| url.starts_with("https://")) {
        // The path that the source is mounted below is a part of its address.
        Some(url) => match site.origins.depth(request) {
            Some(depth) => to(url.trim_end_matches('/'), &request.path[depth..], request),
            None => return router::not_found(),
        },
        None => match request.header("host").filter(|host| is_host(host)) {
            Some(host) => {
                let target = secure_host(host, site.origins.listening.port());
                if !site.origins.allows(configured, Some(&target), "https") {
                    return router::misdirected();
                }
                to(&format!("https://{target}"), &request.path, request)
            }
            None => return Reply::problem(400, "the request names no host to be redirected to"),
        },
    };
    reply.with("Cache-Control", cache_policy::MOMENTARY)
}

fn is_host(text: &str) -> bool {
    Host::parse(text).is_some()
}

fn to(root: &str, path: &[String], request: &Request) -> Reply {
    Reply::text(308, "this source is encrypted\n").with("Location", location(root, path, request))
}

/// Returns the encrypted address for `host`, whose own port is that of the address without encryption.
fn secure_host(host: &str, port: u16) -> String {
    let end_of_name = host.rfind(']').map_or(0, |bracket| bracket + 1);
    let name_end = host[end_of_name..]
        .find(':')
        .map(|colon| end_of_name + colon);
    let name = &host[..name_end.unwrap_or(host.len())];
    match port {
        443 => name.to_owned(),
        port => format!("{name}:{port}"),
    }
}

fn location(root: &str, path: &[String], request: &Request) -> String {
    let segments: Vec<_> = path.iter().map(String::as_str).collect();
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
            ("a.example", 443, "a.example"),
            ("a.example:80", 8443, "a.example:8443"),
            ("[::1]:80", 443, "[::1]"),
            ("[::1]", 8443, "[::1]:8443"),
        ] {
            assert_eq!(secure_host(host, port), expected);
        }
    }

    #[test]
    fn path_and_query_are_the_same() {
        for (target, expected) in [
            ("/", "r/"),
            ("/a%20b/c/", "r/a%20b/c/"),
            ("/?unique=a%2Bb&arch=x", "r/?unique=a%2Bb&arch=x"),
        ] {
            let request = Request::get(target);
            assert_eq!(location("r", &request.path, &request), expected);
        }
    }
}
