//! Digests in hexadecimal, computed apart from the program.

use std::io::{self, Write};

use md5::Md5;
use sha2::{Digest, Sha256};

use super::tar::Content;

/// Returns the SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Returns the HMAC-SHA-256 of `message` (RFC 2104) under a key of at most 64 bytes.
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    let padded = |pad: u8| -> Vec<u8> {
        let zeros = std::iter::repeat(&0);
        key.iter()
            .chain(zeros)
            .take(64)
            .map(|byte| byte ^ pad)
            .collect()
    };
    let inner = Sha256::digest([&padded(0x36)[..], message].concat());
    hexadecimal(&Sha256::digest([&padded(0x5c)[..], &inner].concat()))
}

/// Returns the MD5 of a content.
pub(crate) fn md5(content: &Content) -> String {
    let mut hasher = Hasher(Md5::new());
    content
        .write_to(&mut hasher)
        .expect("hashing takes every write");
    hexadecimal(&hasher.0.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Hasher(Md5);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
