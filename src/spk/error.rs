//! Why an archive cannot be read on. Each refusal of well-formed data stops an attack, named at its variant.

use std::io;

/// Says why the bytes are no SPK, or none that can be read safely.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpkError {
    /// A member below a link is written wherever the link points.
    #[error(
        "member `{path}` is below the link `{link}`, so where it is unpacked to depends on the unpacker"
    )]
    BelowLink { link: String, path: String },
    #[error("the gzip compression of the SPK is damaged after {offset} bytes of its content")]
    Compression {
        /// In unpacked bytes.
        offset: u64,
        #[source]
        source: io::Error,
    },
    /// Unpackers disagree whether such bytes are content or the next header, so each sees another archive.
    #[error(
        "member `{path}` is a {kind} with {size} bytes of content, which unpackers read differently"
    )]
    ContentOfNoFile {
        kind: &'static str,
        path: String,
        size: u64,
    },
    /// One unpacker takes the first, another the last: what was reviewed is not what is installed.
    #[error(
        "member `{path}` is in the archive twice (again at byte {offset}), so what counts depends on the unpacker"
    )]
    Duplicate { offset: u64, path: String },
    #[error(
        "the SPK is encrypted (magic `{magic}`), as Synology's own packages for DSM 7 are: its content cannot be read"
    )]
    Encrypted { magic: String },
    /// One unpacker skips the folder and takes a file of that name from elsewhere, another fails.
    #[error("member `{path}` is a folder, but must be a file")]
    FolderForFile { path: String },
    #[error("the header of member {index} at byte {offset} is damaged")]
    Header {
        /// Counted from 1.
        index: usize,
        offset: u64,
        #[source]
        source: io::Error,
    },
    /// A long name or PAX record of gigabytes is read into memory.
    #[error("the headers of member {index} at byte {offset} take more than {max} bytes")]
    HeaderTooLong {
        /// Counted from 1.
        index: usize,
        max: u64,
        offset: u64,
    },
    #[error("the SPK cannot be read")]
    Io(#[source] io::Error),
    /// A link that leaves the archive reads or overwrites files of the machine that unpacks it.
    #[error("member `{path}` is a link to `{target}`, outside the archive")]
    LinkOutside { path: String, target: String },
    /// The content of a link is decided by another member, or by another unpacker.
    #[error("member `{path}` is a link to `{target}`, but must be a file of its own")]
    LinkedSpecial { path: String, target: String },
    /// A NUL ends the text for one parser and not for another, so each sees another package.
    #[error("INFO:{line}: there is a NUL character, where some parsers stop reading")]
    NulInInfo { line: usize },
    #[error("this is not an SPK but {looks_like}")]
    NotAnSpk { looks_like: String },
    /// DSM's own rule knows plain archives only.
    #[error("the SPK is compressed as a whole, so there is no place for a signature in it")]
    PackedWhole,
    /// Parsers that know the PAX keyword and those that do not see different members.
    #[error("the PAX record `{key}` before byte {offset} gives a member another {what}")]
    PaxOverride {
        key: String,
        offset: u64,
        what: &'static str,
    },
    /// Every member that is kept is held in memory.
    #[error("member `{path}` has {size} bytes, more than the {max} that are read of it")]
    TooLarge { max: u64, path: String, size: u64 },
    /// Millions of empty members, keys or names fill the memory although each is small.
    #[error("{place} has more than {max} {what}")]
    TooMany {
        max: usize,
        place: String,
        what: &'static str,
    },
    #[error("the SPK is truncated at byte {offset}, {place}")]
    Truncated { offset: u64, place: String },
    /// Devices and pipes block or damage the machine that unpacks them; other types are unpacked differently everywhere.
    #[error("member `{path}` at byte {offset} is a {kind}, which cannot be in an SPK")]
    Type {
        kind: String,
        offset: u64,
        path: String,
    },
    /// A small file that fills the disk or runs for hours when it is unpacked.
    #[error("the SPK unpacks to more than {max} bytes from {packed} bytes of gzip")]
    UnpacksTooFar { max: u64, packed: u64 },
    /// A name that leads out of the folder of the package, or that unpackers understand differently.
    #[error("the name of member `{path}` at byte {offset} {reason}")]
    UnsafeName {
        offset: u64,
        path: String,
        reason: &'static str,
    },
}

impl SpkError {
    /// Returns whether it is well-formed and refused for what it could do, not broken or something else.
    pub(crate) fn is_unsafe(&self) -> bool {
        !matches!(
            self,
            Self::Compression { .. }
                | Self::Encrypted { .. }
                | Self::Header { .. }
                | Self::Io(_)
                | Self::NotAnSpk { .. }
                | Self::PackedWhole
                | Self::Truncated { .. }
        )
    }

    /// Returns the error that a reader below wrapped in `error`, or says that reading failed.
    pub(super) fn from_io(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Io)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_reader_below_is_unwrapped() {
        let inner = SpkError::UnpacksTooFar { max: 2, packed: 1 };
        let error = SpkError::from_io(io::Error::other(inner));
        assert!(matches!(error, SpkError::UnpacksTooFar { .. }));
        let error = SpkError::from_io(io::Error::from(io::ErrorKind::PermissionDenied));
        assert!(matches!(error, SpkError::Io(_)));
    }
}
