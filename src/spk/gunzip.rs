//! Unpacks a gzip-compressed SPK while bounding how far it unpacks (RFC 1952).

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;

use super::error::SpkError;
use crate::base::limits::Limits;

/// The unpacked bytes of a gzip stream; errors of the format are an [`SpkError`] inside the [`io::Error`].
pub(super) struct Gunzip<R> {
    decoder: MultiGzDecoder<Counted<R>>,
    floor: u64,
    ratio: u64,
    unpacked: u64,
}

struct Counted<R> {
    count: u64,
    source: R,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

impl<R: Read> Gunzip<R> {
    pub(super) fn new(source: R, limits: &Limits) -> Self {
        Self {
            decoder: MultiGzDecoder::new(Counted { count: 0, source }),
            floor: limits.gzip_floor,
            ratio: limits.gzip_ratio,
            unpacked: 0,
        }
    }

    /// Stops a file of some kilobytes that unpacks to terabytes, as soon as it shows.
    fn check_ratio(&self) -> Result<(), SpkError> {
        let packed = self.decoder.get_ref().count;
        let max = self.floor.max(packed.saturating_mul(self.ratio));
        if self.unpacked <= max {
            return Ok(());
        }
        Err(SpkError::UnpacksTooFar { max, packed })
    }

    fn explain(&self, error: io::Error) -> io::Error {
        let offset = self.unpacked;
        match error.kind() {
            io::ErrorKind::UnexpectedEof => io::Error::other(SpkError::Truncated {
                offset,
                place: "inside its gzip compression".to_owned(),
            }),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
                io::Error::other(SpkError::Compression {
                    offset,
                    source: error,
                })
            }
            _ => error,
        }
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self
            .decoder
            .read(buffer)
            .map_err(|error| self.explain(error))?;
        self.unpacked += count as u64;
        self.check_ratio().map_err(io::Error::other)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    fn unpack(bytes: &[u8], limits: &Limits) -> Result<u64, SpkError> {
        io::copy(&mut Gunzip::new(bytes, limits), &mut io::sink()).map_err(SpkError::from_io)
    }

    #[test]
    fn a_bomb_is_stopped_once_it_exceeds_its_ratio() {
        let limits = Limits {
            gzip_floor: 1000,
            gzip_ratio: 100,
            ..Limits::DEFAULT
        };
        let bomb = gzip(&vec![0; 10 << 20]);
        assert!(matches!(
            unpack(&bomb, &limits),
            Err(SpkError::UnpacksTooFar { .. })
        ));
        assert_eq!(
            unpack(&gzip(&[0; 1000]), &limits).expect("below the floor"),
            1000
        );
    }

    #[test]
    fn damage_and_truncation_are_told_apart() {
        let whole = gzip(b"some text that does not matter");
        let cut = unpack(&whole[..whole.len() - 6], &Limits::DEFAULT);
        assert!(matches!(cut, Err(SpkError::Truncated { .. })), "{cut:?}");
        let mut damaged = whole.clone();
        let crc = damaged.len() - 8;
        damaged[crc] ^= 1;
        let damaged = unpack(&damaged, &Limits::DEFAULT);
        assert!(
            matches!(damaged, Err(SpkError::Compression { .. })),
            "{damaged:?}"
        );
    }

    #[test]
    fn several_gzip_members_are_one_stream() {
        let bytes = [gzip(b"ab"), gzip(b"cde")].concat();
        assert_eq!(unpack(&bytes, &Limits::DEFAULT).expect("valid"), 5);
    }
}
