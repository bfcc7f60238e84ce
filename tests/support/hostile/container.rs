//! Other formats, archives that end too early, and compression that explodes.

use flate2::{Compress, Compression, Crc, FlushCompress};

use super::{Hostile, TOO_LARGE, TRUNCATED, plain};
use crate::support::spk::Spk;
use crate::support::tar::{BLOCK, END, Member, noise};

const NO_SPK: &str = "not an SPK|no SPK|not a tar|no tar|neither|unknown format";
/// The bytes of zeros that a bomb unpacks to.
const BOMB: u64 = 1 << 30;

pub(super) const FILES: &[Hostile] = &[
    Hostile::new("empty file", &["empty|0 bytes"], Vec::new),
    Hostile::new("one byte", &[NO_SPK], || b"I".to_vec()),
    Hostile::new("zip", &[NO_SPK], zip),
    Hostile::new("HTML page", &[NO_SPK], || {
        b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n".repeat(20)
    }),
    Hostile::new("Git LFS pointer", &["pointer"], || {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n")
            .into_bytes()
    }),
    Hostile::new("random bytes", &[NO_SPK], || noise(7, 10_000)),
    Hostile::new(
        "zeros",
        &["INFO|empty|not an SPK|no SPK|not a tar|no tar"],
        || vec![0; 10_240],
    ),
    Hostile::new("payload alone", &["INFO|not an SPK|no SPK"], || {
        let mut tar = Vec::new();
        Member::file("bin/program", "#!/bin/sh\n")
            .write_to(&mut tar)
            .expect("memory takes every write");
        [&tar[..], &END].concat()
    }),
    Hostile::new("xz file", &[NO_SPK], || {
        [b"\xFD7zXZ\0".to_vec(), noise(11, 5_000)].concat()
    }),
    Hostile::new("encrypted, DE AD BE EF", &["encrypted"], || {
        encrypted(*b"\xDE\xAD\xBE\xEF")
    }),
    Hostile::new("encrypted, 01 AD BE EF", &["encrypted"], || {
        encrypted(*b"\x01\xAD\xBE\xEF")
    }),
    Hostile::new("encrypted, BF BA AD", &["encrypted"], || {
        encrypted(*b"\x01\xBF\xBA\xAD")
    }),
    Hostile::new("truncated in the first header", &[TRUNCATED], || {
        plain().truncated(300).bytes()
    }),
    Hostile::new("truncated in INFO", &[TRUNCATED], || {
        plain().truncated(BLOCK + 40).bytes()
    }),
    Hostile::new("truncated in the second header", &[TRUNCATED], || {
        plain().truncated(2 * BLOCK + 100).bytes()
    }),
    Hostile::new("truncated in package.tgz", &[TRUNCATED], || {
        plain().payload_size(100_000).truncated(50_000).bytes()
    }),
    Hostile::new("truncated in padding", &[TRUNCATED], || {
        plain()
            .order(&["package.tgz"])
            .truncated(payload_first() - 10)
            .bytes()
    }),
    Hostile::new("truncated between members", &["INFO|truncated"], || {
        plain()
            .order(&["package.tgz"])
            .truncated(payload_first())
            .bytes()
    }),
    Hostile::new(
        "whole members without an end mark",
        &["end mark|end-of-archive|truncated|cut off|incomplete"],
        || plain().without_end().bytes(),
    ),
    Hostile::new("truncated gzip", &[TRUNCATED], || {
        let whole = plain().payload_size(100_000).gzip();
        let half = whole.bytes().len() / 2;
        whole.truncated(half).bytes()
    }),
    Hostile::new("gzip of no tar", &[NO_SPK], || gzip_of(&noise(3, 2_000))),
    Hostile::new(
        "gzip with broken data",
        &["gzip|corrupt|deflate|compressed"],
        || {
            let mut bytes = plain().payload_size(100_000).gzip().bytes();
            bytes[40..200].fill(0xFF);
            bytes
        },
    ),
    Hostile::new(
        "gzip with a wrong sum",
        &["gzip|corrupt|checksum|compressed"],
        || {
            let mut bytes = plain().gzip().bytes();
            let end = bytes.len();
            bytes[end - 8] ^= 1;
            bytes
        },
    ),
    Hostile::new("gzip in gzip", &[NO_SPK], || {
        gzip_of(&plain().gzip().bytes())
    }),
    Hostile::new("gzip bomb of 1 GiB", &[TOO_LARGE], bomb),
];

/// Returns where the first member ends when it is package.tgz, and its padding.
fn payload_first() -> usize {
    let bytes = plain().order(&["package.tgz"]).bytes();
    let info = bytes
        .windows(5)
        .position(|window| window == b"INFO\0")
        .expect("INFO is there");
    assert_eq!(info % BLOCK, 0);
    info
}

fn encrypted(magic: [u8; 4]) -> Vec<u8> {
    [&magic[..], &900_u32.to_le_bytes(), &noise(9, 20_000)].concat()
}

/// Returns an SPK's files in a zip, stored (PKWARE APPNOTE 4.3.7; only the first local header).
fn zip() -> Vec<u8> {
    let head = b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\0\0\0\x04\0\0\0\x04\0\0\0INFO";
    [&head[..], &noise(5, 3_000)].concat()
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut gzip = flate2::GzBuilder::new().write(Vec::new(), Compression::fast());
    gzip.write_all(bytes).expect("memory takes every write");
    gzip.finish().expect("memory takes every write")
}

/// Returns a gzip-compressed SPK whose package.tgz is [`BOMB`] zeros, without compressing as many.
fn bomb() -> Vec<u8> {
    let mut start = plain().without_package_tgz().without_end().bytes();
    let claim = Member::file("package.tgz", "").claiming(BOMB);
    claim
        .write_to(&mut start)
        .expect("memory takes every write");
    let zeros = vec![0; 16 << 20];
    let mut deflate = Compress::new(Compression::best(), false);
    let mut gzip = b"\x1F\x8B\x08\0\0\0\0\0\0\xFF".to_vec();
    let mut crc = Crc::new();
    crc.update(&start);
    gzip.extend(deflated(&mut deflate, &start, FlushCompress::Full));
    // After a full flush nothing refers back, so the same compressed zeros can follow again and again.
    let compressed = deflated(&mut deflate, &zeros, FlushCompress::Full);
    let mut zeros_crc = Crc::new();
    zeros_crc.update(&zeros);
    for _ in 0..BOMB / zeros.len() as u64 {
        gzip.extend_from_slice(&compressed);
        crc.combine(&zeros_crc);
    }
    gzip.extend(deflated(&mut deflate, &END, FlushCompress::Finish));
    crc.update(&END);
    gzip.extend_from_slice(&crc.sum().to_le_bytes());
    gzip.extend_from_slice(&crc.amount().to_le_bytes());
    gzip
}

fn deflated(deflate: &mut Compress, bytes: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() / 100 + 4096);
    deflate
        .compress_vec(bytes, &mut out, flush)
        .expect("valid parameters");
    out
}

#[test]
fn the_bomb_unpacks_to_what_it_claims() {
    let bytes = bomb();
    assert!(bytes.len() < 4 << 20, "{} bytes", bytes.len());
    let size = std::io::copy(
        &mut flate2::read::GzDecoder::new(&bytes[..]),
        &mut std::io::sink(),
    );
    let rest = Spk::new("hostile", "1.0-1")
        .without_package_tgz()
        .bytes()
        .len()
        + BLOCK;
    assert_eq!(size.expect("valid gzip"), BOMB + rest as u64);
}
