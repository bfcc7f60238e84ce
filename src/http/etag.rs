//! Strong entity tags and their comparison (RFC 9110 §8.8.3).

use std::fmt;

/// A strong entity tag: equal tags mean equal bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ETag(String);

impl ETag {
    /// Returns the tag whose opaque part is `opaque`: visible ASCII without quotes, as digests and ids are.
    pub(crate) fn strong(opaque: impl Into<String>) -> Self {
        let opaque = opaque.into();
        debug_assert!(
            opaque.bytes().all(is_tag_byte),
            "{opaque:?} cannot be in an entity tag"
        );
        Self(opaque)
    }

    /// Returns what can stand between parts of the tag's bytes: nobody can write a file that has its own digest in it.
    pub(crate) fn boundary(&self) -> &str {
        &self.0
    }

    /// Compares with what a client sent, both strong (§8.8.3.2).
    pub(crate) fn is_strongly(&self, sent: &SentTag<'_>) -> bool {
        !sent.weak && sent.opaque == self.0
    }

    /// Compares with what a client sent, weak or not (§8.8.3.2).
    pub(crate) fn is_weakly(&self, sent: &SentTag<'_>) -> bool {
        sent.opaque == self.0
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// A tag in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SentTag<'a> {
    opaque: &'a str,
    weak: bool,
}

impl<'a> SentTag<'a> {
    /// Returns the tag at the start of `text`, and what follows it.
    fn split(text: &'a str) -> Option<(Self, &'a str)> {
        let (weak, rest) = match text.strip_prefix("W/") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (opaque, rest) = rest.strip_prefix('"')?.split_once('"')?;
        let tag = Self { opaque, weak };
        opaque.bytes().all(is_tag_byte).then_some((tag, rest))
    }

    /// Returns the tag that is all of `text`.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        Self::split(text.trim()).and_then(|(tag, rest)| rest.is_empty().then_some(tag))
    }

    /// Returns the tags of a list, up to the first thing that is none. A tag may contain commas.
    pub(crate) fn list(mut text: &'a str) -> impl Iterator<Item = Self> {
        std::iter::from_fn(move || {
            let (tag, rest) = Self::split(text.trim_start_matches([' ', '\t', ',']))?;
            text = rest;
            Some(tag)
        })
    }
}

fn is_tag_byte(byte: u8) -> bool {
    byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn list_is_read_up_to_what_is_no_tag() {
        let opaque = |list| {
            SentTag::list(list)
                .map(|tag| tag.opaque)
                .collect::<Vec<_>>()
        };
        assert_eq!(opaque(r#" "a,b" , W/"c",,"""#), ["a,b", "c", ""]);
        assert_eq!(opaque(r#""a", b, "c""#), ["a"]);
        assert!(opaque(r#"w/"a""#).is_empty());
        assert!(opaque(r#""a"#).is_empty());
    }

    #[test]
    fn weak_tag_matches_weakly_only() {
        let tag = ETag::strong("a");
        let sent = SentTag::parse(r#"W/"a""#).expect("a tag");
        assert!(tag.is_weakly(&sent) && !tag.is_strongly(&sent));
        assert_eq!(tag.to_string(), r#""a""#);
    }
}
