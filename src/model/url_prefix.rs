//! The path below which a server is mounted.

use std::fmt;
use std::str::FromStr;

/// A path without a slash at its end, such as `/spk`; empty for the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UrlPrefix(Vec<String>);

/// Says that a text is no path to be mounted below.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a path such as `/spk`: it begins with `/` and has letters, digits, `-`, `.`, `_` and `~`"
)]
pub(crate) struct UrlPrefixError {
    text: String,
}

impl UrlPrefix {
    /// Returns how many of the segments are this prefix, or nothing when the path is not below it.
    pub(crate) fn depth_in(&self, segments: &[String]) -> Option<usize> {
        segments.starts_with(&self.0).then_some(self.0.len())
    }

    /// Says whether the last segments of this path are those of `other`.
    pub(crate) fn ends_with(&self, other: &Self) -> bool {
        self.0.ends_with(&other.0)
    }
}

impl FromStr for UrlPrefix {
    type Err = UrlPrefixError;

    fn from_str(text: &str) -> Result<Self, UrlPrefixError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Ok(Self::default());
        }
        let segments = path.strip_prefix('/').map(|path| path.split('/'));
        segments
            .filter(|segments| segments.clone().all(is_segment))
            .map(|segments| Self(segments.map(str::to_owned).collect()))
            .ok_or_else(|| UrlPrefixError {
                text: text.to_owned(),
            })
    }
}

/// RFC 3986 §2.3 (unreserved): what needs no escape, so that a link has it as it is.
fn is_segment(segment: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    !matches!(segment, "" | "." | "..") && segment.bytes().all(allowed)
}

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|segment| write!(f, "/{segment}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_below_when_it_begins_with_the_whole_segments() {
        let prefix: UrlPrefix = "/a/b/".parse().expect("a path");
        let depth = |path: &str| {
            let segments: Vec<String> = path.split('/').map(str::to_owned).collect();
            prefix.depth_in(&segments)
        };
        assert_eq!(prefix.to_string(), "/a/b");
        assert_eq!(depth("a/b"), Some(2));
        assert_eq!(depth("a/b/c"), Some(2));
        assert_eq!(depth("a"), None);
        assert_eq!(depth("a/bc"), None);
        let root = UrlPrefix::default();
        assert_eq!(
            (root.to_string().as_str(), root.depth_in(&[])),
            ("", Some(0))
        );
        assert!(prefix.ends_with(&root) && prefix.ends_with(&"/b".parse().expect("a path")));
        assert!(!prefix.ends_with(&"/a".parse().expect("a path")));
    }

    #[test]
    fn what_is_no_plain_path_is_refused() {
        for bad in [
            "a", "//a", "/a//b", "/..", "/a/./b", "/a b", "/a?b", "/%41", "http://a", "/ü",
        ] {
            assert!(bad.parse::<UrlPrefix>().is_err(), "{bad}");
        }
    }
}
