//! The fingerprint of an OpenPGP certificate: 160 bits (RFC 4880) or 256 (RFC 9580), in capital hexadecimal as gpg prints it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Names a certificate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Fingerprint(String);

/// Says that a text is no fingerprint.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no fingerprint: it has 40 or 64 hexadecimal digits")]
pub(crate) struct FingerprintError {
    text: String,
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let is_hex = text.bytes().all(|digit| digit.is_ascii_hexdigit());
        if is_hex && matches!(text.len(), 40 | 64) {
            return Ok(Self(text.to_ascii_uppercase()));
        }
        Err(FingerprintError {
            text: text.chars().take(80).collect(),
        })
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;

    fn try_from(text: String) -> Result<Self, FingerprintError> {
        text.parse()
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_40_or_64_digits_in_capitals() {
        let lower = "ab".repeat(20);
        let parsed: Fingerprint = lower.parse().expect("valid");
        assert_eq!(parsed.to_string(), "AB".repeat(20));
        assert!("AB".repeat(32).parse::<Fingerprint>().is_ok());
        for text in ["", "AB", &"AB".repeat(21), &"GG".repeat(20)] {
            assert!(text.parse::<Fingerprint>().is_err(), "{text}");
        }
    }
}
