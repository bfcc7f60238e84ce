//! The content of one member: read whole within a limit, or in chunks.

use std::io::Read;

use super::error::SpkError;

/// Bytes that are read at once from a member: large enough that a payload of gigabytes is read at the disk's speed.
pub(super) const CHUNK: usize = 256 * 1024;

/// The content of one member, which must be as long as its header says.
pub(super) struct Body<'a> {
    buffer: &'a mut [u8],
    content: &'a mut dyn Read,
    header: u64,
    path: &'a str,
    read: u64,
    size: u64,
    start: u64,
}

impl<'a> Body<'a> {
    /// Wraps `content` of `size` bytes, which begins at byte `start` of the archive; `buffer` is scratch space.
    pub(super) fn new(
        content: &'a mut dyn Read,
        path: &'a str,
        size: u64,
        start: u64,
        buffer: &'a mut [u8],
    ) -> Self {
        Self {
            buffer,
            content,
            header: start,
            path,
            read: 0,
            size,
            start,
        }
    }

    /// Says at which byte of the archive the first header of the member begins.
    pub(super) fn with_header(self, header: u64) -> Self {
        Self { header, ..self }
    }

    /// Returns the byte of the archive at which the first header of the member begins.
    pub(super) fn header(&self) -> u64 {
        self.header
    }

    /// Returns the byte of the archive at which the content begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Returns how long the content is, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Returns the next bytes, or nothing after the last.
    pub(super) fn chunk(&mut self) -> Result<Option<&[u8]>, SpkError> {
        if self.read == self.size {
            return Ok(None);
        }
        let count = self.content.read(self.buffer).map_err(SpkError::from_io)?;
        if count == 0 {
            return Err(SpkError::Truncated {
                offset: self.start + self.read,
                place: format!("inside member `{}` of {} bytes", self.path, self.size),
            });
        }
        self.read += count as u64;
        Ok(Some(&self.buffer[..count]))
    }

    /// Returns the content, if it is no longer than `max` bytes.
    pub(super) fn all(&mut self, max: u64) -> Result<Vec<u8>, SpkError> {
        if self.size > max {
            return Err(SpkError::TooLarge {
                max,
                path: self.path.to_owned(),
                size: self.size,
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk()? {
            bytes.extend_from_slice(chunk);
        }
        Ok(bytes)
    }

    /// Reads what is left.
    pub(super) fn drain(&mut self) -> Result<(), SpkError> {
        while self.chunk()?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_read_whole_within_the_limit_only() {
        let mut buffer = [0; 4];
        let mut content = &b"0123456789"[..];
        let mut body = Body::new(&mut content, "a", 10, 512, &mut buffer);
        assert!(matches!(
            body.all(9),
            Err(SpkError::TooLarge { size: 10, .. })
        ));
        assert_eq!(body.all(10).expect("fits"), b"0123456789");
    }

    #[test]
    fn content_that_ends_early_is_cut_off() {
        let mut buffer = [0; 4];
        let mut content = &b"01234"[..];
        let error = Body::new(&mut content, "a", 10, 512, &mut buffer).drain();
        assert!(matches!(
            error,
            Err(SpkError::Truncated { offset: 517, .. })
        ));
    }
}
