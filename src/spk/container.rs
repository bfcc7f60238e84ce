//! The outer form of an SPK: a tar archive, or one that is compressed with gzip.
//!
//! Six of 55 SPKs from public repositories are compressed as a whole; DSM expects plain tar.

use std::io::{Cursor, Read};

use super::error::SpkError;
use super::foreign::{self, BLOCK, Kind};
use super::gunzip::Gunzip;
use crate::base::limits::Limits;

/// An archive that is ready to be read.
pub(super) struct Container<'a> {
    pub(super) gzip: bool,
    /// The bytes of the tar archive, from its first.
    pub(super) tar: Box<dyn Read + 'a>,
}

/// Finds out what `source` is and unpacks gzip.
pub(super) fn open<'a, R: Read + 'a>(
    source: R,
    limits: &Limits,
) -> Result<Container<'a>, SpkError> {
    let (head, whole) = peek(source)?;
    match foreign::kind(&head)? {
        Kind::Tar => Ok(Container {
            gzip: false,
            tar: Box::new(whole),
        }),
        Kind::Gzip => {
            let (head, whole) = peek(Gunzip::new(whole, limits))?;
            if !foreign::is_tar(&head) {
                return Err(SpkError::NotAnSpk {
                    looks_like: "gzip-compressed data that is no tar archive".to_owned(),
                });
            }
            Ok(Container {
                gzip: true,
                tar: Box::new(whole),
            })
        }
    }
}

/// Reads the first block and puts it back.
fn peek<R: Read>(mut source: R) -> Result<(Vec<u8>, impl Read), SpkError> {
    let mut head = Vec::with_capacity(BLOCK);
    source
        .by_ref()
        .take(BLOCK as u64)
        .read_to_end(&mut head)
        .map_err(SpkError::from_io)?;
    Ok((head.clone(), Cursor::new(head).chain(source)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spk::test_spk::{TestSpk, gzip};

    #[test]
    fn tar_and_gzip_are_opened_and_keep_their_first_block() {
        let bytes = TestSpk::minimal().build();
        let packed = gzip(&bytes);
        for (source, is_gzip) in [(&bytes, false), (&packed, true)] {
            let mut container = open(&source[..], &Limits::DEFAULT).expect("an archive");
            let mut read = Vec::new();
            container.tar.read_to_end(&mut read).expect("memory");
            assert_eq!((read == bytes, container.gzip), (true, is_gzip));
        }
    }

    #[test]
    fn gzip_around_anything_else_is_refused() {
        for content in [&b"text"[..], &gzip(&TestSpk::minimal().build())] {
            let error = open(&gzip(content)[..], &Limits::DEFAULT)
                .err()
                .expect("no archive");
            assert!(matches!(error, SpkError::NotAnSpk { .. }), "{error}");
        }
    }
}
