//! Puts the signature into an SPK and takes it out: every other byte stays as it is.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;

/// Bytes that are copied at once.
const CHUNK: usize = 256 * 1024;
const BLOCK: usize = 512;

/// Returns the member `syno_signature.asc` with its header, made at `time` (in seconds since 1970).
///
/// The same signature gives the same bytes, so that a changed header shows.
pub(crate) fn signature_member(signature: &[u8], time: u64) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header
        .set_path("syno_signature.asc")
        .expect("a short name fits into a header");
    header.set_size(signature.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(time);
    header.set_cksum();
    let mut member = [header.as_bytes(), signature].concat();
    member.resize(member.len().next_multiple_of(BLOCK), 0);
    member
}

/// Copies `source` to `sink` with the bytes of `range` replaced by `with`.
pub(crate) fn splice(
    source: &mut (impl Read + Seek),
    range: &Range<u64>,
    with: &[u8],
    sink: &mut impl Write,
) -> io::Result<()> {
    copy_range(source, 0..range.start, sink)?;
    sink.write_all(with)?;
    source.seek(SeekFrom::Start(range.end))?;
    copy(source, sink).map(|_| ())
}

/// Copies the bytes of `range` from `source`, which must have them, to `sink`.
pub(crate) fn copy_range(
    source: &mut (impl Read + Seek),
    range: Range<u64>,
    sink: &mut impl Write,
) -> io::Result<()> {
    source.seek(SeekFrom::Start(range.start))?;
    let length = range.end - range.start;
    if copy(source.take(length), sink)? < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn copy(mut source: impl Read, sink: &mut impl Write) -> io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(copied),
            count => {
                sink.write_all(&buffer[..count])?;
                copied += count as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::base::limits::Limits;
    use crate::spk::layout;
    use crate::spk::test_spk::TestSpk;

    fn spliced(source: &[u8], range: &Range<u64>, with: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        splice(&mut Cursor::new(source), range, with, &mut out).expect("memory");
        out
    }

    #[test]
    fn a_signature_goes_in_behind_the_last_member_and_out_again() {
        let long = "x".repeat(150);
        let plain = TestSpk::minimal().file(&long, b"1").build();
        for unsigned in [plain.clone(), [plain, vec![0; 9000]].concat()] {
            let end = layout(&unsigned[..], &Limits::DEFAULT).expect("sound").end;
            let member = signature_member(b"signed", 7);
            let signed = spliced(&unsigned, &(end..end), &member);
            assert!(signed.starts_with(&unsigned[..end as usize]));
            let layout = layout(&signed[..], &Limits::DEFAULT).expect("sound");
            let found = layout.signature.expect("there");
            assert_eq!(
                (found.bytes.as_slice(), found.range.start),
                (&b"signed"[..], end)
            );
            assert_eq!(layout.end, found.range.end);
            assert_eq!(spliced(&signed, &found.range, b""), unsigned);
        }
    }

    #[test]
    fn the_same_signature_gives_the_same_member() {
        assert_eq!(signature_member(b"a", 7), signature_member(b"a", 7));
        assert_eq!(signature_member(&[1; 513], 7).len(), 3 * BLOCK);
    }
}
