//! A form with one file (RFC 7578, RFC 2046 §5.1), read as it comes.
//!
//! Forms of browsers, curl and httpie are understood; whatever has two readings, or more fields than the one, is refused.

use std::io::{self, Read};

use memchr::memmem;

/// The field that has the SPK.
const FIELD: &str = "file";
/// Bytes of the headers of a part.
const MAX_HEAD: usize = 8 << 10;
const MAX_HEADERS: usize = 16;
/// One read.
const PIECE: usize = 64 << 10;

/// Says why a form has no SPK.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    #[error("the form says that the field `file` is encoded by `{encoding}`: send it as it is")]
    Encoded { encoding: String },
    #[error("the form ends in the middle of the field `file`")]
    Ended,
    #[error("the body is not the form that its `Content-Type` announces (RFC 2046 §5.1)")]
    Malformed,
    #[error("the form has more than the field `file`: send one SPK and nothing else")]
    More,
    #[error("the form has the field `{name}`: the SPK must be the field `file`")]
    OtherField { name: String },
}

/// Reads the content of the field.
pub(super) struct FileField<R> {
    /// What was read and not used; of the content, or behind it.
    buffer: Vec<u8>,
    /// What ends the content.
    delimiter: Vec<u8>,
    has_ended: bool,
    problem: Option<FormError>,
    source: R,
    used: usize,
}

impl<R: Read> FileField<R> {
    /// Reads up to the content of the field.
    pub(super) fn open(source: R, boundary: &str) -> io::Result<Result<Self, FormError>> {
        let mut field = Self {
            buffer: Vec::new(),
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            has_ended: false,
            problem: None,
            source,
            used: 0,
        };
        let begin = format!("--{boundary}\r\n");
        while field.buffer.len() < begin.len() {
            if !field.fill()? {
                return Ok(Err(FormError::Malformed));
            }
        }
        if !field.buffer.starts_with(begin.as_bytes()) {
            return Ok(Err(FormError::Malformed));
        }
        let Some(end) = field.end_of_head(begin.len())? else {
            return Ok(Err(FormError::Malformed));
        };
        if let Err(error) = check_head(&field.buffer[begin.len()..end]) {
            return Ok(Err(error));
        }
        field.used = end;
        Ok(Ok(field))
    }

    /// Returns where the content begins; a head of no line ends with its own.
    fn end_of_head(&mut self, start: usize) -> io::Result<Option<usize>> {
        loop {
            if let Some(at) = memmem::find(&self.buffer[start..], b"\r\n\r\n") {
                return Ok(Some(start + at + 4).filter(|end| end - start <= MAX_HEAD));
            }
            if self.buffer.len() - start > MAX_HEAD || !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads what follows the content, which must be the end of the form.
    pub(super) fn finish(mut self) -> io::Result<Result<(), FormError>> {
        io::copy(&mut self, &mut io::sink())?;
        while self.buffer.len() - self.used < 2 {
            if !self.fill()? {
                return Ok(Err(FormError::Malformed));
            }
        }
        let verdict = match &self.buffer[self.used..self.used + 2] {
            b"--" => Ok(()),
            b"\r\n" => Err(FormError::More),
            _ => Err(FormError::Malformed),
        };
        // Nothing of it counts (RFC 2046 §5.1.1).
        io::copy(&mut self.source, &mut io::sink())?;
        Ok(verdict)
    }

    /// Returns what was wrong with the form, where reading from it has failed.
    pub(super) fn problem(&self) -> Option<&FormError> {
        self.problem.as_ref()
    }

    /// Reads more; says whether there was any.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.drain(..self.used);
        self.used = 0;
        let old = self.buffer.len();
        self.buffer.resize(old + PIECE, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[old..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer
            .truncate(old + read.as_ref().copied().unwrap_or(0));
        Ok(read? > 0)
    }

    /// Returns how many bytes of the buffer are content for sure.
    fn content(&mut self) -> usize {
        let rest = &self.buffer[self.used..];
        match memmem::find(rest, &self.delimiter) {
            Some(at) => {
                self.has_ended = at == 0;
                at
            }
            None => (rest.len() + 1).saturating_sub(self.delimiter.len()),
        }
    }
}

impl<R: Read> Read for FileField<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if self.has_ended {
                return Ok(0);
            }
            let count = self.content().min(buffer.len());
            if self.has_ended {
                self.used += self.delimiter.len();
                return Ok(0);
            }
            if count > 0 {
                buffer[..count].copy_from_slice(&self.buffer[self.used..self.used + count]);
                self.used += count;
                return Ok(count);
            }
            if !self.fill()? {
                self.problem = Some(FormError::Ended);
                return Err(io::Error::other(FormError::Ended));
            }
        }
    }
}

fn check_head(head: &[u8]) -> Result<(), FormError> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let Ok(httparse::Status::Complete((_, headers))) = httparse::parse_headers(head, &mut headers)
    else {
        return Err(FormError::Malformed);
    };
    let value = |name: &str| {
        let mut named = headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name));
        let value = named.next().map(|header| header.value);
        match named.next() {
            Some(_) => Err(FormError::Malformed),
            None => Ok(value.map(|value| String::from_utf8_lossy(value).trim().to_owned())),
        }
    };
    let name = value("content-disposition")?
        .as_deref()
        .and_then(field_name);
    match name.ok_or(FormError::Malformed)? {
        name if name == FIELD => {}
        name => return Err(FormError::OtherField { name }),
    }
    // RFC 7578 §4.7: deprecated, and only these leave the bytes as they are.
    match value("content-transfer-encoding")? {
        Some(encoding)
            if !["7bit", "8bit", "binary"].contains(&encoding.to_ascii_lowercase().as_str()) =>
        {
            Err(FormError::Encoded { encoding })
        }
        _ => Ok(()),
    }
}

/// Returns the `name` of `form-data; name="file"; filename="a;b.spk"` (RFC 7578 §4.2).
fn field_name(disposition: &str) -> Option<String> {
    let (kind, mut rest) = disposition.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return None;
    }
    let mut found = None;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let end = after.find(';').unwrap_or(after.len());
                (after[..end].trim().to_owned(), &after[end..])
            }
        };
        if name.trim().eq_ignore_ascii_case("name") && found.replace(value).is_some() {
            return None;
        }
        match after.trim_start() {
            "" => return found,
            after => rest = after.strip_prefix(';')?,
        }
    }
}

/// Returns a quoted text, whose first mark is gone, and what follows it. A backslash escapes a quotation mark only:
/// browsers leave others as they are.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' if letters.peek().is_some_and(|(_, next)| *next == '"') => {
                value.push('"');
                letters.next();
            }
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives so many bytes at a time.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read(form: &[u8], piece: usize) -> Result<Vec<u8>, FormError> {
        let field = FileField::open(Pieces(form, piece), "xx").expect("memory can be read");
        let mut field = field?;
        let mut content = Vec::new();
        if field.read_to_end(&mut content).is_err() {
            return Err(field.problem().expect("it is known").clone());
        }
        let end = field.finish().expect("memory can be read");
        end.map(|()| content)
    }

    fn form(disposition: &str, content: &str, end: &str) -> Vec<u8> {
        let text = format!(
            "--xx\r\nContent-Disposition: {disposition}\r\nContent-Type: a/b\r\n\r\n{content}{end}"
        );
        text.into_bytes()
    }

    const FILE: &str = "form-data; name=\"file\"; filename=\"a;b \\\"c\\\".spk\"";
    const END: &str = "\r\n--xx--\r\n";

    #[test]
    fn content_is_the_same_however_it_comes() {
        for content in ["", "a", "\r\n--x\r\n--", "-\r\n\r\n--", "\r\r\n-xx--xx\r\n"] {
            let form = form(FILE, content, END);
            for piece in 1..form.len() {
                let found = read(&form, piece).expect("valid");
                assert_eq!(found, content.as_bytes(), "{piece}");
            }
        }
        let long = "0123456789\r\n-".repeat(20_000);
        let found = read(&form(FILE, &long, END), 7000).expect("valid");
        assert_eq!(found, long.as_bytes());
    }

    #[test]
    fn the_field_may_be_named_in_any_way_that_clients_have() {
        for disposition in [
            "form-data; name=\"file\"",
            "form-data; name=file",
            "Form-Data; filename=a.spk ; NAME = file",
            "form-data; filename*=UTF-8''a.spk; name=\"file\"",
        ] {
            assert!(
                read(&form(disposition, "a", END), 9).is_ok(),
                "{disposition}"
            );
        }
    }

    #[test]
    fn what_is_no_form_with_one_spk_is_refused() {
        let other = FormError::OtherField {
            name: "spk".to_owned(),
        };
        let more = "\r\n--xx\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--xx--\r\n";
        let encoded = b"--xx\r\nContent-Disposition: form-data; name=file\r\n\
            Content-Transfer-Encoding: BASE64\r\n\r\nYQ==\r\n--xx--\r\n";
        let twice = b"--xx\r\nContent-Disposition: form-data; name=file\r\n\
            Content-Disposition: form-data; name=a\r\n\r\na\r\n--xx--\r\n";
        let long = format!("{FILE}\r\nA: {}", "x".repeat(MAX_HEAD));
        for (form, expected) in [
            (form("form-data; name=\"spk\"", "a", END), other),
            (form(FILE, "a", more), FormError::More),
            (form(FILE, "a", ""), FormError::Ended),
            (form(FILE, "a", "\r\n--x"), FormError::Ended),
            (form(FILE, "a", "\r\n--xx"), FormError::Malformed),
            (form(FILE, "a", "\r\n--xxy--"), FormError::Malformed),
            (form("form-data", "a", END), FormError::Malformed),
            (
                form("attachment; name=file", "a", END),
                FormError::Malformed,
            ),
            (
                form("form-data; name=file; name=b", "a", END),
                FormError::Malformed,
            ),
            (
                form("form-data; name=\"file", "a", END),
                FormError::Malformed,
            ),
            (form(&long, "a", END), FormError::Malformed),
            (b"".to_vec(), FormError::Malformed),
            (b"an SPK".to_vec(), FormError::Malformed),
            (b"--xy\r\n\r\na\r\n--xy--".to_vec(), FormError::Malformed),
            (twice.to_vec(), FormError::Malformed),
            (
                encoded.to_vec(),
                FormError::Encoded {
                    encoding: "BASE64".to_owned(),
                },
            ),
        ] {
            for piece in [1, 5, 1000, form.len() + 1] {
                let found = read(&form, piece);
                let text = String::from_utf8_lossy(&form);
                assert_eq!(found, Err(expected.clone()), "{piece} {text}");
            }
        }
    }
}
