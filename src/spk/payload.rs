//! `package.tgz`: its size, its MD5 when INFO may state one, and how it is compressed.
//!
//! The name says nothing: Synology's toolkit writes xz from DSM 6.0 on, and plain tar archives are in the wild. Nothing
//! is unpacked.

use serde::Serialize;

use super::error::SpkError;
use super::foreign;
use super::member::Body;
use crate::base::digest::{Md5, Md5Hasher};

/// What is known of `package.tgz`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PackageTgz {
    pub(crate) compression: Compression,
    /// Only when it was computed: INFO states a checksum, or came later.
    pub(crate) md5: Option<Md5>,
    /// In bytes.
    pub(crate) size: u64,
}

/// How `package.tgz` is compressed, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Compression {
    Bzip2,
    Gzip,
    Lzma,
    /// None: a plain tar archive.
    Tar,
    Unknown,
    Xz,
    Zstd,
}

impl Compression {
    fn of(head: &[u8]) -> Self {
        const MAGICS: [(&[u8], Compression); 5] = [
            (b"\x1f\x8b", Compression::Gzip),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"\x5d\0\0", Compression::Lzma),
            (b"\xfd7zXZ\0", Compression::Xz),
            (b"BZh", Compression::Bzip2),
        ];
        let known = MAGICS.iter().find(|(magic, _)| head.starts_with(magic));
        match known {
            Some((_, compression)) => *compression,
            None if foreign::is_tar(head) => Self::Tar,
            None => Self::Unknown,
        }
    }
}

/// Reads `package.tgz` to its end.
pub(super) fn read(body: &mut Body<'_>, hash: bool) -> Result<PackageTgz, SpkError> {
    let mut head: Vec<u8> = Vec::with_capacity(foreign::BLOCK);
    let mut hasher = hash.then(Md5Hasher::default);
    while let Some(chunk) = body.chunk()? {
        let missing = foreign::BLOCK - head.len();
        head.extend_from_slice(&chunk[..chunk.len().min(missing)]);
        if let Some(hasher) = &mut hasher {
            hasher.update(chunk);
        }
    }
    Ok(PackageTgz {
        compression: Compression::of(&head),
        md5: hasher.map(Md5Hasher::finish),
        size: body.size(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spk::test_spk::TestSpk;

    fn package(content: &[u8], hash: bool) -> PackageTgz {
        let mut buffer = [0; 7];
        let mut source = content;
        let mut body = Body::new(
            &mut source,
            "package.tgz",
            content.len() as u64,
            0,
            &mut buffer,
        );
        read(&mut body, hash).expect("whole")
    }

    #[test]
    fn the_first_bytes_tell_the_compression() {
        let tar = TestSpk::minimal().build();
        for (content, compression) in [
            (&b"\x1f\x8b\x08"[..], Compression::Gzip),
            (b"\xfd7zXZ\0\0", Compression::Xz),
            (b"BZh9", Compression::Bzip2),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"\x5d\0\0\x80", Compression::Lzma),
            (&tar, Compression::Tar),
            (b"", Compression::Unknown),
        ] {
            assert_eq!(package(content, false).compression, compression);
        }
    }

    #[test]
    fn the_md5_is_computed_when_asked_for() {
        let md5 = "900150983cd24fb0d6963f7d28e17f72".parse().expect("valid");
        assert_eq!(package(b"abc", true).md5, Some(md5));
        assert_eq!(package(b"abc", false).md5, None);
    }
}
