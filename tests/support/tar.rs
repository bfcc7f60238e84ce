//! Tar members, written byte by byte, so that every field can also be wrong.
//!
//! Follows POSIX ustar and pax (IEEE 1003.1, "pax Interchange Format") and GNU's long names and sparse files.

use std::io::{self, Write};

/// The size of a header and what contents are padded to.
pub(crate) const BLOCK: usize = 512;
/// When every member was modified.
const MTIME: u64 = 1_700_000_000;
/// The two empty blocks that end an archive.
pub(crate) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// What a member contains.
#[derive(Clone)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    /// So many bytes that follow from the seed, for files that are too large for memory.
    Filled {
        seed: u64,
        size: u64,
    },
}

/// How a name that does not fit the header's 100 bytes is written.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum LongName {
    Cut,
    Gnu,
    Pax,
}

/// One member of an archive.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) content: Content,
    checksum: Option<u64>,
    kind: u8,
    link: String,
    long_name: LongName,
    mode: u64,
    size_field: Option<[u8; 12]>,
}

impl Member {
    /// Makes a regular file.
    pub(crate) fn file(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(b'0', name, Content::Bytes(bytes.into()))
    }

    /// Makes a member of any type: `1` hard link, `2` symbolic link, `3` device, `5` folder, `6` fifo, `S` sparse …
    pub(crate) fn special(kind: u8, name: &str, target: &str) -> Self {
        let mut member = Self::new(kind, name, Content::Bytes(Vec::new()));
        member.link = target.to_owned();
        member
    }

    /// Makes the pax header that applies to the next member.
    pub(crate) fn pax(records: &[u8]) -> Self {
        Self::new(b'x', "PaxHeaders/next", Content::Bytes(records.to_vec()))
    }

    pub(crate) fn new(kind: u8, name: &str, content: Content) -> Self {
        Self {
            name: name.to_owned(),
            content,
            checksum: None,
            kind,
            link: String::new(),
            long_name: LongName::Cut,
            mode: if kind == b'5' { 0o755 } else { 0o644 },
            size_field: None,
        }
    }

    pub(crate) fn executable(mut self) -> Self {
        self.mode = 0o755;
        self
    }

    pub(crate) fn long_name(mut self, how: LongName) -> Self {
        self.long_name = how;
        self
    }

    /// Claims a size, whatever the content.
    pub(crate) fn claiming(self, size: u64) -> Self {
        self.size_field(encode_number(size))
    }

    /// Writes this into the size field.
    pub(crate) fn size_field(mut self, field: [u8; 12]) -> Self {
        self.size_field = Some(field);
        self
    }

    /// Writes this into the header's checksum field.
    pub(crate) fn checksum(mut self, sum: u64) -> Self {
        self.checksum = Some(sum);
        self
    }

    /// Writes the headers, the content and its padding.
    pub(crate) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        match self.long_name {
            LongName::Cut => {}
            LongName::Gnu => gnu_long_name(&self.name).write_to(out)?,
            LongName::Pax => Self::pax(&pax_record("path", &self.name)).write_to(out)?,
        }
        out.write_all(&self.header())?;
        self.content.write_to(out)?;
        let padding = self.content.size().next_multiple_of(BLOCK as u64) - self.content.size();
        out.write_all(&END[..padding as usize])
    }

    fn header(&self) -> [u8; BLOCK] {
        let mut header = [0; BLOCK];
        put_text(&mut header[..100], &self.name);
        put_octal(&mut header[100..108], self.mode);
        put_octal(&mut header[108..116], 0);
        put_octal(&mut header[116..124], 0);
        header[124..136].copy_from_slice(
            &self
                .size_field
                .unwrap_or(encode_number(self.content.size())),
        );
        put_octal(&mut header[136..148], MTIME);
        header[148..156].fill(b' ');
        header[156] = self.kind;
        put_text(&mut header[157..257], &self.link);
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum = header.iter().map(|byte| u64::from(*byte)).sum();
        put_octal(&mut header[148..155], self.checksum.unwrap_or(sum));
        header
    }
}

impl Content {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Filled { size, .. } => *size,
        }
    }

    pub(crate) fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => out.write_all(bytes),
            Self::Filled { seed, size } => fill(out, *seed, *size),
        }
    }
}

/// Makes the member by which GNU tar gives the next one a long name.
pub(crate) fn gnu_long_name(name: &str) -> Member {
    Member::new(
        b'L',
        "././@LongLink",
        Content::Bytes([name.as_bytes(), b"\0"].concat()),
    )
}

/// Encodes one record of a pax header; its length counts itself.
pub(crate) fn pax_record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n").into_bytes()
}

/// Encodes a number as octal digits, or in base 256 where these do not suffice.
fn encode_number(number: u64) -> [u8; 12] {
    let mut field = [0; 12];
    if number < 1 << 33 {
        put_octal(&mut field, number);
    } else {
        field[0] = 0x80;
        field[4..].copy_from_slice(&number.to_be_bytes());
    }
    field
}

fn put_octal(field: &mut [u8], number: u64) {
    let digits = format!("{number:0width$o}\0", width = field.len() - 1);
    field.copy_from_slice(digits.as_bytes());
}

fn put_text(field: &mut [u8], text: &str) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text.as_bytes()[..length]);
}

/// Writes `size` bytes that follow from `seed`: one random block, again and again, with its number at its start.
fn fill(out: &mut impl Write, seed: u64, size: u64) -> io::Result<()> {
    let mut block = noise(seed, 1 << 20);
    let mut left = size;
    for number in 0_u64.. {
        let length = left.min(block.len() as u64);
        block[..8].copy_from_slice(&number.to_be_bytes());
        out.write_all(&block[..length as usize])?;
        left -= length;
        if left == 0 {
            break;
        }
    }
    Ok(())
}

/// Returns `size` bytes without a pattern (xorshift64).
pub(crate) fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}
