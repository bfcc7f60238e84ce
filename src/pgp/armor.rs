//! ASCII armor (RFC 9580, 6) in one fixed form: no headers, so equal data is equal text.

use std::io::Write as _;

use sequoia_openpgp::armor::{Kind, Writer};
use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::packet::signature::subpacket::{
    Subpacket, SubpacketArea, SubpacketTag, SubpacketValue,
};
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
    let found = signatures(text)?;
    let is_plain = found.iter().all(|signature| {
        let area = signature.unhashed_area().to_vec().ok();
        area.is_some_and(|area| area.is_empty() || Some(area) == issuer_area(signature))
    });
    is_plain.then(|| armored_packets(found)).flatten()
}

/// Returns the signature in armor, with nothing in it that is not signed but the issuer's short name, which gpg puts there
/// and which gpg 2.0 of DSM looks for.
pub(super) fn plain(mut signature: Signature) -> Option<Vec<u8>> {
    let issuer = issuer(&signature)?;
    let area = signature.unhashed_area_mut();
    area.clear();
    area.add(issuer).ok()?;
    armored_packets(vec![signature])
}

fn armored_packets(signatures: Vec<Signature>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for signature in signatures {
        bytes.extend(Packet::from(signature).to_vec().ok()?);
    }
    Some(armored(Kind::Signature, &bytes))
}

/// Returns the issuer's short name, made of the long one that is signed.
fn issuer(signature: &Signature) -> Option<Subpacket> {
    let mut hashed = signature
        .hashed_area()
        .subpackets(SubpacketTag::IssuerFingerprint);
    let SubpacketValue::IssuerFingerprint(fingerprint) = hashed.next()?.value() else {
        return None;
    };
    Subpacket::new(SubpacketValue::Issuer(fingerprint.into()), false).ok()
}

fn issuer_area(signature: &Signature) -> Option<Vec<u8>> {
    let area = SubpacketArea::new(vec![issuer(signature)?]).ok()?;
    area.to_vec().ok()
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
