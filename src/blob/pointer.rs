//! Git LFS pointers (git-lfs `docs/spec.md`, "The Pointer").

use crate::base::digest::Sha256;

/// The text that stands in git for a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) oid: Sha256,
    /// In bytes.
    pub(crate) size: u64,
}

/// Says that a file is no Git LFS pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PointerError {
    #[error("the file is not a Git LFS pointer: line {line} should begin with `{expected}`")]
    Line { expected: &'static str, line: usize },
    #[error("the file is not a Git LFS pointer: the value in line {line} is not valid")]
    Value { line: usize },
}

const VERSION: &str = "version https://git-lfs.github.com/spec/v1";
const OID: &str = "oid sha256:";
const SIZE: &str = "size ";

impl Pointer {
    /// More bytes than a pointer has; a larger file is something else (the specification says 1024).
    pub(crate) const MAX_BYTES: u64 = 1024;

    /// Returns the one canonical text of the pointer.
    pub(crate) fn to_text(self) -> String {
        format!("{VERSION}\n{OID}{}\n{SIZE}{}\n", self.oid, self.size)
    }

    /// Reads a pointer; extension lines (`ext-…`) may stand before the oid.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, PointerError> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let mut lines = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.starts_with("ext-"));
        let mut value = |expected: &'static str| {
            let (text, line) = lines.next().unwrap_or(("", 1));
            text.strip_prefix(expected)
                .map(|value| (value, line))
                .ok_or(PointerError::Line { expected, line })
        };
        value(VERSION)?;
        let (oid, oid_line) = value(OID)?;
        let (size, size_line) = value(SIZE)?;
        Ok(Self {
            oid: oid
                .parse()
                .map_err(|_| PointerError::Value { line: oid_line })?,
            size: size
                .parse()
                .map_err(|_| PointerError::Value { line: size_line })?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_reads_back_from_its_canonical_text() {
        let pointer = Pointer {
            oid: Sha256::of(b"x"),
            size: 12345,
        };
        let text = pointer.to_text();
        assert_eq!(
            text,
            format!(
                "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
                pointer.oid
            )
        );
        assert_eq!(Pointer::parse(text.as_bytes()), Ok(pointer));
    }

    #[test]
    fn anything_else_is_refused_with_the_line() {
        assert_eq!(
            Pointer::parse(b"INFO\0\0"),
            Err(PointerError::Line {
                expected: VERSION,
                line: 1
            })
        );
        let text = format!("{VERSION}\n{OID}abc\n{SIZE}1\n");
        assert_eq!(
            Pointer::parse(text.as_bytes()),
            Err(PointerError::Value { line: 2 })
        );
    }
}
