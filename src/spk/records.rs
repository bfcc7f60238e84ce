//! Long names and PAX records: a member must be the same for unpackers that know them and those that do not.
//!
//! Formats: POSIX.1-2001, "pax Extended Header"; GNU tar manual, "Storing Sparse Files".

use std::io::Read;

use tar::{Entry, PaxExtensions};

use super::error::SpkError;
use super::foreign::BLOCK;
use super::member::{Body, CHUNK};
use super::member_path::{self, MemberPath};
use super::role;
use super::text::printable;
use crate::base::limits::Limits;

/// What is wrong about a size that is stated twice.
const SIZE: &str = "size than its header does, so one unpacker reads more than another";

/// A global PAX header may carry a comment (git writes its commit), nothing that changes members.
pub(super) fn check_global<R: Read>(
    entry: &mut Entry<'_, R>,
    index: usize,
    offset: u64,
    limits: &Limits,
) -> Result<(), SpkError> {
    let mut buffer = vec![0; CHUNK];
    let size = entry.size();
    // A comment of gigabytes is as bad as a long name of gigabytes.
    let records = Body::new(
        entry,
        "pax_global_header",
        size,
        offset + BLOCK as u64,
        &mut buffer,
    )
    .all(limits.header)?;
    for record in PaxExtensions::new(&records) {
        let record = record.map_err(|source| SpkError::Header {
            index,
            offset,
            source,
        })?;
        let key = record.key_bytes();
        if matches!(key, b"linkpath" | b"path" | b"size") || key.starts_with(b"GNU.sparse.") {
            return Err(overridden(
                key,
                offset,
                "description than its own header does",
            ));
        }
    }
    Ok(())
}

fn overridden(key: &[u8], offset: u64, what: &'static str) -> SpkError {
    SpkError::PaxOverride {
        key: printable(key),
        offset,
        what,
    }
}

/// Refuses long names and PAX records that make a member something else for unpackers that read them differently.
pub(super) fn check_records<R: Read>(
    entry: &mut Entry<'_, R>,
    name: &MemberPath,
    index: usize,
    offset: u64,
) -> Result<(), SpkError> {
    if entry.header().entry_type().is_gnu_sparse() {
        // Holes of terabytes, and content that is not where the header says.
        return Err(SpkError::Type {
            kind: "sparse file".to_owned(),
            offset,
            path: name.path.clone(),
        });
    }
    let own_size = entry.header().entry_size().ok();
    if !own_size.is_some_and(|own| own == entry.size() || stands_for(own, entry.size())) {
        return Err(overridden(b"size", offset, SIZE));
    }
    if hides_special(&entry.header().path_bytes(), name) {
        return Err(overridden(b"path", offset, "name than its header does"));
    }
    let size = entry.size().to_string().into_bytes();
    let path = entry.path_bytes().into_owned();
    let target = entry.link_name_bytes().unwrap_or_default().into_owned();
    let records = entry.pax_extensions();
    for record in records.ok().flatten().into_iter().flatten() {
        let record = record.map_err(|source| SpkError::Header {
            index,
            offset,
            source,
        })?;
        // A record that is there twice, or beside a GNU long name, counts for one unpacker and not for another.
        let (agrees, what) = match record.key_bytes() {
            b"linkpath" => (
                record.value_bytes() == target,
                "target than its header does",
            ),
            b"path" => (record.value_bytes() == path, "name than its header does"),
            b"size" => (record.value_bytes() == size, SIZE),
            key => (
                !key.starts_with(b"GNU.sparse."),
                "content than its header does",
            ),
        };
        if !agrees {
            return Err(overridden(record.key_bytes(), offset, what));
        }
    }
    Ok(())
}

/// Returns whether writers put `own` into a header whose field is too short for `size`, which a PAX record then gives:
/// nothing (GNU tar, Python), or the digits that fit.
fn stands_for(own: u64, size: u64) -> bool {
    /// Eleven octal digits.
    const FIELD: u64 = 1 << 33;
    size >= FIELD && (own == 0 || own == size % FIELD)
}

/// Returns whether a member is special under the name in its header or under its long name, but not the same.
fn hides_special(own: &[u8], name: &MemberPath) -> bool {
    /// Bytes of a name that fit in a header; a longer one is cut there.
    const FITS: usize = 99;
    let own_path = member_path::parse(own)
        .map(|own| own.path)
        .unwrap_or_default();
    own_path != name.path
        && !(own.len() >= FITS && name.path.starts_with(&own_path))
        && (role::is_special(&own_path) || role::is_special(&name.path))
}

#[cfg(test)]
mod tests {
    use tar::EntryType;

    use super::*;
    use crate::spk::test_spk::{END, file, header, paths, pax, raw_member, refusal};

    #[test]
    fn a_size_that_no_header_can_hold_is_taken_from_pax() {
        let member = |own: u64| {
            let mut header = header(EntryType::Regular, "package.tgz", "", own);
            header.set_cksum();
            header.as_bytes().to_vec()
        };
        let eight_gib = 1_u64 << 33;
        let record = pax(&format!("size={}", eight_gib + 7));
        for parts in [
            [record.as_slice(), &member(0)],
            [&record, &member(7)],
            [&record, &member(eight_gib + 7)],
            [b"", &member(eight_gib + 7)],
        ] {
            // The content is cut after one block, which says that its size was believed.
            let error = refusal(&[parts[0], parts[1], &[1; 512]]);
            assert!(
                matches!(&error, SpkError::Truncated { place, .. } if place.contains("8589934599 bytes")),
                "{error}"
            );
        }
        for (size, own) in [(eight_gib + 7, 8), (eight_gib - 1, 0), (7, 0)] {
            let error = refusal(&[&pax(&format!("size={size}")), &member(own), &END]);
            assert!(
                matches!(error, SpkError::PaxOverride { .. }),
                "{size}: {error}"
            );
        }
    }

    #[test]
    fn headers_that_tell_two_stories_are_refused() {
        for (record, own) in [("path=INFO", "x"), ("path=x", "INFO"), ("size=1", "x")] {
            let error = refusal(&[&pax(record), &file(own, b"1234"), &END]);
            assert!(
                matches!(error, SpkError::PaxOverride { .. }),
                "{record}: {error}"
            );
        }
        let twice = raw_member(EntryType::XHeader, "pax", "", b"10 path=a\n10 path=b\n");
        assert!(matches!(
            refusal(&[&twice, &file("a", b""), &END]),
            SpkError::PaxOverride { .. }
        ));
        let malformed = raw_member(EntryType::XHeader, "pax", "", b"99 path=a\n");
        assert!(matches!(
            refusal(&[&malformed, &file("a", b""), &END]),
            SpkError::Header { .. }
        ));
        let global =
            |text: &[u8]| raw_member(EntryType::XGlobalHeader, "pax_global_header", "", text);
        assert!(matches!(
            refusal(&[&global(b"10 size=1\n"), &END]),
            SpkError::PaxOverride { .. }
        ));
        assert!(paths(&[&global(b"13 comment=1\n"), &END]).is_ok());
    }
}
