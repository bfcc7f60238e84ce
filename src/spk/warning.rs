//! What is odd about an SPK but does not stop anything.

/// Says what is odd and where: `INFO:12` is a line, everything else a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Warning {
    #[error("INFO:{line}: `{key}` is `{value}`, neither yes nor no, and is left out")]
    Boolean {
        key: String,
        line: usize,
        value: String,
    },
    #[error("INFO:{line}: `{key}` is stated again (first in line {first}), the last value counts")]
    DuplicateKey {
        first: usize,
        key: String,
        line: usize,
    },
    #[error("the SPK is compressed with gzip, DSM expects a plain tar archive")]
    GzipOuter,
    #[error("{place}: not a PNG image, the icon is left out")]
    IconNotPng { place: String },
    #[error("{place}: the icon is {width} by {height} pixels, not square")]
    IconNotSquare {
        height: u32,
        place: String,
        width: u32,
    },
    #[error("{place}: the icon is {width} pixels wide, its name says {stated}")]
    IconOtherSize {
        place: String,
        stated: u32,
        width: u32,
    },
    #[error("{place}: the icon is as wide as `{kept}` ({width} pixels) and is left out")]
    IconSameSize {
        kept: String,
        place: String,
        width: u32,
    },
    #[error("{place}: not the JSON that is expected here ({reason}), the file is left out")]
    Json { place: String, reason: String },
    #[error("{place}:{line}: not understood: `{text}`")]
    Line {
        line: usize,
        place: String,
        text: String,
    },
    #[error("{path}: a link to `{target}`, which not every unpacker follows")]
    Link { path: String, target: String },
    #[error("there are {count} more warnings")]
    More { count: usize },
    #[error("{place}:{line}: not UTF-8, read as Latin-1")]
    NotUtf8 { line: usize, place: String },
    #[error("{path}: the name is not UTF-8, read as Latin-1")]
    NotUtf8Name { path: String },
    #[error("package.tgz: neither a compressed nor a plain tar archive by its first bytes")]
    PackageUnknown,
    #[error("{path}: neither a PNG nor a JPEG image, the screenshot is left out")]
    ScreenshotFormat { path: String },
    #[error("there are bytes other than zero after the end of the archive, from byte {offset}")]
    Trailing { offset: u64 },
    #[error("INFO:{line}: `{text}` after the closing quote of `{key}` is left out")]
    TrailingText {
        key: String,
        line: usize,
        text: String,
    },
    #[error(
        "INFO:{line}: the value of `{key}` has no closing quote, it is taken to end with the line"
    )]
    Unterminated { key: String, line: usize },
}

/// Collects warnings, and only counts them from the hundredth on: a hostile file has millions of odd lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Warnings {
    list: Vec<Warning>,
    more: usize,
}

const MAX: usize = 100;

impl Warnings {
    pub(super) fn push(&mut self, warning: Warning) {
        if self.list.len() < MAX {
            self.list.push(warning);
        } else {
            self.more += 1;
        }
    }

    /// Returns the warnings, and as the last how many there are more.
    pub(super) fn into_vec(mut self) -> Vec<Warning> {
        if self.more > 0 {
            self.list.push(Warning::More { count: self.more });
        }
        self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_warnings_is_counted_not_kept() {
        let mut warnings = Warnings::default();
        (0..MAX + 7).for_each(|_| warnings.push(Warning::GzipOuter));
        let list = warnings.into_vec();
        assert_eq!(list.len(), MAX + 1);
        assert_eq!(list[MAX].to_string(), "there are 7 more warnings");
    }
}
