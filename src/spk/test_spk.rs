//! Builds SPKs in memory for the tests of this module.

use std::io::Write;

use tar::{EntryType, Header};

use super::error::SpkError;
use super::walk::walk;
use super::warning::{Warning, Warnings};
use crate::base::limits::Limits;

/// An SPK that grows member by member.
pub(super) struct TestSpk(tar::Builder<Vec<u8>>);

impl TestSpk {
    pub(super) fn empty() -> Self {
        Self(tar::Builder::new(Vec::new()))
    }

    /// Has an INFO and a payload, and no defect.
    pub(super) fn minimal() -> Self {
        Self::with_info(
            "package=\"demo\"\nversion=\"1.0-1\"\narch=\"noarch\"\nos_min_ver=\"7.0-40000\"\n",
        )
    }

    pub(super) fn with_info(info: &str) -> Self {
        Self::empty()
            .file("INFO", info.as_bytes())
            .file("package.tgz", b"\x1f\x8bpayload")
    }

    pub(super) fn file(mut self, path: &str, content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        self.0
            .append_data(&mut header, path, content)
            .expect("memory takes everything");
        self
    }

    pub(super) fn build(self) -> Vec<u8> {
        self.0.into_inner().expect("memory takes everything")
    }
}

/// Compresses `bytes`.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// Returns a header without its checksum, with any name that the builder of `tar` would refuse.
pub(super) fn header(kind: EntryType, name: &str, target: &str, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name.as_bytes());
    old.linkname[..target.len()].copy_from_slice(target.as_bytes());
    header
}

/// Returns a member as bytes: header, content, padding.
pub(super) fn raw_member(kind: EntryType, name: &str, target: &str, content: &[u8]) -> Vec<u8> {
    let mut header = header(kind, name, target, content.len() as u64);
    header.set_cksum();
    let mut bytes = [header.as_bytes(), content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// Returns the beginning of a PNG image of that size.
pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 1, 2, 3, 4]);
    bytes
}

/// The blocks that end an archive.
pub(super) const END: [u8; 1024] = [0; 1024];

/// Walks an archive of `parts` and returns the paths of its files with the warnings.
pub(super) fn paths_within(
    parts: &[&[u8]],
    limits: &Limits,
) -> Result<(Vec<String>, Vec<Warning>), SpkError> {
    let bytes = parts.concat();
    let mut warnings = Warnings::default();
    let mut paths = Vec::new();
    walk(&bytes[..], limits, &mut warnings, |path, _, _| {
        paths.push(path.to_owned());
        Ok(())
    })?;
    Ok((paths, warnings.into_vec()))
}

/// Walks an archive of `parts` within the default limits.
pub(super) fn paths(parts: &[&[u8]]) -> Result<(Vec<String>, Vec<Warning>), SpkError> {
    paths_within(parts, &Limits::DEFAULT)
}

/// Returns why an archive of `parts` is refused.
pub(super) fn refusal(parts: &[&[u8]]) -> SpkError {
    paths(parts).expect_err("the archive is refused")
}

/// Returns a regular file as bytes.
pub(super) fn file(name: &str, content: &[u8]) -> Vec<u8> {
    raw_member(EntryType::Regular, name, "", content)
}

/// Returns a link as bytes.
pub(super) fn link(kind: EntryType, name: &str, target: &str) -> Vec<u8> {
    raw_member(kind, name, target, b"")
}

/// Returns a PAX header with one record, `key=value`, as bytes.
pub(super) fn pax(record: &str) -> Vec<u8> {
    // The length of a record counts itself; two digits do for tests.
    let text = format!("{:02} {record}\n", record.len() + 4);
    raw_member(EntryType::XHeader, "pax", "", text.as_bytes())
}
