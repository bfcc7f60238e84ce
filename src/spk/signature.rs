//! `syno_signature.asc`: whether it is there and of which form. Verifying it is not done here.
//!
//! DSM 5.1 to 6.2 expects an OpenPGP signed message of Synology's time server around the developer's detached signature;
//! armor headers: RFC 9580, 6.2.

use serde::Serialize;

/// The form of the signature inside an SPK.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signature {
    /// Only the developer's own signature, without the time server's.
    Detached,
    /// An empty member, as some build scripts write it.
    Empty,
    /// No such member.
    #[default]
    None,
    /// A signed message: what DSM expects.
    Timestamped,
    Unrecognised,
}

impl Signature {
    /// Returns the form of the member's content.
    pub(crate) fn of(content: &[u8]) -> Self {
        let text = String::from_utf8_lossy(content);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.is_empty() {
            Self::Empty
        } else if text.starts_with("-----BEGIN PGP MESSAGE-----") {
            Self::Timestamped
        } else if text.starts_with("-----BEGIN PGP SIGNATURE-----") {
            Self::Detached
        } else {
            Self::Unrecognised
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_armor_header_tells_the_form() {
        for (content, form) in [
            (&b""[..], Signature::Empty),
            (
                b"-----BEGIN PGP MESSAGE-----\r\n\r\nowGb",
                Signature::Timestamped,
            ),
            (b"\n-----BEGIN PGP SIGNATURE-----\n", Signature::Detached),
            (b"\xc0\xff", Signature::Unrecognised),
        ] {
            assert_eq!(Signature::of(content), form);
        }
    }
}
