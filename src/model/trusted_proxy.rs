//! The proxies whose word on a client's address is taken: single addresses and networks (RFC 4632 §3.1, RFC 4291 §2.3).

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An address or a network of proxies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrustedProxy {
    bits: u8,
    network: IpAddr,
}

/// Says why a text is not an address or a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TrustedProxyError {
    #[error(
        "`{text}` is not an IP address, as `127.0.0.1`, or a network, as `10.0.0.0/8` or `fd00::/8`"
    )]
    Address { text: String },
    #[error("the length of the prefix in `{text}` is not a number from 0 to {max}")]
    Prefix { max: u8, text: String },
}

impl TrustedProxy {
    /// Says whether `peer` is this address or in this network.
    pub(crate) fn contains(&self, peer: IpAddr) -> bool {
        match (self.network, peer.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(peer)) => {
                let shift = 32 - u32::from(self.bits);
                shr(network.to_bits().into(), shift) == shr(peer.to_bits().into(), shift)
            }
            (IpAddr::V6(network), IpAddr::V6(peer)) => {
                let shift = 128 - u32::from(self.bits);
                shr(network.to_bits(), shift) == shr(peer.to_bits(), shift)
            }
            _ => false,
        }
    }
}

/// Shifts by up to the whole width, as a prefix of length 0 needs.
fn shr(bits: u128, shift: u32) -> u128 {
    bits.checked_shr(shift).unwrap_or(0)
}

impl FromStr for TrustedProxy {
    type Err = TrustedProxyError;

    fn from_str(text: &str) -> Result<Self, TrustedProxyError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address.parse().map_err(|_| TrustedProxyError::Address {
            text: text.to_owned(),
        })?;
        let max = if network.is_ipv4() { 32 } else { 128 };
        let bits = prefix.map_or(Some(max), |prefix| prefix.parse().ok());
        match bits.filter(|bits| *bits <= max) {
            Some(bits) => Ok(Self { bits, network }),
            None => Err(TrustedProxyError::Prefix {
                max,
                text: text.to_owned(),
            }),
        }
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_contains_what_shares_its_prefix() {
        let cases = [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1", "127.0.0.2", false),
            ("127.0.0.1", "::ffff:127.0.0.1", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("::1", "::1", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "fe00::1", false),
            ("::/0", "2001:db8::1", true),
        ];
        for (network, peer, expected) in cases {
            let proxy: TrustedProxy = network.parse().expect("a network");
            let peer = peer.parse().expect("an address");
            assert_eq!(proxy.contains(peer), expected, "{network} {peer}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_reason() {
        for (bad, reason) in [
            ("proxy.example", "is not an IP address"),
            ("10.0.0.0/33", "0 to 32"),
            ("10.0.0.0/", "0 to 32"),
            ("::/129", "0 to 128"),
            ("", "is not an IP address"),
        ] {
            let error = bad.parse::<TrustedProxy>().expect_err(bad);
            assert!(error.to_string().contains(reason), "{error}");
        }
    }

    #[test]
    fn address_is_shown_as_a_network() {
        let proxy: TrustedProxy = "127.0.0.1".parse().expect("an address");
        assert_eq!(proxy.to_string(), "127.0.0.1/32");
    }
}
