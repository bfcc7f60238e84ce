//! Writes a small SPK: members in the order given, everything else of their headers fixed, so equal content gives
//! equal bytes.

use std::io;

/// Returns the archive of `members`, each a path and its bytes; what is below `scripts/` is executable.
pub(crate) fn write(members: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(if path.starts_with("scripts/") {
            0o755
        } else {
            0o644
        });
        header.set_mtime(0);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    archive.into_inner()
}

/// Returns a `package.tgz` with one file in it.
pub(crate) fn package_tgz(path: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let inner = write(&[(path.to_owned(), bytes.to_vec())])?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    io::Write::write_all(&mut gzip, &inner)?;
    gzip.finish()
}
