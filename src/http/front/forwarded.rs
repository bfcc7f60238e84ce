//! The address of the client that a chain of trusted proxies speaks for.
//!
//! Each proxy appends whom it got the request from, to `Forwarded` (RFC 7239 §5.2) or `X-Forwarded-For`. What a trusted one
//! appended is believed; what stands left of the first address that is not trusted, that client can have made up.

use std::net::{IpAddr, SocketAddr};

use super::request_head::RequestHead;

/// Returns the rightmost address of the chain that no trusted proxy has.
pub(super) fn client(
    peer: IpAddr,
    is_trusted: impl Fn(IpAddr) -> bool,
    head: &RequestHead,
) -> IpAddr {
    if !is_trusted(peer) {
        return peer;
    }
    let forwarded = head.values("forwarded").flat_map(elements).map(node);
    let mut chain: Vec<&str> = forwarded.collect();
    if chain.is_empty() {
        chain = head.values("x-forwarded-for").flat_map(elements).collect();
    }
    let mut client = peer;
    for hop in chain.into_iter().rev() {
        // One that hides (`unknown`, `_name`) or is no address: nobody further is known.
        let Some(address) = address(hop) else { break };
        client = address;
        if !is_trusted(client) {
            break;
        }
    }
    client
}

fn elements(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim)
}

/// Returns the `for` of an element of `Forwarded`; one without it hides who it is.
fn node(element: &str) -> &str {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    found.map_or("unknown", |(_, value)| value.trim().trim_matches('"'))
}

/// Reads an address, maybe with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let parsed = bare.unwrap_or(text).parse().ok();
    let with_port = || Some(text.parse::<SocketAddr>().ok()?.ip());
    Some(parsed.or_else(with_port)?.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client_of(peer: &str, headers: &[(&str, &str)]) -> String {
        let head = RequestHead::example("/", headers);
        let is_trusted = |address: IpAddr| address.to_string().starts_with("10.");
        client(peer.parse().expect("an address"), is_trusted, &head).to_string()
    }

    #[test]
    fn only_a_trusted_peer_speaks_for_others() {
        let header = [("x-forwarded-for", "203.0.113.9")];
        assert_eq!(client_of("192.0.2.1", &header), "192.0.2.1");
        assert_eq!(client_of("10.0.0.1", &header), "203.0.113.9");
        assert_eq!(client_of("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_stands_left_of_the_first_stranger_is_not_believed() {
        for (chain, expected) in [
            ("6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("203.0.113.9:4711", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("", "10.0.0.1"),
        ] {
            let found = client_of("10.0.0.1", &[("x-forwarded-for", chain)]);
            assert_eq!(found, expected, "{chain}");
        }
        let lines = [
            ("x-forwarded-for", "6.6.6.6"),
            ("x-forwarded-for", "203.0.113.9"),
        ];
        assert_eq!(client_of("10.0.0.1", &lines), "203.0.113.9");
    }

    #[test]
    fn the_header_of_the_standard_counts_before_the_other() {
        for (forwarded, expected) in [
            ("for=203.0.113.9;proto=https", "203.0.113.9"),
            ("For=\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("for=6.6.6.6, for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=6.6.6.6, proto=https", "10.0.0.1"),
            ("for=_hidden", "10.0.0.1"),
        ] {
            let headers = [("x-forwarded-for", "6.6.6.6"), ("forwarded", forwarded)];
            assert_eq!(client_of("10.0.0.1", &headers), expected, "{forwarded}");
        }
    }
}
