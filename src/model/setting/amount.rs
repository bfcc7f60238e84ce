//! Sizes and durations as people write them: `64KiB`, `30s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::kind::ValueError;

/// A number of bytes, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size(pub(crate) usize);

/// A time of at least a millisecond and at most a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period(pub(crate) Duration);

/// How old something is at least: any time, of at most some human lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) Duration);

const SIZES: [(&str, u64); 5] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("", 1),
];
/// In milliseconds; a bare number is none, since nobody knows of what.
const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("min", 60_000), ("s", 1000), ("ms", 1)];
/// Of ages, in milliseconds.
const AGES: [(&str, u64); 6] = [
    ("w", 604_800_000),
    ("d", 86_400_000),
    TIMES[0],
    TIMES[1],
    TIMES[2],
    TIMES[3],
];
const MAX_AGE: Duration = Duration::from_secs(86_400 * 366 * 500);
const DAY: Duration = Duration::from_secs(86_400);

impl FromStr for Size {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        amount(text, &SIZES)
            .and_then(|bytes| usize::try_from(bytes).ok())
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| ValueError::unfit(text, "a size such as `65536`, `64KiB` or `1MiB`"))
    }
}

impl FromStr for Period {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        amount(text, &TIMES)
            .map(Duration::from_millis)
            .filter(|time| !time.is_zero() && *time <= DAY)
            .map(Self)
            .ok_or_else(|| {
                ValueError::unfit(
                    text,
                    "a time such as `500ms`, `30s` or `5min`, a day at most",
                )
            })
    }
}

impl FromStr for Age {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        amount(text, &AGES)
            .map(Duration::from_millis)
            .filter(|age| *age <= MAX_AGE)
            .map(Self)
            .ok_or_else(|| ValueError::unfit(text, "an age such as `12h`, `14d` or `8w`"))
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_millis();
        let fits = |(_, factor): &&(&str, u64)| millis.is_multiple_of(u128::from(*factor));
        // Nothing at all is `0s`; weeks are for those who write them.
        let units = AGES[1..].iter().filter(|unit| millis > 0 || unit.0 == "s");
        let (name, factor) = units.clone().find(fits).unwrap_or(&TIMES[3]);
        write!(f, "{}{name}", millis / u128::from(*factor))
    }
}

/// Returns a whole number of one of the units, in the smallest.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_is_a_number_of_bytes_or_of_a_binary_unit() {
        for (text, bytes) in [
            ("1", 1),
            ("65536", 65536),
            ("64 KiB", 65536),
            ("3MiB", 3 << 20),
            ("2GiB", 2 << 30),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for bad in [
            "",
            "0",
            "KiB",
            "-1",
            "1.5MiB",
            "64kb",
            "1TiB",
            "99999999999GiB",
            "1 2",
        ] {
            let error = bad.parse::<Size>().expect_err(bad);
            assert!(error.to_string().contains("is not a size"), "{error}");
        }
    }

    #[test]
    fn time_has_a_unit_and_is_neither_nothing_nor_for_ever() {
        for (text, millis) in [
            ("1ms", 1),
            ("90s", 90_000),
            ("5 min", 300_000),
            ("24h", 86_400_000),
        ] {
            let expected = Period(Duration::from_millis(millis));
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "30",
            "0s",
            "s",
            "25h",
            "1d",
            "1.5s",
            "18446744073709551615h",
        ] {
            let error = bad.parse::<Period>().expect_err(bad);
            assert!(error.to_string().contains("is not a time"), "{error}");
        }
    }

    #[test]
    fn age_may_be_nothing_and_is_shown_as_people_write_it() {
        for (text, shown) in [
            ("0s", "0s"),
            ("14d", "14d"),
            ("2w", "14d"),
            ("36h", "36h"),
            ("90 min", "90min"),
            ("120s", "2min"),
            ("5ms", "5ms"),
        ] {
            let age: Age = text.parse().expect(text);
            assert_eq!(age.to_string(), shown, "{text}");
        }
        for bad in ["", "14", "-1d", "1y", "999999999d"] {
            let error = bad.parse::<Age>().expect_err(bad);
            assert!(error.to_string().contains("is not an age"), "{error}");
        }
    }
}
