//! Upload tokens: 256 random bits that a client shows, of which the repository has only the SHA-256.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::base::digest::Sha256;

/// A secret that lets a client upload. It is shown once and kept nowhere.
pub(crate) struct Token(String);

/// Programs that look for leaked secrets know tokens by it.
const PREFIX: &str = "spkrepo_";

impl Token {
    /// Random bytes of a token.
    pub(crate) const BYTES: usize = 32;

    /// Makes a token of random bytes.
    pub(crate) fn new(random: &[u8; Self::BYTES]) -> Self {
        Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// Returns the secret itself, to be shown to its owner.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns what the repository has of it.
    pub(crate) fn digest(&self) -> Sha256 {
        Sha256::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word_that_needs_no_escape_in_a_header_or_url() {
        let token = Token::new(&[0xff; 32]);
        let text = token.reveal();
        assert_eq!(text.len(), PREFIX.len() + 43);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(text.bytes().all(is_plain), "{text}");
        assert_eq!(token.digest(), Sha256::of(text.as_bytes()));
    }

    #[test]
    fn a_token_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Token::new(&[1; 32])), "Token(…)");
    }
}
