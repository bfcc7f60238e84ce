//! Which bytes a `Range` header selects (RFC 9110 §14.1.2, §14.2).
//!
//! One range is honoured. Several ranges, other units and what is no valid range select the whole, as §14.2 allows.

/// The bytes from `first` to `last`, both included, of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// What a `Range` header selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    Part(ByteRange),
    Unsatisfiable,
    Whole,
}

impl ByteRange {
    /// Returns the number of bytes.
    pub(crate) fn length(self) -> u64 {
        self.last - self.first + 1
    }

    /// Returns the value of `Content-Range` (§14.4) within `length` bytes.
    pub(crate) fn content_range(self, length: u64) -> String {
        format!("bytes {}-{}/{length}", self.first, self.last)
    }
}

/// Returns what the value of `Range` selects of a representation of `length` bytes.
pub(crate) fn select(header: &str, length: u64) -> Selection {
    let Some((unit, set)) = header.split_once('=') else {
        return Selection::Whole;
    };
    let Some((first, last)) = set.trim().split_once('-') else {
        return Selection::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Selection::Whole;
    }
    match (position(first), position(last)) {
        (Position::At(first), Position::At(last)) if first <= last => from(first, last, length),
        (Position::At(first), Position::Left) => from(first, u64::MAX, length),
        (Position::Left, Position::At(suffix)) => tail(suffix, length),
        _ => Selection::Whole,
    }
}

fn from(first: u64, last: u64, length: u64) -> Selection {
    if first >= length {
        return Selection::Unsatisfiable;
    }
    let last = last.min(length - 1);
    Selection::Part(ByteRange { first, last })
}

/// Returns the last `suffix` bytes. Of an empty representation that is all of it, which no `Content-Range` can express.
fn tail(suffix: u64, length: u64) -> Selection {
    match (suffix, length) {
        (0, _) => Selection::Unsatisfiable,
        (_, 0) => Selection::Whole,
        _ => from(length.saturating_sub(suffix), u64::MAX, length),
    }
}

enum Position {
    At(u64),
    Left,
    Wrong,
}

fn position(digits: &str) -> Position {
    if digits.is_empty() {
        Position::Left
    } else if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large can fail now, and it is beyond every end.
        Position::At(digits.parse().unwrap_or(u64::MAX))
    } else {
        Position::Wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(first: u64, last: u64) -> Selection {
        Selection::Part(ByteRange { first, last })
    }

    #[test]
    fn one_range_selects_its_bytes() {
        for (header, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=2-99999999999999999999999", part(2, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("Bytes = 2-5 ", part(2, 5)),
        ] {
            assert_eq!(select(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn range_beyond_the_end_is_unsatisfiable() {
        for header in [
            "bytes=10-",
            "bytes=10-12",
            "bytes=-0",
            "bytes=99999999999999999999999-",
        ] {
            assert_eq!(select(header, 10), Selection::Unsatisfiable, "{header}");
        }
        assert_eq!(select("bytes=0-", 0), Selection::Unsatisfiable);
    }

    #[test]
    fn tail_of_nothing_is_the_whole() {
        assert_eq!(select("bytes=-5", 0), Selection::Whole);
    }

    #[test]
    fn what_is_not_one_valid_range_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0-1,3-4",
            "bytes=1 - 2",
            "items=0-1",
            "bytes=1--2",
        ] {
            assert_eq!(select(header, 10), Selection::Whole, "{header}");
        }
    }

    #[test]
    fn content_range_names_both_ends_and_the_length() {
        let range = ByteRange { first: 2, last: 5 };
        assert_eq!(
            (range.content_range(10).as_str(), range.length()),
            ("bytes 2-5/10", 4)
        );
    }
}
