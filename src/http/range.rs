//! Which bytes a `Range` header selects (RFC 9110 §14.1.2, §14.2).
//!
//! Ranges that overlap or touch become one (§15.3.7.2), so no byte is ever sent twice; the others keep the order in which
//! they were asked for. Other units, what is no valid set of ranges, and more of them than anybody needs select the
//! whole, as §14.2 allows.

/// Ranges in one header that are looked at. Clients ask for a handful; each costs a head of its own in the answer.
const MAX_RANGES: usize = 64;

/// The bytes from `first` to `last`, both included, of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ByteRange {
    pub(crate) first: u64,
    pub(crate) last: u64,
}

/// What a `Range` header selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    Part(ByteRange),
    /// Two or more, none of which touches another.
    Parts(Vec<ByteRange>),
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

    fn touches(self, other: Self) -> bool {
        self.first <= other.last.saturating_add(1) && other.first <= self.last.saturating_add(1)
    }

    fn and(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }
}

/// Returns what the value of `Range` selects of a representation of `length` bytes.
pub(crate) fn select(header: &str, length: u64) -> Selection {
    let Some((unit, set)) = header.split_once('=') else {
        return Selection::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Selection::Whole;
    }
    // Empty elements of a list count for nothing (§5.6.1.2).
    let elements = set
        .split(',')
        .map(|element| element.trim_matches([' ', '\t']));
    let elements: Vec<&str> = elements.filter(|element| !element.is_empty()).collect();
    if elements.is_empty() || elements.len() > MAX_RANGES {
        return Selection::Whole;
    }
    let specs: Option<Vec<Spec>> = elements.into_iter().map(Spec::parse).collect();
    match (specs, length) {
        (None, _) => Selection::Whole,
        // The last bytes of nothing are all of it, which no `Content-Range` can express.
        (Some(specs), 0) if specs.iter().any(|spec| spec.is_satisfied_by_nothing()) => {
            Selection::Whole
        }
        (Some(specs), _) => chosen(merged(specs.iter().filter_map(|spec| spec.within(length)))),
    }
}

fn chosen(ranges: Vec<ByteRange>) -> Selection {
    match ranges[..] {
        [] => Selection::Unsatisfiable,
        [range] => Selection::Part(range),
        _ => Selection::Parts(ranges),
    }
}

/// Makes one of those that touch, in the place of the first of them.
fn merged(ranges: impl Iterator<Item = ByteRange>) -> Vec<ByteRange> {
    let mut kept: Vec<ByteRange> = Vec::new();
    for mut range in ranges {
        let mut place = kept.len();
        // What grows may touch those that it did not touch before.
        while let Some(at) = kept.iter().position(|other| other.touches(range)) {
            range = range.and(kept.remove(at));
            place = place.min(at);
        }
        kept.insert(place.min(kept.len()), range);
    }
    kept
}

/// One element of the set.
#[derive(Clone, Copy)]
enum Spec {
    /// From the first to the last, which may be beyond the end.
    Range { first: u64, last: u64 },
    /// As many bytes at the end.
    Suffix { length: u64 },
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (position(first), position(last)) {
            (Position::At(first), Position::At(last)) if first <= last => {
                Some(Self::Range { first, last })
            }
            (Position::At(first), Position::Left) => Some(Self::Range {
                first,
                last: u64::MAX,
            }),
            (Position::Left, Position::At(length)) => Some(Self::Suffix { length }),
            _ => None,
        }
    }

    fn is_satisfied_by_nothing(self) -> bool {
        matches!(self, Self::Suffix { length } if length > 0)
    }

    /// Returns the bytes that there are of it.
    fn within(self, length: u64) -> Option<ByteRange> {
        let (first, last) = match self {
            Self::Range { first, last } => (first, last),
            Self::Suffix { length: 0 } => return None,
            Self::Suffix { length: suffix } => (length.saturating_sub(suffix), u64::MAX),
        };
        (first < length).then(|| ByteRange {
            first,
            last: last.min(length - 1),
        })
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
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn part(first: u64, last: u64) -> Selection {
        Selection::Part(ByteRange { first, last })
    }

    fn parts(ranges: &[(u64, u64)]) -> Selection {
        let ranges = ranges
            .iter()
            .map(|&(first, last)| ByteRange { first, last });
        Selection::Parts(ranges.collect())
    }

    #[test]
    fn one_range_selects_its_bytes() {
        for (header, expected) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=0-", part(0, 9)),
            ("bytes=2-99999999999999999999999", part(2, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-30", part(0, 9)),
            ("bytes=-99999999999999999999999", part(0, 9)),
            ("Bytes = 2-5 ", part(2, 5)),
            ("BYTES=\t2-5", part(2, 5)),
            ("bytes=,,2-5 , ,", part(2, 5)),
        ] {
            assert_eq!(select(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn several_ranges_keep_their_order_and_those_that_touch_are_one() {
        for (header, expected) in [
            ("bytes=0-1,4-5", parts(&[(0, 1), (4, 5)])),
            ("bytes=4-5 ,\t0-1", parts(&[(4, 5), (0, 1)])),
            ("bytes=8-,0-0", parts(&[(8, 9), (0, 0)])),
            ("bytes=0-0,-1", parts(&[(0, 0), (9, 9)])),
            ("bytes=0-1,2-3", part(0, 3)),
            ("bytes=3-5,0-4", part(0, 5)),
            ("bytes=0-,5-6,-1", part(0, 9)),
            ("bytes=0-1,6-7,4-5,9-9", parts(&[(0, 1), (4, 7), (9, 9)])),
            ("bytes=0-1,4-5,8-9,2-3", parts(&[(0, 5), (8, 9)])),
            ("bytes=0-1,20-30", part(0, 1)),
            ("bytes=0-1,-0,5-5", parts(&[(0, 1), (5, 5)])),
        ] {
            assert_eq!(select(header, 10), expected, "{header}");
        }
    }

    #[test]
    fn ranges_beyond_the_end_are_unsatisfiable() {
        for header in [
            "bytes=10-",
            "bytes=10-12",
            "bytes=-0",
            "bytes=99999999999999999999999-",
            "bytes=18446744073709551615-18446744073709551615",
            "bytes=10-,-0,20-30",
        ] {
            assert_eq!(select(header, 10), Selection::Unsatisfiable, "{header}");
        }
        for header in ["bytes=0-", "bytes=0-0", "bytes=-0", "bytes=0-,1-2"] {
            assert_eq!(select(header, 0), Selection::Unsatisfiable, "{header}");
        }
    }

    #[test]
    fn tail_of_nothing_is_the_whole() {
        assert_eq!(select("bytes=-5", 0), Selection::Whole);
        assert_eq!(select("bytes=0-1,-5", 0), Selection::Whole);
    }

    #[test]
    fn what_is_no_valid_set_is_ignored() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=,, ,",
            "bytes=-",
            "bytes=5-2",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0-1,b",
            "bytes=0-1,5-2",
            "bytes=0-1;3-4",
            "bytes=1 - 2",
            "items=0-1",
            "bytes=1--2",
            "bytes 0-1",
        ] {
            assert_eq!(select(header, 10), Selection::Whole, "{header}");
        }
    }

    #[test]
    fn more_ranges_than_anybody_needs_select_the_whole() {
        let header = |count: u64| {
            let ranges: Vec<_> = (0..count).map(|n| format!("{}-{}", 2 * n, 2 * n)).collect();
            format!("bytes={}", ranges.join(","))
        };
        assert!(matches!(select(&header(64), 1000), Selection::Parts(parts) if parts.len() == 64));
        assert_eq!(select(&header(65), 1000), Selection::Whole);
        let commas = format!("bytes=0-1{}", ",".repeat(10_000));
        assert_eq!(select(&commas, 10), part(0, 1));
    }

    #[test]
    fn content_range_names_both_ends_and_the_length() {
        let range = ByteRange { first: 2, last: 5 };
        assert_eq!(
            (range.content_range(10).as_str(), range.length()),
            ("bytes 2-5/10", 4)
        );
    }

    /// A range as it is written, and the bytes that it names.
    fn written(length: u64) -> impl Strategy<Value = (String, BTreeSet<u64>)> {
        let near = 0..length + 4;
        (near.clone(), near, 0..3_u8).prop_map(move |(one, other, form)| {
            let (first, last) = (one.min(other), one.max(other));
            let (text, named) = match form {
                0 => (format!("{first}-{last}"), first..last + 1),
                1 => (format!("{first}-"), first..length),
                _ => (format!("-{one}"), length.saturating_sub(one)..length),
            };
            (text, named.filter(|byte| *byte < length).collect())
        })
    }

    proptest! {
        #[test]
        fn whatever_is_sent_selects_what_is_there(
            header in "(?i:bytes)?[ =]{0,2}([0-9]{0,21}-[0-9]{0,21}[ ,]{0,3}){0,4}.{0,3}", length: u64,
        ) {
            let ranges = match select(&header, length) {
                Selection::Part(range) => vec![range],
                Selection::Parts(ranges) => ranges,
                Selection::Unsatisfiable | Selection::Whole => Vec::new(),
            };
            for range in ranges {
                prop_assert!(range.first <= range.last && range.last < length, "{}", header);
            }
        }

        #[test]
        fn parts_are_the_bytes_that_the_ranges_name_once_each(
            (length, written) in (1..40_u64).prop_flat_map(|length| {
                (Just(length), proptest::collection::vec(written(length), 1..8))
            }),
        ) {
            let texts: Vec<_> = written.iter().map(|(text, _)| text.as_str()).collect();
            let named: BTreeSet<u64> = written.iter().flat_map(|(_, named)| named).copied().collect();
            let header = format!("bytes={}", texts.join(", "));
            let ranges = match select(&header, length) {
                Selection::Part(range) => vec![range],
                Selection::Parts(ranges) => ranges,
                Selection::Unsatisfiable => Vec::new(),
                Selection::Whole => return Err(TestCaseError::fail(header)),
            };
            let sent: Vec<u64> = ranges.iter().flat_map(|range| range.first..=range.last).collect();
            let once: BTreeSet<u64> = sent.iter().copied().collect();
            prop_assert_eq!(sent.len(), once.len(), "twice: {}", header);
            prop_assert_eq!(once, named, "{}", header);
            for (at, range) in ranges.iter().enumerate() {
                let touching = ranges[at + 1..].iter().find(|other| range.touches(**other));
                prop_assert_eq!(touching, None, "{}", header);
            }
            // In the order of the first range that names a byte of each.
            let asked = |range: &ByteRange| written.iter().position(|(_, named)| {
                named.iter().any(|byte| (range.first..=range.last).contains(byte))
            });
            prop_assert!(ranges.iter().map(asked).is_sorted(), "{}", header);
        }
    }
}
