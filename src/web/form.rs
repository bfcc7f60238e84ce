//! A form with one file, as browsers send it (RFC 7578, RFC 2046 section 5.1).

use crate::base::digest::Sha256;

/// A form that is ready to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    body: Vec<u8>,
    boundary: String,
}

impl Form {
    /// Puts `content` into the field `name`, as a file called `file_name`; the names are plain words.
    pub(crate) fn with_file(name: &str, file_name: &str, content: &[u8]) -> Self {
        // What is between two boundaries cannot have its own digest in it.
        let boundary = format!("spk-{}", Sha256::of(content));
        let head = format!(
            "--{boundary}\r\n\
             Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        );
        let end = format!("\r\n--{boundary}--\r\n");
        Self {
            body: [head.as_bytes(), content, end.as_bytes()].concat(),
            boundary,
        }
    }

    /// Returns the value of `Content-Type`.
    pub(super) fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_between_the_boundaries_as_it_is() {
        let form = Form::with_file("file", "name", b"\r\n--x\0");
        let kind = form.content_type();
        let (_, boundary) = kind.split_once("; boundary=").expect("a boundary");
        assert!(boundary.len() <= 70, "RFC 2046 allows no more");
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"name\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n\r\n--x\0\r\n--{boundary}--\r\n"
        );
        assert_eq!(form.body(), expected.as_bytes());
    }
}
