//! Reads and writes one document: an error names the file, the line and, for an unknown key, the nearest known one.

use std::ops::Range;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml_edit::{DocumentMut, TomlError};

/// What a problem is about, for those who tell problems apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A document that cannot be read, or is missing.
    Document,
    /// A symbolic link or a submodule.
    Link,
    /// A file or folder whose name says nothing that could be true.
    Name,
    /// A file that should be a Git LFS pointer.
    Pointer,
    /// A pointer and a document that name different bytes.
    PointerDisagrees,
    /// A pointer that a document names and that is not there.
    PointerMissing,
}

/// Says what is wrong in a document and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}: {message}")]
pub(crate) struct DocError {
    pub(crate) fault: Fault,
    pub(crate) help: Option<String>,
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) message: String,
    /// Within the repository.
    pub(crate) path: String,
}

/// Reads a document of type `T` from the bytes of `path`.
pub(crate) fn read<T: DeserializeOwned>(path: &str, bytes: &[u8]) -> Result<T, DocError> {
    let text = std::str::from_utf8(bytes).map_err(|error| DocError {
        fault: Fault::Document,
        help: Some("save the file as UTF-8".to_owned()),
        line: line_of(bytes, error.valid_up_to()),
        message: "the file is not UTF-8".to_owned(),
        path: path.to_owned(),
    })?;
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span: Range<usize>| span.start);
        DocError {
            fault: Fault::Document,
            help: nearest_key(error.message()),
            line: line_of(bytes, start),
            message: in_words_of_toml(error.message().trim()),
            path: path.to_owned(),
        }
    })
}

/// Reads the text of `path` for edits that keep what a person wrote.
pub(super) fn read_to_edit(path: &str, text: &str) -> Result<DocumentMut, DocError> {
    text.parse().map_err(|error: TomlError| DocError {
        fault: Fault::Document,
        help: None,
        line: 1,
        message: error.message().to_owned(),
        path: path.to_owned(),
    })
}

/// Says what was expected as a person does who does not know Rust.
fn in_words_of_toml(message: &str) -> String {
    message
        .replace('\n', ", ")
        .replace("expected a sequence", "expected a list")
        .replace("expected u32", "expected a number from 0")
        .replace("expected u64", "expected a number from 0")
}

/// Writes a document in the canonical form: the keys in the order of the type, one value per line for lists.
pub(crate) fn write<T: Serialize>(document: &T) -> String {
    toml::to_string_pretty(document)
        .expect("documents have text keys and no values that TOML lacks")
}

pub(super) fn line_of(bytes: &[u8], offset: usize) -> usize {
    let before = &bytes[..offset.min(bytes.len())];
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Finds the known key nearest to the unknown one in serde's "unknown field `x`, expected one of `a`, `b`".
fn nearest_key(message: &str) -> Option<String> {
    if !message.starts_with("unknown field") && !message.starts_with("unknown variant") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let nearest = nearest(quoted.next()?, quoted)?;
    Some(format!("did you mean `{nearest}`?"))
}

/// Returns the known name that is most like the unknown one, if any is like it at all.
pub(crate) fn nearest<'a>(
    unknown: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let rated = known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(unknown, known), known));
    let (likeness, nearest) = rated.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (likeness > 0.7).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[serde(rename = "channel")]
        _channel: Option<String>,
        #[serde(rename = "os_min_ver")]
        _os_min_ver: Option<String>,
    }

    fn error(text: &str) -> DocError {
        read::<Sample>("a/b.toml", text.as_bytes()).expect_err("the document is broken")
    }

    #[test]
    fn an_unknown_key_names_the_line_and_the_nearest_key() {
        let error = error("channel = \"beta\"\nos_min_version = \"7.0\"\n");
        assert_eq!(
            (error.line, error.help.as_deref()),
            (2, Some("did you mean `os_min_ver`?"))
        );
        assert!(
            error
                .to_string()
                .starts_with("a/b.toml:2: unknown field `os_min_version`"),
            "{error}"
        );
    }

    #[test]
    fn broken_syntax_and_broken_utf8_name_the_line() {
        assert_eq!(error("\n\nchannel = \n").line, 3);
        assert_eq!(error("channel = 1\n").line, 1);
        let latin1 = read::<Sample>("a.toml", b"\nchannel = \"\xe9\"\n").expect_err("not UTF-8");
        assert_eq!(latin1.line, 2);
    }
}
