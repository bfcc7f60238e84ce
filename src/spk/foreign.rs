//! Tells an archive from everything else that is uploaded by mistake, by its first block.
//!
//! Encrypted packages: a big-endian number whose lower three bytes are `ADBEEF` or `BFBAAD`, as the public decoders of
//! Synology's archives test it. Tar has no magic number of its own: the header's checksum decides (POSIX.1-1988,
//! "ustar interchange format").

use super::error::SpkError;
use super::text::printable;

/// What the first block says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Gzip,
    Tar,
}

/// The size of a tar header, which is enough to tell.
pub(super) const BLOCK: usize = 512;

const MAGICS: &[(&[u8], &str)] = &[
    (b"!<arch>", "a Debian package or another `ar` archive"),
    (b"#!", "a script"),
    (b"%PDF-", "a PDF document"),
    (b"-----BEGIN ", "an armored key or signature"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"BZh", "bzip2-compressed data"),
    (b"MZ", "a Windows program"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"\x7fELF", "an ELF program"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xed\xab\xee\xdb", "an RPM package"),
    (b"\xfd7zXZ\0", "xz-compressed data"),
    (
        b"version https://git-lfs.github.com/spec/",
        "a Git LFS pointer: fetch the file itself with `git lfs pull`",
    ),
];

/// Returns the kind of an archive that begins with `head`, its first [`BLOCK`] bytes or all there are.
pub(super) fn kind(head: &[u8]) -> Result<Kind, SpkError> {
    if head.starts_with(b"\x1f\x8b") {
        return Ok(Kind::Gzip);
    }
    if is_tar(head) {
        return Ok(Kind::Tar);
    }
    if let Some(magic) = encrypted(head) {
        return Err(SpkError::Encrypted { magic });
    }
    Err(SpkError::NotAnSpk {
        looks_like: describe(head),
    })
}

/// Returns whether `head` begins with a tar header; a damaged one is recognised by its magic word.
pub(super) fn is_tar(head: &[u8]) -> bool {
    const MAGIC: std::ops::Range<usize> = 257..262;
    head.get(MAGIC) == Some(b"ustar") || has_checksum(head)
}

/// Old tar headers have no magic word, only a sum.
fn has_checksum(head: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    let Some(block) = head.get(..BLOCK) else {
        return false;
    };
    let sum: u32 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if SUM.contains(&at) {
                u32::from(b' ')
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    let stated = String::from_utf8_lossy(&block[SUM]);
    let digits = stated.trim_matches([' ', '\0']);
    block[0] != 0 && u32::from_str_radix(digits, 8) == Ok(sum)
}

fn encrypted(head: &[u8]) -> Option<String> {
    let magic = head.get(..4)?;
    matches!(&magic[1..], b"\xad\xbe\xef" | b"\xbf\xba\xad")
        .then(|| magic.iter().map(|byte| format!("{byte:02X}")).collect())
}

fn describe(head: &[u8]) -> String {
    if head.is_empty() {
        return "an empty file".to_owned();
    }
    if head.iter().all(|byte| *byte == 0) {
        return "zeros, perhaps an archive without members".to_owned();
    }
    if let Some((_, name)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return (*name).to_owned();
    }
    markup(head).map_or_else(
        || {
            format!(
                "unknown data that begins with `{}`",
                printable(&head[..head.len().min(16)])
            )
        },
        str::to_owned,
    )
}

/// An error page of a web server is the most common "download" that is none.
fn markup(head: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(head)
        .trim_start_matches('\u{feff}')
        .trim_start()
        .to_ascii_lowercase();
    if text.starts_with("<!doctype html") || text.starts_with("<html") {
        Some("an HTML page, perhaps the error page of a download")
    } else if text.starts_with('<') {
        Some("XML or HTML text")
    } else if text.starts_with(['{', '[']) {
        Some("JSON text")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_archive_is_named() {
        for (head, name) in [
            (&b""[..], "an empty file"),
            (b"PK\x03\x04....", "a ZIP archive"),
            (b"\x7fELF\x02", "an ELF program"),
            (b"\n<!DOCTYPE HTML><p>404", "an HTML page"),
            (b"{\"error\": 1}", "JSON text"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                "a Git LFS pointer",
            ),
            (&[0; 512], "zeros"),
            (b"\x01\x02\x03", "unknown data that begins with `\\u{1}"),
        ] {
            let error = kind(head).expect_err("no archive").to_string();
            assert!(error.contains(name), "{error}");
        }
    }

    #[test]
    fn encrypted_packages_are_named_as_such() {
        for head in [
            &b"\xde\xad\xbe\xef\x10\0\0\0"[..],
            b"\x01\xad\xbe\xef",
            b"\0\xbf\xba\xad",
        ] {
            assert!(matches!(kind(head), Err(SpkError::Encrypted { .. })));
        }
    }

    #[test]
    fn a_tar_header_is_known_by_its_magic_or_its_sum() {
        for header in [
            tar::Header::new_ustar(),
            tar::Header::new_gnu(),
            tar::Header::new_old(),
        ] {
            let mut header = header;
            header.set_path("conf/").expect("short");
            header.set_cksum();
            assert_eq!(kind(header.as_bytes()).expect("tar"), Kind::Tar);
        }
        assert_eq!(kind(b"\x1f\x8b\x08").expect("gzip"), Kind::Gzip);
    }
}
