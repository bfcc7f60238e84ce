//! Where the bytes of an SPK are that DSM's signature is about, and where the signature is.
//!
//! DSM 5.1 to 6.2 signs the contents of all regular files but the signature, in the byte order of their paths, one after
//! another without anything between them. Folders and links have no content; names, modes and times are not signed.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::container;
use super::error::SpkError;
use super::role::{Role, role};
use super::signature::Signature;
use super::walk::walk;
use super::warning::{Warning, Warnings};
use crate::base::limits::Limits;

/// The places of an SPK.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Where the mark that ends the archive begins: a member may be put there.
    pub(crate) end: u64,
    /// The contents that are signed, in the order in which they are.
    files: Vec<(String, Range<u64>)>,
    links: Vec<String>,
    pub(crate) signature: Option<SignatureMember>,
}

/// The member `syno_signature.asc`.
#[derive(Clone, Debug)]
pub(crate) struct SignatureMember {
    pub(crate) bytes: Vec<u8>,
    pub(crate) form: Signature,
    /// With its headers and what fills its last block.
    pub(crate) range: Range<u64>,
}

const BLOCK: u64 = 512;

/// Reads where everything is in `source`, to its end.
pub(crate) fn layout<R: Read>(source: R, limits: &Limits) -> Result<Layout, SpkError> {
    find(source, &Cell::new(false), limits)
}

/// Finds where everything is in `source`, from its beginning, without reading the contents.
pub(crate) fn layout_by_seeking<R: Read + Seek>(
    mut source: R,
    limits: &Limits,
) -> Result<Layout, SpkError> {
    let is_passing = Cell::new(false);
    let left = source.seek(SeekFrom::End(0)).map_err(SpkError::Io)?;
    source.rewind().map_err(SpkError::Io)?;
    let source = Passing {
        is_passing: &is_passing,
        left,
        source,
    };
    find(source, &is_passing, limits)
}

/// A reader that does not read, but seeks, as long as what it gives is not looked at.
struct Passing<'a, R> {
    is_passing: &'a Cell<bool>,
    /// Bytes to the end, beyond which one can seek as well.
    left: u64,
    source: R,
}

impl<R: Read + Seek> Read for Passing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = if self.is_passing.get() {
            let count = buffer
                .len()
                .min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let step = i64::try_from(count).map_err(io::Error::other)?;
            self.source.seek_relative(step)?;
            count
        } else {
            self.source.read(buffer)?
        };
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

fn find<R: Read>(source: R, is_passing: &Cell<bool>, limits: &Limits) -> Result<Layout, SpkError> {
    let container = container::open(source, limits)?;
    if container.gzip {
        return Err(SpkError::PackedWhole);
    }
    let mut files = Vec::new();
    let mut signature = None;
    let mut warnings = Warnings::default();
    let end = walk(
        container.tar,
        limits,
        &mut warnings,
        |path, body, _warnings| {
            let content = body.start()..body.start() + body.size();
            if matches!(role(path), Role::Signature) {
                let bytes = body.all(limits.text)?;
                signature = Some(SignatureMember {
                    form: Signature::of(&bytes),
                    bytes,
                    range: body.header()..content.end.next_multiple_of(BLOCK),
                });
            } else {
                files.push((path.to_owned(), content));
                is_passing.set(true);
                body.drain()?;
                is_passing.set(false);
            }
            Ok(())
        },
    )?;
    files.sort_by(|a: &(String, _), b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let link = |warning| match warning {
        Warning::Link { path, .. } => Some(path),
        _ => None,
    };
    Ok(Layout {
        end,
        files,
        links: warnings.into_vec().into_iter().filter_map(link).collect(),
        signature,
    })
}

impl Layout {
    /// Returns the members that a signature says nothing about, although they make files.
    pub(crate) fn links(&self) -> &[String] {
        &self.links
    }

    /// Returns the members that could be added, changed or taken away with the same contents signed.
    pub(crate) fn outside(&self) -> Vec<String> {
        let empty = self.files.iter().filter(|(_, content)| content.is_empty());
        let empty = empty.map(|(path, _)| path.clone());
        self.links.iter().cloned().chain(empty).collect()
    }

    /// Returns the bytes that are signed, read from the `source` that the layout is of.
    pub(crate) fn content<R: Read + Seek>(&self, source: R) -> impl Read + use<'_, R> {
        Content {
            files: &self.files,
            left: 0,
            source,
        }
    }
}

struct Content<'a, R> {
    files: &'a [(String, Range<u64>)],
    /// Bytes of the current file.
    left: u64,
    source: R,
}

impl<R: Read + Seek> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 {
            let Some(((_, content), rest)) = self.files.split_first() else {
                return Ok(0);
            };
            self.source.seek(SeekFrom::Start(content.start))?;
            self.left = content.end - content.start;
            self.files = rest;
        }
        let want = usize::try_from(self.left).unwrap_or(usize::MAX);
        let length = buffer.len().min(want);
        let count = self.source.read(&mut buffer[..length])?;
        if count == 0 && length > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use tar::EntryType;

    use super::*;
    use crate::spk::test_spk::{END, TestSpk, file, gzip, link, raw_member};

    /// Returns the layout, which is the same for who reads and for who seeks.
    fn layout_of(bytes: &[u8]) -> Layout {
        let read = layout(bytes, &Limits::DEFAULT).expect("readable");
        let sought = layout_by_seeking(Cursor::new(bytes), &Limits::DEFAULT).expect("readable");
        assert_eq!(format!("{read:?}"), format!("{sought:?}"));
        read
    }

    fn content(bytes: &[u8]) -> Vec<u8> {
        let mut content = Vec::new();
        layout_of(bytes)
            .content(Cursor::new(bytes))
            .read_to_end(&mut content)
            .expect("memory");
        content
    }

    #[test]
    fn contents_are_joined_in_the_byte_order_of_their_paths() {
        let bytes = TestSpk::empty()
            .file("scripts/start", b"7")
            .file("./package.tgz", b"6")
            .file("conf/a", b"5")
            .file("PACKAGE_ICON_120.PNG", b"4")
            .file("PACKAGE_ICON.PNG", b"3")
            .file("syno_signature.asc", b"not signed")
            .file("LICENSE", b"2")
            .file("INFO", b"1")
            .file("empty", b"")
            .build();
        assert_eq!(content(&bytes), b"1234567");
    }

    #[test]
    fn long_names_are_ordered_as_a_whole() {
        let long = format!("a/{}", "x".repeat(150));
        let bytes = TestSpk::empty()
            .file("b", b"2")
            .file(&long, b"1")
            .file("INFO", b"0")
            .build();
        assert_eq!(content(&bytes), b"012");
    }

    #[test]
    fn the_signature_is_found_with_its_headers_and_the_end_with_it() {
        let folder = raw_member(EntryType::Directory, "conf/", "", b"");
        let signature = file("syno_signature.asc", &[b'x'; 600]);
        let parts = [
            folder.clone(),
            file("INFO", b"1"),
            signature.clone(),
            END.to_vec(),
        ];
        let layout = layout_of(&parts.concat());
        let member = layout.signature.expect("there");
        let start = (folder.len() + 1024) as u64;
        assert_eq!(member.range, start..start + signature.len() as u64);
        assert_eq!(layout.end, member.range.end);
        assert_eq!(
            (member.form, member.bytes.len()),
            (Signature::Unrecognised, 600)
        );
    }

    #[test]
    fn links_are_outside_the_signature_and_gzip_has_no_place_for_one() {
        let parts = [
            file("INFO", b""),
            link(EntryType::Symlink, "ui", "INFO"),
            END.to_vec(),
        ];
        assert_eq!(layout_of(&parts.concat()).outside(), ["ui", "INFO"]);
        let packed = gzip(&TestSpk::minimal().build());
        let refused = layout(&packed[..], &Limits::DEFAULT);
        assert!(matches!(refused, Err(SpkError::PackedWhole)));
    }

    #[test]
    fn who_seeks_finds_the_same_cuts_as_who_reads() {
        let whole = TestSpk::minimal().file("large", &[7; 3000]).build();
        for cut in (0..whole.len()).step_by(100) {
            let cut = &whole[..cut];
            let read = layout(cut, &Limits::DEFAULT).map_err(|error| error.to_string());
            let sought = layout_by_seeking(Cursor::new(cut), &Limits::DEFAULT);
            let sought = sought.map_err(|error| error.to_string());
            assert_eq!(format!("{read:?}"), format!("{sought:?}"));
        }
    }

    #[test]
    fn content_that_is_gone_is_an_error_and_no_end() {
        let bytes = TestSpk::minimal().build();
        let layout = layout_of(&bytes);
        let mut read = Vec::new();
        let outcome = layout
            .content(Cursor::new(&bytes[..600]))
            .read_to_end(&mut read);
        assert!(outcome.is_err());
    }
}
