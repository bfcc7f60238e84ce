//! Goes through the members of a tar archive one by one, to the end of the source.
//!
//! Formats: POSIX.1-2001 "pax Interchange Format", the GNU extensions `L` and `K`, and old tar, as far as `tar` reads them.
//! Which members are refused is decided in `admit`.

use std::io::{self, Read};

use tar::Archive;

use super::admit::Guard;
use super::error::SpkError;
use super::foreign::BLOCK;
use super::member::{Body, CHUNK};
use super::meter::{Gauge, Metered};
use super::warning::{Warning, Warnings};
use crate::base::limits::Limits;

/// Hands each regular file of the archive to `on_file` and reads `source` to its end; returns the byte at which the
/// mark that ends the archive begins.
pub(super) fn walk<R: Read>(
    source: R,
    limits: &Limits,
    warnings: &mut Warnings,
    mut on_file: impl FnMut(&str, &mut Body<'_>, &mut Warnings) -> Result<(), SpkError>,
) -> Result<u64, SpkError> {
    let gauge = Gauge::default();
    let mut archive = Archive::new(Metered::new(source, &gauge));
    let mut buffer = vec![0; CHUNK];
    let mut guard = Guard::new(limits);
    let mut entries = archive.entries().map_err(SpkError::from_io)?;
    let end = loop {
        let start = gauge.position().next_multiple_of(BLOCK as u64);
        gauge.set_budget(Some(limits.header));
        let next = entries.next();
        gauge.set_budget(None);
        let Some(entry) = next else {
            check_end(&gauge, start)?;
            break start;
        };
        let mut entry =
            entry.map_err(|error| explain(error, &gauge, guard.next_index(), start, limits))?;
        if let Some(path) = guard.admit(&mut entry, start, warnings)? {
            let size = entry.size();
            let mut body = Body::new(&mut entry, &path, size, gauge.position(), &mut buffer)
                .with_header(start);
            on_file(&path, &mut body, warnings)?;
            body.drain()?;
        }
    };
    drain(archive.into_inner(), &gauge, &mut buffer, warnings)?;
    Ok(end)
}

/// Turns an error of `tar` into what the reader below knows about it.
fn explain(
    error: io::Error,
    gauge: &Gauge,
    index: usize,
    offset: u64,
    limits: &Limits,
) -> SpkError {
    let source = match error.downcast::<SpkError>() {
        Ok(error) => return error,
        Err(error) => error,
    };
    if gauge.overdrawn() {
        let max = limits.header;
        SpkError::HeaderTooLong { index, max, offset }
    } else if gauge.failed() {
        SpkError::Io(source)
    } else if gauge.ended() {
        SpkError::Truncated {
            offset: gauge.position(),
            place: format!("inside the header of member {index}"),
        }
    } else {
        SpkError::Header {
            index,
            offset,
            source,
        }
    }
}

/// An archive ends with a block of zeros; without it, members may be missing and nobody would know.
fn check_end(gauge: &Gauge, start: u64) -> Result<(), SpkError> {
    if gauge.position() >= start + BLOCK as u64 {
        return Ok(());
    }
    Err(SpkError::Truncated {
        offset: gauge.position(),
        place: "before the mark that ends the archive".to_owned(),
    })
}

/// Reads what follows the end of the archive: a digest that is computed below covers it too.
fn drain(
    mut source: impl Read,
    gauge: &Gauge,
    buffer: &mut [u8],
    warnings: &mut Warnings,
) -> Result<(), SpkError> {
    let mut warned = false;
    loop {
        let offset = gauge.position();
        let count = source.read(buffer).map_err(SpkError::from_io)?;
        if count == 0 {
            return Ok(());
        }
        let odd = buffer[..count].iter().position(|byte| *byte != 0);
        if let Some(at) = odd.filter(|_| !warned) {
            warned = true;
            warnings.push(Warning::Trailing {
                offset: offset + at as u64,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use tar::EntryType;

    use super::*;
    use crate::spk::test_spk::{
        END, TestSpk, file, header, paths, paths_within, pax, raw_member, refusal,
    };

    #[test]
    fn files_are_handed_over_and_folders_are_not() {
        let folder = raw_member(EntryType::Directory, "./conf/", "", b"");
        let (paths, warnings) =
            paths(&[&folder, &folder, &file("./INFO", b"a"), &END]).expect("fine");
        assert_eq!((paths, warnings), (vec!["INFO".to_owned()], vec![]));
    }

    #[test]
    fn long_names_of_both_kinds_are_read() {
        let long = format!("package/{}", "x".repeat(150));
        let bytes = TestSpk::empty().file(&long, b"").build();
        assert_eq!(paths(&[&bytes]).expect("fine").0, [long.as_str()]);
        let record = "path=package/other";
        assert_eq!(
            paths(&[&pax(record), &file("package/o", b""), &END])
                .expect("fine")
                .0,
            ["package/other"]
        );
    }

    #[test]
    fn a_cut_archive_is_refused_wherever_it_is_cut() {
        let whole = [file("a", &[1; 700]), file("b", b"x")].concat();
        for cut in [
            100,
            512 + 100,
            512 + 700,
            512 + 1024,
            512 + 1024 + 100,
            whole.len(),
        ] {
            let error = refusal(&[&whole[..cut]]);
            assert!(
                matches!(error, SpkError::Truncated { .. }),
                "{cut}: {error}"
            );
        }
        assert!(
            paths(&[&whole, &[0; 512]]).is_ok(),
            "one block of zeros is enough"
        );
    }

    #[test]
    fn a_damaged_header_names_its_place() {
        let mut second = file("b", b"");
        second[0] = b'c';
        let error = refusal(&[&file("a", b"x"), &second, &END]);
        assert!(
            matches!(
                error,
                SpkError::Header {
                    index: 2,
                    offset: 1024,
                    ..
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn names_and_records_of_any_size_are_cut_short() {
        let limits = Limits {
            header: 4096,
            ..Limits::DEFAULT
        };
        for kind in [
            EntryType::GNULongName,
            EntryType::GNULongLink,
            EntryType::XHeader,
        ] {
            // The header promises a terabyte; what follows would all be read into memory.
            let mut endless = header(kind, "x", "", 1 << 40);
            endless.set_cksum();
            let error = paths_within(&[endless.as_bytes(), &[b'x'; 10_000]], &limits)
                .expect_err("too long");
            assert!(
                matches!(error, SpkError::HeaderTooLong { index: 1, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn bytes_after_the_end_are_read_and_warned_of() {
        let parts = [
            file("a", b""),
            END.to_vec(),
            vec![0; 10_000],
            b"hidden".to_vec(),
        ]
        .concat();
        let mut source = &parts[..];
        let mut warnings = Warnings::default();
        walk(&mut source, &Limits::DEFAULT, &mut warnings, |_, _, _| {
            Ok(())
        })
        .expect("readable");
        assert!(source.is_empty());
        assert_eq!(warnings.into_vec(), [Warning::Trailing { offset: 11_536 }]);
    }
}
