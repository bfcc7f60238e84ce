//! How a long use case tells how far it is, without knowing who listens.

/// Listens to the progress of reading files.
pub(crate) trait Progress {
    /// A file of `size` bytes begins; the size of a pipe is not known.
    fn begin(&self, name: &str, size: Option<u64>);
    /// So many more bytes were read.
    fn advance(&self, bytes: u64);
    /// The file is read.
    fn end(&self);
}

/// Listens to nothing.
pub(crate) struct Silent;

impl Progress for Silent {
    fn begin(&self, _name: &str, _size: Option<u64>) {}
    fn advance(&self, _bytes: u64) {}
    fn end(&self) {}
}

/// A reader that tells how far it is.
pub(crate) struct Told<'a, R> {
    pub(crate) progress: &'a dyn Progress,
    pub(crate) source: R,
}

impl<R: std::io::Read> std::io::Read for Told<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.source.read(buffer)?;
        self.progress.advance(length as u64);
        Ok(length)
    }
}
