//! ASCII armor (RFC 9580, 6) in one fixed form: no headers, so equal data is equal text.

use std::io::Write as _;

use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse as _};
use sequoia_openpgp::serialize::MarshalInto as _;
use sequoia_openpgp::{Packet, Profile};

/// Returns `bytes` in armor, with the checksum that old versions of gpg look for.
pub(super) fn armored(kind: Kind, bytes: &[u8]) -> Vec<u8> {
    let write = || -> std::io::Result<Vec<u8>> {
        let mut writer = Writer::new(Vec::new(), kind)?;
        writer.set_profile(Profile::RFC4880)?;
        writer.write_all(bytes)?;
        writer.finalize()
    };
    write().expect("memory takes everything")
}

/// Returns the armored signature in the one form that `spkrepo` writes, if that is what `text` holds.
pub(crate) fn armored_signature(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for signature in signatures(text)? {
        bytes.extend(Packet::from(signature).to_vec().ok()?);
    }
    Some(armored(Kind::Signature, &bytes))
}

/// Returns the signatures that `text` holds: at least one, and nothing else.
pub(super) fn signatures(text: &[u8]) -> Option<Vec<Signature>> {
    let packets = packets(text).ok()?.into_iter();
    let signatures: Option<Vec<Signature>> = packets
        .map(|packet| match packet {
            Packet::Signature(signature) => Some(signature),
            _ => None,
        })
        .collect();
    signatures.filter(|signatures| !signatures.is_empty())
}

fn packets(text: &[u8]) -> sequoia_openpgp::Result<Vec<Packet>> {
    let mut packets = Vec::new();
    let mut rest = PacketParser::from_bytes(text)?;
    while let PacketParserResult::Some(parser) = rest {
        let (packet, next) = parser.next()?;
        packets.push(packet);
        rest = next;
    }
    Ok(packets)
}
