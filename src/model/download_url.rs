//! Where SPKs are that are not beside the catalog: a URL with places for what a build is called.

use std::collections::HashMap;
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

use super::base_url::BaseUrl;

/// A URL such as `https://github.com/OWNER/REPO/releases/download/{tag}/{file}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct DownloadUrl {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Field(&'static str),
    Text(String),
}

/// What a build is called.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    pub(crate) build: &'a str,
    pub(crate) file: &'a str,
    pub(crate) package: &'a str,
    pub(crate) sha256: &'a str,
    pub(crate) version: &'a str,
}

/// Says that a text is no such URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DownloadUrlError {
    #[error("`{text}` has a `{{` or `}}` without the other")]
    Brace { text: String },
    #[error(
        "`{text}` is the same for two builds: it needs {{file}}, {{sha256}}, or {{build}} with {{package}} and {{version}} or {{tag}}"
    )]
    Same { text: String },
    #[error(
        "`{{{name}}}` is none of {{build}}, {{file}}, {{package}}, {{sha256}}, {{tag}} and {{version}}"
    )]
    Unknown { name: String },
    #[error("`{text}` is not the address of a file, such as `https://example.org/{{file}}`")]
    Url { text: String },
}

const BUILD: &str = "build";
const FILE: &str = "file";
const PACKAGE: &str = "package";
const SHA256: &str = "sha256";
/// Of a release on a git host: `<package>-<version>`.
const TAG: &str = "tag";
const VERSION: &str = "version";
const FIELDS: [&str; 6] = [BUILD, FILE, PACKAGE, SHA256, TAG, VERSION];

impl DownloadUrl {
    /// Returns the address of one build.
    pub(crate) fn fill(&self, download: &Download<'_>) -> String {
        let tag = format!("{}-{}", download.package, download.version);
        let values = HashMap::from([
            (BUILD, download.build),
            (FILE, download.file),
            (PACKAGE, download.package),
            (SHA256, download.sha256),
            (TAG, &tag),
            (VERSION, download.version),
        ]);
        let mut url = String::new();
        for part in &self.parts {
            match part {
                Part::Field(name) => {
                    write!(url, "{}", escaped_segment(values[name])).expect("a text takes it");
                }
                Part::Text(text) => url.push_str(text),
            }
        }
        url
    }

    /// Says whether a build's digest alone does not tell its address.
    pub(crate) fn goes_by_names(&self) -> bool {
        FIELDS.iter().any(|name| *name != SHA256 && self.has(name))
    }

    fn has(&self, name: &'static str) -> bool {
        self.parts.contains(&Part::Field(name))
    }

    /// Says whether two builds never have one address.
    fn tells_apart(&self) -> bool {
        let names_release = self.has(TAG) || (self.has(PACKAGE) && self.has(VERSION));
        self.has(FILE) || self.has(SHA256) || (self.has(BUILD) && names_release)
    }
}

impl FromStr for DownloadUrl {
    type Err = DownloadUrlError;

    fn from_str(text: &str) -> Result<Self, DownloadUrlError> {
        let parts = parts(text)?;
        let url = Self { parts };
        let owned = || text.to_owned();
        let Some(Part::Text(head)) = url.parts.first() else {
            return Err(DownloadUrlError::Url { text: owned() });
        };
        // The host must be there before any place: no name of a package may choose it.
        let (host, rest) = head
            .split_once("://")
            .and_then(|(scheme, rest)| {
                let (host, path) = rest.split_once('/')?;
                Some((format!("{scheme}://{host}"), path))
            })
            .ok_or_else(|| DownloadUrlError::Url { text: owned() })?;
        let is_plain =
            |text: &str| !text.contains(|c: char| c.is_control() || " \"<>\\^`#".contains(c));
        let texts_are_plain = url.parts.iter().all(|part| match part {
            Part::Field(_) => true,
            Part::Text(text) => is_plain(text),
        });
        if host.parse::<BaseUrl>().is_err() || !is_plain(rest) || !texts_are_plain {
            return Err(DownloadUrlError::Url { text: owned() });
        }
        if !url.tells_apart() {
            return Err(DownloadUrlError::Same { text: owned() });
        }
        Ok(url)
    }
}

fn parts(text: &str) -> Result<Vec<Part>, DownloadUrlError> {
    let brace = || DownloadUrlError::Brace {
        text: text.to_owned(),
    };
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        let inner = from.strip_prefix('{').ok_or_else(brace)?;
        let (name, after) = inner.split_once('}').ok_or_else(brace)?;
        let field = FIELDS.into_iter().find(|field| *field == name);
        let field = field.ok_or_else(|| DownloadUrlError::Unknown {
            name: name.to_owned(),
        })?;
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Field(field));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

impl TryFrom<String> for DownloadUrl {
    type Error = DownloadUrlError;

    fn try_from(text: String) -> Result<Self, DownloadUrlError> {
        text.parse()
    }
}

impl fmt::Display for DownloadUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Field(name) => write!(f, "{{{name}}}"),
            Part::Text(text) => f.write_str(text),
        })
    }
}

/// What must be escaped within a segment of a path (RFC 3986, section 3.3), and `+`, which some servers take for a space.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'+')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Returns a segment of a path as it stands in a URL.
pub(crate) fn escaped_segment(segment: &str) -> impl fmt::Display + '_ {
    utf8_percent_encode(segment, SEGMENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWNLOAD: Download<'_> = Download {
        build: "dsm7.2-64570-x86_64",
        file: "a b+.spk",
        package: "a b",
        sha256: "00ff",
        version: "1.0-2",
    };

    fn filled(text: &str) -> String {
        let url: DownloadUrl = text.parse().expect("a URL with places");
        assert_eq!(url.to_string(), text);
        url.fill(&DOWNLOAD)
    }

    #[test]
    fn places_are_filled_and_escaped() {
        assert_eq!(
            filled("https://github.com/o/r/releases/download/{tag}/{file}"),
            "https://github.com/o/r/releases/download/a%20b-1.0-2/a%20b%2B.spk"
        );
        assert_eq!(
            filled("http://h:81/x/{package}/{version}/{build}?s={sha256}"),
            "http://h:81/x/a%20b/1.0-2/dsm7.2-64570-x86_64?s=00ff"
        );
    }

    #[test]
    fn what_is_no_url_with_places_is_refused() {
        let error = |text: &str| text.parse::<DownloadUrl>().expect_err(text).to_string();
        assert_eq!(
            error("https://h/{fil}"),
            "`{fil}` is none of {build}, {file}, {package}, {sha256}, {tag} and {version}"
        );
        assert!(error("https://h/{file").contains("without the other"));
        assert!(error("https://h/file}").contains("without the other"));
        assert!(error("https://h/{tag}").contains("the same for two builds"));
        assert!(error("https://h/{build}").contains("the same for two builds"));
        for text in [
            "{file}",
            "h/{file}",
            "ftp://h/{file}",
            "https://{package}.h/{file}",
            "https:///{file}",
            "https://h/a b{file}",
            "https://h/{file}\n",
            "https://h/\"{file}",
        ] {
            assert!(
                error(text).contains("not the address of a file"),
                "{text:?}"
            );
        }
    }
}
