//! Which blobs are read at remotes: some of them each day, others the next.

use std::str::FromStr;

use crate::base::digest::Sha256;

/// A part of all blobs, which follows from a seed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) part: Part,
    pub(crate) seed: String,
}

/// How many of all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Part(f64);

/// Says that a text is no part of anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a part such as `5%`, `0.5%` or `100%`")]
pub(crate) struct PartError {
    text: String,
}

impl FromStr for Part {
    type Err = PartError;

    fn from_str(text: &str) -> Result<Self, PartError> {
        let number = text
            .strip_suffix('%')
            .and_then(|text| text.trim().parse().ok());
        let number = number.filter(|percent: &f64| (0.0..=100.0).contains(percent));
        number
            .map(|percent| Self(percent / 100.0))
            .ok_or_else(|| PartError {
                text: text.to_owned(),
            })
    }
}

impl Sample {
    /// Returns whether the blob is in it.
    pub(super) fn has(&self, sha256: Sha256) -> bool {
        let digest = Sha256::of_parts(&[self.seed.as_bytes(), sha256.to_string().as_bytes()]);
        // Of the first 48 bits, all fit into the number.
        let digits = &digest.to_string()[..12];
        let place = u64::from_str_radix(digits, 16).unwrap_or_default() as f64;
        place < self.part.0 * (1_u64 << 48) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(part: &str, seed: &str) -> Vec<usize> {
        let sample = Sample {
            part: part.parse().expect("a part"),
            seed: seed.to_owned(),
        };
        let has = |number: &usize| sample.has(Sha256::of(number.to_string().as_bytes()));
        (0..2000).filter(has).collect()
    }

    #[test]
    fn a_sample_has_its_part_and_another_one_on_another_day() {
        let today = picked("5%", "2026-11-21");
        assert!((50..150).contains(&today.len()), "{}", today.len());
        assert_eq!(today, picked("5%", "2026-11-21"));
        assert_ne!(today, picked("5%", "2026-11-22"));
        assert_eq!(picked("100%", "x").len(), 2000);
        assert_eq!(picked("0%", "x").len(), 0);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for bad in ["", "5", "101%", "-1%", "NaN%", "half"] {
            assert!(bad.parse::<Part>().is_err(), "{bad}");
        }
    }
}
